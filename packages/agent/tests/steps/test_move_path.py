import hashlib
from typing import Any

import msgspec
import pytest

from canopee_agent.errors import (
    BusyError,
    DeniedError,
    ExistsError,
    MismatchError,
    MissingError,
    StepError,
)
from canopee_agent.fake_disk import PowerCutError
from canopee_agent.fakes import FakeMachine
from canopee_agent.step import Ceiling
from canopee_agent.steps.move_path import MovePath, MovePathParameters

ROOT = "C:\\ProgramData\\Cabinet"
OTHER = "D:\\Cabinet"
FILE, FOLDER = f"{ROOT}\\new.bin", f"{ROOT}\\folder"
CEILING = Ceiling(write_roots=(ROOT, OTHER), timeout_s=600, own_folders=(f"{ROOT}\\Agent",))
CONTENT = b"content" * 1_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
Tree = dict[str, bytes]


def _machine(**more: bytes) -> FakeMachine:
    machine = FakeMachine("windows")
    machine.files.write(FILE, CONTENT)
    for name in ("a.txt", "sub\\b.txt", "sub\\deep\\c.txt"):
        machine.files.write(f"{FOLDER}\\{name}", name.encode())
    machine.files.write(f"{OTHER}\\readme.txt")
    for path, content in more.items():
        machine.files.write(path, content)
    return machine


def _move(machine: FakeMachine, source: str, target: str, ceiling: Ceiling = CEILING, **more: Any) -> Any:  # noqa: ANN401
    records = list(MovePath().run(machine, MovePathParameters(source, target, **more), ceiling))
    assert len(records) == 1
    return records[0]


def _below(machine: FakeMachine, folder: str) -> Tree:
    files = machine.files
    return {
        path[len(folder) :]: files.read(path)
        for path in files.paths()
        if path.startswith(folder) and files.look(path).kind == "file"
    }


def _everything(machine: FakeMachine) -> Tree:
    return _below(machine, "")


def test_the_parameter_is_called_from_in_a_pipeline() -> None:
    assert msgspec.convert({"from": FILE, "to": "x"}, MovePathParameters).from_ == FILE


@pytest.mark.parametrize("target", [f"{ROOT}\\versions\\8.2", f"{OTHER}\\versions\\8.2"])
@pytest.mark.parametrize("source", [FILE, FOLDER])
def test_a_file_or_a_folder_is_moved_within_a_volume_or_to_another(source: str, target: str) -> None:
    machine = _machine()
    before = _below(machine, source)
    record = _move(machine, source, target)
    assert (record.state, record.source, record.path) == ("moved", source, target)
    assert _below(machine, target) == before
    assert len(_everything(machine)) == 5
    assert not machine.files.exists(source)


@pytest.mark.parametrize("target", [f"{ROOT}\\8.2", f"{OTHER}\\8.2"])
@pytest.mark.parametrize("source", [FILE, FOLDER])
def test_what_was_moved_already_is_done(source: str, target: str) -> None:
    machine = _machine()
    _move(machine, source, target)
    changes = machine.files.changes
    assert _move(machine, source, target).state == "present"
    assert machine.files.changes == changes


def test_a_moved_file_is_recognised_by_its_hash_when_one_is_given() -> None:
    machine = _machine()
    _move(machine, FILE, f"{ROOT}\\8.2", sha256=SHA256)
    assert _move(machine, FILE, f"{ROOT}\\8.2", sha256=SHA256).state == "present"
    machine.files.write(f"{ROOT}\\8.2", b"other")
    with pytest.raises(MismatchError):
        _move(machine, FILE, f"{ROOT}\\8.2", sha256=SHA256)
    with pytest.raises(MissingError):
        _move(machine, FILE, f"{ROOT}\\absent")


@pytest.mark.parametrize("target", [f"{ROOT}\\old.bin", f"{OTHER}\\old.bin"])
def test_a_file_replaces_a_file_only_when_told_to(target: str) -> None:
    machine = _machine(**{target: b"old"})
    with pytest.raises(ExistsError):
        _move(machine, FILE, target)
    assert (machine.files.read(target), machine.files.read(FILE)) == (b"old", CONTENT)
    _move(machine, FILE, target, overwrite=True)
    assert machine.files.read(target) == CONTENT


@pytest.mark.parametrize("target", [f"{ROOT}\\old", f"{OTHER}\\old"])
def test_a_folder_replaces_nothing_and_nothing_replaces_a_folder(target: str) -> None:
    for source, there in ((FOLDER, f"{target}\\x"), (FOLDER, target), (FILE, f"{target}\\x")):
        machine = _machine(**{there: b"old"})
        before = _everything(machine)
        with pytest.raises(ExistsError):
            _move(machine, source, target, overwrite=True)
        assert _everything(machine) == before


