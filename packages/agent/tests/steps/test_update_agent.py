import contextlib
import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from canopee_agent.errors import (
    ArchiveError,
    BusyError,
    MismatchError,
    NoSpaceError,
    NotSupportedError,
    ReleaseError,
    StepError,
    TimedOutError,
    UnreachableError,
)
from canopee_agent.fake_disk import PowerCutError
from canopee_agent.fake_releases import FakeReleases, a_release
from canopee_agent.fakes import FakeMachine, FakeProgram
from canopee_agent.step import Ceiling
from canopee_agent.steps.update_agent import UpdateAgent, UpdateAgentOutputs, UpdateAgentParameters
from canopee_contract.release import ReleaseFile, ReleaseManifest

SLOTS = "C:\\Program Files\\Canopee\\slots"
FILES = {"agent.exe": b"MZ" + bytes(300), "version.txt": b"1.1.0", "lib/psutil/core.pyd": bytes(range(256)) * 20}
CEILING = Ceiling(timeout_s=3_600)
TOLD = {path: ReleaseFile(hashlib.sha256(content).hexdigest(), len(content)) for path, content in FILES.items()}


class Pc:
    """A Windows PC whose agent 1.0.0 is installed, and a release 1.1.0 to be had."""

    def __init__(self, content: bytes | None = None, selftest: FakeProgram | None = None) -> None:
        self.machine = FakeMachine("windows")
        self.files, self.downloads = self.machine.files, self.machine.downloads
        self.releases = FakeReleases(self.files, self.downloads, SLOTS)
        self.machine.releases = self.releases
        self.downloads.piece = 500
        self.release = self.releases.publish(a_release(FILES) if content is None else content)
        self.programs = self.machine.programs
        self.programs.let_run(f"{SLOTS}\\.tmp-1.1.0\\agent.exe", selftest or FakeProgram())

    def update(self, ceiling: Ceiling = CEILING, **changes: Any) -> UpdateAgentOutputs:  # noqa: ANN401
        given = {"version": self.release.version, "path": self.release.path} | changes
        steps = UpdateAgent().run(self.machine, UpdateAgentParameters(**given), ceiling)
        try:
            while True:
                next(steps)
        except StopIteration as end:
            return end.value

    @property
    def held(self) -> list[str]:
        """What lies in the folder of the slots: files, by their path in it."""
        return [
            path.removeprefix(f"{SLOTS}\\") for path in self.files.paths() if self.files.look(path).kind == "file"
        ]


INSTALLED = ["1.0.0\\agent.exe"]
UPDATED = [*INSTALLED, "1.1.0\\agent.exe", "1.1.0\\lib\\psutil\\core.pyd", "1.1.0\\version.txt"]


def test_a_release_is_received_verified_tried_put_in_its_slot_and_staged() -> None:
    pc = Pc()
    outputs = pc.update()
    assert (outputs.outcome, outputs.received_bytes) == ("staged", pc.release.size)
    assert (pc.releases.pending, pc.releases.floor) == ("1.1.0", 2)
    assert pc.held == UPDATED
    assert pc.files.read(f"{SLOTS}\\1.1.0\\lib\\psutil\\core.pyd") == FILES["lib/psutil/core.pyd"]
    assert pc.programs.runs == [(f"{SLOTS}\\.tmp-1.1.0\\agent.exe", "selftest")]


@pytest.mark.parametrize("name", ["running", "pending"])
def test_the_version_that_runs_or_waits_already_is_no_work_at_all(name: str) -> None:
    pc = Pc()
    setattr(pc.releases, name, "1.1.0")
    assert pc.update().outcome == "present"
    assert (pc.downloads.requests, pc.held) == ([], INSTALLED)


def test_an_agent_that_no_installer_put_there_has_nothing_to_update() -> None:
    pc = Pc()
    pc.machine.releases = None
    with pytest.raises(NotSupportedError, match="installer"):
        pc.update()


@pytest.mark.parametrize(
    ("running", "changes", "said"),
    [
        ("1.2.0", {}, "not above 1.2.0"), ("1.1.0.1", {}, "not above"), ("1.0.0", {"version": "x"}, "asked for"),
        ("1.0.0", {"platform": "linux-x64"}, "is for linux-x64"), ("1.0.0", {"release_seq": 1}, "below 2"),
    ],
)  # fmt: skip
def test_what_must_not_run_here_is_refused_before_a_byte_is_received(
    running: str, changes: dict[str, Any], said: str
) -> None:
    pc = Pc()
    pc.releases.running, pc.releases.floor = running, 2
    pc.releases.sign(msgspec.structs.replace(pc.release, **changes))
    with pytest.raises(ReleaseError, match=said):
        pc.update()
    assert (pc.downloads.requests, pc.held) == ([], INSTALLED)


def test_a_version_that_was_returned_here_is_not_tried_again_for_a_week() -> None:
    pc = Pc()
    pc.releases.banned = {"1.1.0"}
    with pytest.raises(ReleaseError, match="returned here"):
        pc.update()


def test_a_release_that_nobody_signed_is_refused() -> None:
    pc = Pc()
    with pytest.raises(ReleaseError):
        pc.update(path="agent/win-x64/9.9.9.zip")


def test_bytes_that_are_not_those_that_were_signed_leave_nothing() -> None:
    pc = Pc()
    good = a_release(FILES)
    pc.releases.publish(good[:-1] + b"x")
    pc.releases.sign(pc.release)
    with pytest.raises(MismatchError):
        pc.update()
    assert (pc.releases.pending, pc.held) == ("", INSTALLED)


