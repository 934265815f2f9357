"""The program as it is run, against a small real server on loopback."""

import json
import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from canopee_scheduler.cli import main

STATUS = {
    "version": "0.1.0", "devices": 3, "devices_online": 2, "runs": 1, "records": 1, "orders_pending": 0,
    "lab_keys": True, "server_time": "2026-11-24T08:00:00Z",
}  # fmt: skip


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        is_known = self.headers["authorization"] == "Bearer cpk_a_b"
        body = STATUS if is_known else {"code": "credential.refused", "title": "no", "status": 401}
        self.send_response(200 if is_known else 401)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its parent's name
        """Say nothing."""


@pytest.fixture
def url() -> Generator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def _run(folder: Path, url: str, task: str, key: str = "cpk_a_b") -> int:
    (folder / "key").write_text(key + "\n")
    config = folder / "scheduler.toml"
    config.write_text(f'url = "{url}"\napi_key_file = "{folder / "key"}"\n{task}')
    return main(["run", "--once", "--config", str(config)])


def test_the_state_of_the_fleet_is_written_whole(tmp_path: Path, url: str) -> None:
    target = tmp_path / "status.json"
    assert _run(tmp_path, url, f'[[task]]\nuse = "report_status"\nfile = "{target}"\n') == 0
    assert json.loads(target.read_text())["devices_online"] == 2
    assert not target.with_name("status.json.part").exists()


def test_a_task_that_fails_does_not_keep_the_next_one_from_its_work(tmp_path: Path, url: str) -> None:
    good = tmp_path / "good.json"
    tasks = "".join(
        f'[[task]]\nuse = "report_status"\nfile = "{file}"\n' for file in (tmp_path / "no" / "x", good)
    )
    assert _run(tmp_path, url, tasks) == 1
    assert good.exists()


def test_a_refused_key_fails_the_task(tmp_path: Path, url: str) -> None:
    task = f'[[task]]\nuse = "report_status"\nfile = "{tmp_path / "x"}"\n'
    assert _run(tmp_path, url, task, key="cpk_other") == 1


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ('[[task]]\nuse = "make_coffee"\n', "is not one of report_status"),
        ('[[task]]\nuse = "report_status"\n', "missing required field `file`"),
        ('[[task]]\nuse = "report_status"\nfile = "x"\nmore = 1\n', "unknown field `more`"),
        ("= =", "scheduler.toml"),
        ("unknown = 1\n", "unknown field"),
    ],
)
def test_a_configuration_that_cannot_be_used_says_what_to_change(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], task: str, said: str
) -> None:
    assert _run(tmp_path, "http://127.0.0.1:1", task if "task" in task else f"task = []\n{task}") == 2
    assert said in capsys.readouterr().err
