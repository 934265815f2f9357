"""Commands against a small answering server: what they say, and with which exit code."""

import json
import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from canopee.cli import main

STATUS = {
    "version": "0.1.0", "devices": 3, "devices_online": 2, "runs": 0, "records": 7, "orders_pending": 1,
    "lab_keys": True, "server_time": "2026-11-24T08:00:00Z",
}  # fmt: skip


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        known: dict[str, dict[str, Any]] = {"/v1/status": STATUS, "/v1/devices": {"items": []}}
        found = known.get(self.path.partition("?")[0])
        body = json.dumps(
            found or {"code": "x.unknown", "title": "t", "status": 404, "detail": "not there"}
        ).encode()
        self.send_response(200 if found else 404)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its name in the standard library
        """Say nothing."""


@pytest.fixture
def home(tmp_path: Path) -> Generator[str]:
    """A home whose credential leads to the server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        (tmp_path / "admin.json").write_text(json.dumps({"url": url, "api_key": "cpk_x_y"}))
        yield str(tmp_path)
        server.shutdown()
        thread.join()


def test_status_is_a_json_object_with_the_address_or_a_line_a_number(
    home: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", "--json", "--home", home]) == 0
    status = json.loads(capsys.readouterr().out)
    assert (status["url"].startswith("http://127.0.0.1:"), status["devices_online"]) == (True, 2)
    assert main(["status", "--home", home]) == 0
    assert "devices online   2" in capsys.readouterr().out


def test_what_is_there_already_is_not_waited_for_even_without_any_time(home: str) -> None:
    assert main(["wait", "devices", "--at-least", "3", "--timeout", "0", "--home", home]) == 0


def test_a_wait_in_vain_says_what_there_was(home: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["wait", "records", "--at-least", "8", "--timeout", "0", "--home", home]) == 1
    assert "7 records after 0 s; 8 were expected" in capsys.readouterr().err


def test_an_empty_list_is_an_empty_array_for_programs(home: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["devices", "--json", "--home", home]) == 0
    assert json.loads(capsys.readouterr().out) == []


@pytest.mark.parametrize("verb", ["device", "campaign status", "result"])
def test_what_is_not_there_is_exit_code_four_with_the_reason(
    home: str, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    assert main([*verb.split(), "x", "--home", home]) == 4
    assert "not there [x.unknown]" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    [
        ["run", "p", "--to", "all", "--document", "{missing}"],
        ["publish", "--first", "--keys", "{missing}"],
        ["publish", "{missing}"],
        ["sign", "{missing}", "--keys", "{missing}", "--out", "x"],
        ["publish"],
    ],
    ids=" ".join,
)
def test_a_file_that_is_not_there_is_a_usage_error_and_no_traceback(
    home: str, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    missing = str(Path(home) / "missing")
    assert main([one.replace("{missing}", missing) for one in [*command, "--home", home]]) == 2
    said = capsys.readouterr().err
    assert said.startswith("canopee: ")
    assert "missing" in said or "name files" in said


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"url": 1}', b"\xff"])
def test_a_credential_that_was_cut_is_said_with_its_path(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    (tmp_path / "admin.json").write_bytes(content)
    assert main(["status", "--home", str(tmp_path)]) == 2
    assert "admin.json cannot be read" in capsys.readouterr().err


def test_an_api_that_does_not_answer_is_exit_code_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "admin.json").write_text('{"url": "http://127.0.0.1:1", "api_key": "x"}')
    assert main(["status", "--home", str(tmp_path)]) == 1
    assert "does not answer" in capsys.readouterr().err
