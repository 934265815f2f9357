"""An API that answers as told, and a home that names it."""

import http.server
import threading
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from canopee.cli import main
from canopee.home import Credential, Home
from canopee_contract.codec import encode
from canopee_contract.problem import Problem

Answers = dict[str, object]


@pytest.fixture
def sent() -> list[tuple[str, Any]]:
    """Path and body of every call that `answers` got, where it had one."""
    return []


@pytest.fixture
def answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sent: list[tuple[str, Any]]) -> Generator[Answers]:
    """What the API answers, by path; a problem is an answer of its status. The home names this API."""
    replies: Answers = {}

    class Api(http.server.BaseHTTPRequestHandler):
        def _answer(self) -> None:
            asked = self.rfile.read(int(self.headers.get("content-length") or 0))
            sent.append((self.path, msgspec.json.decode(asked) if asked else None))
            reply = replies[self.path.partition("?")[0]]
            body = encode(reply)
            self.send_response(reply.status if isinstance(reply, Problem) else 200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = _answer  # noqa: N815  the names that the server looks for

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name of the parent
            """Quiet."""

    monkeypatch.setenv("COLUMNS", "200")
    with http.server.HTTPServer(("127.0.0.1", 0), Api) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        credential = Credential(f"http://127.0.0.1:{server.server_port}", "key")
        Home(tmp_path).credential.write_bytes(msgspec.json.encode(credential))
        yield replies
        server.shutdown()
        thread.join()


@pytest.fixture
def run(answers: Answers, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Runs a command that succeeds; its standard output."""
    assert answers == {}

    def command(*arguments: str) -> str:
        assert main([*arguments, "--home", str(tmp_path)]) == 0
        return capsys.readouterr().out

    return command
