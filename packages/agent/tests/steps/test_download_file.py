import hashlib
from typing import Any

import pytest

from canopee_agent.errors import (
    BusyError,
    DeniedError,
    MismatchError,
    MissingError,
    NoSpaceError,
    TimedOutError,
    UnreachableError,
)
from canopee_agent.fake_disk import PowerCutError
from canopee_agent.fakes import FakeMachine
from canopee_agent.step import Ceiling
from canopee_agent.steps.download_file import DownloadFile, DownloadFileParameters

ROOT = "C:\\ProgramData\\Cabinet"
TARGET = f"{ROOT}\\updates\\8.2.zip"
URL = "https://updates.example.fr/8.2.zip"
CONTENT = bytes(range(256)) * 40
SHA256 = hashlib.sha256(CONTENT).hexdigest()
CEILING = Ceiling(
    write_roots=(ROOT,), download_hosts=("updates.example.fr", "*.cdn.example.fr"), deny_globs=("*.key",),
    own_folders=(f"{ROOT}\\Agent",), max_download_bytes=1_000_000, timeout_s=600,
)  # fmt: skip


def _machine(content: bytes = CONTENT) -> FakeMachine:
    machine = FakeMachine("windows")
    machine.files.write(f"{ROOT}\\readme.txt")
    machine.downloads.piece = 1_000
    machine.downloads.serve(URL, content)
    return machine


def _download(machine: FakeMachine, ceiling: Ceiling = CEILING, **changes: Any) -> Any:  # noqa: ANN401
    given: dict[str, Any] = {"url": URL, "sha256": SHA256, "size_bytes": len(CONTENT), "to": TARGET} | changes
    records = list(DownloadFile().run(machine, DownloadFileParameters(**given), ceiling))
    assert len(records) == 1
    return records[0]


def _files(machine: FakeMachine) -> list[str]:
    return [path.removeprefix(ROOT + "\\") for path in machine.files.paths() if path != f"{ROOT}\\updates"]


def test_a_file_is_received_verified_and_put_in_its_place() -> None:
    machine = _machine()
    record = _download(machine)
    assert (record.state, record.received_bytes, record.path) == ("downloaded", len(CONTENT), TARGET)
    assert machine.files.read(TARGET) == CONTENT
    assert _files(machine) == ["readme.txt", "updates\\8.2.zip"]


def test_the_right_file_is_not_downloaded_again_and_another_one_is_replaced() -> None:
    machine = _machine()
    machine.files.write(TARGET, b"old")
    assert _download(machine).state == "downloaded"
    machine.downloads.requests.clear()
    record = _download(machine)
    assert (record.state, record.received_bytes, machine.downloads.requests) == ("present", 0, [])
    machine.files.write(TARGET, b"x" + CONTENT[1:])
    assert _download(machine).state == "downloaded"
    assert machine.files.read(TARGET) == CONTENT


def test_a_cut_goes_on_where_it_was_with_the_validator_of_the_first_answer() -> None:
    machine = _machine()
    machine.downloads.cuts = [3_500, 2_000]
    record = _download(machine)
    assert [(one.start, one.etag) for one in machine.downloads.requests] == [
        (0, ""),
        (3_500, '"1"'),
        (5_500, '"1"'),
    ]
    assert record.received_bytes == len(CONTENT)
    assert machine.files.read(TARGET) == CONTENT


def test_a_server_that_brings_nothing_is_given_up_and_what_came_is_kept_for_later() -> None:
    machine = _machine()
    machine.downloads.cuts = [4_000, 0, 0, 0, 0, 0]
    with pytest.raises(UnreachableError):
        _download(machine)
    assert len(machine.downloads.requests) == 5
    machine.downloads.cuts = []
    record = _download(machine)
    assert (record.resumed_bytes, record.received_bytes) == (4_000, len(CONTENT) - 4_000)


