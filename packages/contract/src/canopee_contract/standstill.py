"""The emergency stop of the whole fleet, and its end."""

from datetime import datetime

import msgspec

MAX_REASON = 500


class StopEverything(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /v1/stop-everything`."""

    reason: str
    """Why, for everybody who will ask: 1 to 500 characters."""


class StopState(msgspec.Struct, frozen=True):
    """`GET /v1/stop-everything`: whether everything is stopped, and by what."""

    standstill: "Standstill | None"


class Standstill(msgspec.Struct, frozen=True):
    """Everything is stopped."""

    since: datetime
    by: str
    reason: str
