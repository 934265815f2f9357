import hashlib
import io
import zipfile
from typing import Any

import pytest

from canopee_agent.errors import (
    ArchiveError,
    BusyError,
    DeniedError,
    ExistsError,
    MismatchError,
    MissingError,
    NoSpaceError,
)
from canopee_agent.fake_disk import PowerCutError
from canopee_agent.fakes import FakeMachine
from canopee_agent.step import Ceiling
from canopee_agent.steps.unzip_archive import UnzipArchive, UnzipArchiveParameters

ROOT = "C:\\ProgramData\\Cabinet"
ARCHIVE, TARGET = f"{ROOT}\\8.2.zip", f"{ROOT}\\updates\\8.2"
CEILING = Ceiling(write_roots=(ROOT,), timeout_s=600)
CONTENTS = {"setup.exe": b"MZ" * 3_000, "data/é.txt": b"text", "data/empty": b"", "folder/": b""}
OLD = {"old.txt": b"old"}


def _zip(contents: dict[str, bytes]) -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return output.getvalue()


def _machine(contents: dict[str, bytes] = CONTENTS, old: dict[str, bytes] | None = None) -> FakeMachine:
    machine = FakeMachine("windows")
    machine.files.write(ARCHIVE, _zip(contents))
    for name, content in (old or {}).items():
        machine.files.write(f"{TARGET}\\{name}", content)
    return machine


def _unzip(machine: FakeMachine, ceiling: Ceiling = CEILING, **changes: Any) -> Any:  # noqa: ANN401
    given: dict[str, Any] = {"archive": ARCHIVE, "to": TARGET} | changes
    parameters = UnzipArchiveParameters(**given)
    records = list(UnzipArchive().run(machine, parameters, ceiling))
    assert len(records) == 1
    return records[0]


def _held(machine: FakeMachine) -> dict[str, bytes]:
    """What lies below the target, and every leftover beside it."""
    below = (path for path in machine.files.paths() if path.startswith((TARGET + "\\", f"{ROOT}\\updates\\.")))
    return {
        path.removeprefix(TARGET + "\\").replace("\\", "/"): machine.files.read(path)
        for path in below
        if machine.files.look(path).kind == "file"
    }


FILES = {name: content for name, content in CONTENTS.items() if not name.endswith("/")}


def test_an_archive_becomes_a_folder_at_once() -> None:
    machine = _machine()
    record = _unzip(machine, sha256=hashlib.sha256(machine.files.read(ARCHIVE)).hexdigest())
    assert (record.state, record.files, record.size_bytes, record.path) == ("extracted", 3, 6_004, TARGET)
    assert _held(machine) == FILES
    assert machine.files.look(f"{TARGET}\\folder").kind == "folder"


def test_the_same_folder_is_left_as_it_is_and_another_is_replaced_only_when_told_to() -> None:
    machine = _machine(old=OLD)
    with pytest.raises(ExistsError, match="overwrite"):
        _unzip(machine)
    assert _held(machine) == OLD
    assert _unzip(machine, overwrite=True).state == "extracted"
    changes = machine.files.changes
    assert _unzip(machine).state == "present"
    assert machine.files.changes == changes
    assert _held(machine) == FILES


@pytest.mark.parametrize("difference", ["data\\more", "data\\empty", "setup.exe", "folder\\x", "data\\é.txt"])
def test_a_folder_that_differs_anywhere_is_not_the_same(difference: str) -> None:
    machine = _machine()
    _unzip(machine)
    machine.files.write(f"{TARGET}\\{difference}", b"TEXT")
    with pytest.raises(ExistsError):
        _unzip(machine)
    assert _unzip(machine, overwrite=True).state == "extracted"
    assert _held(machine) == FILES


def test_a_missing_file_or_folder_is_a_difference_too() -> None:
    for gone in ("data\\empty", "folder", "data"):
        machine = _machine()
        _unzip(machine)
        machine.files.delete(f"{TARGET}\\{gone}")
        with pytest.raises(ExistsError):
            _unzip(machine)


