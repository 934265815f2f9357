"""Every command, as its parser describes it, against whatever an API may answer: an exit code and a sentence."""

import argparse
import json
import subprocess
import sys
import threading
from collections.abc import Generator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from canopee.approval import approve
from canopee.cli import main, make_parser
from canopee_contract.codec import encode
from canopee_contract.people import PublishedPipeline
from canopee_contract.pipeline import PipelineRef
from canopee_contract.problem import Problem
from canopee_kit.clock import FakeClock
from canopee_trust.ceremony import make_lab_keys
from canopee_trust.documents import seal_campaign

PIPELINE = PublishedPipeline(
    id="repair@1", title="Repair", kind="action", approval="required", state="published",
    ref=PipelineRef("pipelines/action/repair.1.json", "repair", 1, "0" * 64, 10), published_at=FakeClock().now(),
)  # fmt: skip
OTHERS = {("api",), ("up",), ("down",), ("db",), ("worker",), ("keys", "make"), ("watch",)}
"""They serve, or maintain what serves; a key costs a second on purpose; `watch` tries again until it is stopped."""


def _actions(parser: argparse.ArgumentParser) -> list[Any]:
    """What a parser takes; argparse tells it in no other way."""
    return list(vars(parser)["_actions"])


def _verbs(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The parsers below one, by their words."""
    below: list[Any] = [action for action in _actions(parser) if isinstance(action.choices, dict)]
    return {name: child for action in below for name, child in action.choices.items()}


def _leaves(parser: argparse.ArgumentParser, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Each command with its verbs."""
    below = _verbs(parser)
    if not below:
        yield words
    for name, child in below.items():
        yield from _leaves(child, (*words, name))


LISTS = {
    ("devices",), ("runs",), ("orders",), ("records",), ("rejected",), ("pipelines",), ("awaiting",), ("campaigns",),
    ("users",), ("api-keys",), ("datasets",), ("audit",), ("tag",), ("practices", "list"), ("enrol", "list"),
    ("enrol", "tokens"), ("release", "list"), ("campaign", "list"), ("campaign", "pending"), ("campaign", "devices"),
    ("campaign", "history"), ("campaign", "failures"),
    ("logs", "list"),
}  # fmt: skip
COMMANDS = [words for words in _leaves(make_parser()) if not {words, words[:1]} & OTHERS]


class _Api(BaseHTTPRequestHandler):
    """Answers every call alike."""

    status: ClassVar[int] = 200
    body: ClassVar[bytes] = b""
    calls: ClassVar[int] = 0

    def _answer(self) -> None:
        type(self).calls += 1
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self.send_response(self.status)
        self.send_header("content-length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815  the names that the server looks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name of the parent
        """Quiet."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Generator[Path]:
    """A home with keys and files, whose API answers as `_Api` is told."""
    folder = tmp_path_factory.mktemp("home")
    make_lab_keys(folder / "keys", FakeClock().now())
    campaign = approve(PIPELINE, {"all": []}, FakeClock(), parameters={}, expires_in_s=86_400)
    (folder / "document.yaml").write_bytes(encode(campaign))
    (folder / "signed.json").write_bytes(seal_campaign(campaign, []))
    (folder / "practices.csv").write_text("id;name\nFR-1;One\n")
    (folder / "rules.yaml").write_text("rules: []\n")
    (folder / "catalog").mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Api) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        (folder / "admin.json").write_text(json.dumps({"url": url, "api_key": "x"}))
        yield folder
        server.shutdown()
        thread.join()


def _argv(words: tuple[str, ...], home: Path, out: Path) -> list[str]:
    """The least that the parser of a command accepts, made of files that are there."""
    parser = make_parser()
    for word in words:
        parser = _verbs(parser)[word]
    argv = list(words)
    for action in _actions(parser):
        if action.option_strings and (action.required or action.dest == "out"):
            argv += [action.option_strings[-1], _value(action, words, home, out)]
        if not action.option_strings and action.nargs not in {"?", "*"}:
            argv.append(_value(action, words, home, out))
        if action.dest == "home":
            argv += ["--home", str(home)]
    return [*argv, "--timeout", "0"] if words == ("wait",) else argv


def _value(action: Any, words: tuple[str, ...], home: Path, out: Path) -> str:  # noqa: ANN401  an action of argparse
    if action.choices is not None:
        return str(next(iter(action.choices)))
    files = {
        "out": out, "condition": home / "document.yaml", "sign": home / "signed.json", "start": home / "signed.json",
        "import": home / "practices.csv", "set": home / "rules.yaml", "cards": home, "key": home / "keys",
    }  # fmt: skip
    if action.dest == "to":
        return "50%" if words[0] == "release" else "all"
    if action.dest == "login" and words != ("login",):
        return "anna"
    found = files.get(action.dest) or files.get(words[-1])
    if action.dest in {"file", "what", "files", "out", "condition", "cards", "key"}:
        return str(found or home / "document.yaml")
    return "http://127.0.0.1:1" if action.dest == "url" else "x"


ANSWERS = {
    "a page without anything": (200, b'{"items":[],"next":null}'),
    "a page of a proxy": (200, b"<html>welcome</html>"),
    "half of it": (200, b'{"items":[{"id":'),
    "not here": (404, encode(Problem("x.unknown", "Not found", 404, "there is no such thing"))),
    "not you": (403, encode(Problem("x.forbidden", "Forbidden", 403, "ask an administrator"))),
    "broken": (500, b"<h1>Internal error</h1>"),
}


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_whatever_an_api_answers_a_command_ends_with_a_code_and_a_sentence(
    words: tuple[str, ...], home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("CANOPEE_PASSWORD", "secret")
    monkeypatch.setenv("CANOPEE_PASSPHRASE", "correct horse battery staple")
    for number, (name, (status, body)) in enumerate(ANSWERS.items()):
        _Api.status, _Api.body, _Api.calls = status, body, 0
        code = main(_argv(words, home, tmp_path / f"out-{number}"))
        printed = capsys.readouterr()
        if not _Api.calls:  # refused before anything was sent, or it needs no API
            assert code in {0, 1, 2, 3}, name
        elif status != 200 and words != ("campaign", "approve"):  # it signs where no API answers
            assert code == (4 if status == 404 else 3), name
            assert body[:1] != b"{" or json.loads(body)["detail"] in printed.err
        assert not code or printed.err.startswith("canopee: "), name


@pytest.mark.parametrize("words", [words for words in COMMANDS if words in LISTS], ids=" ".join)
def test_a_list_without_anything_is_one_empty_array_and_nothing_else(
    words: tuple[str, ...], home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _Api.status, _Api.body = ANSWERS["a page without anything"]
    assert main([*_argv(words, home, tmp_path / "out"), "--json"]) == 0
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("[]\n", "")


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_an_api_that_is_away_is_one_sentence_and_code_one(
    words: tuple[str, ...], home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("CANOPEE_PASSPHRASE", "correct horse battery staple")
    monkeypatch.setenv("CANOPEE_PASSWORD", "secret")
    away = tmp_path / "home"
    away.mkdir()
    (away / "admin.json").write_text('{"url": "http://127.0.0.1:1", "api_key": "x"}')
    (away / "keys").symlink_to(home / "keys")
    argv = [
        word.replace(str(home), str(away)) if word == str(home) else word
        for word in _argv(words, home, away / "o")
    ]
    code = main(argv)
    printed = capsys.readouterr()
    assert code in {0, 1, 2, 3}
    assert not code or printed.err.startswith("canopee: ")
    assert code != 1 or "does not answer" in printed.err or words == ("wait",)


def test_a_command_alone_is_the_same_as_among_the_others() -> None:
    whole = _verbs(make_parser())
    for name, parser in whole.items():
        assert _verbs(make_parser(name))[name].format_help() == parser.format_help()


@pytest.mark.parametrize("word", ["lists", "coffee", "", "--help"])
def test_what_is_no_command_is_answered_with_all_of_them(word: str) -> None:
    assert _verbs(make_parser(word)).keys() == _verbs(make_parser()).keys()


def test_who_asks_the_api_something_does_not_load_the_api() -> None:
    script = (
        "import sys; from canopee.cli import make_parser; make_parser('runs');"
        "print({'canopee_api.app', 'litestar', 'psycopg', 'uvicorn'} & {*sys.modules})"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "set()"
