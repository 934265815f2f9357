"""Download, unzip and move on the real Windows adapters, one after the other as an update does."""

import hashlib
import http.server
import io
import sys
import threading
import zipfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from canopee_agent.errors import ArchiveError, DeniedError, ExistsError, MismatchError
from canopee_agent.step import Ceiling
from canopee_agent.steps.download_file import DownloadFile, DownloadFileParameters
from canopee_agent.steps.move_path import MovePath, MovePathParameters
from canopee_agent.steps.unzip_archive import UnzipArchive, UnzipArchiveParameters
from canopee_kit.clock import SystemClock

assert sys.platform == "win32"

from canopee_agent.windows.machine import WindowsMachine  # noqa: E402

CONTENTS = {"setup.exe": b"MZ" * 50_000, "données/é.txt": b"texte"}


@contextmanager
def _serving(content: bytes, *, cut_at: int) -> Generator[str]:
    """A server with ranges, whose first answer breaks off."""
    cuts = [cut_at]

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            self.end_headers()
            self.wfile.write(content[start : cuts.pop() if cuts else None])

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name that it has
            """Say nothing."""

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/update.zip"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _zip(contents: dict[str, bytes]) -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return output.getvalue()


def _only(records: Any) -> Any:  # noqa: ANN401  one record of any kind
    (record,) = records
    return record


@pytest.fixture
def machine() -> WindowsMachine:
    return WindowsMachine(SystemClock())


@pytest.fixture
def root(tmp_path: Path, machine: WindowsMachine) -> str:
    return machine.files.real_path(str(tmp_path))


def _ceiling(root: str) -> Ceiling:
    return Ceiling(write_roots=(root,), download_hosts=("127.0.0.1",), timeout_s=60)


def test_an_update_is_downloaded_through_a_cut_unpacked_and_moved_to_its_place(
    machine: WindowsMachine, root: str
) -> None:
    data = _zip(CONTENTS)
    sha256, ceiling = hashlib.sha256(data).hexdigest(), _ceiling(root)
    archive, staged, final = f"{root}\\updates\\8.2.zip", f"{root}\\updates\\8.2", f"{root}\\versions\\8.2"
    with _serving(data, cut_at=100) as url:
        wanted = DownloadFileParameters(url, sha256, len(data), archive)
        record = _only(DownloadFile().run(machine, wanted, ceiling))
        assert (record.state, record.received_bytes) == ("downloaded", len(data))
    assert _only(DownloadFile().run(machine, wanted, ceiling)).state == "present"
    unzip = UnzipArchiveParameters(archive, staged, sha256)
    assert _only(UnzipArchive().run(machine, unzip, ceiling)).files == 2
    assert _only(UnzipArchive().run(machine, unzip, ceiling)).state == "present"
    move = MovePathParameters(staged, final)
    assert _only(MovePath().run(machine, move, ceiling)).state == "moved"
    assert _only(MovePath().run(machine, move, ceiling)).state == "present"
    assert {name: (Path(final) / name).read_bytes() for name in CONTENTS} == CONTENTS
    assert (machine.files.names(f"{root}\\updates"), machine.files.names(root)) == (
        ["8.2.zip"],
        ["updates", "versions"],
    )


def test_another_content_leaves_nothing(machine: WindowsMachine, root: str) -> None:
    with _serving(b"other", cut_at=5) as url, pytest.raises(MismatchError):
        list(DownloadFile().run(machine, DownloadFileParameters(url, "0" * 64, 5, f"{root}\\x"), _ceiling(root)))
    assert machine.files.names(root) == []


@pytest.mark.parametrize(
    "name", ["..\\x", "../x", "C:\\x", "NUL", "com1.txt", "x:y", "x.", "x ", "a\\b", "link/../../x", "A/b\x00c"]
)
def test_a_hostile_archive_is_refused_by_the_windows_python_too(
    machine: WindowsMachine, root: str, name: str
) -> None:
    plain = "Q" * len(name)
    data = _zip({plain: b"x"}).replace(plain.encode(), name.encode())
    (Path(root) / "a.zip").write_bytes(data)
    with pytest.raises(ArchiveError):
        list(UnzipArchive().run(machine, UnzipArchiveParameters(f"{root}\\a.zip", f"{root}\\out"), _ceiling(root)))
    assert machine.files.names(root) == ["a.zip"]


def test_a_folder_is_replaced_whole(machine: WindowsMachine, root: str) -> None:
    (Path(root) / "a.zip").write_bytes(_zip(CONTENTS))
    (Path(root) / "out").mkdir()
    (Path(root) / "out" / "old.txt").write_text("old")
    for overwrite in (False, True):
        unzip = UnzipArchiveParameters(f"{root}\\a.zip", f"{root}\\OUT", overwrite=overwrite)
        if overwrite:
            assert _only(UnzipArchive().run(machine, unzip, _ceiling(root))).state == "extracted"
        else:
            with pytest.raises(ExistsError):
                list(UnzipArchive().run(machine, unzip, _ceiling(root)))
    assert machine.files.names(f"{root}\\out") == ["données", "setup.exe"]
    assert machine.files.names(root) == ["a.zip", "out"]


def test_nothing_is_moved_out_of_the_roots(machine: WindowsMachine, root: str) -> None:
    (Path(root) / "f").touch()
    for target in ("C:\\windows\\f", f"{root}\\..\\f", f"{root}\\f:stream", f"{root}\\nul", f"{root}\\f."):
        with pytest.raises(DeniedError):
            list(MovePath().run(machine, MovePathParameters(f"{root}\\f", target), _ceiling(root)))
    assert machine.files.names(root) == ["f"]
