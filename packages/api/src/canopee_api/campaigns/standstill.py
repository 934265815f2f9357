"""The emergency stop: no order of anybody is made, delivered or begun, until somebody says to go on."""

from canopee_api.audit.chain import note
from canopee_api.errors import ConflictError, InvalidError
from canopee_api.live.fleet import LiveFleet
from canopee_api.postgres import standstill as sql
from canopee_api.postgres.changes import announce, announce_living, tell_watchers
from canopee_api.postgres.database import Connection, Database
from canopee_contract.standstill import MAX_REASON, Standstill
from canopee_kit.clock import Clock
from canopee_kit.logs import get_logger

_log = get_logger(__name__)


class EmergencyStop:
    """The stop as the database has it, and as this process tells it to every PC that checks in.

    What holds orders back is the row in the database, looked at by every statement that makes or delivers one; the
    memory of the processes only tells the PCs not to begin what they have.
    """

    def __init__(self, database: Database, fleet: LiveFleet, clock: Clock) -> None:
        self._database, self._fleet, self._clock = database, fleet, clock

    async def held(self) -> Standstill | None:
        """What stops everything; `None` when nothing does."""
        async with self._database.transaction() as tx:
            return await sql.standstill(tx)

    async def stop(self, reason: str, *, by: str) -> Standstill:
        """Stop everything. Asked again, the first stop stands.

        Raises:
            InvalidError: no reason is given, or it is too long.
        """
        if not reason.strip() or len(reason) > MAX_REASON:
            raise InvalidError("fleet.reason", f"say why, in 1 to {MAX_REASON} characters", at="$.reason")
        now = self._clock.now()
        async with self._database.transaction() as tx:
            if await sql.stop(tx, now, by, reason):
                await note(tx, now, by, "fleet.stop", "", reason=reason)
                await announce(tx, "catalog")
                await self._tell(tx)
            held = await sql.standstill(tx)
        _log.warning("everything is stopped by %s: %s", by, reason)
        await self.reload()
        return held or Standstill(now, by, reason)

    async def resume(self, *, by: str) -> Standstill:
        """Go on; what had stopped it.

        Raises:
            ConflictError: nothing is stopped.
        """
        now = self._clock.now()
        async with self._database.transaction() as tx:
            held = await sql.standstill(tx)
            if held is None or not await sql.resume(tx, now):
                raise ConflictError("fleet.not_stopped", "nothing is stopped")
            await note(tx, now, by, "fleet.resume", "", stopped_since=held.since.isoformat(), reason=held.reason)
            await announce_living(tx, now)
            await announce(tx, "catalog")
            await self._tell(tx)
        _log.warning("everything goes on, says %s", by)
        await self.reload()
        return held

    async def reload(self) -> None:
        """Tell the PCs of this process what the database says."""
        self._fleet.set_stopped(is_stopped=await self.held() is not None)

    @staticmethod
    async def _tell(tx: Connection) -> None:
        for topic in ("stop", "campaigns"):
            await tell_watchers(tx, topic)
