"""When campaigns have to wait: what they read of the freeze calendar, and of the times when everything was stopped."""

from datetime import datetime
from typing import get_args

from canopee_api.orders.freezing import Freezing, Stretch, freezing
from canopee_api.orders.walls import WallClocks
from canopee_api.postgres import freezes as sql
from canopee_api.postgres.campaigns import CampaignRow
from canopee_api.postgres.database import Connection
from canopee_api.postgres.standstill import standstills_since
from canopee_contract.freeze import LONGEST, Frozen
from canopee_contract.pipeline import Kind
from canopee_kit.clock import Clock


class Freezes:
    """The calendar, read anew each time. A campaign waits while it is frozen in the time zone of any practice."""

    def __init__(self, wall: WallClocks, clock: Clock) -> None:
        self.wall, self._clock = wall, clock

    async def now(self, tx: Connection, row: CampaignRow) -> Frozen | None:
        """Until when and why the orders of a campaign wait; `None` when no freeze holds them."""
        return None if row.through_freezes else (await self.held(tx)).get(row.kind)

    async def held(self, tx: Connection) -> dict[str, Frozen]:
        """By kind, until when and why its orders wait now; nothing for a kind that no freeze holds."""
        now = self._clock.now()
        if not await sql.freezes_between(tx, now, now):
            return {}
        found, zones = await sql.freezes_between(tx, now, now + LONGEST), await sql.time_zones(tx)
        held = {kind: freezing(found, self.wall, zones, kind=kind).now(now) for kind in get_args(Kind)}
        return {kind: frozen for kind, frozen in held.items() if frozen is not None}

    async def since(self, tx: Connection, row: CampaignRow, first: datetime) -> Freezing:
        """When the orders of a campaign have had to wait, frozen or stopped with all the others."""
        stopped = [Stretch(*one) for one in await standstills_since(tx, first)]
        if row.through_freezes:
            return Freezing(stopped)
        frozen = await self.between(tx, first, self._clock.now(), kind=row.kind)
        return Freezing([*frozen.stretches, *stopped])

    async def between(self, tx: Connection, first: datetime, last: datetime, *, kind: str) -> Freezing:
        """When orders of a kind wait, between two instants."""
        found = await sql.freezes_between(tx, first, last)
        return freezing(found, self.wall, await sql.time_zones(tx) if found else (), kind=kind)

    def said(self, frozen: Frozen) -> str:
        """As a sentence: until when, by the usual clock, and why."""
        until = self.wall.at(frozen.until)
        return f"frozen until {until:%Y-%m-%d %H:%M}, {self.wall.usual} time: {frozen.reason}"
