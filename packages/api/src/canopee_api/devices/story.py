"""One device: since when its facts are so, what it did, how its link with the API stands."""

from datetime import datetime, timedelta

from canopee_api.errors import InvalidError, NotFoundError
from canopee_api.live.fleet import LiveFleet
from canopee_api.postgres import device_story as sql
from canopee_api.postgres.database import Connection, Database
from canopee_api.postgres.device_rows import DeviceRow, get_device
from canopee_api.postgres.devices import same_hardware
from canopee_contract.fleet import DeviceFacts, Diagnosis, FactView, Lane, Span, Stream, Timeline
from canopee_kit.clock import Clock
from canopee_kit.ids import is_id

LONGEST_H = 31 * 24
_MOST = 2_000


class Story:
    """Reads only."""

    def __init__(self, database: Database, fleet: LiveFleet, clock: Clock) -> None:
        self._database, self._fleet, self._clock = database, fleet, clock

    async def facts(self, device_id: str) -> DeviceFacts:
        """Its facts, by name, with when each last changed; raises `NotFoundError`."""
        async with self._database.transaction() as tx:
            row = await _device(tx, device_id, self._clock.now())
            changed = await sql.changed_at(tx, device_id)
        facts = [FactView(name, row.facts[name], changed.get(name)) for name in sorted(row.facts)]
        return DeviceFacts(facts, None if changed else row.facts_at)

    async def timeline(self, device_id: str, hours: int) -> Timeline:
        """What it did in the last hours, by pipeline.

        Raises:
            InvalidError: too many hours, or none.
            NotFoundError: there is no such device.
        """
        if not 1 <= hours <= LONGEST_H:
            raise InvalidError("timeline.hours", f"1 to {LONGEST_H} hours", at="hours")
        now = self._clock.now()
        since = now - timedelta(hours=hours)
        async with self._database.transaction() as tx:
            await _device(tx, device_id, now)
            rows = await sql.spans(tx, device_id, since=since, now=now, limit=_MOST)
        lanes: dict[str, list[Span]] = {}
        for row in reversed(rows):
            name = row.pipeline.partition("@")[0]
            lanes.setdefault(name, []).append(Span(row.id, row.state, row.at, row.until, row.code))
        found = [Lane(name, lanes[name]) for name in sorted(lanes)]
        return Timeline(since=since, until=now, lanes=found, is_complete=len(rows) < _MOST)

    async def diagnosis(self, device_id: str) -> Diagnosis:
        """How its link stands; raises `NotFoundError`."""
        now = self._clock.now()
        async with self._database.transaction() as tx:
            link = await sql.link_of(tx, device_id) if is_id(device_id) else None
            if link is None:
                raise _unknown(device_id)
            orders = await sql.open_orders(tx, device_id, now=now)
            streams = await sql.marks_of(tx, device_id, link.generation)
            rejected = await sql.count_rejected(tx, device_id)
            twins = [one for one in await same_hardware(tx, link.fingerprint) if one != device_id]
        return Diagnosis(
            last_seen_at=link.last_seen_at, counter=link.counter, generation=link.generation,
            agent_version=link.agent_version, enrolled_at=link.enrolled_at, facts_at=link.facts_at, facts=link.facts,
            order_seq=link.order_seq, orders_pending=orders.get("pending", 0),
            orders_delivered=orders.get("delivered", 0), streams=[Stream(*one) for one in streams],
            rejected_records=rejected, same_hardware=twins, is_connected_here=self._fleet.is_waiting(device_id),
        )  # fmt: skip


async def _device(tx: Connection, device_id: str, now: datetime) -> DeviceRow:
    row = await get_device(tx, device_id, now=now) if is_id(device_id) else None
    if row is None:
        raise _unknown(device_id)
    return row


def _unknown(device_id: str) -> NotFoundError:
    return NotFoundError("device.unknown", f"there is no device {device_id[:40]}")