def test_a_server_without_ranges_sends_all_of_it_again() -> None:
    machine = _machine()
    machine.downloads.ignores_ranges = True
    machine.downloads.cuts = [4_000]
    assert _download(machine).received_bytes == len(CONTENT) + 4_000
    assert machine.files.read(TARGET) == CONTENT


def test_a_part_that_is_damaged_or_too_long_is_dropped_and_received_again() -> None:
    for part in (b"?" * 5_000, CONTENT + b"more", b"?" * len(CONTENT)):
        machine = _machine()
        machine.downloads.cuts = [10, 0, 0, 0, 0, 0]
        with pytest.raises(UnreachableError):
            _download(machine)
        machine.downloads.cuts = []
        path = next(path for path in machine.files.paths() if path.endswith(".part"))
        machine.files.write(path, part)
        assert _download(machine).resumed_bytes == 0
        assert machine.files.read(TARGET) == CONTENT


@pytest.mark.parametrize("content", [b"?" * len(CONTENT), CONTENT + b"x", CONTENT[:-1], b""])
def test_another_content_than_the_signed_one_leaves_what_was_there_and_nothing_else(content: bytes) -> None:
    machine = _machine(content)
    machine.files.write(TARGET, b"old")
    with pytest.raises(MismatchError):
        _download(machine)
    assert machine.files.read(TARGET) == b"old"
    assert _files(machine) == ["readme.txt", "updates\\8.2.zip"]


def test_parts_of_other_versions_of_the_same_file_are_removed() -> None:
    machine = _machine()
    machine.downloads.cuts = [10, 0, 0, 0, 0, 0]
    with pytest.raises(UnreachableError):
        _download(machine)
    other = b"other"
    machine.downloads.serve(URL, other)
    _download(machine, sha256=hashlib.sha256(other).hexdigest(), size_bytes=len(other))
    assert _files(machine) == ["readme.txt", "updates\\8.2.zip"]


def test_whenever_the_power_is_cut_the_old_file_or_the_whole_new_one_is_there_and_the_next_attempt_succeeds() -> (
    None
):
    machine = _machine()
    machine.files.write(TARGET, b"old")
    _download(machine)
    changes = machine.files.changes
    assert changes > 10
    for change in range(1, changes + 1):
        machine = _machine()
        machine.files.write(TARGET, b"old")
        machine.files.cut_power_at(change)
        with pytest.raises(PowerCutError):
            _download(machine)
        machine.files.start_again()
        assert machine.files.read(TARGET) in {b"old", CONTENT}
        _download(machine)
        assert machine.files.read(TARGET) == CONTENT
        assert _files(machine) == ["readme.txt", "updates\\8.2.zip"]


def test_a_disk_without_room_is_told_before_anything_is_asked_and_one_that_fills_up_after() -> None:
    machine = _machine()
    machine.files.free = 1_000
    with pytest.raises(NoSpaceError):
        _download(machine)
    assert machine.downloads.requests == []
    machine.files.free = 10**9
    machine.files.before = lambda call, _: setattr(machine.files, "free", 5_000) if call == "resume" else None
    with pytest.raises(NoSpaceError):
        _download(machine)


def test_a_slow_server_is_left_at_the_time_limit() -> None:
    machine = _machine()
    machine.downloads.seconds_a_piece = 100
    with pytest.raises(TimedOutError):
        _download(machine)
    assert not machine.files.exists(TARGET)


@pytest.mark.parametrize(
    "url",
    [
        "http://updates.example.fr/8.2.zip", "https://evil.example/8.2.zip", "https://updates.example.fr.evil/8.2.zip",
        "https://updates.example.fr@evil.example/x", "https://user:pw@updates.example.fr/x", "ftp://updates.example.fr/x",
        "file:///etc/passwd",
        "//updates.example.fr/x", "https://updates.example.fr:99999/x", "https:///x", "", "8.2.zip",
        "https://updates.example.fr/a b", "https://updates.example.fr/\r\nHost: evil", "https://updates.example.fr/x#y",
        "https://updates.example.fr\\@evil.example/x", "https://cdn.example.fr/x", "https://éxample.fr/x", "https://[::1/x",
    ],
)  # fmt: skip
def test_only_https_and_only_the_hosts_of_the_local_policy(url: str) -> None:
    machine = _machine()
    machine.downloads.serve(url, CONTENT)
    with pytest.raises(DeniedError):
        _download(machine, url=url)
    assert machine.downloads.requests == []


