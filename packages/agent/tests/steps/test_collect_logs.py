"""Logs of a PC in one archive: which files, which lines, in which encoding, and nothing personal."""

import gzip
import hashlib
import io
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from canopee_agent.archives import Limits, opened_archive
from canopee_agent.errors import BusyError, NothingFoundError, StepError, TimedOutError
from canopee_agent.fakes import FakeMachine
from canopee_agent.step import Ceiling
from canopee_agent.steps.collect_logs import CollectLogs, CollectLogsParameters
from canopee_contract.log_manifest import MANIFEST, ArchivedFile, LogManifest

ROOT = "C:\\ProgramData\\Cabinet"
LOGS = f"{ROOT}\\logs"
CEILING = Ceiling(read_roots=(ROOT,), deny_globs=("*.key", "patients"), redact_patterns=(r"dossier \d+",))
DAY = timedelta(days=1)
NUMBER = "1 85 05 78 006 084 91"
"""A social-security number whose key is right."""


class Pc:
    """A Windows PC, what its step said, and the archive that it made."""

    def __init__(self) -> None:
        self.machine = FakeMachine("windows")
        self.now = self.machine.clock.now()
        self.record: Any = None
        self.outputs: Any = None

    def write(self, name: str, content: bytes | str, age: timedelta = timedelta()) -> None:
        data = content.encode() if isinstance(content, str) else content
        self.machine.files.write(f"{LOGS}\\{name}", data, self.now - age)

    def wall(self, age: timedelta) -> datetime:
        return self.machine.system.wall(self.now - age)

    def collect(self, *paths: str, ceiling: Ceiling = CEILING, **more: Any) -> LogManifest:  # noqa: ANN401
        running = CollectLogs().run(
            self.machine, CollectLogsParameters(paths or (f"{LOGS}\\**\\*.log*",), **more), ceiling
        )
        self.record = next(running)
        with pytest.raises(StopIteration) as end:
            next(running)
        self.outputs = end.value.value
        return self.manifest

    @property
    def archive(self) -> bytes:
        return self.machine.outgoing.files["logs.zip"]

    @property
    def manifest(self) -> LogManifest:
        return msgspec.json.decode(self.read(MANIFEST), type=LogManifest)

    def read(self, name: str) -> bytes:
        with zipfile.ZipFile(io.BytesIO(self.archive)) as opened:
            return opened.read(name)

    def text(self, name: str = "app.log") -> str:
        return self.read(f"C/ProgramData/Cabinet/logs/{name}").decode()

    def file(self, name: str = "app.log") -> ArchivedFile:
        return next(one for one in self.manifest.files if one.name.endswith(f"/{name}"))


@pytest.fixture
def pc() -> Pc:
    return Pc()


def test_files_that_match_are_in_the_archive_with_a_manifest_that_tells_the_truth(pc: Pc) -> None:
    pc.write("app.log", "started\n")
    pc.write("deep\\more\\other.LOG.1", "rotated\n", DAY)
    pc.write("other.txt", "no log")
    manifest = pc.collect()
    assert [one.path for one in manifest.files] == [f"{LOGS}\\app.log", f"{LOGS}\\deep\\more\\other.LOG.1"]
    for one in manifest.files:
        content = pc.read(one.name)
        assert (one.kept_bytes, one.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert pc.record.sha256 == pc.outputs.sha256 == hashlib.sha256(pc.archive).hexdigest()
    assert (pc.record.files, pc.record.size_bytes, pc.record.kept_bytes) == (2, len(pc.archive), 16)
    assert manifest.files[1].modified_at == (pc.now - DAY).replace(microsecond=0)


def test_an_archive_keeps_every_rule_of_those_that_are_extracted_here(pc: Pc) -> None:
    for name in ("app.log", "APP.log.1", "con_.log.2", "é.log"):
        pc.write(name, "x\n")
    pc.collect()
    with opened_archive(io.BytesIO(pc.archive), Limits()) as archive:
        assert len(archive.entries) == 5
    with zipfile.ZipFile(io.BytesIO(pc.archive)) as opened:
        assert opened.testzip() is None


def test_personal_data_is_hidden_in_texts_and_in_paths_and_counted(pc: Pc) -> None:
    pc.machine.files.write(
        f"{ROOT}\\Users\\jean.dupont\\app.log", f"NIR {NUMBER} dossier 778 a@b.fr\n".encode(), pc.now
    )
    manifest = pc.collect(f"{ROOT}\\**\\*.log")
    assert (
        pc.read(manifest.files[0].name).decode()
        == "NIR [social_security_number] [local_pattern] [email_address]\n"
    )
    assert manifest.files[0].redacted == {"email_address": 1, "local_pattern": 1, "social_security_number": 1}
    assert manifest.files[0].path == f"{ROOT}\\Users\\[user_folder]\\app.log"
    whole = b"".join(pc.read(name) for name in zipfile.ZipFile(io.BytesIO(pc.archive)).namelist())
    for value in ("dupont", NUMBER, "a@b.fr", "778"):
        assert value.encode() not in whole + pc.archive + msgspec.json.encode(pc.record)
    assert {one.kind: one.count for one in pc.record.redacted}["social_security_number"] == 1


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("été €\n".encode(), "utf-8"),
        ("été €\n".encode("utf-8-sig"), "utf-8"),
        ("été €\n".encode("cp1252"), "cp1252"),
        ("été €\n".encode("utf-16"), "utf-16-le"),
        ("été €\n".encode("utf-16-be"), "utf-16-be"),
    ],
)
def test_texts_of_every_encoding_become_utf_8(pc: Pc, content: bytes, encoding: str) -> None:
    pc.write("app.log", content)
    pc.collect()
    assert (pc.text(), pc.file().encoding) == ("été €\n", encoding)


