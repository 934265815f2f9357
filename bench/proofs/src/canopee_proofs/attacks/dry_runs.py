"""Dry runs: they need no approval, so they must do nothing, show little, and never become real."""

import msgspec

from canopee_contract.pipeline import Step
from canopee_proofs.envelopes import changed, payload, sealed
from canopee_proofs.hostile import BrokenError, World


def a_dry_run_is_turned_real(world: World) -> None:
    """Its mark is taken out of what the director signed, or says something that is not true."""
    world.order(None, is_dry=True)
    order = bytes(world.server.orders.pop().order)
    for instead in (b'"is_dry":false', b'"is_dry":0', b'"is_dry":null', b'"is_dry":"true"', b'"isdry":true'):
        world.deliver(changed(order, lambda raw, new=instead: raw.replace(b'"is_dry":true', new)))


def a_real_order_hides_behind_a_mark(world: World) -> None:
    """The director itself signs an action without campaign, marked as something that is nearly a dry run."""
    world.order(None)
    content = msgspec.json.decode(payload(bytes(world.server.orders.pop().order)))
    for more in ({"is_dry": False}, {"isDry": True}, {"is_dry ": True}, {"is_dry": "true"}, {"is_dry": 1}):
        world.deliver(sealed(world.director, msgspec.json.encode({**content, **more})))


def a_dry_run_uses_up_an_approval(world: World) -> None:
    """It comes with a campaign that was approved: the real order of the same document must still run afterwards."""
    document = world.approved()
    world.order(document, is_dry=True)
    world.round()
    world.check_untouched()
    order_id = world.order(document)
    world.round()
    if world.server.reports[order_id].state != "done":
        raise BrokenError("an order that was approved does not run, after a dry run of it")
    world.forgive()


def a_dry_run_is_of_what_nobody_signed(world: World) -> None:
    """A pipeline that is not in the repository."""
    other = msgspec.structs.replace(world.repair, path="pipelines/action/other.1.json", name="other")
    world.order(None, other, is_dry=True)


def a_dry_run_looks_beside_its_roots(world: World) -> None:
    """Files outside the roots of the local policy: whether they exist must not be told."""
    world.machine.files.write(r"C:\Secrets\there.txt", b"x")
    told: set[str] = set()
    for number, name in enumerate(("there.txt", "nowhere")):
        step = Step("x", "read_file", {"path": rf"C:\Secrets\{name}", "content": True, "on_missing": "fail"})
        ref = world.publish(step, kind="action", name=f"look{number}")
        order_id = world.order(None, ref, is_dry=True, parameters={})
        world.round()
        told.add(world.server.reports[order_id].detail.replace(name, ""))
    if len(told) != 1:
        raise BrokenError(f"a dry run tells which files are there: {told}")


def a_dry_run_runs_a_program(world: World) -> None:
    """A legitimate pipeline that acts, run dry again and again: nothing of it may happen."""
    for _ in range(5):
        world.order(None, is_dry=True)
