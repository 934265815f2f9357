"""`canopee match` and `canopee device`, against an API that answers as told."""

import http.server
import json
import threading
from collections.abc import Callable, Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from canopee.cli import main
from canopee.home import Credential, Home
from canopee_contract.codec import encode
from canopee_contract.people import (
    FactChange,
    FactsChange,
    Matched,
    Page,
    TestCount,
    TestOnDevice,
    Why,
)

CONDITION = '{"fact": "os.family", "op": "eq", "value": "linux"}'
Answers = dict[str, object]


@pytest.fixture
def answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Answers]:
    """What the API answers, by path; the home names it."""
    replies: Answers = {}

    class Api(http.server.BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            body = encode(replies[self.path.partition("?")[0]])
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = _answer  # noqa: N815  the names that the server looks for

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


def test_match_shows_people_the_counts_and_programs_the_ids(answers: Answers, run: Callable[..., str]) -> None:
    tests = [TestCount("$", 'os.family eq "linux"', 2)]
    answers["/v1/match"] = Matched(2, ["id-1", "id-2"], fleet=300, tests=tests)
    shown = run("match", "--condition", CONDITION)
    assert 'os.family eq "linux"' in shown
    assert "2 of 300 PCs" in shown
    assert json.loads(run("match", "--condition", CONDITION, "--json")) == ["id-1", "id-2"]
    assert run("match", "--condition", CONDITION, "--ids") == "id-1\nid-2\n"


def test_why_shows_what_the_device_has_and_what_stands_in_the_way(
    answers: Answers, run: Callable[..., str]
) -> None:
    tests = [
        TestOnDevice("$.all[0]", 'os.family eq "linux"', holds=False, fact="windows"),
        TestOnDevice("$.all[1]", 'a.b matches "[a-z]+"', holds=False, fact=None),
    ]
    answers["/v1/match/why"] = Why("id-1", holds=False, tests=tests, obstacle="device.revoked")
    lines = run("match", "--condition", CONDITION, "--why", "id-1").splitlines()
    assert lines[1].split() == ["$.all[0]", "os.family", "eq", '"linux"', "no", "windows"]
    assert lines[2].split() == ["$.all[1]", "a.b", "matches", '"[a-z]+"', "no", "-"]
    assert lines[3:] == ["the condition does not hold for id-1", "orders never reach it: device.revoked"]
    answer: dict[str, Any] = json.loads(run("match", "--condition", CONDITION, "--why", "id-1", "--json"))
    assert (answer["holds"], answer["tests"][1]["fact"]) == (False, None)


def test_the_history_of_a_device_has_a_line_a_fact(answers: Answers, run: Callable[..., str]) -> None:
    changes = {"a.a": FactChange("8.1", "8.2"), "b.b": FactChange(None, new=True)}
    answers["/v1/devices/id-1/facts-history"] = Page(
        [FactsChange("7", datetime(2026, 11, 25, tzinfo=UTC), changes)], None
    )
    lines = [line.split()[2:] for line in run("device", "id-1", "--history").splitlines()[1:]]
    assert lines == [["a.a", "8.1", "8.2"], ["b.b", "-", "yes"]]
    assert json.loads(run("device", "id-1", "--history", "--json"))[0]["changes"]["b.b"] == {
        "old": None,
        "new": True,
    }
