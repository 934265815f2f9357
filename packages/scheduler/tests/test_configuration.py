"""Configurations that a person may write, and what becomes of tasks when the API or the disk fails them."""

import json
import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import msgspec
import pytest

from canopee_kit.discovery import discover
from canopee_scheduler import tasks
from canopee_scheduler.cli import main
from canopee_scheduler.configuration import read_configuration
from canopee_scheduler.errors import ConfigurationError
from canopee_scheduler.task import TaskKind

KINDS = discover(tasks, TaskKind)
STATUS = {
    "version": "0.1.0", "devices": 3, "devices_online": 2, "runs": 1, "records": 1, "orders_pending": 0,
    "lab_keys": True, "server_time": "2026-11-24T08:00:00Z",
}  # fmt: skip


class _Handler(BaseHTTPRequestHandler):
    """Gives the next of `replies`, then the state of the fleet."""

    replies: ClassVar[list[tuple[int, bytes]]] = []
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.headers["authorization"])
        status, body = self.replies.pop(0) if self.replies else (200, json.dumps(STATUS).encode())
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its parent's name
        """Say nothing."""


@pytest.fixture
def url() -> Generator[str]:
    _Handler.replies.clear()
    _Handler.asked.clear()
    server = HTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def _write(folder: Path, *files: Path, url: str = "http://127.0.0.1:1", key: bytes = b"cpk_a_b\n") -> Path:
    (folder / "key").write_bytes(key)
    planned = "".join(f'[[task]]\nuse = "report_status"\nfile = "{file}"\n' for file in files)
    config = folder / "scheduler.toml"
    config.write_text(f'url = "{url}"\napi_key_file = "{folder / "key"}"\n' + (planned or "task = []\n"))
    return config


def _run(config: Path) -> int:
    return main(["run", "--once", "--config", str(config)])


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (b"", "is empty: write the API key"), (b" \r\n", "is empty"), (b"\xff\xfe\x00", "not a text"),
        ("clé".encode(), "one word"), (b"two words", "one word"), (b"a\nb", "one word"),
    ],
)  # fmt: skip
def test_a_file_that_holds_no_key_is_said_before_any_task_runs(
    tmp_path: Path, url: str, capsys: pytest.CaptureFixture[str], key: bytes, said: str
) -> None:
    assert _run(_write(tmp_path, tmp_path / "status.json", url=url, key=key)) == 2
    assert said in capsys.readouterr().err
    assert (_Handler.asked, (tmp_path / "status.json").exists()) == ([], False)


@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n", b"  \n\n"])
def test_a_key_is_the_same_however_its_file_ends(tmp_path: Path, url: str, ending: bytes) -> None:
    assert _run(_write(tmp_path, tmp_path / "status.json", url=url, key=b"\xef\xbb\xbfcpk_a_b" + ending)) == 0
    assert _Handler.asked == ["Bearer cpk_a_b"]


@pytest.mark.parametrize("url", ["", "example.fr", "ftp://example.fr", "http://x:99999", "http://[::1"])
def test_an_address_that_is_none_is_a_fault_of_the_configuration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], url: str
) -> None:
    assert _run(_write(tmp_path, tmp_path / "x", url=url)) == 2
    assert "is not an address" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "missing required field"), ("url = 1\n", "Expected `str`"), ("url = 'x'\nurl = 'y'\n", "scheduler.toml"),
        ("task = 1\nurl = 'x'\napi_key_file = 'k'\n", "Expected `array`"), ("[task]\nuse = 1\n", "scheduler.toml"),
        ("\0", "scheduler.toml"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_understood_is_said_with_its_name(tmp_path: Path, text: str, said: str) -> None:
    config = tmp_path / "scheduler.toml"
    config.write_text(text)
    with pytest.raises(ConfigurationError, match=r"scheduler\.toml") as refused:
        read_configuration(config)
    assert said in refused.value.message


@pytest.mark.parametrize("name", ["nothing.toml", "."])
def test_a_file_that_cannot_be_read_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert _run(tmp_path / name) == 2
    assert capsys.readouterr().err.startswith("canopee-scheduler: ")


def test_a_configuration_saved_by_the_notepad_of_windows_is_read(tmp_path: Path) -> None:
    config = _write(tmp_path, tmp_path / "x")
    config.write_text(config.read_text(), "utf-8-sig")
    assert read_configuration(config).url == "http://127.0.0.1:1"


def test_a_fault_in_the_last_task_keeps_the_first_from_running(tmp_path: Path, url: str) -> None:
    config = _write(tmp_path, tmp_path / "first.json", url=url)
    config.write_text(config.read_text() + '[[task]]\nuse = "report_status"\nfolder = "x"\n')
    assert _run(config) == 2
    assert not (tmp_path / "first.json").exists()


@pytest.mark.parametrize("use", ["", "Report_status", "report_status ", "..", "_private"])
def test_a_kind_that_is_none_is_named_with_its_number_and_the_kinds_that_are(tmp_path: Path, use: str) -> None:
    config = _write(tmp_path, tmp_path / "x")
    config.write_text(config.read_text() + f'[[task]]\nuse = "{use}"\n')
    with pytest.raises(ConfigurationError, match=r"task 2: .* is not one of .*report_status"):
        read_configuration(config).planned()


def test_a_configuration_without_task_does_nothing_and_that_is_no_failure(tmp_path: Path) -> None:
    assert _run(_write(tmp_path)) == 0


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (503, b"<html>"), (500, b""), (200, b"<html>"), (200, b"{}"), (302, b""),
        (403, b'{"code":"x","title":"x","status":403}'),
    ],
)  # fmt: skip
def test_whatever_the_api_answers_the_next_task_has_its_turn(
    tmp_path: Path, url: str, status: int, body: bytes
) -> None:
    _Handler.replies.append((status, body))
    bad, good = tmp_path / "bad.json", tmp_path / "good.json"
    assert _run(_write(tmp_path, bad, good, url=url)) == 1
    assert (bad.exists(), json.loads(good.read_text())["devices"]) == (False, 3)


def test_a_report_that_fails_leaves_the_one_before_as_it_was(tmp_path: Path, url: str) -> None:
    target = tmp_path / "status.json"
    target.write_text("before")
    _Handler.replies.append((500, b""))
    assert _run(_write(tmp_path, target, url=url)) == 1
    assert target.read_text() == "before"


def test_a_report_that_cannot_be_put_in_place_leaves_nothing_behind(tmp_path: Path, url: str) -> None:
    (tmp_path / "status.json").mkdir()
    assert _run(_write(tmp_path, tmp_path / "status.json", url=url)) == 1
    assert not (tmp_path / "status.json.part").exists()


def test_the_same_tasks_twice_are_as_if_done_once(tmp_path: Path, url: str) -> None:
    config = _write(tmp_path, tmp_path / "status.json", url=url)
    assert [_run(config), _run(config)] == [0, 0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["key", "scheduler.toml", "status.json"]


@pytest.mark.parametrize("name", sorted(KINDS))
def test_every_kind_of_task_has_a_manual_and_refuses_options_that_nobody_declared(name: str) -> None:
    kind = KINDS[name]
    assert f'use = "{name}"' in (kind.__doc__ or "")
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"surely_unknown": 1}, kind.Options)


@pytest.mark.parametrize("arguments", [[], ["run"], ["run", "--once"], ["run", "--config", "x"], ["walk"]])
def test_a_command_line_that_makes_no_sense_is_usage(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