def test_lines_of_two_programs_in_two_encodings_are_both_read(pc: Pc) -> None:
    pc.write("app.log", "été\n".encode() + "hélas\n".encode("cp1252") + b"plain\n")
    pc.collect()
    assert (pc.text(), pc.file().encoding) == ("été\nhélas\nplain\n", "cp1252, utf-8")


def test_of_a_large_file_the_end_is_kept_from_the_start_of_a_line(pc: Pc) -> None:
    pc.write("app.log", "".join(f"line {number}\n" for number in range(1_000)))
    pc.collect(max_file_bytes=25)
    assert pc.text() == "line 998\nline 999\n"
    assert (pc.file().is_cut, pc.record.cut) == (True, 1)
    pc.write("app.log", "été\r\n".encode("utf-16-le") * 100)
    pc.collect(max_file_bytes=25)
    assert pc.text() == "été\r\n" * 2


def test_a_number_across_the_cut_of_a_file_does_not_leave_in_part(pc: Pc) -> None:
    pc.write("app.log", f"before {NUMBER} after\nlast\n")
    for size in range(1, 40):
        pc.collect(max_file_bytes=size) if size > 5 else None
        if size > 5:
            assert "084" not in pc.text()


def test_rotated_and_compressed_files_are_unpacked_and_cut_as_the_others(pc: Pc) -> None:
    pc.write("app.log.1.gz", gzip.compress(b"".join(b"line %d\n" % number for number in range(10_000))))
    pc.collect(max_file_bytes=21)
    assert pc.text("app.log.1.gz") == "line 9998\nline 9999\n"
    assert pc.file("app.log.1.gz").size_bytes == 98_890
    pc.write("app.log.1.gz", gzip.compress(b"x" * 100_000)[:-50])
    pc.write("app.log", "sound\n")
    manifest = pc.collect()
    assert [one.why for one in manifest.left_out if "damaged" in one.why]
    assert pc.text() == "sound\n"


def test_the_newest_files_come_first_when_there_is_no_room_for_all(pc: Pc) -> None:
    for day in range(5):
        pc.write(f"app.log.{day}", f"{day}\n" * 5, day * DAY)
    manifest = pc.collect(max_bytes=25)
    assert [one.name[-1] for one in manifest.files] == ["0", "1", "2"]
    assert [one.is_cut for one in manifest.files] == [False, False, True]
    assert len(manifest.left_out) == 2
    assert len(pc.collect(max_files=2).files) == 2


def test_only_the_lines_of_the_range_leave_and_a_stack_trace_goes_with_its_line(pc: Pc) -> None:
    old, young = pc.wall(3 * DAY), pc.wall(DAY)
    pc.write("app.log", f"{old:%d/%m/%Y %H:%M:%S} old\n  at old\n{young:%d/%m/%Y %H:%M:%S} young\n  at young\n")
    pc.write("old.log", "old file\n", 3 * DAY)
    manifest = pc.collect(days=2)
    assert pc.text() == f"{young:%d/%m/%Y %H:%M:%S} young\n  at young\n"
    assert (pc.file().lines_left_out, pc.file().time_format) == (2, "french")
    assert len(manifest.files) == 1
    assert manifest.since


def test_a_day_that_ends_a_range_is_taken_whole(pc: Pc) -> None:
    pc.write("app.log", "2026-11-20 00:00:00 a\n2026-11-20 23:59:59 b\n2026-11-21 00:00:00 c\n")
    pc.collect(since="2026-11-20", until="2026-11-20")
    assert pc.text() == "2026-11-20 00:00:00 a\n2026-11-20 23:59:59 b\n"
    pc.collect(since="2026-11-20T12:00", until="2026-11-21T00:00:01")
    assert pc.text() == "2026-11-20 23:59:59 b\n2026-11-21 00:00:00 c\n"


