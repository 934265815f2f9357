"""The step kind `collect_logs`."""

import re
from collections.abc import Generator, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta

from canopee_agent import locations
from canopee_agent.errors import BusyError, NothingFoundError, NotSupportedError, StepError, TimedOutError
from canopee_agent.globs import Match, Search
from canopee_agent.line_times import given_format
from canopee_agent.log_archive import LogArchive, RedactedCount, counted
from canopee_agent.log_reading import Range, Source
from canopee_agent.ports import Machine
from canopee_agent.redaction import Redaction, told
from canopee_agent.step import Ceiling, Deadline, StepKind, clean_text
from canopee_contract.log_manifest import ArchivedFile, LeftOut, LogManifest

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_SHOWN = 3
"""Reasons in a message."""
_MOST_LEFT_OUT = 1_000


class CollectLogsParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which files, of which days, and how much of them."""

    paths: Annotated[
        tuple[str, ...],
        Meta(description="Patterns of absolute paths: `*`, `?`, `**`.", min_length=1, max_length=50),
    ]
    since: Annotated[
        str,
        Meta(description="`2026-11-20` or `2026-11-20T08:00`, by the PC's clock; empty: no bound.", max_length=19),
    ] = ""
    until: Annotated[
        str, Meta(description="The same; a day is taken with all of it; empty: no bound.", max_length=19)
    ] = ""
    days: Annotated[int, Meta(description="The last so many days; 0: no bound.", ge=0, le=3_650)] = 0
    time_format: Annotated[
        str, Meta(description="How lines are dated, as `strptime` writes it; empty: found out.", max_length=60)
    ] = ""
    max_file_bytes: Annotated[
        int,
        Meta(description="Most bytes of one file: its end is kept.", ge=1, le=128 * 2**20, extra={"unit": "By"}),
    ] = 20 * 2**20
    max_bytes: Annotated[
        int, Meta(description="Most bytes of all files, the newest first.", ge=1, le=2**31, extra={"unit": "By"})
    ] = 200 * 2**20
    max_files: Annotated[int, Meta(description="Most files, the newest first.", ge=1, le=5_000)] = 500


class CollectLogsRecord(msgspec.Struct, frozen=True):
    """The archive that was made."""

    archive: Annotated[str, Meta(description="Its name.", extra={"ecs": "file.name"})]
    sha256: Annotated[str, Meta(description="Its SHA-256.", extra={"ecs": "file.hash.sha256"})]
    size_bytes: Annotated[int, Meta(description="Its size.", extra={"unit": "By", "ecs": "file.size"})]
    files: Annotated[int, Meta(description="Files in it.")]
    kept_bytes: Annotated[int, Meta(description="Bytes of these files, unpacked.", extra={"unit": "By"})]
    cut: Annotated[int, Meta(description="Files of which only the end is in it.")]
    changed: Annotated[int, Meta(description="Files that were written while they were read.")]
    left_out: Annotated[int, Meta(description="Files that match and are not in it; its manifest says why.")]
    denied: Annotated[int, Meta(description="Files that match and that may not be read.")]
    redacted: Annotated[tuple[RedactedCount, ...], Meta(description="What was hidden in them, by kind.")]


class CollectLogsOutputs(msgspec.Struct, frozen=True):
    """What later steps may decide upon."""

    files: Annotated[int, Meta(description="Files in the archive.")]
    size_bytes: Annotated[int, Meta(description="Size of the archive.", extra={"unit": "By"})]
    redacted: Annotated[int, Meta(description="Personal data hidden in it.")]
    sha256: Annotated[str, Meta(description="SHA-256 of the archive.")]


class CollectLogs(StepKind[CollectLogsParameters]):
    r"""Puts log files into one archive, `logs.zip`, without the personal data in them, and sends it.

    Files must lie, once links are followed, under a folder of `read_roots` of the local policy, and match nothing of
    its `deny_globs`. They are opened without hindering whoever writes them; one that changes while it is read is
    reported as changed. Rotated files (`app.log.1`, `app.log.2.gz`) match as the patterns say; those that end with
    `.gz` are unpacked.

    Of a file that was written last before `since`, nothing is taken; of the others, the lines of the range, where the
    format of their times is known: ISO, French (`20/11/2026 08:00:00`), American, log4j, Java, Apache, syslog, compact,
    or `time_format`. A line without a time goes with the one before it. Of a file that is too large, the end is kept.
    Texts are read as UTF-8, cp1252 or UTF-16 and written as UTF-8; what is no text is left out.

    In every text and every path, personal data is replaced by its kind (`[phone_number]`) before anything is written:
    see docs/explanation/redaction.md. `manifest.json` says of each file its size, its SHA-256, whether it was cut or
    changed, how it was read and what was hidden, and which files were left out and why.

    The step ends `skipped`, code `nothing_found`, when there is nothing to send; it fails with `over_budget` when the
    archive is larger than the order, or the local policy, lets leave: then nothing is sent.

    Example:
        steps:
          - id: logs
            use: collect_logs
            timeout_s: 600
            with:
              paths: ['C:\ProgramData\Cabinet\logs\**\*.log*']
              days: 3
    """

    Parameters = CollectLogsParameters
    Record = CollectLogsRecord
    Outputs = CollectLogsOutputs
    effect: ClassVar[Literal["collect", "action"]] = "collect"
    sends_files: ClassVar[bool] = True

    def run(
        self, machine: Machine, parameters: CollectLogsParameters, ceiling: Ceiling
    ) -> Generator[msgspec.Struct, None, Any]:
        if machine.outbox is None:
            raise NotSupportedError("this agent sends no files")
        if parameters.time_format:
            given_format(parameters.time_format, machine.system.wall)  # told before anything is read
        collection = _Collection(machine, parameters, ceiling)
        matches = collection.matches()
        name = "logs.zip"
        with machine.outbox.create(name) as stream, locations.told_of(name), LogArchive(stream) as archive:
            collection.fill(archive, matches)
            archive.end(collection.manifest())
        files, redacted = collection.files, collection.redaction.counts
        yield CollectLogsRecord(
            archive=name, sha256=archive.sha256, size_bytes=archive.size, files=len(files),
            kept_bytes=sum(one.kept_bytes for one in files), cut=sum(one.is_cut for one in files),
            changed=sum(one.is_changed for one in files), left_out=len(collection.left_out), denied=collection.denied,
            redacted=counted(redacted),
        )  # fmt: skip
        return CollectLogsOutputs(len(files), archive.size, redacted.total(), archive.sha256)


class _Collection:
    """One archive on its way."""

    def __init__(self, machine: Machine, parameters: CollectLogsParameters, ceiling: Ceiling) -> None:
        self._machine, self._asked = machine, parameters
        self._deadline = Deadline(machine.clock, ceiling)
        self._search = Search(machine, ceiling, self._deadline)
        self._now = machine.clock.now()
        self._dates = _range(parameters, machine.system.wall(self._now))
        self.redaction = Redaction(ceiling.redact_patterns)
        self.files: list[ArchivedFile] = []
        self.left_out: list[LeftOut] = []
        self._is_locked = False

    @property
    def denied(self) -> int:
        return self._search.denied

    def matches(self) -> list[Match]:
        """Files that match and were written in time, the newest first.

        Raises:
            NothingFoundError: there is none.
            StepError: there is none, and something may not be looked at.
        """
        found = {match.path: match for pattern in self._asked.paths for match in self._search.files(pattern)}
        since = self._dates.since
        recent = [one for one in found.values() if since is None or self._written_at(one) >= since]
        if not recent:
            self._refuse_nothing(len(found))
        return sorted(recent, key=lambda one: (-one.found.modified_ns, one.path))

    def fill(self, archive: LogArchive, matches: list[Match]) -> None:
        """Put the files in, as long as there is room; raises as `matches`."""
        left = self._asked.max_bytes
        for count, match in enumerate(matches):
            self._deadline.check()
            if count >= self._asked.max_files or left <= 0:
                self._leave_out(match, "the limits of the step were reached by newer files")
                continue
            limit = min(left, self._asked.max_file_bytes)
            left -= self._add(archive, match, limit)
        if self.files:
            return
        if self._is_locked:
            raise BusyError(f"no file can be read now: {self._reasons()}")
        raise NothingFoundError(
            f"{len(matches)} files match, and nothing of them is to be sent: {self._reasons()}"
        )

    def manifest(self) -> LogManifest:
        since, until = self._dates.since, self._dates.until
        return LogManifest(
            1, self._now, tuple(self.files), tuple(self.left_out[:_MOST_LEFT_OUT]), self.denied,
            since.isoformat() if since else "", until.isoformat() if until else "", told(self.redaction.counts),
        )  # fmt: skip

    def _add(self, archive: LogArchive, match: Match, limit: int) -> int:
        """The bytes that a file has taken of what may be read."""
        source = Source(self._machine, match, self.redaction, self._deadline)
        shown, why = self._shown(match.path), list[str]()
        texts = self._until_it_fails(source.texts(limit, self._dates, self._asked.time_format), why)
        written = archive.add(shown, self._machine.system.wall(source.modified_at), texts)
        if written is None:
            self._leave_out(match, why[0] if why else "nothing of it is within the range of dates, or it is empty")
            return 0
        self.files.append(ArchivedFile(
            name=written.name, path=shown, size_bytes=source.size, kept_bytes=written.size, sha256=written.sha256,
            modified_at=source.modified_at, encoding=source.encoding,
            is_cut=source.is_cut, is_changed=source.is_changed or bool(why), time_format=source.time_format,
            lines_left_out=source.lines_left_out, redacted=source.redacted, why=why[0] if why else "",
        ))  # fmt: skip
        return min(limit, source.size)

    def _until_it_fails(self, texts: Iterator[str], why: list[str]) -> Iterator[str]:
        """The texts; what goes wrong on the way ends them, and is in `why`."""
        try:
            yield from texts
        except TimedOutError:
            raise
        except (StepError, BusyError) as error:
            self._is_locked = self._is_locked or isinstance(error, BusyError)
            why.append(self._shown(error.message))

    def _leave_out(self, match: Match, why: str) -> None:
        self.left_out.append(LeftOut(self._shown(match.path), why))

    def _shown(self, text: str) -> str:
        """A path, or what is said of it, as it may leave."""
        return clean_text(self.redaction.clean(text))

    def _written_at(self, match: Match) -> datetime:
        return self._machine.system.wall(datetime.fromtimestamp(match.found.modified_ns / 10**9, UTC))

    def _refuse_nothing(self, found: int) -> None:
        refused = self._search.refused
        if refused and not found:
            raise StepError("; ".join(map(self._shown, refused[:_SHOWN])))
        denied = f"; {self.denied} more may not be read" if self.denied else ""
        if found:
            raise NothingFoundError(f"{found} files match, and none was written since {self._dates.since}{denied}")
        raise NothingFoundError(f"no file matches {', '.join(self._asked.paths[:_SHOWN])}{denied}")

    def _reasons(self) -> str:
        return "; ".join(sorted({one.why for one in self.left_out})[:_SHOWN])


def _range(asked: CollectLogsParameters, now: datetime) -> Range:
    """The dates of the parameters; raises `StepError` for one that is none."""
    since, until = _instant(asked.since, "since"), _instant(asked.until, "until", is_end=True)
    if asked.days:
        first = now - timedelta(days=asked.days)
        since = max(first, since) if since else first
    if since and until and since >= until:
        raise StepError(f"since {asked.since!r} is not before until {asked.until!r}")
    return Range(since, until)


def _instant(text: str, name: str, *, is_end: bool = False) -> datetime | None:
    if not text:
        return None
    try:
        if _DATE.fullmatch(text):
            day = datetime.combine(date.fromisoformat(text), time())
            return day + timedelta(days=1) if is_end else day
        at = datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise StepError(f"{name} {text!r} is no date: write 2026-11-20 or 2026-11-20T08:00") from error
    if at.tzinfo is not None:
        raise StepError(f"{name} {text!r}: leave the time zone out, the PC's own counts")
    return at
