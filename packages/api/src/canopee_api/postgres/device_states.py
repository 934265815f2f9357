"""The state of a device as people read it: decided here only, for rows, filters, counts and exports alike.

It is read from `device_presence`, which every process writes within a second or so of a call: two processes, a row and
the count beside it say the same. `p` is a row of `device_presence`, `k` that of its kind (`device_kinds`).
"""

from collections.abc import Sequence
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
        """CASE WHEN k.state <> 'active' THEN k.state WHEN p.last_seen_at > %s::timestamptz THEN 'online'
           WHEN p.last_seen_at > %s::timestamptz THEN 'late' ELSE 'offline' END""",
        (now - ONLINE, now - LATE),
    )


def rank_of(now: datetime) -> Predicate:
    """The place of a state in the order of states: suspect, online, late, offline, revoked."""
    return Predicate(
        """CASE WHEN k.state = 'suspect' THEN 1 WHEN k.state = 'revoked' THEN 5
           WHEN p.last_seen_at > %s::timestamptz THEN 2 WHEN p.last_seen_at > %s::timestamptz THEN 3 ELSE 4 END""",
        (now - ONLINE, now - LATE),
    )


def in_state(now: datetime, wanted: Sequence[str]) -> Predicate:
    """Whether `state_of` is one of these, as bounds of which PostgreSQL knows how many devices are within."""
    spans = {
        "online": ("p.last_seen_at > %s::timestamptz", (now - ONLINE,)),
        "late": ("p.last_seen_at > %s::timestamptz AND p.last_seen_at <= %s::timestamptz", (now - LATE, now - ONLINE)),
        "offline": ("p.last_seen_at <= %s::timestamptz", (now - LATE,)),
    }  # fmt: skip
    asked = [spans[one] for one in spans if one in wanted]
    others = [one for one in wanted if one not in spans]
    parts = [f"(k.state = 'active' AND ({' OR '.join(f'({text})' for text, _ in asked)}))"] if asked else []
    parts += ["k.state = ANY(%s::text[])"] if others else []
    values = (*(value for _, values in asked for value in values), *([others] if others else []))
    return Predicate(" OR ".join(parts) or "false", values)


def ages_of(now: datetime) -> Predicate:
    """An expression that tells apart all that a state or a watch says of the last call of devices of one kind."""
    bounds = (now - ONLINE, now - LATE, now - SILENT)
    return Predicate(" + ".join(["(p.last_seen_at > %s::timestamptz)::int"] * len(bounds)), bounds)
