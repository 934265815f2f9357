"""Archives that stay on the PC: whole or not at all, and taken back by `unzip_archive`."""

import contextlib
import hashlib
from typing import Any

import pytest

from canopee_agent.errors import ArchiveError, BusyError, DeniedError, ExistsError, NoSpaceError, StepError
from canopee_agent.fake_disk import PowerCutError
from canopee_agent.fakes import FakeMachine
from canopee_agent.step import Ceiling
from canopee_agent.steps.make_archive import MakeArchive, MakeArchiveParameters
from canopee_agent.steps.unzip_archive import UnzipArchive, UnzipArchiveParameters

ROOT = "C:\\ProgramData\\Cabinet"
TO = f"{ROOT}\\kept\\settings.zip"
CEILING = Ceiling(read_roots=("C:\\Data",), write_roots=(ROOT,), deny_globs=("*.key",))


@pytest.fixture
def machine() -> FakeMachine:
    machine = FakeMachine("windows")
    for name, content in {
        "a.ini": b"a=1",
        "deep\\b.bin": bytes(range(256)),
        "deep\\é.txt": b"",
        "zero": bytes(3_000_000),
    }.items():
        machine.files.write(f"{ROOT}\\settings\\{name}", content, machine.clock.now())
    return machine


def make(machine: FakeMachine, *paths: str, **fields: Any) -> Any:  # noqa: ANN401  fields of the parameters, a record
    parameters = MakeArchiveParameters(paths or (f"{ROOT}\\settings",), fields.pop("to", TO), **fields)
    return next(MakeArchive().run(machine, parameters, CEILING))


def test_what_was_archived_is_extracted_again_byte_for_byte(machine: FakeMachine) -> None:
    machine.files.write("C:\\Data\\one.log", b"one")
    machine.files.make_folder(f"{ROOT}\\settings\\empty")
    record = make(machine, f"{ROOT}\\settings", "C:\\Data\\one.log")
    assert (record.files, record.content_bytes, record.path) == (5, 3_000_262, TO)
    assert record.sha256 == hashlib.sha256(machine.files.read(TO)).hexdigest()
    list(UnzipArchive().run(machine, UnzipArchiveParameters(TO, f"{ROOT}\\back"), CEILING))
    for name in ("a.ini", "deep\\b.bin", "deep\\é.txt", "zero"):
        assert machine.files.read(f"{ROOT}\\back\\settings\\{name}") == machine.files.read(
            f"{ROOT}\\settings\\{name}"
        )
    assert machine.files.exists(f"{ROOT}\\back\\settings\\empty")
    assert machine.files.read(f"{ROOT}\\back\\one.log") == b"one"


def test_an_archive_that_is_there_is_replaced_only_when_that_is_asked_for(machine: FakeMachine) -> None:
    machine.files.write(TO, b"old")
    with pytest.raises(ExistsError, match="overwrite"):
        make(machine)
    assert machine.files.read(TO) == b"old"
    make(machine, overwrite=True)
    assert machine.files.read(TO) != b"old"


def test_an_archive_inside_what_it_archives_does_not_hold_itself(machine: FakeMachine) -> None:
    machine.files.write(f"{ROOT}\\settings\\old.zip", b"old")
    record = make(machine, to=f"{ROOT}\\settings\\old.zip", overwrite=True)
    assert record.files == 4


def _link(machine: FakeMachine) -> None:
    machine.files.write("C:\\Windows\\x")
    machine.files.link(f"{ROOT}\\settings\\out", "C:\\Windows")


def _locked(machine: FakeMachine) -> None:
    machine.files.lock(f"{ROOT}\\settings\\a.ini")


def _denied(machine: FakeMachine) -> None:
    machine.files.write(f"{ROOT}\\settings\\site.key")


def _full(machine: FakeMachine) -> None:
    machine.files.free = 1_000


def _changing(machine: FakeMachine) -> None:
    def meanwhile(call: str, path: str) -> None:
        if call == "open" and path.endswith("a.ini"):
            machine.files.write(path, b"a=22")

    machine.files.before = meanwhile


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (_link, DeniedError),
        (_locked, BusyError),
        (_denied, DeniedError),
        (_full, NoSpaceError),
        (_changing, ArchiveError),
    ],
)
def test_all_of_it_or_nothing(machine: FakeMachine, spoil: Any, error: type[Exception]) -> None:  # noqa: ANN401  a function above
    spoil(machine)
    with pytest.raises(error):
        make(machine)
    assert not [
        path for path in machine.files.paths() if "canopee" in path.lower().rpartition("\\")[2] or path == TO
    ]


@pytest.mark.parametrize(
    ("paths", "fields", "message"),
    [
        (("C:\\Windows",), {}, "read_roots or write_roots"),
        (("settings",), {}, "not an absolute path"),
        ((f"{ROOT}\\none",), {}, "does not exist"),
        ((f"{ROOT}\\settings",), {"to": "C:\\Data\\x.zip"}, "write_roots"),
        ((f"{ROOT}\\settings",), {"max_files": 2}, "more than 2 files"),
        ((f"{ROOT}\\settings",), {"max_bytes": 100}, "100 bytes"),
        ((f"{ROOT}\\settings", f"{ROOT}\\SETTINGS"), {}, "another entry"),
    ],
)
def test_what_may_not_be_is_told(
    machine: FakeMachine, paths: tuple[str, ...], fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(StepError, match=message):
        make(machine, *paths, **fields)


def test_after_any_power_cut_there_is_the_old_archive_or_the_new_one() -> None:
    for cut in range(1, 40):
        machine = FakeMachine("windows")
        machine.files.write(f"{ROOT}\\a", b"new")
        machine.files.write(TO, b"old")
        machine.files.cut_power_at(cut)
        with contextlib.suppress(PowerCutError):
            make(machine, f"{ROOT}\\a", overwrite=True)
        machine.files.start_again()
        if (kept := machine.files.read(TO)) != b"old":
            list(UnzipArchive().run(machine, UnzipArchiveParameters(TO, f"{ROOT}\\back"), CEILING))
            assert kept.startswith(b"PK")
