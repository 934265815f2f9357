"""The state of a device as people read it: decided here only, for rows, filters, counts and exports alike.

It is read from `device_presence`, which every process writes within a second or so of a call: two processes, a row and
the count beside it say the same. `d` is a row of `devices`, `p` one of `device_presence`.
"""

from datetime import datetime, timedelta

from canopee_api.postgres.conditions import Predicate

ONLINE = timedelta(minutes=10)
"""A device heard of since then is online: two long polls, and a little."""
LATE = timedelta(hours=24)
"""Heard of since then, but not online, it is late; before, it is offline: a practice is closed at night."""
SILENT = timedelta(days=7)
"""Not heard of since then, somebody should ask the practice."""


def state_of(now: datetime) -> Predicate:
    """The expression of the state: `online`, `late`, `offline`, `suspect` or `revoked`."""
    return Predicate(
        """CASE WHEN d.state <> 'active' THEN d.state WHEN p.last_seen_at > %s::timestamptz THEN 'online'
           WHEN p.last_seen_at > %s::timestamptz THEN 'late' ELSE 'offline' END""",
        (now - ONLINE, now - LATE),
    )
