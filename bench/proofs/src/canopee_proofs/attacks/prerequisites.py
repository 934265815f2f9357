"""Documents that come after others: what must have been done on the PC before, and was not."""

from canopee_agent.fakes import FakeProgram
from canopee_contract.campaign import Prerequisite
from canopee_contract.pipeline import PipelineRef, Step
from canopee_proofs.envelopes import changed
from canopee_proofs.hostile import KEY, PROGRAM, World

_FIRST = (Prerequisite("action", "prepare", 1),)


def a_prerequisite_is_skipped(world: World) -> None:
    """Nothing of what the document comes after was ever ordered; nor was a name that does not exist."""
    world.order(world.approved(after=_FIRST))
    world.order(world.approved(after=(Prerequisite("action", "repair", 1),)))
    world.order(world.approved(after=(Prerequisite("action", "", 0),)))


def a_prerequisite_has_run_in_an_older_version(world: World) -> None:
    """Version 1 was done, and the document asks for the second; or asks for two, and one was done."""
    _prepare(world)
    world.order(world.approved(after=(Prerequisite("action", "prepare", 2),)))
    world.order(world.approved(after=(*_FIRST, Prerequisite("action", "migrate", 1))))


def a_prerequisite_has_run_and_failed(world: World) -> None:
    """The server has its failed run, and may say what it likes of it."""
    world.machine.programs.install(PROGRAM, FakeProgram(exit_code=1))
    _prepare(world)
    world.machine.programs.install(PROGRAM, FakeProgram(output=b"repaired"))
    world.order(world.approved(after=_FIRST))


def a_prerequisite_is_forged_by_a_collection_of_its_name(world: World) -> None:
    """Whoever signs collections publishes one called as the action: it needs no approval, is done, and is no action."""
    reading = {"values": [{"name": "version", "key": KEY, "value": "Version"}]}
    ref = world.publish(Step("only", "read_registry", reading), name="prepare")
    world.order(None, ref, parameters={})
    world.round()
    world.forgive()
    world.server.orders.clear()
    world.order(world.approved(after=_FIRST))


def a_prerequisite_is_taken_out_under_the_old_signature(world: World) -> None:
    """It is cut out, is another, or is of version 0: the signature stays as it was."""
    document = world.approved(after=(Prerequisite("action", "prepare", 3),))
    world.order(changed(document, lambda raw: raw[: raw.index(b',"after"')] + b"}"))
    world.order(changed(document, lambda raw: raw.replace(b'"version":3', b'"version":0')))
    _prepare(world)
    world.order(changed(document, lambda raw: raw.replace(b'"version":3', b'"version":1')))


def a_dry_run_stands_for_a_prerequisite(world: World) -> None:
    """It needs no approval, and ends as done: nothing was done by it."""
    step = Step("only", "run_program", {"argv": [PROGRAM]})
    ref = world.publish(step, kind="action", name="prepare")
    world.order(None, ref, parameters={}, is_dry=True)
    world.round()
    world.order(world.approved(after=_FIRST))


def _prepare(world: World) -> PipelineRef:
    """Have what comes before run, honestly."""
    step = Step("only", "run_program", {"argv": [PROGRAM]})
    ref = world.publish(step, kind="action", name="prepare")
    world.order(world.approved(pipeline=ref, parameters={}), ref, parameters={})
    world.round()
    world.forgive()
    world.server.orders.clear()
    return ref
