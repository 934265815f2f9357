import os
import sys
from pathlib import Path

import pytest

from canopee_agent.errors import BusyError, DeniedError, ExistsError, MissingError
from canopee_agent.step import Ceiling
from canopee_agent.steps.read_file import FileValue, ReadFile, ReadFileParameters
from canopee_kit.clock import FakeClock, SystemClock

assert sys.platform == "win32"

from canopee_agent.windows.files import WindowsFiles  # noqa: E402
from canopee_agent.windows.machine import WindowsMachine  # noqa: E402

FILES = WindowsFiles(FakeClock())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(FILES.real_path(str(tmp_path)))


@pytest.fixture
def linked(folder: Path) -> Path:
    """A folder with `inside/sub`, a link to `outside`; under Wine the host made it."""
    if made := os.environ.get("CANOPEE_TEST_LINKS"):
        return Path(FILES.real_path(made))
    for name in ("inside", "outside"):
        (folder / name).mkdir()
    (folder / "outside" / "secret").write_text("s")
    (folder / "inside" / "sub").symlink_to(folder / "outside", target_is_directory=True)
    return folder


def test_a_file_is_written_synced_read_renamed_and_removed(folder: Path) -> None:
    part, final = str(folder / "é.part"), str(folder / "é.bin")
    with FILES.create(part) as stream:
        stream.write(b"abc")
        FILES.sync(stream)
    with FILES.resume(part) as stream:
        assert stream.seek(0, 2) == 3
        stream.write(b"def")
    with pytest.raises(ExistsError):
        FILES.create(part)
    FILES.rename(part, final)
    with FILES.open(final) as stream:
        assert stream.read() == b"abcdef"
    assert (FILES.look(final).kind, FILES.look(final).size, FILES.names(str(folder))) == ("file", 6, ["é.bin"])
    FILES.delete(final)
    FILES.delete(final)
    assert FILES.names(str(folder)) == []


def test_a_file_that_is_being_written_is_renamed_without_being_closed(folder: Path) -> None:
    part, final = str(folder / "part"), str(folder / "final")
    with FILES.resume(part) as stream:
        stream.write(b"x")
        FILES.sync(stream)
        FILES.rename(part, final)
    assert (folder / "final").read_bytes() == b"x"


def test_nobody_else_writes_a_file_while_we_do(folder: Path) -> None:
    with FILES.create(str(folder / "f")), pytest.raises(PermissionError):
        (folder / "f").write_bytes(b"other")


def test_a_rename_overwrites_only_when_told_to_and_only_a_file(folder: Path) -> None:
    for name in ("new", "old"):
        (folder / name).write_text(name)
    (folder / "sub").mkdir()
    new, old, sub = (str(folder / name) for name in ("new", "old", "sub"))
    for source, target, overwrite in ((new, old, False), (new, sub, False), (new, sub, True), (sub, old, True)):
        with pytest.raises(ExistsError):
            FILES.rename(source, target, overwrite=overwrite)
    FILES.rename(new, old, overwrite=True)
    assert (folder / "old").read_text() == "new"
    FILES.rename(sub, str(folder / "moved"))
    assert FILES.names(str(folder)) == ["moved", "old"]


def test_a_file_that_somebody_holds_for_itself_is_busy_and_the_wait_is_bounded(folder: Path) -> None:
    clock = FakeClock()
    files = WindowsFiles(clock)
    path = str(folder / "held")
    with FILES.create(path), pytest.raises(BusyError):
        files.resume(path)
    assert 5 <= clock.monotonic() < 6


def test_a_log_that_its_owner_goes_on_writing_is_read(folder: Path) -> None:
    with (folder / "app.log").open("wb") as log:
        log.write(b"line\n")
        log.flush()
        with FILES.open(str(folder / "app.log")) as stream:
            assert stream.read() == b"line\n"


def test_devices_folders_and_what_is_not_there_are_told_apart(folder: Path) -> None:
    with pytest.raises(DeniedError):
        FILES.open(str(folder))
    with pytest.raises(MissingError):
        FILES.open(str(folder / "absent"))
    with pytest.raises(MissingError):
        FILES.create(str(folder / "absent" / "f"))
    FILES.make_folder(str(folder / "a"))
    FILES.make_folder(str(folder / "a"))
    (folder / "f").touch()
    with pytest.raises(ExistsError):
        FILES.make_folder(str(folder / "f"))


def test_a_folder_is_removed_with_what_it_holds(folder: Path) -> None:
    (folder / "gone" / "deep").mkdir(parents=True)
    (folder / "gone" / "deep" / "f").touch()
    FILES.delete(str(folder / "gone"))
    assert FILES.names(str(folder)) == []


def test_no_link_is_followed(linked: Path) -> None:
    outside, inside = linked / "outside", linked / "inside"
    assert FILES.look(str(inside / "sub")).kind == "link"
    attempts = (
        lambda: FILES.open(str(inside / "sub" / "secret")),
        lambda: FILES.create(str(inside / "sub" / "new")),
        lambda: FILES.make_folder(str(inside / "sub" / "new")),
        lambda: FILES.rename(str(inside / "sub" / "secret"), str(inside / "stolen")),
    )
    for attempt in attempts:
        with pytest.raises((DeniedError, MissingError)):
            attempt()
    assert FILES.names(str(outside)) == ["secret"]
    ceiling = Ceiling(read_roots=(str(inside),))
    with pytest.raises(DeniedError):
        list(
            ReadFile().run(
                WindowsMachine(SystemClock()), ReadFileParameters(str(inside / "sub" / "secret")), ceiling
            )
        )


def test_the_step_read_file_reads_a_real_file_and_refuses_every_disguise(folder: Path) -> None:
    path = folder / "cabinet.ini"
    path.write_bytes("[Update]\r\nChannel=bêta\r\n".encode("cp1252"))
    machine, ceiling = WindowsMachine(SystemClock()), Ceiling(read_roots=(str(folder),))
    wanted = (FileValue("channel", "ini", "channel", "update"),)
    for name in (str(path), str(path).upper(), str(path).replace("\\", "/")):
        record = next(ReadFile().run(machine, ReadFileParameters(name, wanted), ceiling))
        assert getattr(record, "values")[0].value == "bêta"  # noqa: B009  the type is a plain struct
    disguises = (
        f"{path}:stream", f"{path}.", f"{path} ", f"{folder}\\nul", f"{folder}\\COM1.txt", "\\\\?\\" + str(path),
        "\\\\.\\C:", "\\\\.\\pipe\\x", f"{folder}\\..\\{folder.name}\\cabinet.ini", "C:\\windows\\win.ini",
    )  # fmt: skip
    for name in disguises:
        with pytest.raises(DeniedError):
            list(ReadFile().run(machine, ReadFileParameters(name), ceiling))
