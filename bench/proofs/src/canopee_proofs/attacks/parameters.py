"""Parameters: what the director chooses by itself, within the signed schema and nowhere else."""

from canopee_contract.condition import Scalar
from canopee_contract.parameters import ParameterSchema
from canopee_contract.pipeline import Step
from canopee_proofs.envelopes import payload, sealed
from canopee_proofs.hostile import GIVEN, KEY, PROGRAM, World


def a_number_is_outside_its_bounds(world: World) -> None:
    """Below, above, and far away."""
    for value in (-1, 61, 2**53, -(2**63), world.draw.randint(61, 2**40)):
        world.collect(parameters={**GIVEN, "wait_s": value})


def a_number_is_of_another_type(world: World) -> None:
    """A text, a real, a boolean, null, a list or an object where an integer is expected."""
    for value in (b'"5"', b"5.0", b"true", b"null", b"[5]", b'{"$param":"wait_s"}', b"5e0", b"05", b"0x5", b"NaN"):
        _with(world, b'"wait_s":5', b'"wait_s":' + value)


def a_text_is_outside_its_pattern(world: World) -> None:
    """Upper case, other letters that look the same, a longer text, an empty one."""
    for text in ("ABC", "abc1", "\u0430bc", "ab\u00adc", "\uff41bc", "", "a" * 9, "a" * 1_000, "abc\u0301", "x y"):
        world.collect(parameters={**GIVEN, "label": text})


def a_line_is_added_to_a_text(world: World) -> None:
    """Matchers whose end is the end of a line let it through."""
    for text in ("abc\n", "\nabc", "abc\r\n", "abc\u2028", "abc\x0b", "abc\n&calc", "abc\x1b[0m"):
        world.collect(parameters={**GIVEN, "label": text})


def a_command_is_put_into_a_text(world: World) -> None:
    """What a shell, a template or a path would make of it."""
    for text in (
        "a&calc",
        "a;ls",
        "$(x)",
        "`x`",
        "a|b",
        "%PATH%",
        "{{7*7}}",
        "..\\x",
        "c:\\x",
        "\\\\h\\s",
        "'a",
        '"',
    ):
        world.collect(parameters={**GIVEN, "label": text})


def a_text_begins_as_an_option(world: World) -> None:
    """The pattern allows hyphens, and an approver signed it: no program is given an option that no author listed."""
    for text in ("-x", "--purge", "-"):
        parameters = {**GIVEN, "label": text}
        world.order(world.approved(parameters=parameters), parameters=parameters)


def an_output_begins_as_an_option(world: World) -> None:
    """A step reads a text that a user of the PC may write, and gives it to a program: here, one of a registry value."""
    world.machine.registry.set(KEY, "Mode", "/uninstall")
    reading = {"values": [{"name": "mode", "key": KEY, "value": "Mode"}]}
    acting = {"argv": [PROGRAM, {"$output": "read.mode"}]}
    ref = world.publish(
        Step("read", "read_registry", reading), Step("act", "run_program", acting), kind="action", name="chain"
    )
    world.order(world.approved(pipeline=ref, parameters={}), ref, parameters={})
    world.round()
    if not world.machine.programs.runs:
        world.forgive()  # the reading was approved, and ran


def a_program_is_chosen_by_a_parameter(world: World) -> None:
    """An author was careless enough to let a parameter name the program: the local policy has the last word."""
    world.machine.programs.install(r"C:\Users\Public\evil.exe")
    schema = {"path": ParameterSchema("string", pattern=r"[A-Za-z:\\.]+")}
    step = Step("act", "run_program", {"argv": [{"$param": "path"}]})
    ref = world.publish(step, kind="action", name="careless", parameters=schema)
    for path in (
        r"C:\Users\Public\evil.exe",
        r"C:\Program Files\..\Users\Public\evil.exe",
        r"\\host\share\evil.exe",
    ):
        parameters: dict[str, Scalar] = {"path": path}
        world.order(world.approved(pipeline=ref, parameters=parameters), ref, parameters=parameters)


def a_parameter_is_unknown(world: World) -> None:
    """One more than the schema has: perhaps another step reads it."""
    for name in ("more", "Label", "label ", "steps.x.state", "$param", "", "__class__"):
        world.collect(parameters={**GIVEN, name: "abc"})


def a_parameter_is_missing(world: World) -> None:
    """Nothing is guessed."""
    world.collect(parameters={"label": "abc"})
    world.collect(parameters={})


def a_parameter_is_said_twice(world: World) -> None:
    """The first value is within the schema, the second is not; and the other way round."""
    _with(world, b'"wait_s":5', b'"wait_s":5,"wait_s":999')
    _with(world, b'"wait_s":5', b'"wait_s":999,"wait_s":5')
    _with(world, b'"wait_s":5', b'"wait_s":5,"wait\\u005fs":999')


def parameters_are_no_object(world: World) -> None:
    """A list of pairs, a text, null."""
    for value in (b"[]", b"null", b'"label"', b'[["label","abc"]]'):
        _with(world, b'{"label":"abc","wait_s":5}', value)


def a_value_refers_to_another(world: World) -> None:
    """A reference in a value would be replaced by what the PC knows."""
    for value in (b'{"$output":"probe.abc"}', b'{"$param":"label"}', b'"{$param: label}"'):
        _with(world, b'"abc"', value)


def _with(world: World, old: bytes, new: bytes) -> None:
    """Deliver an order whose payload says `new` in place of `old`, well signed by the director."""
    world.collect()
    content = payload(bytes(world.server.orders.pop().order))
    world.deliver(sealed(world.director, content.replace(old, new)))