def test_another_file_than_the_signed_one_stays_where_it_is() -> None:
    machine = _machine()
    before = _everything(machine)
    for source, error in ((FILE, MismatchError), (FOLDER, DeniedError)):
        with pytest.raises(error):
            _move(machine, source, f"{ROOT}\\8.2", sha256="0" * 64)
    assert _everything(machine) == before


@pytest.mark.parametrize("target", [f"{ROOT}\\v\\8.2", f"{OTHER}\\v\\8.2"])
@pytest.mark.parametrize("source", [FILE, FOLDER])
def test_whenever_the_power_is_cut_all_of_it_is_at_one_place_at_least_and_the_next_attempt_completes(
    source: str, target: str
) -> None:
    machine = _machine()
    whole = _below(machine, source)
    _move(machine, source, target)
    changes = machine.files.changes
    assert changes >= 2
    for change in range(1, changes + 1):
        machine = _machine()
        machine.files.cut_power_at(change)
        with pytest.raises(PowerCutError):
            _move(machine, source, target)
        machine.files.start_again()
        at_source, at_target = _below(machine, source), _below(machine, target)
        assert at_source in ({}, whole)
        assert at_target in ({}, whole)
        assert at_source or at_target
        _move(machine, source, target)
        assert (_below(machine, target), len(_everything(machine))) == (whole, 5)


def test_links_are_neither_followed_nor_copied() -> None:
    machine = _machine()
    machine.files.write("C:\\Windows\\win.ini", b"safe")
    machine.files.link(f"{ROOT}\\link", "C:\\Windows")
    machine.files.link(f"{FOLDER}\\sub\\link", "C:\\Windows")
    before = _everything(machine)
    for source, target in (
        (f"{ROOT}\\link\\win.ini", f"{ROOT}\\stolen"), (FILE, f"{ROOT}\\link\\x"), (FOLDER, f"{OTHER}\\folder"),
    ):  # fmt: skip
        with pytest.raises(DeniedError):
            _move(machine, source, target)
    assert _everything(machine) == before


def test_a_link_put_in_the_way_after_the_check_is_not_followed() -> None:
    machine = _machine()
    machine.files.write("C:\\Windows\\win.ini", b"safe")

    def meanwhile(call: str, _: str) -> None:
        if call == "rename":
            machine.files.link(f"{ROOT}\\v", "C:\\Windows")

    machine.files.before = meanwhile
    with pytest.raises(DeniedError):
        _move(machine, FILE, f"{ROOT}\\v\\win.ini")
    assert machine.files.read("C:\\Windows\\win.ini") == b"safe"


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (FILE, "C:\\Windows\\x"), ("C:\\Windows\\x", f"{ROOT}\\x"), (ROOT, f"{OTHER}\\x"), (FILE, ROOT), (FILE, FILE),
        (FOLDER, f"{FOLDER}\\sub\\x"), (f"{FOLDER}\\sub", FOLDER), (FILE, f"{ROOT}\\Agent\\policy.toml"), (FILE, "x"),
        (f"{ROOT}\\Agent\\key", f"{ROOT}\\x"), (FILE, f"{ROOT}\\x\\..\\y"), (FILE, f"{ROOT}\\COM1"),
        (FILE, FILE.upper()),
    ],
)  # fmt: skip
def test_both_places_lie_below_roots_of_the_local_policy_and_apart(source: str, target: str) -> None:
    machine = _machine(**{f"{ROOT}\\Agent\\key": b"k", "C:\\Windows\\x": b"x"})
    before = _everything(machine)
    with pytest.raises(StepError):
        _move(machine, source, target)
    assert _everything(machine) == before


def test_a_file_that_is_held_stays_whole_and_the_retry_moves_it() -> None:
    for target in (f"{ROOT}\\x", f"{OTHER}\\x"):
        machine = _machine()
        machine.files.lock(FILE)
        with pytest.raises(BusyError):
            _move(machine, FILE, target)
        machine.files.unlock(FILE)
        assert _move(machine, FILE, target).state == "moved"


def test_what_changes_while_it_is_copied_is_not_moved() -> None:
    machine = _machine()

    def meanwhile(call: str, _: str) -> None:
        if call == "create":
            machine.files.write(FILE, b"changed")

    machine.files.before = meanwhile
    with pytest.raises(MismatchError):
        _move(machine, FILE, f"{OTHER}\\x")
    assert machine.files.read(FILE) == b"changed"
    assert not machine.files.exists(f"{OTHER}\\x")