def test_a_file_whose_lines_have_no_time_is_taken_whole(pc: Pc) -> None:
    pc.write("app.log", "one\ntwo\n")
    pc.collect(days=1)
    assert (pc.text(), pc.file().time_format) == ("one\ntwo\n", "")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"since": "20/11/2026"}, "write 2026-11-20"),
        ({"until": "2026-13-01"}, "write 2026-11-20"),
        ({"since": "2026-11-20T08:00Z"}, "leave the time zone out"),
        ({"since": "2026-11-21", "until": "2026-11-20"}, "is not before"),
        ({"time_format": "%H:%M"}, "tells no day"),
        ({"time_format": "%d %m %Y %Q"}, "%Q is not known"),
        ({"paths": ("logs\\*.log",)}, "not an absolute path"),
        ({"paths": ("C:\\a**\\x",)}, r"\*\* is written once"),
    ],
)
def test_parameters_that_mean_nothing_are_told(pc: Pc, fields: dict[str, Any], message: str) -> None:
    pc.write("app.log", "x")
    with pytest.raises(StepError, match=message):
        pc.collect(*fields.pop("paths", ()), **fields)


def test_where_there_is_nothing_the_step_says_so(pc: Pc) -> None:
    with pytest.raises(NothingFoundError, match="no file matches"):
        pc.collect()
    pc.write("app.log", "x\n", 10 * DAY)
    with pytest.raises(NothingFoundError, match="1 files match, and none was written since"):
        pc.collect(days=1)
    pc.write("app.log", b"")
    with pytest.raises(NothingFoundError, match="nothing of them is to be sent"):
        pc.collect()
    pc.write("app.log", b"\x00\x01\x02PNG\x00\xff" * 10)
    with pytest.raises(NothingFoundError, match="no text"):
        pc.collect()


def test_what_may_not_be_read_is_counted_and_its_name_stays_on_the_pc(pc: Pc) -> None:
    pc.write("app.log", "x\n")
    pc.write("patients\\dupont.log", "secret")
    pc.write("site.log.key", "secret")
    pc.machine.files.write("C:\\Elsewhere\\secret.log", b"secret", pc.now)
    pc.machine.files.link(f"{LOGS}\\link.log", "C:\\Elsewhere\\secret.log")
    pc.machine.files.link(f"{LOGS}\\folder", "C:\\Elsewhere")
    manifest = pc.collect()
    assert len(manifest.files) == 1
    assert manifest.denied == pc.record.denied == 2
    assert b"dupont" not in pc.read(MANIFEST)
    assert b"secret" not in pc.archive


@pytest.mark.parametrize(
    "path", ["C:\\Elsewhere\\*.log", "C:\\**\\*.log", f"{ROOT}\\..\\x\\*.log", "\\\\srv\\s\\*.log"]
)
def test_a_pattern_outside_the_roots_is_refused(pc: Pc, path: str) -> None:
    pc.machine.files.write("C:\\Elsewhere\\a.log", b"secret", pc.now)
    with pytest.raises(StepError, match=r"policy|not allowed in a path"):
        pc.collect(path)
    assert "logs.zip" not in pc.machine.outgoing.files


def test_a_file_that_another_program_keeps_for_itself_is_left_out_and_the_others_leave(pc: Pc) -> None:
    pc.write("app.log", "x\n")
    pc.write("held.log", "y\n")
    pc.machine.files.lock(f"{LOGS}\\held.log")
    manifest = pc.collect()
    assert [(one.path, "used by another program" in one.why) for one in manifest.left_out] == [
        (f"{LOGS}\\held.log", True)
    ]
    pc.machine.files.lock(f"{LOGS}\\app.log")
    with pytest.raises(BusyError):
        pc.collect()


def test_a_file_that_is_written_or_rotated_while_it_is_read_is_reported_as_changed(pc: Pc) -> None:
    pc.write("app.log", "x\n" * 1_000)
    pc.write("calm.log", "y\n", DAY)
    opened: list[str] = []

    def meanwhile(call: str, path: str) -> None:
        if call == "open" and path.endswith("app.log") and not opened:
            opened.append(path)
            pc.write("app.log", "x\n" * 1_001)

    pc.machine.files.before = meanwhile
    pc.collect()
    assert (pc.file().is_changed, pc.file("calm.log").is_changed, pc.record.changed) == (True, False, 1)


def test_a_collection_that_takes_too_long_ends(pc: Pc) -> None:
    pc.write("app.log", "x\n")
    pc.machine.files.before = lambda _call, _path: pc.machine.clock.advance(10)
    with pytest.raises(TimedOutError):
        pc.collect(ceiling=msgspec.structs.replace(CEILING, timeout_s=5))


def test_no_line_of_a_range_is_lost_whatever_the_size_of_the_parts(pc: Pc) -> None:
    start = datetime(2026, 11, 20, tzinfo=UTC).replace(tzinfo=None)
    lines = [
        f"{start + timedelta(seconds=number):%Y-%m-%d %H:%M:%S},{number:03} [main] INFO {'x' * (number % 300)}\n"
        for number in range(6_000)
    ]
    pc.write("app.log", "".join(lines))
    pc.collect(since="2026-11-20T00:30:00", until="2026-11-20T01:00:00", max_file_bytes=10**7)
    assert pc.text() == "".join(lines[1_800:3_600])
    assert pc.file().lines_left_out == 4_200
