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


async def untold(tx: Connection, *, completed_after: datetime) -> list[str]:
    """Requests that are complete, and of which nobody was told who is to be."""
    cursor = await tx.execute(
        """SELECT id FROM log_requests
           WHERE completed_at > %s AND notified_at IS NULL AND purged_at IS NULL AND notify <> '{}'
           ORDER BY completed_at LIMIT 50""",
        (completed_after,),
    )
    return [row[0] for row in await cursor.fetchall()]


async def note_told(tx: Connection, request_id: str, *, now: datetime, failed: str) -> None:
    """Word was sent, or why not."""
    await tx.execute(
        "UPDATE log_requests SET notified_at = %s, notify_error = %s WHERE id = %s",
        (None if failed else now, failed, request_id),
    )
