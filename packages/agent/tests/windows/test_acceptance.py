"""The acceptance of a Windows, on the one that we have: what Wine can answer, it must answer right.

What Wine accepts and does not enforce must be a failed check: one that passes there passes for nothing.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from canopee_agent.errors import StateError
from canopee_agent.service.cli import main
from canopee_kit.clock import FakeClock

assert sys.platform == "win32"

from canopee_agent.windows.accept import accept  # noqa: E402
from canopee_agent.windows.acceptance import Report, Row, as_text, cleaned  # noqa: E402
from canopee_agent.windows.checks.rights import writers  # noqa: E402
from canopee_agent.windows.folders import program_files as program_files_of_windows  # noqa: E402
from canopee_agent.windows.machine import WindowsMachine  # noqa: E402

BOOTED = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
OK = {
    "without a cap, 300 MB can be had", "processor", "a folder of fresh programs is renamed at once",
    "memory, processor and volumes", "NetworkService can be logged on",
    "Windows tells a signed file from an unsigned one", "one changed byte is seen",
}  # fmt: skip
NOT_ENFORCED = {
    "a memory cap of 100 MB holds", "a cap of one process holds", "a cap on the processor is accepted",
    "a junction leads no step out of its folder", "nor does a symbolic link",
    "a locked range of bytes is told as busy", "paths of more than 260 characters", "new ones can be waited for",
    "name and build of Windows", "privileges can be given up", "a process of low integrity writes nowhere of ours",
}  # fmt: skip
ELSEWHERE = {"time to start", "maker, model and serial number", "installed software"}
"""They depend on the machine under Wine, and on how busy it is."""
PROGRAM_FILES = (
    "O:S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464D:PAI"
    "(A;;FA;;;S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464)(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"
    "(A;OICI;0x1200a9;;;BU)(A;OICIIO;GA;;;CO)(A;OICI;0x1200a9;;;AC)"
)


def _accept(out: Path, *only: str, booted_at: datetime = BOOTED, log: Path | None = None) -> Report:
    return accept(WindowsMachine(FakeClock()), out, log, only=only, booted_at=booted_at)


def _states(report: Report) -> dict[str, str]:
    return {row.name: row.state for row in report.rows}


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("first")
    _accept(folder)
    return folder


@pytest.fixture
def first(out: Path, tmp_path: Path) -> Path:
    """A folder where the first part has been done."""
    shutil.copytree(out, tmp_path / "out")
    return tmp_path / "out"


def _report(folder: Path) -> Report:
    return msgspec.json.decode((folder / "acceptance.json").read_bytes(), type=Report)


def test_every_check_answers_and_none_passes_for_nothing(out: Path) -> None:
    asked = {name: state for name, state in _states(_report(out)).items() if state != "not_applicable"}
    assert {name for name, state in asked.items() if state == "ok"} - ELSEWHERE == OK
    assert {name for name, state in asked.items() if state == "failed"} - ELSEWHERE == NOT_ENFORCED
    assert set(asked) >= ELSEWHERE


def test_nothing_is_left_but_the_report_and_what_the_second_part_looks_for(out: Path) -> None:
    left = sorted(path.name for path in out.iterdir())
    assert left == ["acceptance.json", "acceptance.txt", "canopee-acceptance.bin"]


def test_the_text_says_every_check_and_what_is_to_be_done_next(out: Path) -> None:
    text = (out / "acceptance.txt").read_text("utf-8-sig")
    assert all(row.name in text for row in _report(out).rows)
    assert "restart the PC, then run this again" in text


def test_without_a_restart_there_is_no_second_part(first: Path) -> None:
    with pytest.raises(StateError, match="restart the PC first"):
        _accept(first, booted_at=BOOTED + timedelta(seconds=1))


def test_after_a_restart_the_second_part_ends_the_report_and_the_next_begins_another(
    out: Path, first: Path
) -> None:
    found = _accept(first, "disk", booted_at=BOOTED + timedelta(hours=1))
    assert _states(found)["what was synced outlived the restart"] == "ok"
    assert found.rows[:-1] == _report(out).rows
    assert not _report(first).awaits_restart
    assert _accept(first, "installers").awaits_restart


def test_a_file_that_the_restart_changed_is_seen(first: Path) -> None:
    kept = first / "canopee-acceptance.bin"
    kept.write_bytes(kept.read_bytes()[:-1] + b"x")
    found = _accept(first, "disk", booted_at=BOOTED + timedelta(hours=1))
    assert _states(found)["what was synced outlived the restart"] == "failed"


def test_a_report_that_cannot_be_read_is_said(first: Path) -> None:
    (first / "acceptance.json").write_text("{")
    with pytest.raises(StateError, match="begin again"):
        _accept(first)


def test_names_of_the_pc_and_of_people_are_in_no_report() -> None:
    row = Row("a", "b", "ok", r"C:\Users\jeanne\x of ACCUEIL-01, by Jeanne, no Jeannette; accueil-012", 0)
    private = {"jeanne": "USER", r"C:\Users\jeanne": "%USERPROFILE%", "ACCUEIL-01": "PC", "": "?", "x": "?"}
    assert cleaned((row,), private)[0].seen == r"%USERPROFILE%\x of PC, by USER, no Jeannette; accueil-012"
    assert cleaned((row,), {})[0].seen == row.seen


@pytest.fixture
def installed(tmp_path: Path) -> Generator[Path]:
    """A service of the agent's name, whose launcher is a dummy."""
    program = tmp_path / "Canopee"
    (program / "slots" / "1.0.0").mkdir(parents=True)
    (program / "logs").mkdir()
    for name in ("launcher.exe", r"slots\1.0.0\agent.exe", r"slots\1.0.0\python311.dll"):
        shutil.copy(os.environ["CANOPEE_TEST_PREDECESSOR"], program / name)

    def sc(*arguments: str) -> None:
        subprocess.run(["sc.exe", *arguments], capture_output=True, check=False)  # noqa: S607

    sc("create", "CanopeeAgent", "binPath=", f'"{program}\\launcher.exe"', "start=", "auto")
    sc("start", "CanopeeAgent")
    yield program
    sc("stop", "CanopeeAgent")
    sc("delete", "CanopeeAgent")


