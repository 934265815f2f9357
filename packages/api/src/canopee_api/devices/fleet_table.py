"""The fleet as a table: which devices, in which order, and what is counted beside them."""

from collections.abc import AsyncGenerator, Sequence

import msgspec

from canopee_api.catalog.trust import TrustStore
from canopee_api.errors import InvalidError, NotFoundError
from canopee_api.postgres import device_counts as counts
from canopee_api.postgres import device_rows as sql
from canopee_api.postgres.database import Connection, Database
from canopee_api.postgres.device_filters import Asked, Outdated
from canopee_api.postgres.device_orders import Order, mark_of, order_of, to_cursor
from canopee_api.postgres.enrolment_requests import count_waiting
from canopee_contract.condition import Condition, parse_condition
from canopee_contract.errors import ConditionError
from canopee_contract.fleet import WATCHES, DeviceQuery, Facets, FacetValue, FleetOverview, WatchCount
from canopee_contract.people import Device, Page
from canopee_contract.release import Platform, facts_of, read_signed
from canopee_contract.version import version_key
from canopee_kit.clock import Clock
from canopee_kit.ids import is_id

_LONGEST, _MOST_VALUES, _BLOCK = 200, 500, 1_000
_LISTS = ("state", "platform", "agent_version", "practice", "tag", "os", "product", "watch")
_STATES = ("online", "late", "offline", "suspect", "revoked")


class FleetTable:
    """Reads only."""

    def __init__(self, database: Database, trust: TrustStore, clock: Clock) -> None:
        self._database, self._trust, self._clock = database, trust, clock

    async def page(self, query: DeviceQuery, *, sort: str, after: str, limit: int) -> Page[Device]:
        """One page of the devices that pass.

        Raises:
            InvalidError: a filter, the order or the page is not one, or the condition takes too long.
        """
        order = order_of(sort, self._clock.now())
        mark = mark_of(after, order)
        async with self._database.transaction() as tx, sql.bounded(tx):
            asked = await self.understood(tx, query)
            found = await sql.page_of(tx, asked, order, after=mark, limit=limit)
            rows = await sql.devices_of(tx, [one for one, _ in found], now=asked.now)
        following = to_cursor(found[-1][1]) if len(found) == limit else None
        return Page([device_of(row) for row in rows], following)

    async def get(self, device_id: str) -> Device:
        """One device; raises `NotFoundError`."""
        async with self._database.transaction() as tx:
            row = await sql.get_device(tx, device_id, now=self._clock.now()) if is_id(device_id) else None
        if row is None:
            raise NotFoundError("device.unknown", f"there is no device {device_id[:40]}")
        return device_of(row)

    async def facets(self, query: DeviceQuery) -> Facets:
        """The counts of a query; raises `InvalidError` as `page` does."""
        async with self._database.transaction() as tx, sql.bounded(tx):
            asked = await self.understood(tx, query)
            rows = await counts.facets_of(tx, asked)
            names = await counts.practice_names(tx, [row.value for row in rows if row.facet == "practice"])
            fleet = await counts.count_devices(tx)
        facets: dict[str, dict[str, dict[str, int]]] = {name: {} for name in _LISTS if name != "watch"}
        for row in rows:
            if row.facet != "total":
                facets[row.facet].setdefault(row.value, {})[row.state] = row.devices
        return Facets(
            total=sum(row.devices for row in rows if row.facet == "total"), fleet=fleet,
            facets={name: _values(name, held, names, query) for name, held in facets.items()}, at=asked.now,
        )  # fmt: skip

    async def overview(self) -> FleetOverview:
        """The whole fleet in a few numbers."""
        async with self._database.transaction() as tx, sql.bounded(tx):
            asked = await self.understood(tx, DeviceQuery(watch=["outdated"]))
            states, watches = await counts.count_fleet(tx, asked)
            practices, waiting = await counts.count_practices(tx), await count_waiting(tx)
        return FleetOverview(
            devices=sum(states.values()), practices=practices, states={one: states.get(one, 0) for one in _STATES},
            watch=[WatchCount(one, watches[one]) for one in WATCHES if watches[one]], enrolments_waiting=waiting,
            newest_agents={**self._newest()}, at=asked.now,
        )  # fmt: skip

    def export(self, query: DeviceQuery, *, sort: str) -> AsyncGenerator[Sequence[Device]]:
        """Every device that passes, in an order, some at a time; raises `InvalidError` as `page` does, at once."""
        order = order_of(sort, self._clock.now())
        check_query(query)
        return self._exported(query, order)

    async def _exported(self, query: DeviceQuery, order: Order) -> AsyncGenerator[Sequence[Device]]:
        async with self._database.transaction() as tx:
            asked = await self.understood(tx, query)
            async for rows in sql.stream(tx, asked, order, block=_BLOCK):
                yield [device_of(row) for row in rows]

    async def fact_names(self, query: DeviceQuery) -> list[str]:
        """The facts that these devices have; raises `InvalidError` as `page` does."""
        async with self._database.transaction() as tx, sql.bounded(tx):
            return await sql.fact_names(tx, await self.understood(tx, query))

    async def understood(self, tx: Connection, query: DeviceQuery) -> Asked:
        """The query, checked, with its condition and what an old agent is; raises `InvalidError`."""
        check_query(query)
        condition = _condition(query)
        outdated = self._outdated(await counts.agent_versions(tx)) if "outdated" in query.watch else []
        return Asked(query, self._clock.now(), condition, outdated)

    def _newest(self) -> dict[Platform, str]:
        newest: dict[Platform, str] = {}
        for info in self._trust.releases():
            signed = read_signed(info.path, info.custom)
            held = newest.get(signed.platform)
            if held is None or _is_older(held, signed.version):
                newest[signed.platform] = signed.version
        return newest

    def _outdated(self, versions: Sequence[str]) -> list[Outdated]:
        return [
            Outdated(*facts_of(platform), [one for one in versions if _is_older(one, newest)])
            for platform, newest in self._newest().items()
        ]


