import stat
import threading
from pathlib import Path

import pytest

from canopee_api.errors import ServerError
from canopee_api.settings import Settings, parse_listen, read_secret


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:8470", ("127.0.0.1", 8470)),
        ("127.8.9.10:0", ("127.8.9.10", 0)),
        ("localhost:65535", ("localhost", 65535)),
        ("[::1]:80", ("::1", 80)),
        ("::1:80", ("::1", 80)),
    ],
)
def test_a_loopback_address_is_read_as_its_host_and_port(text: str, expected: tuple[str, int]) -> None:
    assert parse_listen(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "8470",
        ":8470",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:x",
        "127.0.0.1:-1",
        "127.0.0.1:65536",
        "127.0.0.1:٣",
    ],
)
def test_what_is_no_address_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ServerError, match=r"HOST:PORT, such as 127\.0\.0\.1"):
        parse_listen(text)


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]", "192.168.1.4", "8.8.8.8", "[::ffff:10.0.0.1]"])  # noqa: S104  refused here
def test_an_address_that_others_could_reach_is_refused_with_what_to_do(host: str) -> None:
    with pytest.raises(ServerError, match="TLS proxy"):
        parse_listen(f"{host}:8470")


def test_a_name_that_only_a_resolver_knows_is_refused() -> None:
    with pytest.raises(ServerError, match="not an IP address"):
        parse_listen("localhost.example.fr:80")


def test_everything_lives_in_the_home_unless_it_is_said_otherwise(tmp_path: Path) -> None:
    settings = Settings.from_env({"CANOPEE_HOME": str(tmp_path)})
    assert (settings.keys, settings.secret_file) == (tmp_path / "keys", tmp_path / "secret.key")
    elsewhere = Settings.from_env(
        {"CANOPEE_HOME": str(tmp_path), "CANOPEE_KEYS": "/k", "CANOPEE_SECRET_FILE": "/s"}
    )
    assert (elsewhere.keys, elsewhere.secret_file) == (Path("/k"), Path("/s"))


def test_the_pause_between_two_rounds_is_a_number_of_seconds(tmp_path: Path) -> None:
    assert Settings.from_env({"CANOPEE_HOME": str(tmp_path), "CANOPEE_TICK_S": "5"}).tick_s == 5
    for text in ("0", "301", "-1", "1.5", "often"):
        with pytest.raises(ServerError, match="seconds from 1 to 300"):
            Settings.from_env({"CANOPEE_HOME": str(tmp_path), "CANOPEE_TICK_S": text})


def test_a_relative_home_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Settings.from_env({"CANOPEE_HOME": "here"}).home == tmp_path / "here"


def test_the_secret_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    secret = read_secret(path)
    assert (len(secret), read_secret(path)) == (32, secret)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_secret(tmp_path / "other.key") != secret


def test_processes_that_start_at_once_hold_the_same_secret_and_leave_nothing_else(tmp_path: Path) -> None:
    found, start = list[bytes](), threading.Barrier(8)

    def read() -> None:
        start.wait()
        found.append(read_secret(tmp_path / "secret.key"))

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(found), len(set(found))) == (8, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["secret.key"]


@pytest.mark.parametrize("content", [b"", b"x" * 31, b"x" * 33])
def test_a_secret_that_was_cut_is_never_replaced_silently(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "secret.key"
    path.write_bytes(content)
    with pytest.raises(ServerError, match="restore it from a backup"):
        read_secret(path)
    assert path.read_bytes() == content


def test_a_secret_file_that_cannot_be_one_is_said_with_its_path(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "no such folder" / "secret.key"):
        with pytest.raises(ServerError, match=str(path)):
            read_secret(path)


@pytest.mark.parametrize(("text", "does_work"), [("", True), ("yes", True), ("no", False)])
def test_a_process_does_periodic_work_unless_told_not_to(text: str, does_work: bool, tmp_path: Path) -> None:  # noqa: FBT001  a case
    settings = Settings.from_env({"CANOPEE_HOME": str(tmp_path), "CANOPEE_WORKER": text})
    assert settings.worker is does_work


def test_a_worker_setting_that_is_neither_yes_nor_no_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match="CANOPEE_WORKER='maybe' is neither yes nor no"):
        Settings.from_env({"CANOPEE_HOME": str(tmp_path), "CANOPEE_WORKER": "maybe"})
