"""When a campaign would be through, were every PC on and every answer at once: rings, pace, windows, freezes."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from canopee_api.campaigns.pace import Pace
from canopee_api.orders.freezing import Freezing
from canopee_api.orders.walls import WallClocks
from canopee_contract.campaign import Rollout
from canopee_contract.window import Window, is_open, next_opening

_MOST_STEPS = 2_000
"""Of windows and freezes that shut one another out."""


class Stage(msgspec.Struct, frozen=True):
    """A ring, as far as its time is concerned."""

    not_before: datetime
    devices: int


class Way(msgspec.Struct, frozen=True):
    """What a campaign meets on its way; windows by the usual clock."""

    windows: Sequence[Window]
    freezing: Freezing
    wall: WallClocks
    ends_by: datetime

    def opens(self, at: datetime) -> datetime | None:
        """The first instant from `at` on when an order may be delivered; `None`: not before the campaign is over."""
        for _ in range(_MOST_STEPS):
            at = self.freezing.after(at, timedelta(0))
            if at >= self.ends_by:
                return None
            wall = self.wall.at(at)
            if is_open(self.windows, wall):
                return at
            following = next_opening(self.windows, wall)
            if following is None:
                return None
            at = max(at + timedelta(minutes=1), self.wall.span(following, following, "")[0])
        return None

    def through(
        self, stages: Sequence[Stage], rollout: Rollout | None, pace: Pace, now: datetime
    ) -> datetime | None:
        """When the last PC of the last ring has its order; `None`: not before the campaign is over."""
        opened, made, had = now, now, now
        for place, stage in enumerate(stages):
            turn = max(now, stage.not_before)
            if place and rollout is not None:
                alone = self.freezing.after(opened, timedelta(seconds=rollout.advance_after_s))
                turn = max(turn, alone, made, had if rollout.min_answered_pct else now)
            opened = self.freezing.after(turn, timedelta(0))
            if not stage.devices:
                continue
            made = self.freezing.after(max(opened, made), pace.lasts(stage.devices))
            found = self.opens(made)
            if found is None:
                return None
            had = max(had, found)
        return had