def test_whenever_the_power_is_cut_no_half_folder_is_seen_and_the_next_attempt_succeeds() -> None:
    machine = _machine(old=OLD)
    _unzip(machine, overwrite=True)
    changes = machine.files.changes
    assert changes > 10
    absent = 0
    for change in range(1, changes + 1):
        machine = _machine(old=OLD)
        machine.files.cut_power_at(change)
        with pytest.raises(PowerCutError):
            _unzip(machine, overwrite=True)
        machine.files.start_again()
        seen = {name: content for name, content in _held(machine).items() if not name.startswith("C:")}
        absent += not seen
        assert seen in ({}, OLD, FILES)
        _unzip(machine, overwrite=True)
        assert _held(machine) == FILES
    assert absent == 1  # between the two renames


def test_an_old_folder_that_was_set_aside_comes_back_before_anything_else() -> None:
    machine = _machine(old=OLD)
    machine.files.rename(TARGET, f"{ROOT}\\updates\\tmp")
    machine = _machine(old=OLD)
    cut = 0
    while machine.files.exists(TARGET):
        cut += 1
        machine = _machine(old=OLD)
        machine.files.cut_power_at(cut)
        with pytest.raises(PowerCutError):
            _unzip(machine, overwrite=True)
        machine.files.start_again()
    machine.files.write(ARCHIVE, b"damaged meanwhile")
    with pytest.raises(ArchiveError):
        _unzip(machine, overwrite=True)
    machine.files.write(ARCHIVE, _zip({"../x": b""}))
    with pytest.raises(ArchiveError):
        _unzip(machine, overwrite=True)
    machine.files.write(ARCHIVE, _zip(CONTENTS))
    machine.files.free = 0
    with pytest.raises(NoSpaceError):
        _unzip(machine, overwrite=True)
    assert _held(machine) == OLD


def test_a_file_damaged_in_the_archive_leaves_nothing_of_the_others() -> None:
    machine = _machine(old=OLD)
    raw = bytearray(machine.files.read(ARCHIVE))
    at = raw.index("data/é.txt".encode()) + len("data/é.txt".encode()) + 2
    raw[at] ^= 0xFF
    machine.files.write(ARCHIVE, bytes(raw))
    with pytest.raises(ArchiveError):
        _unzip(machine, overwrite=True)
    assert _held(machine) == OLD


def test_another_archive_than_the_signed_one_is_not_opened() -> None:
    machine = _machine()
    with pytest.raises(MismatchError):
        _unzip(machine, sha256="0" * 64)
    assert not machine.files.exists(f"{ROOT}\\updates")


def test_the_limits_are_those_of_the_step_and_of_the_local_policy_whichever_is_lower() -> None:
    with pytest.raises(ArchiveError):
        _unzip(_machine(), max_files=3)
    with pytest.raises(ArchiveError):
        _unzip(_machine(), max_bytes=6_003)
    with pytest.raises(ArchiveError):
        _unzip(_machine(), ceiling=Ceiling(write_roots=(ROOT,), max_download_bytes=6_003))
    assert _unzip(_machine(), max_files=4, max_bytes=6_004).files == 3


def test_the_archive_and_the_folder_lie_where_the_local_policy_says() -> None:
    machine = _machine()
    machine.files.write("C:\\Users\\me\\x.zip", _zip(CONTENTS))
    with pytest.raises(DeniedError):
        _unzip(machine, archive="C:\\Users\\me\\x.zip")
    for to in ("C:\\Windows\\x", ROOT, f"{ROOT}\\..\\x", f"{ROOT}\\NUL"):
        with pytest.raises(DeniedError):
            _unzip(machine, to=to)
    with pytest.raises(DeniedError):
        _unzip(machine, ceiling=Ceiling(read_roots=(ROOT,)))
    assert _unzip(machine, archive="C:\\Users\\me\\x.zip", ceiling=Ceiling(
        read_roots=("C:\\Users",), write_roots=(ROOT,))).state == "extracted"  # fmt: skip


def test_what_is_missing_held_or_no_folder_is_said() -> None:
    machine = _machine()
    with pytest.raises(MissingError):
        _unzip(machine, archive=f"{ROOT}\\absent.zip")
    machine.files.write(TARGET, b"a file")
    with pytest.raises(ExistsError):
        _unzip(machine, overwrite=True)
    machine = _machine(old=OLD)
    machine.files.lock(f"{TARGET}\\old.txt")
    with pytest.raises(BusyError):
        _unzip(machine, overwrite=True)
    assert f"{TARGET}\\old.txt" in machine.files.paths()
