from typing import Any

import pytest

from canopee_agent.errors import DeniedError, ExitCodeError, NotSupportedError, StepError, TimedOutError
from canopee_agent.fakes import FakeMachine, FakeProgram
from canopee_agent.step import Ceiling
from canopee_agent.steps.collect_hardware import CollectHardware, CollectHardwareParameters
from canopee_agent.steps.read_registry import ReadRegistry, ReadRegistryParameters, RegistryRead
from canopee_agent.steps.run_program import RunProgram, RunProgramParameters

KEY = r"HKLM\SOFTWARE\Éditeur\Cabinet"
TOOL = r"C:\Program Files\Cabinet\tool.exe"
CEILING = Ceiling(registry_roots=(r"HKLM\SOFTWARE",), program_roots=(r"C:\Program Files",), timeout_s=10)


def _end(running: Any) -> tuple[list[Any], Any]:  # noqa: ANN401
    records: list[Any] = []
    while True:
        try:
            records.append(next(running))
        except StopIteration as end:
            return records, end.value


def _read(machine: FakeMachine, *wanted: RegistryRead) -> tuple[list[Any], Any]:
    return _end(ReadRegistry().run(machine, ReadRegistryParameters(wanted), CEILING))


@pytest.mark.parametrize("family", ["windows", "linux"])
def test_hardware_is_one_record_with_what_later_steps_may_use(family: Any) -> None:  # noqa: ANN401
    machine = FakeMachine(family)
    records, outputs = _end(CollectHardware().run(machine, CollectHardwareParameters(), CEILING))
    assert (len(records), records[0].cores, outputs.cores) == (1, 14, 14)


def test_registry_values_of_every_type_are_read_as_text_and_given_as_outputs() -> None:
    machine = FakeMachine("windows")
    for name, value in (("t", "8.1"), ("n", 5), ("b", b"\x00\xff"), ("l", ("a", "b"))):
        machine.registry.set(KEY, name, value)
    records, outputs = _read(machine, *(RegistryRead(name, KEY, name) for name in ("t", "n", "b", "l", "absent")))
    assert [record.value for record in records] == ["8.1", "5", "00ff", "a\nb", ""]
    assert [record.type for record in records] == ["text", "integer", "binary", "list", "missing"]
    assert outputs.values == {"t": "8.1", "n": 5, "b": "00ff", "l": "a\nb"}


def test_a_value_that_the_system_does_not_let_us_read_does_not_stop_the_others() -> None:
    machine = FakeMachine("windows")
    machine.registry.set(KEY, "v", "x")
    machine.registry.deny(r"HKLM\SOFTWARE\Secret")
    records, _ = _read(machine, RegistryRead("s", r"HKLM\SOFTWARE\Secret", "v"), RegistryRead("v", KEY, "v"))
    assert [(record.type, record.found) for record in records] == [("denied", False), ("text", True)]


def test_nothing_is_read_outside_the_roots_of_the_local_policy() -> None:
    machine = FakeMachine("windows")
    for key in (r"HKLM\SAM\x", r"HKLM\SOFTWAREX", "HKU\\x"):
        with pytest.raises(DeniedError):
            _read(machine, RegistryRead("v", key, "v"))


def test_two_values_of_one_name_are_refused_and_linux_has_no_registry() -> None:
    read = RegistryRead("v", KEY, "v")
    with pytest.raises(StepError, match="same name"):
        _read(FakeMachine("windows"), read, read)
    with pytest.raises(NotSupportedError):
        _read(FakeMachine("linux"), read)


def _run(machine: FakeMachine, *argv: str) -> tuple[list[Any], Any]:
    return _end(RunProgram().run(machine, RunProgramParameters(argv), CEILING))


def test_a_program_leaves_its_output_and_its_first_line() -> None:
    machine = FakeMachine("windows")
    machine.programs.install(TOOL, FakeProgram(output="prêt\r\nsuite".encode()))
    records, outputs = _run(machine, TOOL, "--now")
    assert (records[0].exit_code, outputs.first_line) == (0, "prêt")
    assert machine.programs.runs == [(TOOL, "--now")]


def test_output_that_is_not_utf8_is_read_in_the_code_page_of_western_europe() -> None:
    machine = FakeMachine("windows")
    machine.programs.install(TOOL, FakeProgram(output="terminé\x00".encode("cp850")))
    records, _ = _run(machine, TOOL)
    assert records[0].output == "terminé\ufffd"


@pytest.mark.parametrize(
    "path",
    [
        r"C:\Windows\tool.exe", r"C:\Program Files\..\Windows\tool.exe", r"C:\Program Files\Cabinet\tool.bat",
        r"C:\Program Files\Cabinet\tool.cmd.", r"C:\Program Files\Cabinet\tool.exe:hidden", "tool.exe", r"\tool.exe",
        r"C:\Program FilesX\tool.exe",
    ],
)  # fmt: skip
def test_a_program_outside_the_allowed_folders_or_in_disguise_does_not_run(path: str) -> None:
    machine = FakeMachine("windows")
    for allowed in (
        r"C:\Windows\tool.exe",
        r"C:\Program Files\Cabinet\tool.bat",
        r"C:\Program FilesX\tool.exe",
        TOOL,
    ):
        machine.programs.install(allowed)
    machine.programs.install(r"C:\Program Files\Cabinet\tool.cmd")
    with pytest.raises(StepError):
        _run(machine, path)
    assert machine.programs.runs == []


def test_a_link_out_of_an_allowed_folder_is_not_followed() -> None:
    machine = FakeMachine("windows")
    machine.programs.install(r"C:\Windows\tool.exe")
    machine.files.link(r"C:\Program Files\link.exe", r"C:\Windows\tool.exe")
    with pytest.raises(DeniedError):
        _run(machine, r"C:\Program Files\link.exe")


def test_an_unexpected_exit_code_and_a_timeout_come_after_the_record() -> None:
    machine = FakeMachine("windows")
    for program, error in ((FakeProgram(exit_code=3), ExitCodeError), (FakeProgram(duration_s=99), TimedOutError)):
        machine.programs.install(TOOL, program)
        running = RunProgram().run(machine, RunProgramParameters((TOOL,)), CEILING)
        next(running)
        with pytest.raises(error):
            next(running)