def device_of(row: sql.DeviceRow) -> Device:
    """A device as it travels."""
    return msgspec.convert(row, Device, from_attributes=True)


def check_query(query: DeviceQuery) -> None:
    """Raises `InvalidError`, which names the filter."""
    texts = [("q", query.q), *((name, one) for name in _LISTS for one in getattr(query, name))]
    for name, one in texts:
        if len(one) > _LONGEST:
            raise InvalidError("filter.too_long", f"{name} has at most {_LONGEST} characters", at=name)
        if "\0" in one:
            raise InvalidError("filter.nul", "the character NUL is in no name: leave it out", at=name)
    for name in _LISTS:
        if len(getattr(query, name)) > _MOST_VALUES:
            raise InvalidError("filter.too_many", f"at most {_MOST_VALUES} values of {name}", at=name)


def _condition(query: DeviceQuery) -> Condition | None:
    if query.condition is None:
        return None
    try:
        return parse_condition(query.condition)
    except ConditionError as error:
        raise InvalidError("condition.malformed", error.message, at="condition") from error


def _values(
    name: str, held: dict[str, dict[str, int]], names: dict[str, str], query: DeviceQuery
) -> list[FacetValue]:
    """Most devices first; what is filtered by stays, even where nothing is left of it."""
    wanted: list[str] = getattr(query, name)
    for one in wanted:
        held.setdefault(one, {})
    found = [
        FacetValue(value, sum(states.values()), names.get(value, ""), {} if "" in states else states)
        for value, states in held.items()
    ]
    if name == "state":
        return sorted(found, key=lambda one: _STATES.index(one.value))
    found.sort(key=lambda one: (-one.devices, one.value))
    return [one for place, one in enumerate(found) if place < counts.MOST_VALUES or one.value in wanted]


def _is_older(version: str, than: str) -> bool:
    mine, theirs = version_key(version), version_key(than)
    return mine is not None and theirs is not None and mine < theirs
