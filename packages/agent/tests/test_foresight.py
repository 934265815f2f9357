"""The machine whose writing is only noted: it answers as the real one would, and nothing of that one changes."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canopee_agent.errors import ExistsError, MissingError
from canopee_agent.fake_services import FakeService
from canopee_agent.fakes import FakeMachine
from canopee_agent.foresight import ForeseenError, Foresight, UnknowableError
from canopee_agent.ports import Files, Service, Wanted
from canopee_contract.report import Effect

ROOT = "C:\\Root"
PATHS = [f"{ROOT}\\{name}" for name in ("a", "b", "a\\x", "a\\y", "b\\x", "a\\x\\deep")]


def _machine() -> FakeMachine:
    machine = FakeMachine("windows")
    for folder in (ROOT, f"{ROOT}\\a"):
        machine.files.make_folder(folder)
    machine.files.write(f"{ROOT}\\a\\x", b"first")
    machine.files.write(f"{ROOT}\\c", b"second")
    return machine


def _create(files: Files, path: str, content: bytes) -> None:
    with files.create(path) as stream:
        stream.write(content)


def _tried(work: Callable[[], object]) -> str:
    """What a call gave, or the kind of error."""
    try:
        return repr(work())
    except (MissingError, ExistsError) as error:
        return type(error).__name__


def _seen(files: Files, path: str) -> list[str]:
    return [
        str(files.exists(path)),
        _tried(lambda: files.look(path).kind),
        _tried(lambda: files.look(path).size if files.look(path).kind == "file" else 0),
        _tried(lambda: list(files.names(path)) if files.look(path).kind == "folder" else []),
        _tried(lambda: files.open(path).read() if files.look(path).kind == "file" else b""),
    ]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("create"), st.sampled_from(PATHS), st.binary(max_size=5)),
        st.tuples(st.just("make_folder"), st.sampled_from(PATHS), st.none()),
        st.tuples(st.just("delete"), st.sampled_from([*PATHS, f"{ROOT}\\c"]), st.none()),
        st.tuples(st.just("rename"), st.sampled_from([*PATHS, f"{ROOT}\\c"]), st.sampled_from(PATHS)),
        st.tuples(st.just("overwrite"), st.sampled_from([*PATHS, f"{ROOT}\\c"]), st.sampled_from(PATHS)),
    ),
    max_size=8,
)


def _do(files: Files, step: tuple[str, str, Any]) -> str:
    name, path, more = step
    if name == "create":
        return _tried(lambda: _create(files, path, more))
    if name in {"rename", "overwrite"}:
        parent = more.rpartition("\\")[0]
        if more.startswith(path) or not files.exists(parent) or files.look(parent).kind != "folder":
            return "no such place"
        return _tried(lambda: files.rename(path, more, overwrite=name == "overwrite"))
    return _tried(lambda: getattr(files, name)(path))


@settings(deadline=None)
@given(STEPS)
def test_after_any_changes_it_looks_as_the_real_disk_would(steps: list[tuple[str, str, Any]]) -> None:
    real, foreseen = _machine(), Foresight(untouched := _machine())
    for step in steps:
        assert _do(foreseen.files, step) == _do(real.files, step), step
        for path in (*PATHS, f"{ROOT}\\c", ROOT):
            assert _seen(foreseen.files, path) == _seen(real.files, path), (step, path)
    assert untouched.files.changes == _machine().files.changes
    assert untouched.files.paths() == _machine().files.paths()


def test_what_is_written_aside_and_renamed_is_one_effect() -> None:
    foreseen = Foresight(_machine())
    _create(foreseen.files, f"{ROOT}\\.canopee-0123.part", b"12345")
    foreseen.files.rename(f"{ROOT}\\.canopee-0123.part", f"{ROOT}\\c", overwrite=True)
    assert foreseen.take() == (Effect("replace", f"{ROOT}\\c", 5),)
    assert foreseen.take() == ()


def test_a_folder_is_moved_and_removed_with_all_that_it_holds() -> None:
    foreseen = Foresight(_machine())
    foreseen.files.rename(f"{ROOT}\\a", f"{ROOT}\\z")
    assert foreseen.files.open(f"{ROOT}\\z\\x").read() == b"first"
    foreseen.files.delete(f"{ROOT}\\z")
    assert not foreseen.files.exists(f"{ROOT}\\z\\x")
    assert foreseen.take() == (
        Effect("move", f"{ROOT}\\a", 5, f"{ROOT}\\z"),
        Effect("remove", f"{ROOT}\\z", 5),
    )


def test_what_is_too_large_to_remember_is_known_by_its_size_only() -> None:
    foreseen = Foresight(_machine())
    with foreseen.files.create(f"{ROOT}\\big") as stream:
        for _ in range(20):
            stream.write(bytes(2**20))
    assert foreseen.files.look(f"{ROOT}\\big").size == 20 * 2**20
    with pytest.raises(UnknowableError):
        foreseen.files.open(f"{ROOT}\\big")


def test_programs_and_downloads_are_noted_and_end_there() -> None:
    machine = _machine()
    machine.programs.install("C:\\p.exe")
    foreseen = Foresight(machine)
    with pytest.raises(ForeseenError):
        foreseen.programs.run(("C:\\p.exe", "/silent"), timeout_s=1, max_output_bytes=1)
    with pytest.raises(ForeseenError):
        foreseen.downloads.fetch(Wanted("https://h/f", 10, ("h",), start=4))
    assert foreseen.take() == (
        Effect("run", "C:\\p.exe", detail="/silent"),
        Effect("download", "https://h/f", 6),
    )
    assert machine.programs.runs == []


def test_a_service_is_as_it_would_be_once_asked() -> None:
    machine = _machine()
    machine.services.add("Old", FakeService(Service("Old", "running", "automatic", "C:\\old.exe")))
    services = Foresight(machine).services
    services.stop("OLD")
    services.disable("old")
    assert (services.look("Old").state, services.look("Old").start) == ("stopped", "disabled")
    services.delete("Old")
    with pytest.raises(MissingError):
        services.look("Old")
    assert machine.services.commands == []
    assert machine.services.look("Old").state == "running"


def test_reading_is_real() -> None:
    machine = _machine()
    machine.registry.set("HKLM\\SOFTWARE\\X", "Version", "8.1")
    foreseen = Foresight(machine)
    assert foreseen.registry.value("HKLM\\SOFTWARE\\X", "Version") == "8.1"
    assert foreseen.system.hardware() == machine.system.hardware()
    assert foreseen.files.open(f"{ROOT}\\c").read() == b"second"
    assert foreseen.files.free_bytes(f"{ROOT}\\new\\folder") == machine.files.free_bytes(ROOT)
