"""How fast a campaign makes its orders: so many a minute, so many bytes an hour, by all processes together."""

from datetime import datetime, timedelta

import msgspec

from canopee_api.campaigns.rollout import Decision
from canopee_api.campaigns.sizes import Sizes
from canopee_api.errors import InvalidError
from canopee_api.postgres.campaigns import CampaignRow
from canopee_api.postgres.database import Connection
from canopee_api.postgres.rings import made_since
from canopee_contract.campaign import Rollout
from canopee_contract.people import PaceUsed

_HOUR = timedelta(hours=1)
_MINUTES = 60


class Pace(msgspec.Struct, frozen=True):
    """Orders, at most; 0: without limit."""

    per_min: int = 0
    """In a minute of the clock."""
    per_hour: int = 0
    """In any hour."""

    def lasts(self, orders: int) -> timedelta:
        """How long it takes to make so many, the first ones at once."""
        hours = (orders - 1) // self.per_hour if self.per_hour and orders else 0
        left = orders - hours * self.per_hour
        minutes = (left - 1) // self.per_min if self.per_min and left else 0
        return timedelta(hours=hours, minutes=minutes)


def pace_of(rollout: Rollout | None, bytes_per_device: int) -> Pace:
    """Bytes an hour are orders an hour, and a sixtieth of them a minute, so that a network is not filled at once."""
    if rollout is None:
        return Pace()
    per_min = rollout.orders_per_min or 0
    if not (rollout.bytes_per_hour and bytes_per_device):
        return Pace(per_min)
    per_hour = max(1, rollout.bytes_per_hour // bytes_per_device)
    spread = -(-per_hour // _MINUTES)
    return Pace(min(per_min, spread) if per_min else spread, per_hour)


class Used(msgspec.Struct, frozen=True):
    """Orders that a campaign has made."""

    this_minute: int
    last_hour: int


async def used(tx: Connection, row: CampaignRow, now: datetime) -> Used:
    """What a campaign has used of its pace; exact under its lock. The hour is any: the 60 minutes that end now."""
    minute = await made_since(tx, row.id, now.replace(second=0, microsecond=0))
    return Used(minute, await made_since(tx, row.id, now - _HOUR + timedelta(microseconds=1)))


async def room(tx: Connection, row: CampaignRow, now: datetime) -> int | None:
    """How many orders its pace lets a campaign make now; `None` for any number."""
    pace = pace_of(row.rollout, row.bytes_per_device)
    if not pace.per_min:
        return None
    made = await used(tx, row, now)
    left = pace.per_min - made.this_minute
    return max(0, min(left, pace.per_hour - made.last_hour) if pace.per_hour else left)


async def shown(tx: Connection, row: CampaignRow, now: datetime) -> PaceUsed | None:
    """As people see it; `None` for a campaign without a pace."""
    rollout = row.rollout
    if rollout is None or not (rollout.orders_per_min or rollout.bytes_per_hour):
        return None
    pace, made = pace_of(rollout, row.bytes_per_device), await used(tx, row, now)
    return PaceUsed(
        orders_per_min=pace.per_min, orders_this_minute=made.this_minute,
        bytes_per_hour=rollout.bytes_per_hour or 0, bytes_last_hour=made.last_hour * row.bytes_per_device,
        bytes_per_device=row.bytes_per_device, bytes_unknown=list(row.bytes_unknown),
    )  # fmt: skip


async def paced(tx: Connection, row: CampaignRow, now: datetime) -> Decision | None:
    """What a campaign waits for whose open rings lack orders; `None` for one without a pace."""
    held = await shown(tx, row, now)
    if held is None or row.rollout is None:
        return None
    per_min, this_minute = row.rollout.orders_per_min or 0, held.orders_this_minute
    if not held.bytes_per_hour or (per_min and this_minute >= per_min):
        return Decision(
            "wait", f"waits for its pace: {this_minute} of {per_min} orders this minute", "pace",
            {"made": this_minute, "per_min": per_min},
        )  # fmt: skip
    unknown = f"; not counted, of unknown size: {', '.join(held.bytes_unknown)}" if held.bytes_unknown else ""
    return Decision(
        "wait",
        f"waits for its pace: {_bytes(held.bytes_last_hour)} of {_bytes(held.bytes_per_hour)} in the last hour, "
        f"{_bytes(held.bytes_per_device)} a PC{unknown}",
        "pace_bytes",
        {
            "used": held.bytes_last_hour, "per_hour": held.bytes_per_hour, "per_device": held.bytes_per_device,
            "unknown": ", ".join(held.bytes_unknown),
        },
    )  # fmt: skip


def check_pace(rollout: Rollout | None, sizes: Sizes) -> None:
    """Refuse a pace by which no order would ever be made; raises `InvalidError`."""
    most = (rollout.bytes_per_hour or 0) if rollout is not None else 0
    if most and sizes.total > most:
        raise InvalidError(
            "campaign.pace",
            f"one PC downloads {sizes.total} bytes, more than the {most} of an hour: allow more",
            at="$.rollout.bytes_per_hour",
        )


def _bytes(number: int) -> str:
    """`48.2 MB`, decimal as networks count."""
    for power, unit in ((4, "TB"), (3, "GB"), (2, "MB"), (1, "kB")):
        if number >= 1_000**power:
            return f"{number / 1_000**power:.3g} {unit}"
    return f"{number} B"
