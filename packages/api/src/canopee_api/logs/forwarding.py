"""What is sent on: archives to the SFTP server, and word to those who asked to be told."""

import asyncio
from datetime import datetime, timedelta

from canopee_api.audit.chain import note
from canopee_api.destinations import MailServer, SftpServer
from canopee_api.files.store import FileStore, LostBytesError
from canopee_api.logs import mail, sftp
from canopee_api.logs.archives import safe_name
from canopee_api.logs.requests import LogRequests
from canopee_api.postgres import log_forwards as sql
from canopee_api.postgres.database import Database
from canopee_api.postgres.log_forwards import ForwardRow, Notice
from canopee_kit.clock import Clock
from canopee_kit.logs import get_logger

_log = get_logger(__name__)
GIVEN_UP_AFTER = timedelta(days=10)
_FIRST_S, _LONGEST_S = 30, 3_600
_LEASE = timedelta(minutes=30)
"""How long nobody else tries an archive that is on its way: renewed as it goes on, left by one that was killed."""
_AT_ONCE = 20
"""Archives of one turn."""
_MAIL_LEASE = timedelta(minutes=10)
"""The same of word that is sent: longer than a mail server can take, each of its answers within 20 s."""
TOLD_WITHIN = timedelta(days=3)
_BY_ITSELF = "canopee"
_NO_MAIL = "no mail server is configured: see mail.toml in docs/how-to/get-log-files.md"
_NOWHERE = "no SFTP server is configured: see sftp.toml in docs/how-to/get-log-files.md"


class Forwarding:
    """Sends on what is there; done by two at once, each archive goes once, and each message."""

    def __init__(
        self,
        database: Database,
        store: FileStore,
        requests: LogRequests,
        clock: Clock,
        server: SftpServer | None,
        post: MailServer | None,
    ) -> None:
        self._database, self._store, self._requests, self._clock = database, store, requests, clock
        self._server, self._post = server, post

    async def forward(self) -> int:
        """Send on what is due; how many arrived."""
        async with self._database.transaction() as tx:
            await sql.enlist(tx, now=self._clock.now())
            await sql.give_up(tx, now=self._clock.now(), begun_before=self._clock.now() - GIVEN_UP_AFTER)
        done = 0
        for _ in range(_AT_ONCE):
            async with self._database.transaction() as tx:
                row = await sql.take(tx, now=self._clock.now(), until=self._clock.now() + _LEASE)
            if row is None:
                break
            done += await self._try(row)
        return done

    async def tell(self) -> int:
        """Send word of the requests that are complete; how many were told of.

        Whoever sends it has taken it before: no two send the same. Killed in between, it is taken again after a while,
        and sent again if the first had arrived: the attempts are counted, and the message has the same id.
        """
        longest_ago = self._clock.now() - TOLD_WITHIN
        async with self._database.transaction() as tx:
            await sql.give_up_telling(tx, completed_before=longest_ago)
        told = 0
        for _ in range(_AT_ONCE):
            now = self._clock.now()
            async with self._database.transaction() as tx:
                notice = await sql.take_notice(tx, now=now, until=now + _MAIL_LEASE, completed_after=longest_ago)
            if notice is None:
                break
            told += await self._tell(notice)
        return told

    async def _tell(self, notice: Notice) -> bool:
        failed = refused = ""
        view = await self._requests.view(notice.request_id)
        try:
            if self._post is None:
                failed = _NO_MAIL
            else:
                refused = await asyncio.to_thread(mail.post, self._post, mail.message_of(view, self._post.sender))
        except mail.MailError as error:
            failed = str(error)
        now = self._clock.now()
        async with self._database.transaction() as tx:
            if failed:
                _log.warning("log request %s: nobody is told yet: %s", view.id, failed)
                await sql.note_untold(tx, notice, failed, next_at=now + _pause(notice.attempt))
            else:
                await sql.note_told(tx, notice, now=now, refused=refused)
        return not failed

    async def _try(self, row: ForwardRow) -> bool:
        path, failed = remote_path(row), ""
        pieces = self._store.pieces(row.sha256, 0, row.length)
        try:
            if self._server is None:
                failed = _NOWHERE
            else:
                held = _Lease(self._database, self._clock, row.upload_id)
                await sftp.send(
                    self._server, path, pieces, size=row.length, sha256=row.sha256, going_on=held.renew
                )
        except LostBytesError:
            failed = "its bytes are not on this server"
        except sftp.ForwardError as error:
            failed = str(error)
        now = self._clock.now()
        async with self._database.transaction() as tx:
            if failed:
                _log.warning("log request %s: %s is not forwarded yet: %s", row.request_id, path, failed)
                await sql.failed(tx, row.upload_id, failed, next_at=now + _pause(row.attempts))
            elif await sql.arrived(tx, row.upload_id, now=now):
                await note(
                    tx, now, _BY_ITSELF, "logs.forward", row.request_id, device=row.device_id, sha256=row.sha256,
                    path=path,
                )  # fmt: skip
        return not failed


class _Lease:
    """Of an archive that is on its way."""

    def __init__(self, database: Database, clock: Clock, upload_id: str) -> None:
        self._database, self._clock, self._upload_id = database, clock, upload_id
        self._renewed_at = clock.now()

    async def renew(self) -> None:
        """Hold it for as long again, once a third of the time is over."""
        now = self._clock.now()
        if now - self._renewed_at < _LEASE / 3:
            return
        self._renewed_at = now
        async with self._database.transaction() as tx:
            await sql.hold(tx, self._upload_id, until=now + _LEASE)


def remote_path(row: ForwardRow) -> str:
    """Where an archive goes, below the folder of the server: no two share it."""
    pc = f"{safe_name(row.practice_id)}_{safe_name(row.hostname)}"
    day, unique = _day(row.received_at), row.upload_id[-8:]
    return f"{safe_name(row.ticket)}/{pc}_{day}_{unique}_{safe_name(row.name)}"


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"


def _pause(attempts: int) -> timedelta:
    """30 s, then twice as long each time, an hour at most."""
    return timedelta(seconds=min(_LONGEST_S, _FIRST_S * 2 ** min(attempts - 1, 10)))
