"""Which devices a pasted list stands for: each line is found, unknown, ambiguous, or there already."""

import re
from collections.abc import Sequence

from canopee_api.errors import InvalidError
from canopee_api.postgres import log_targets as sql
from canopee_api.postgres.database import Database
from canopee_api.postgres.device_rows import DeviceRow, bounded, devices_of
from canopee_api.postgres.log_targets import Target
from canopee_contract.log_requests import (
    MAX_LINES,
    MAX_LOG_DEVICES,
    AmbiguousLine,
    Resolved,
    ResolvedDevice,
    ResolveDevices,
)
from canopee_contract.order import Consent
from canopee_kit.clock import Clock
from canopee_kit.ids import is_id

DEFAULT_CONSENT: Consent = "inform"
"""Of PCs whose practice was not imported."""
_COLUMNS = re.compile(r"[;\t,|]")
_LONGEST = 300
_SHOWN = 50
"""Devices of an ambiguous line that are shown."""


class LogTargets:
    """Reads only."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def resolve(self, asked: ResolveDevices) -> Resolved:
        """What became of each line, in their order; empty ones are passed over.

        Raises:
            InvalidError: too many lines, or too many devices.
        """
        lines = [line.strip()[:_LONGEST] for line in asked.lines if line.strip()]
        if len(lines) > MAX_LINES:
            raise InvalidError("logs.lines", f"at most {MAX_LINES} lines", at="$.lines")
        words = {line: _words(line) for line in lines}
        every = sorted({word for some in words.values() for word in some})
        ids, now = [word.lower() for word in every if is_id(word.lower())], self._clock.now()
        async with self._database.transaction() as tx, bounded(tx):
            practices = sorted({*every, *(word.upper() for word in every)})
            held = await sql.targets_of(
                tx, ids=ids, names=every, practices=practices, default_consent=DEFAULT_CONSENT
            )
            folded = await sql.names_folded(tx, sorted({*every, *(one.hostname for one in held)}))
            sorting = _Sorting(held, folded)
            for line in lines:
                sorting.take(line, words[line])
            if len(sorting.found) > MAX_LOG_DEVICES:
                message = f"{len(sorting.found)} PCs: at most {MAX_LOG_DEVICES} in one request"
                raise InvalidError("logs.too_many", message, at="$.lines")
            wanted = {*sorting.found, *(id_ for _, some in sorting.ambiguous for id_ in some)}
            rows = {row.id: row for row in await devices_of(tx, sorted(wanted), now=now)}
        consents = {one.id: one.consent for one in held}
        return Resolved(
            found=[_view(rows[id_], consents, line) for id_, line in sorting.found.items() if id_ in rows],
            not_found=sorting.unknown,
            ambiguous=[
                AmbiguousLine(line, [_view(rows[id_], consents, line) for id_ in some if id_ in rows])
                for line, some in sorting.ambiguous
            ],
            duplicates=sorting.duplicates,
        )


class _Sorting:
    """The lines that were taken so far."""

    def __init__(self, held: Sequence[Target], folded: dict[str, str]) -> None:
        self.found = dict[str, str]()
        """Id -> its first line."""
        self.unknown, self.duplicates = list[str](), list[str]()
        self.ambiguous = list[tuple[str, list[str]]]()
        self._folded = folded
        self._by_id = {one.id: one for one in held}
        self._by_name, self._by_practice = dict[str, list[Target]](), dict[str, list[Target]]()
        for one in held:
            self._by_name.setdefault(folded[one.hostname], []).append(one)
            self._by_practice.setdefault(one.practice_id, []).append(one)

    def take(self, line: str, words: Sequence[str]) -> None:
        """Where a line belongs."""
        reached = self._reached(words)
        if reached is None:
            self.ambiguous.append((line, [one.id for one in self._named(words)][:_SHOWN]))
        elif not reached:
            self.unknown.append(line)
        elif all(one.id in self.found for one in reached):
            self.duplicates.append(line)
        else:
            for one in reached:
                self.found.setdefault(one.id, line)

    def _reached(self, words: Sequence[str]) -> list[Target] | None:
        """The devices of a line; `None` when it may be any of several."""
        if exact := [self._by_id[word.lower()] for word in words if word.lower() in self._by_id]:
            return exact
        named = self._named(words)
        practices = [one for word in words for one in self._of_practice(word)]
        if named and practices:
            both = {one.id for one in practices}
            named = [one for one in named if one.id in both]
            return named if len(named) == 1 else None if named else []
        if len(named) > 1:
            return None
        return named or practices

    def _named(self, words: Sequence[str]) -> list[Target]:
        return [one for word in words for one in self._by_name.get(self._folded[word], [])]

    def _of_practice(self, word: str) -> list[Target]:
        return self._by_practice.get(word) or self._by_practice.get(word.upper(), [])


def _words(line: str) -> list[str]:
    """The columns of a line, without their quotes."""
    return [word for part in _COLUMNS.split(line) if (word := part.strip().strip("\"'").strip())]


def _view(row: DeviceRow, consents: dict[str, str], line: str) -> ResolvedDevice:
    consent: Consent = "ask" if consents[row.id] == "ask" else "none" if consents[row.id] == "none" else "inform"
    return ResolvedDevice(
        row.id, row.hostname, row.practice_id, row.practice_name, row.state, row.last_seen_at, consent, line
    )
