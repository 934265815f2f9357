"""What becomes of pipelines, and what conditions may be about: for those who look, and write."""

import asyncio
from datetime import timedelta
from typing import Any, Literal

from canopee_api.postgres import catalog as sql
from canopee_api.postgres.database import Database
from canopee_contract.catalog import DayOfRuns, KnownFact, PipelineActivity
from canopee_kit.clock import Clock

DAYS = 7
_EVERY_S = 15.0
_SAMPLE, _MOST_VALUES, _LONGEST = 5_000, 20, 80
_TYPES: dict[str, Literal["text", "number", "boolean"]] = {
    "string": "text", "number": "number", "boolean": "boolean",
}  # fmt: skip


class Activity:
    """Counts: nothing is changed."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._counted: tuple[float, list[PipelineActivity]] | None = None
        self._counting = asyncio.Lock()

    async def pipelines(self) -> list[PipelineActivity]:
        """The last seven days of every pipeline that a campaign gave, by name; counted at most every 15 s."""
        async with self._counting:
            if self._counted is None or self._clock.monotonic() - self._counted[0] >= _EVERY_S:
                self._counted = self._clock.monotonic(), await self._count()
        return self._counted[1]

    async def _count(self) -> list[PipelineActivity]:
        now = self._clock.now()
        first = (now - timedelta(days=DAYS - 1)).replace(hour=0, minute=0, second=0, microsecond=0)
        async with self._database.transaction() as tx:
            rows, targets = await sql.activity(tx, since=first), await sql.targets_now(tx, now=now)
        names = [(first + timedelta(days=number)).strftime("%Y-%m-%d") for number in range(DAYS)]
        held = {(row.name, row.day): row for row in rows}
        found: list[PipelineActivity] = []
        for name in sorted({row.name for row in rows} | set(targets)):
            days = [held.get((name, day)) for day in names]
            found.append(
                PipelineActivity(
                    name, targets.get(name, 0),
                    [DayOfRuns(day, one.ended_well if one else 0, one.ended_badly if one else 0)
                     for day, one in zip(names, days, strict=True)],
                )
            )  # fmt: skip
        return found

    async def facts(self) -> list[KnownFact]:
        """Every fact of the newest devices, with its types and most frequent values; ids of devices have none."""
        async with self._database.transaction() as tx:
            rows = await sql.known_facts(tx, sample=_SAMPLE, most_values=_MOST_VALUES)
        return [
            KnownFact(name, sorted({_TYPES[one] for one in types if one in _TYPES}), devices, _shown(name, values))
            for name, types, devices, values in rows
        ]


def _shown(name: str, values: list[Any]) -> list[str | int | float | bool]:
    if name == "device.id":
        return []
    return [one for one in values if not isinstance(one, str) or len(one) <= _LONGEST]