def _manifest(**changes: Any) -> ReleaseManifest:  # noqa: ANN401
    return msgspec.structs.replace(ReleaseManifest(1, "1.1.0", "win-x64", TOLD), **changes)


def _without(path: str) -> dict[str, Any]:
    return {name: told for name, told in TOLD.items() if name != path}


@pytest.mark.parametrize(
    ("files", "manifest", "said"),
    [
        ({**FILES, "../../launcher.exe": b"x"}, None, r"\.\."), ({**FILES, "lib\\x.dll": b"x"}, None, "no file name"),
        ({**FILES, "C:evil.dll": b"x"}, None, "C:evil"), ({**FILES, "lib/NUL": b"x"}, None, "NUL"),
        ({**FILES, "AGENT.exe": b"x"}, None, "case is ignored"), ({**FILES, "x.dll": b"x"}, _manifest(), "x.dll"),
        ({"agent.exe": FILES["agent.exe"]}, _manifest(), "is not in the archive"),
        (FILES, _manifest(files=_without("agent.exe")), "nothing to start"),
        ({**FILES, "version.txt": b"9.9.9"}, _manifest(), "not what"),
        ({**FILES, "version.txt": b"1"}, _manifest(), "size"),
        (FILES, _manifest(version="1.2.0"), "holds 1.2.0"), (FILES, _manifest(platform="win-arm64"), "for win-arm64"),
        (FILES, _manifest(version="../1"), "no version"),
    ],
)  # fmt: skip
def test_a_zip_that_was_signed_but_is_not_what_it_says_leaves_nothing(
    files: Mapping[str, bytes], manifest: ReleaseManifest | None, said: str
) -> None:
    pc = Pc(a_release(files, manifest=manifest))
    with pytest.raises((ArchiveError, ReleaseError), match=said):
        pc.update()
    assert (pc.releases.pending, pc.held, pc.programs.runs) == ("", INSTALLED, [])


@pytest.mark.parametrize("content", [b"", b"PK", b"x" * 5_000, a_release({})[:-4]])
def test_what_is_no_zip_is_refused(content: bytes) -> None:
    pc = Pc(content)
    with pytest.raises(ArchiveError):
        pc.update()
    assert pc.held == INSTALLED


@pytest.mark.parametrize(
    ("selftest", "said"),
    [
        (FakeProgram(exit_code=3, output=b"psutil does not load"), "ended with 3: psutil does not load"),
        (FakeProgram(exit_code=-1073741515), "ended with"), (FakeProgram(duration_s=61), "within 60 s"),
    ],
)  # fmt: skip
def test_a_program_that_fails_its_own_test_never_gets_a_slot(selftest: FakeProgram, said: str) -> None:
    pc = Pc(selftest=selftest)
    with pytest.raises(ReleaseError, match=said):
        pc.update()
    assert (pc.releases.pending, pc.held) == ("", INSTALLED)


def test_a_disk_with_less_than_three_times_the_release_is_left_alone() -> None:
    pc = Pc()
    pc.files.free = 3 * pc.release.size + 64 * 2**20 - 1
    with pytest.raises(NoSpaceError):
        pc.update()
    assert pc.downloads.requests == []
    pc.files.free += 10_000
    assert pc.update().outcome == "staged"


def test_a_small_zip_with_much_in_it_needs_the_room_for_all_of_it() -> None:
    pc = Pc(a_release({**FILES, "lib/zeros.bin": bytes(900_000)}))
    pc.files.free = 3 * pc.release.size + 64 * 2**20 + 10_000
    with pytest.raises(NoSpaceError):
        pc.update()
    assert pc.releases.pending == ""


def test_a_download_that_is_cut_goes_on_where_it_was_even_in_another_process() -> None:
    pc = Pc()
    pc.downloads.cuts = [1_000, 0, 0, 0, 0, 0]
    with pytest.raises(UnreachableError):
        pc.update()
    assert [path for path in pc.held if path.endswith(".part")] != []
    pc.downloads.cuts = []
    outputs = pc.update()
    assert (outputs.resumed_bytes, outputs.received_bytes) == (1_000, pc.release.size - 1_000)
    assert pc.held == UPDATED


def test_another_version_on_trial_makes_it_wait_and_costs_no_second_download() -> None:
    pc = Pc()
    pc.releases.pending = "1.0.5"
    with pytest.raises(BusyError):
        pc.update()
    pc.releases.pending = ""
    assert pc.update().received_bytes == 0


def test_what_earlier_attempts_and_versions_left_is_removed() -> None:
    pc = Pc()
    for path in (".tmp-1.0.9\\agent.exe", ".tmp-0000.part", "0.9.0\\agent.exe", "1.1.0\\half.dll"):
        pc.files.write(f"{SLOTS}\\{path}")
    pc.update()
    assert pc.held == UPDATED


def test_the_time_that_is_left_bounds_everything() -> None:
    pc = Pc()
    pc.downloads.seconds_a_piece = 10
    with pytest.raises(TimedOutError):
        pc.update(msgspec.structs.replace(CEILING, timeout_s=15))
    assert pc.releases.pending == ""


def test_a_power_cut_at_any_moment_leaves_no_half_slot_and_the_next_attempt_ends_well() -> None:
    done = Pc()
    done.update()
    for change in range(1, done.files.changes + 1):
        pc = Pc()
        pc.files.cut_power_at(change)
        with contextlib.suppress(PowerCutError, StepError):
            pc.update()
        pc.files.start_again()
        if pc.releases.pending:  # staged: then it is whole
            assert pc.files.read(f"{SLOTS}\\1.1.0\\agent.exe") == FILES["agent.exe"]
            pc.releases.pending = ""
        assert pc.update().outcome == "staged"
        assert pc.held == UPDATED, change
