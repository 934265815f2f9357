"""SQL of what is sent on: archives to the SFTP server, word of requests that are complete."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import msgspec

from canopee_api.postgres.database import Connection


class ForwardRow(msgspec.Struct, frozen=True):
    """An archive that is to be sent on."""

    upload_id: str
    request_id: str
    device_id: str
    attempts: int
    """This one included."""
    name: str
    sha256: str
    length: int
    received_at: datetime
    hostname: str
    practice_id: str
    ticket: str


async def enlist(tx: Connection, *, now: datetime) -> None:
    """Every archive that is whole, of the requests that ask for it."""
    await tx.execute(
        """INSERT INTO log_forwards (upload_id, request_id, device_id, state, begun_at, next_at)
           SELECT u.id, l.id, u.device_id, 'waiting', %(now)s, %(now)s
           FROM log_requests l JOIN orders o ON o.campaign_id = l.id JOIN uploads u ON u.order_id = o.id
           WHERE l.forward AND l.purged_at IS NULL AND u.is_complete
           ON CONFLICT DO NOTHING""",
        {"now": now},
    )


async def give_up(tx: Connection, *, now: datetime, begun_before: datetime) -> int:
    """What was purged before it arrived, or was tried for too long, is lost: it is shown, and tried no more."""
    cursor = await tx.execute(
        """UPDATE log_forwards f SET state = 'lost', error = CASE WHEN gone.is_purged
                  THEN 'it was purged before it arrived' ELSE 'given up: ' || f.error END
           FROM (SELECT x.upload_id, NOT EXISTS (SELECT FROM uploads u WHERE u.id = x.upload_id) AS is_purged
                 FROM log_forwards x WHERE x.state IN ('waiting', 'failing')) gone
           WHERE gone.upload_id = f.upload_id AND f.next_at <= %(now)s
             AND (gone.is_purged OR f.begun_at < %(before)s)""",
        {"now": now, "before": begun_before},
    )
    return cursor.rowcount


async def take(tx: Connection, *, now: datetime, until: datetime) -> ForwardRow | None:
    """The next one that is due; nobody else takes it until an instant."""
    cursor = await tx.execute(
        """WITH due AS (
               SELECT upload_id FROM log_forwards WHERE state IN ('waiting', 'failing') AND next_at <= %(now)s
               ORDER BY next_at LIMIT 1 FOR UPDATE SKIP LOCKED),
           held AS (
               UPDATE log_forwards f SET attempts = attempts + 1, next_at = %(until)s FROM due
               WHERE f.upload_id = due.upload_id
               RETURNING f.upload_id, f.request_id, f.device_id, f.attempts)
           SELECT h.*, u.name, u.sha256, u.length, u.touched_at, d.hostname, d.practice_id, l.ticket
           FROM held h JOIN uploads u ON u.id = h.upload_id JOIN devices d ON d.id = h.device_id
           JOIN log_requests l ON l.id = h.request_id""",
        {"now": now, "until": until},
    )
    row = await cursor.fetchone()
    return ForwardRow(*row) if row else None


async def hold(tx: Connection, upload_id: str, *, until: datetime) -> None:
    """It is on its way still: nobody else takes it until an instant."""
    await tx.execute("UPDATE log_forwards SET next_at = %s WHERE upload_id = %s", (until, upload_id))


async def arrived(tx: Connection, upload_id: str, *, now: datetime) -> bool:
    """It is there; `False` when that was known."""
    cursor = await tx.execute(
        """UPDATE log_forwards SET state = 'done', done_at = %s, error = ''
           WHERE upload_id = %s AND state <> 'done'""",
        (now, upload_id),
    )
    return cursor.rowcount == 1


async def failed(tx: Connection, upload_id: str, error: str, *, next_at: datetime) -> None:
    await tx.execute(
        """UPDATE log_forwards SET state = 'failing', error = %s, next_at = %s
           WHERE upload_id = %s AND state <> 'done'""",
        (error, next_at, upload_id),
    )


async def forwards_of(tx: Connection, request_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """By request: how many archives stand where at the SFTP server."""
    cursor = await tx.execute(
        """SELECT request_id, state, count(*) FROM log_forwards WHERE request_id = ANY(%s::uuid[]) GROUP BY 1, 2""",
        (list(request_ids),),
    )
    found = defaultdict[str, dict[str, int]](dict)
    for request_id, state, number in await cursor.fetchall():
        found[request_id][state] = number
    return found


class Notice(msgspec.Struct, frozen=True):
    """Word that is to be sent of a request."""

    request_id: str
    attempt: int
    """Which one this is, from 1."""


async def take_notice(
    tx: Connection, *, now: datetime, until: datetime, completed_after: datetime
) -> Notice | None:
    """The next request that is complete, and of which nobody was told who is to be; nobody else takes it `until`."""
    cursor = await tx.execute(
        """WITH due AS (
               SELECT id FROM log_requests
               WHERE completed_at > %(after)s AND notified_at IS NULL AND purged_at IS NULL AND notify <> '{}'
                 AND coalesce(notify_next_at, completed_at) <= %(now)s
               ORDER BY completed_at LIMIT 1 FOR UPDATE SKIP LOCKED)
           UPDATE log_requests l SET notify_attempts = notify_attempts + 1, notify_next_at = %(until)s
           FROM due WHERE l.id = due.id RETURNING l.id, l.notify_attempts""",
        {"now": now, "until": until, "after": completed_after},
    )
    row = await cursor.fetchone()
    return Notice(*row) if row else None


async def note_told(tx: Connection, notice: Notice, *, now: datetime, refused: str) -> None:
    """Word was sent; `refused` says of whom the server would take none."""
    await tx.execute(
        "UPDATE log_requests SET notified_at = %s, notify_error = %s WHERE id = %s AND notified_at IS NULL",
        (now, refused, notice.request_id),
    )


async def note_untold(tx: Connection, notice: Notice, error: str, *, next_at: datetime) -> None:
    """It was not; whoever took it in the meantime says how that went."""
    await tx.execute(
        """UPDATE log_requests SET notify_error = %s, notify_next_at = %s
           WHERE id = %s AND notify_attempts = %s AND notified_at IS NULL""",
        (error, next_at, notice.request_id, notice.attempt),
    )


async def give_up_telling(tx: Connection, *, completed_before: datetime) -> int:
    """Of what ended so long ago nobody is told any more, which is shown; how many requests."""
    cursor = await tx.execute(
        """UPDATE log_requests
           SET notify_error = 'given up: ' || coalesce(nullif(notify_error, ''), 'it could not be sent in time')
           WHERE completed_at <= %s AND notified_at IS NULL AND purged_at IS NULL AND notify <> '{}'
             AND notify_error NOT LIKE 'given up: %%'""",
        (completed_before,),
    )
    return cursor.rowcount
