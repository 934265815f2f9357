"""The step `download_file` on a real disk, from a real server, killed again and again."""

import hashlib
import http.server
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

CONTENT = hashlib.sha512(b"seed").digest() * 50_000  # 3.2 MB
CODE = """
import json, sys
from canopee_agent.linux.machine import LinuxMachine
from canopee_agent.step import Ceiling
from canopee_agent.steps.download_file import DownloadFile, DownloadFileParameters
from canopee_kit.clock import SystemClock
root, url, sha256, size = sys.argv[1:]
ceiling = Ceiling(write_roots=(root,), download_hosts=("127.0.0.1",), timeout_s=60)
parameters = DownloadFileParameters(url, sha256, int(size), root + "/sub/file.bin")
record = next(DownloadFile().run(LinuxMachine(SystemClock()), parameters, ceiling))
print(json.dumps([record.state, record.received_bytes, record.resumed_bytes]))
"""
pytestmark = pytest.mark.real


class _Slow:
    """A server with ranges that gives so many bytes, then waits until it is told to go on."""

    def __init__(self) -> None:
        self.allowed = 0
        self.reached = threading.Event()
        self.sent = 0

    def answer(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        start = int(handler.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        handler.send_response(206 if start else 200)
        if start:
            handler.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
        handler.send_header("Content-Length", str(len(CONTENT) - start))
        handler.end_headers()
        body = CONTENT[start : start + self.allowed]
        handler.wfile.write(body)
        handler.wfile.flush()
        self.sent += len(body)
        self.reached.set()
        if start + self.allowed < len(CONTENT):
            handler.rfile.read(1)  # until the other end is gone


def _ignore(request: object, client_address: object) -> None:
    """The other end was killed."""


@contextmanager
def _serving(slow: _Slow) -> Generator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            slow.answer(self)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name that it has
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = _ignore
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/file.bin"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _start(root: Path, url: str, sha256: str) -> "subprocess.Popen[bytes]":
    argv = [sys.executable, "-c", CODE, str(root), url, sha256, str(len(CONTENT))]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_a_download_killed_again_and_again_goes_on_where_it_was_and_shows_no_part_of_the_file(
    tmp_path: Path,
) -> None:
    slow, sha256, target = _Slow(), hashlib.sha256(CONTENT).hexdigest(), tmp_path / "sub" / "file.bin"
    slow.allowed = 700_000
    with _serving(slow) as url:
        for _ in range(4):
            slow.reached.clear()
            with _start(tmp_path, url, sha256) as process:
                assert slow.reached.wait(30)
                part = _part(tmp_path)
                while process.poll() is None and _size(part) < 65_536:
                    part = _part(tmp_path)
                process.send_signal(signal.SIGKILL)
                process.communicate()
            assert not target.exists()
        slow.allowed = len(CONTENT)
        with _start(tmp_path, url, sha256) as process:
            out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err.decode()
        state, received, resumed = json.loads(out)
        assert (state, received + resumed) == ("downloaded", len(CONTENT))
        assert resumed >= 65_536
    assert target.read_bytes() == CONTENT
    assert [path.name for path in target.parent.iterdir()] == ["file.bin"]


def _part(root: Path) -> Path | None:
    return next((root / "sub").glob(".canopee-*.part"), None) if (root / "sub").exists() else None


def _size(part: Path | None) -> int:
    try:
        return part.stat().st_size if part else 0
    except FileNotFoundError:
        return 0
