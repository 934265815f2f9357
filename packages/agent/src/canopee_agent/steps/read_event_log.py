"""The step kind `read_event_log`."""

from collections.abc import Generator, Iterator
from datetime import timedelta
from itertools import islice
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

import msgspec
from msgspec import Meta

from canopee_agent import locations
from canopee_agent.errors import DeniedError, MissingError, NothingFoundError, NotSupportedError
from canopee_agent.event_lines import line_of, query
from canopee_agent.log_archive import LogArchive, RedactedCount, counted
from canopee_agent.ports import Machine
from canopee_agent.redaction import Redaction, told
from canopee_agent.step import Ceiling, Deadline, StepKind
from canopee_contract.log_manifest import ArchivedFile, LeftOut, LogManifest

EventLevel: TypeAlias = Literal["critical", "error", "warning", "information", "verbose"]
_NAME = "events.zip"


class ReadEventLogParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which events."""

    channels: Annotated[
        tuple[str, ...],
        Meta(description="Names of event logs, as Windows writes them.", min_length=1, max_length=20),
    ] = ("Application", "System")
    levels: Annotated[tuple[EventLevel, ...], Meta(description="How bad they are; none: all.", max_length=5)] = (
        "critical", "error", "warning",
    )  # fmt: skip
    providers: Annotated[
        tuple[str, ...], Meta(description="Programs that wrote them; none: all.", max_length=20)
    ] = ()
    days: Annotated[int, Meta(description="The last so many days; 0: no bound.", ge=0, le=3_650)] = 7
    max_events: Annotated[int, Meta(description="Most of one log: the newest.", ge=1, le=50_000)] = 2_000


class ReadEventLogRecord(msgspec.Struct, frozen=True):
    """The archive that was made."""

    archive: Annotated[str, Meta(description="Its name.", extra={"ecs": "file.name"})]
    sha256: Annotated[str, Meta(description="Its SHA-256.", extra={"ecs": "file.hash.sha256"})]
    size_bytes: Annotated[int, Meta(description="Its size.", extra={"unit": "By", "ecs": "file.size"})]
    events: Annotated[int, Meta(description="Events in it.")]
    left_out: Annotated[int, Meta(description="Event logs that could not be read; its manifest says why.")]
    redacted: Annotated[tuple[RedactedCount, ...], Meta(description="What was hidden in them, by kind.")]


class ReadEventLogOutputs(msgspec.Struct, frozen=True):
    """What later steps may decide upon."""

    events: Annotated[int, Meta(description="Events in the archive.")]
    size_bytes: Annotated[int, Meta(description="Size of the archive.", extra={"unit": "By"})]
    redacted: Annotated[int, Meta(description="Personal data hidden in it.")]
    sha256: Annotated[str, Meta(description="SHA-256 of the archive.")]


class ReadEventLog(StepKind[ReadEventLogParameters]):
    """Sends events of Windows as text, one a line, in `events.zip`, without the personal data in them.

    Event logs must be named by `event_channels` of the local policy. The newest events come first. A line has the
    instant, the level, the number, the program and its message; who was logged on and the name of the PC are left out.
    A log that does not exist, or may not be read, is left out: the manifest says why. Elsewhere than on Windows the
    step ends `skipped`.

    Example:
        steps:
          - id: events
            use: read_event_log
            with: {channels: [Application], levels: [critical, error], days: 3}
    """

    Parameters = ReadEventLogParameters
    Record = ReadEventLogRecord
    Outputs = ReadEventLogOutputs
    effect: ClassVar[Literal["collect", "action"]] = "collect"
    sends_files: ClassVar[bool] = True

    def run(
        self, machine: Machine, parameters: ReadEventLogParameters, ceiling: Ceiling
    ) -> Generator[msgspec.Struct, None, Any]:
        if machine.outbox is None:
            raise NotSupportedError("this agent sends no files")
        reading = _Reading(machine, parameters, ceiling)
        with machine.outbox.create(_NAME) as stream, locations.told_of(_NAME):
            archive = LogArchive(stream)
            reading.fill(archive)
            archive.end(reading.manifest())
        redacted = reading.redaction.counts
        yield ReadEventLogRecord(
            _NAME, archive.sha256, archive.size, reading.events, len(reading.left_out), counted(redacted)
        )
        return ReadEventLogOutputs(reading.events, archive.size, redacted.total(), archive.sha256)


class _Reading:
    """The event logs of one step."""

    def __init__(self, machine: Machine, asked: ReadEventLogParameters, ceiling: Ceiling) -> None:
        self._machine, self._asked, self._ceiling = machine, asked, ceiling
        self._deadline = Deadline(machine.clock, ceiling)
        self._now = machine.clock.now()
        since = self._now - timedelta(days=asked.days) if asked.days else None
        self._since = f"{since:%Y-%m-%dT%H:%M:%SZ}" if since else ""
        self._query = query(asked.levels, self._since, asked.providers)
        self.redaction = Redaction(ceiling.redact_patterns)
        self.files: list[ArchivedFile] = []
        self.left_out: list[LeftOut] = []
        self.events = 0

    def fill(self, archive: LogArchive) -> None:
        """Put the logs in, one after the other.

        Raises:
            NotSupportedError: there are no event logs on this machine.
            DeniedError: the local policy allows none of them.
            NothingFoundError: there are no such events.
        """
        refused: list[str] = []
        for channel in self._asked.channels:
            try:
                self._check(channel)
                self._add(archive, channel)
            except (DeniedError, MissingError) as error:
                refused.append(error.message)
                self.left_out.append(LeftOut(channel, error.message))
        if self.files:
            return
        if len(refused) == len(self._asked.channels):
            raise DeniedError("; ".join(refused))
        raise NothingFoundError("; ".join(["no such event", *refused]))

    def manifest(self) -> LogManifest:
        return LogManifest(
            1, self._now, tuple(self.files), tuple(self.left_out), since=self._since,
            redacted=told(self.redaction.counts),
        )  # fmt: skip

    def _check(self, channel: str) -> None:
        if channel.lower() not in {allowed.lower() for allowed in self._ceiling.event_channels}:
            raise DeniedError(f"the local policy does not allow the event log {channel}: add it to event_channels")

    def _add(self, archive: LogArchive, channel: str) -> None:
        before, seen = dict(self.redaction.counts), self.events
        lines = self.redaction.stream(self._lines(channel))
        written = archive.add(f"{channel}.log", self._machine.system.wall(self._now), lines)
        after = self.redaction.counts
        if written is not None and self.events > seen:
            self.files.append(ArchivedFile(
                written.name, channel, written.size, written.size, written.sha256, self._now,
                redacted=told({kind: count - before.get(kind, 0) for kind, count in after.items()}),
                is_cut=self.events - seen >= self._asked.max_events,
            ))  # fmt: skip

    def _lines(self, channel: str) -> Iterator[str]:
        for event in islice(self._machine.events.read(channel, self._query), self._asked.max_events):
            self._deadline.check()
            self.events += 1
            yield line_of(event)
