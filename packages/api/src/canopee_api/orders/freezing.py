"""When orders wait for the end of a freeze: the freezes of one reading of the calendar, as instants."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from canopee_api.orders.walls import WallClocks
from canopee_api.postgres.freezes import FreezeRow
from canopee_contract.freeze import Frozen


class Stretch(msgspec.Struct, frozen=True, order=True):
    """From one instant to another, which is no more part of it."""

    begins: datetime
    ends: datetime
    reasons: tuple[str, ...] = ()


def stretch_of(freeze: FreezeRow, wall: WallClocks, zone: str) -> Stretch | None:
    """When a freeze is in force in a time zone: not before it was entered, nor after it was removed; `None`: never."""
    begins, ends = wall.span(freeze.starts, freeze.ends, zone)
    begins, ends = max(begins, freeze.created_at), min(ends, freeze.removed_at or ends)
    return Stretch(begins, ends, (freeze.reason,)) if begins < ends else None


def is_frozen(freeze: FreezeRow, wall: WallClocks, zone: str, now: datetime) -> bool:
    """Whether a freeze is in force in a time zone."""
    found = stretch_of(freeze, wall, zone)
    return found is not None and found.begins <= now < found.ends


class Freezing:
    """When it is frozen somewhere: stretches that do not touch, in order."""

    def __init__(self, stretches: Sequence[Stretch]) -> None:
        self.stretches: list[Stretch] = []
        for one in sorted(stretches):
            last = self.stretches[-1] if self.stretches else None
            if last is None or one.begins > last.ends:
                self.stretches.append(one)
            else:
                reasons = tuple(dict.fromkeys((*last.reasons, *one.reasons)))
                self.stretches[-1] = Stretch(last.begins, max(last.ends, one.ends), reasons)

    def now(self, now: datetime) -> Frozen | None:
        """Until when and why it is; `None` when it is not."""
        found = next((one for one in self.stretches if one.begins <= now < one.ends), None)
        return Frozen(found.ends, "; ".join(found.reasons)) if found else None

    def before(self, now: datetime, duration: timedelta) -> datetime:
        """The instant from which on, until `now`, so much time has passed that was not frozen."""
        at, left = now, duration
        for one in reversed(self.stretches):
            if one.begins >= at:
                continue
            if at > one.ends:
                free = at - one.ends
                if free >= left:
                    return at - left
                left -= free
            at = min(at, one.begins)
        return at - left

    def thawed(self, since: datetime, now: datetime) -> timedelta:
        """How much of the time from `since` to `now` was not frozen."""
        frozen = [min(one.ends, now) - max(one.begins, since) for one in self.stretches]
        return max(timedelta(0), now - since) - sum((one for one in frozen if one > timedelta(0)), timedelta(0))

    def after(self, at: datetime, duration: timedelta) -> datetime:
        """The first instant from `at` on that is not frozen, and by which so much time has passed that was not."""
        left = duration
        for one in self.stretches:
            if one.ends <= at:
                continue
            if one.begins > at:
                if one.begins - at > left:
                    break
                left -= one.begins - at
            at = one.ends
        return at + left


def freezing(
    freezes: Sequence[FreezeRow], wall: WallClocks, zones: Sequence[str], *, kind: str = "action"
) -> Freezing:
    """When what orders of a kind do is frozen in one of these time zones, the usual one among them."""
    found = [
        stretch_of(one, wall, zone) for one in freezes if one.collects or kind == "action" for zone in ("", *zones)
    ]
    return Freezing([one for one in found if one is not None])
