"""`canopee watch` against a server that tells two changes, then ends the session."""

import json
import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from canopee.cli import main

STREAM = b"""event: open
data: {}

event: change
data: {"topic":"devices","ids":["d1","d2"]}

event: change
data: {"topic":"runs","ids":null}

event: ended
data: {"reason":"session"}

"""


class _Told(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        self.wfile.write(STREAM)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its name in the standard library
        """Say nothing."""


@pytest.fixture
def home(tmp_path: Path) -> Generator[str]:
    """A home whose credential leads to the server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Told) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        (tmp_path / "admin.json").write_text(json.dumps({"url": url, "api_key": "cpk_x_y"}))
        yield str(tmp_path)
        server.shutdown()
        thread.join()


def test_every_change_is_a_line_and_the_end_of_the_session_is_a_failure(
    home: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["watch", "--home", home]) == 1
    told = capsys.readouterr()
    assert told.out.splitlines() == ["devices      d1 d2", "runs         many"]
    assert "log in again" in told.err


def test_only_the_topics_asked_for_are_told_and_once_is_enough(
    home: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["watch", "runs", "--json", "--once", "--home", home]) == 0
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [{"topic": "runs", "ids": None}]
