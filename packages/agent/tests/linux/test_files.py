import os
import socket
import threading
from pathlib import Path

import pytest

from canopee_agent.errors import DeniedError, ExistsError, MissingError
from canopee_agent.linux.files import LinuxFiles

FILES = LinuxFiles()


def _tree(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_a_file_is_read_and_its_folder_listed(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"content")
    (tmp_path / "a").mkdir()
    with FILES.open(str(tmp_path / "b")) as stream:
        assert stream.read() == b"content"
    assert FILES.names(str(tmp_path)) == ["a", "b"]
    assert (FILES.look(str(tmp_path / "b")).size, FILES.look(str(tmp_path / "a")).kind) == (7, "folder")
    assert FILES.free_bytes(str(tmp_path)) > 0


def test_pipes_sockets_devices_and_folders_are_not_opened_and_do_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        for path in (tmp_path / "pipe", tmp_path / "socket", Path("/dev/zero"), tmp_path):
            with pytest.raises(DeniedError):
                FILES.open(str(path))
    with pytest.raises(DeniedError):
        FILES.resume(str(tmp_path / "pipe"))


def test_no_link_is_followed_wherever_it_lies_in_the_path(tmp_path: Path) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    (outside / "secret").write_text("s")
    (inside / "link").symlink_to(outside / "secret")
    (inside / "folder").symlink_to(outside)
    (inside / "mine").write_text("m")
    attempts = (
        lambda: FILES.open(str(inside / "link")),
        lambda: FILES.resume(str(inside / "link")),
        lambda: FILES.open(str(inside / "folder" / "secret")),
        lambda: FILES.create(str(inside / "folder" / "new")),
        lambda: FILES.resume(str(inside / "folder" / "secret")),
        lambda: FILES.make_folder(str(inside / "folder" / "new")),
        lambda: FILES.names(str(inside / "folder")),
        lambda: FILES.rename(str(inside / "mine"), str(inside / "folder" / "new")),
        lambda: FILES.rename(str(inside / "folder" / "secret"), str(inside / "stolen")),
        lambda: FILES.delete(str(inside / "folder" / "secret")),
    )
    for attempt in attempts:
        with pytest.raises((DeniedError, MissingError)):
            attempt()
    assert _tree(outside) == ["secret"]
    assert FILES.look(str(inside / "link")).kind == "link"


def test_a_folder_swapped_for_a_link_again_and_again_never_lets_a_file_out(tmp_path: Path) -> None:
    outside, inside, aside = tmp_path / "outside", tmp_path / "inside", tmp_path / "aside"
    outside.mkdir()
    inside.mkdir()
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            inside.rename(aside)
            inside.symlink_to(outside)
            inside.unlink()
            aside.rename(inside)

    thread = threading.Thread(target=swap)
    thread.start()
    made = 0
    try:
        for number in range(300):
            try:
                FILES.create(str(inside / f"f{number}")).close()
                made += 1
            except (DeniedError, MissingError):
                continue
    finally:
        stop.set()
        thread.join()
    assert _tree(outside) == []
    assert len(_tree(inside)) >= made


def test_a_new_file_is_new_and_a_resumed_one_keeps_what_it_has(tmp_path: Path) -> None:
    path = str(tmp_path / "f")
    with FILES.create(path) as stream:
        stream.write(b"abc")
        FILES.sync(stream)
        assert (tmp_path / "f").read_bytes() == b"abc"
    with pytest.raises(ExistsError):
        FILES.create(path)
    with FILES.resume(path) as stream:
        assert (stream.seek(0, 2), stream.write(b"d")) == (3, 1)
    assert (tmp_path / "f").read_bytes() == b"abcd"


def test_a_rename_overwrites_only_when_told_to_and_only_a_file(tmp_path: Path) -> None:
    for name in ("new", "old"):
        (tmp_path / name).write_text(name)
    (tmp_path / "folder").mkdir()
    new, old, folder = (str(tmp_path / name) for name in ("new", "old", "folder"))
    for source, target, overwrite in (
        (new, old, False),
        (new, folder, False),
        (new, folder, True),
        (folder, old, True),
    ):
        with pytest.raises(ExistsError):
            FILES.rename(source, target, overwrite=overwrite)
    FILES.rename(new, old, overwrite=True)
    assert (tmp_path / "old").read_text() == "new"
    FILES.rename(folder, str(tmp_path / "moved"))
    assert _tree(tmp_path) == ["moved", "old"]
    with pytest.raises(MissingError):
        FILES.rename(new, str(tmp_path / "x"))


def test_without_the_call_of_the_kernel_a_rename_keeps_its_promise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = LinuxFiles()
    monkeypatch.setattr(files, "_renameat2", None)
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
    with pytest.raises(ExistsError):
        files.rename(str(tmp_path / "a"), str(tmp_path / "b"))
    files.rename(str(tmp_path / "a"), str(tmp_path / "c"))
    assert _tree(tmp_path) == ["b", "c"]


def test_a_folder_is_removed_with_what_it_holds_but_never_what_its_links_lead_to(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "f").touch()
    (tmp_path / "gone" / "deep").mkdir(parents=True)
    (tmp_path / "gone" / "deep" / "link").symlink_to(tmp_path / "kept")
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    for name in ("gone", "link", "absent"):
        FILES.delete(str(tmp_path / name))
    assert _tree(tmp_path) == ["kept", "kept/f"]


def test_a_folder_that_is_there_already_is_fine_and_a_file_in_its_place_is_not(tmp_path: Path) -> None:
    FILES.make_folder(str(tmp_path / "a"))
    FILES.make_folder(str(tmp_path / "a"))
    (tmp_path / "f").touch()
    with pytest.raises(ExistsError):
        FILES.make_folder(str(tmp_path / "f"))
    with pytest.raises(MissingError):
        FILES.make_folder(str(tmp_path / "absent" / "b"))


def test_what_is_not_there_is_missing() -> None:
    with pytest.raises(MissingError):
        FILES.open("/absent/f")
    with pytest.raises(MissingError):
        FILES.look("/etc/passwd/f")