def test_a_redirect_goes_only_where_the_step_and_the_policy_both_say() -> None:
    elsewhere = "https://fr.cdn.example.fr/f"
    machine = _machine()
    machine.downloads.serve(elsewhere, CONTENT)
    machine.downloads.redirect(URL, elsewhere)
    with pytest.raises(DeniedError):
        _download(machine)
    with pytest.raises(DeniedError):
        _download(machine, redirect_hosts=("evil.example",))
    assert _download(machine, redirect_hosts=("fr.cdn.example.fr",)).state == "downloaded"


@pytest.mark.parametrize(
    "to",
    [
        "C:\\Windows\\x.zip", f"{ROOT}\\..\\x.zip", f"{ROOT}\\Agent\\policy.toml", f"{ROOT}\\x.key", f"{ROOT}\\NUL",
        f"{ROOT}\\a:b", f"{ROOT}\\x.zip.", f"{ROOT}\\link\\x.zip", "x.zip", ROOT, f"{ROOT}2\\x", "\\\\?\\" + TARGET,
        f"{ROOT}\\" + "x" * 300, f"{ROOT}\\readme.txt\\x.zip", f"{ROOT}\\AGENT~1\\x", "/var/x", f"{ROOT}\\COM1\\x.zip",
    ],
)  # fmt: skip
def test_it_goes_below_a_root_of_the_local_policy_and_nowhere_else(to: str) -> None:
    machine = _machine()
    machine.files.write("C:\\Windows\\win.ini")
    machine.files.link(f"{ROOT}\\link", "C:\\Windows")
    machine.files.link(f"{ROOT}\\AGENT~1", f"{ROOT}\\Agent")
    machine.files.write(f"{ROOT}\\Agent\\policy.toml")
    before = machine.files.paths()
    with pytest.raises((DeniedError, MissingError)):
        _download(machine, to=to)
    assert machine.files.paths() == before


def test_a_link_put_in_the_way_of_the_part_is_not_followed() -> None:
    machine = _machine()
    machine.files.write("C:\\Windows\\x", b"safe")
    machine.files.before = lambda call, path: (
        machine.files.link(path, "C:\\Windows\\x") if call == "resume" else None
    )
    with pytest.raises(DeniedError):
        _download(machine)
    assert machine.files.read("C:\\Windows\\x") == b"safe"


def test_a_target_that_another_program_holds_is_busy_and_the_part_waits_for_the_retry() -> None:
    machine = _machine()
    machine.files.write(TARGET, b"old")
    machine.files.lock(TARGET)
    with pytest.raises(BusyError):
        _download(machine)
    machine.files.unlock(TARGET)
    machine.downloads.requests.clear()
    assert _download(machine).resumed_bytes == len(CONTENT)
    assert machine.downloads.requests == []


def test_an_absent_file_a_folder_in_its_place_and_one_that_is_too_large_are_said() -> None:
    machine = _machine()
    with pytest.raises(MissingError):
        _download(machine, url="https://updates.example.fr/absent")
    with pytest.raises(DeniedError, match="max_download_bytes"):
        _download(machine, size_bytes=1_000_001)
    machine.files.write(TARGET + "\\f")
    with pytest.raises(DeniedError, match="folder"):
        _download(machine)
    with pytest.raises(DeniedError, match="download_hosts"):
        _download(machine, ceiling=Ceiling(write_roots=(ROOT,)))


def test_an_empty_file_is_a_file() -> None:
    machine = _machine(b"")
    assert _download(machine, sha256=hashlib.sha256().hexdigest(), size_bytes=0).size_bytes == 0
    assert machine.files.read(TARGET) == b""