def test_an_installed_service_is_looked_at_and_one_that_is_not_started_again_is_said(
    installed: Path, tmp_path: Path
) -> None:
    found = _accept(tmp_path / "out", "service", "signatures")
    states = _states(found)
    assert states["the service runs and starts with Windows"] == "ok"
    assert next(row.seen for row in found.rows if row.name.startswith("killed")).startswith("not within 60 s")
    assert states["antivirus left every file of ours"] == "ok"
    assert states["our programs are signed, and trusted"] == "not_applicable"
    (installed / "slots" / "1.0.0" / "python311.dll").unlink()
    again = _accept(tmp_path / "again", "signatures")
    assert next(row.seen for row in again.rows if "antivirus left" in row.name).count("python311.dll") == 1


@pytest.mark.parametrize(
    ("line", "state"),
    [
        ("launcher[4] agent stopped", "ok"), ("launcher[4] agent KILLED at the end of its time to stop", "failed"),
        ("launcher[4] started 1.0.0 pid 7", "failed"),
    ],
)  # fmt: skip
def test_the_launchers_log_says_whether_the_shutdown_was_in_order(
    installed: Path, first: Path, line: str, state: str
) -> None:
    begun = _report(first).started_at
    between = (begun + timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    before = (begun - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    log = f"{before} launcher[3] agent stopped\r\nbroken\r\n{between} {line}\r\n"
    (installed / "logs" / "launcher.log").write_text(log)
    found = _accept(first, "service", booted_at=begun + timedelta(hours=1))
    assert _states(found)["it was stopped in order at shutdown"] == state
    started = next(row.seen for row in found.rows if row.name == "it started with Windows")
    assert started.endswith("s after Windows")


@pytest.mark.parametrize(
    ("encoding", "text", "state"),
    [
        ("utf-16", "Property(S): URL = https://x", "ok"), ("utf-16", "ENROLMENT_TOKEN = cpe_abc", "failed"),
        ("cp1252", "né cpe_abc", "failed"),
    ],
)  # fmt: skip
def test_a_token_in_the_installers_log_is_found(tmp_path: Path, encoding: str, text: str, state: str) -> None:
    log = tmp_path / "msi.log"
    log.write_bytes(text.encode(encoding))
    found = _accept(tmp_path / "out", "installers", log=log)
    assert _states(found)["no token in the installer's log"] == state


@pytest.mark.parametrize(
    ("entry", "others"),
    [
        ("", 0), ("(A;OICI;FA;;;BU)", 1), ("(A;CI;DCLCRPCR;;;BU)", 1), ("(A;OICI;0x1301bf;;;AU)", 1),
        ("(A;;FRFX;;;WD)", 0), ("(A;OICI;GW;;;S-1-5-21-1-2-3-1001)", 1), ("(D;;FA;;;WD)", 0), ("(A;;WD;;;IU)", 1),
    ],
)  # fmt: skip
def test_accounts_that_may_write_in_our_folders_are_named(entry: str, others: int) -> None:
    assert len(writers(PROGRAM_FILES + entry)) == others


def test_an_area_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="there are caps, cost"):
        _accept(tmp_path, "discs")


@pytest.mark.parametrize(("area", "code"), [("installers", 3), ("events", 1)])
def test_the_command_line_ends_with_3_before_the_restart_and_with_1_when_a_check_failed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], area: str, code: int
) -> None:
    assert main(["accept", "--out", str(tmp_path), "--only", area]) == code
    assert capsys.readouterr().out == as_text(_report(tmp_path))


@pytest.fixture
def program_files() -> Generator[Path]:
    folder = program_files_of_windows() / "Canopee"
    if folder.exists():
        pytest.fail(f"{folder} is somebody's")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def _cmd(folder: Path, arguments: str) -> tuple[int, str]:
    ended = subprocess.run(
        f'cmd.exe /s /c ""{folder}\\accept.cmd" {arguments}"', capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return ended.returncode, ended.stdout


def test_the_script_finds_the_installed_agent_and_restarts_nothing_by_itself(
    program_files: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "un dossier"
    folder.mkdir()
    shutil.copy(os.environ["CANOPEE_TEST_ACCEPT"], folder / "accept.cmd")
    code, said = _cmd(folder, "")
    assert (code, "install it first" in said) == (2, True)
    slot = program_files / "slots" / "1.0.0"
    slot.mkdir(parents=True)
    shutil.copy(os.environ["CANOPEE_TEST_PREDECESSOR"], slot / "agent.exe")
    assert _cmd(folder, '--only disk --install-log "C:\\a b\\msi.log"') == (
        3, f"[accept][--out][{folder}\\.][--only][disk][--install-log][C:\\a b\\msi.log]",
    )  # fmt: skip
    (folder / "acceptance.txt").write_text("Not finished: restart the PC")
    code, said = _cmd(folder, "--only disk")
    assert (code, "30 seconds" in said) == (3, False)
