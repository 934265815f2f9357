"""Log requests: asked for, followed, done again."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

import msgspec

from canopee_api.audit.chain import note
from canopee_api.campaigns.campaigns import Campaigns
from canopee_api.errors import InvalidError, NotFoundError
from canopee_api.logs.checks import check_request
from canopee_api.logs.targets import DEFAULT_CONSENT
from canopee_api.postgres import log_requests as sql
from canopee_api.postgres.accounts import AuditRow, list_audit
from canopee_api.postgres.database import Connection, Database
from canopee_api.postgres.device_rows import devices_of
from canopee_api.postgres.log_archives import ArchiveRow, archives_of
from canopee_api.postgres.log_forwards import forwards_of
from canopee_api.postgres.log_requests import LogCount, LogRequestRow, NewLogRequestRow
from canopee_api.postgres.log_targets import targets_of
from canopee_contract.log_requests import (
    LOG_STATES,
    OPEN_STATES,
    LogDevice,
    LogEstimate,
    LogRequestView,
    NewLogRequest,
    RequestState,
)
from canopee_contract.people import CollectRequest
from canopee_kit.clock import Clock
from canopee_kit.ids import is_id

_LATELY = timedelta(days=180)
_AT_ONCE = 500


class LogRequests:
    """Everything about requests but what they brought."""

    def __init__(self, database: Database, campaigns: Campaigns, clock: Clock) -> None:
        self._database, self._campaigns, self._clock = database, campaigns, clock

    async def start(self, asked: NewLogRequest, *, by: str, code_claimed: bool = False) -> LogRequestView:
        """Ask these devices for their logs.

        Raises:
            ConflictError: the pipeline needs a signed document.
            InvalidError: devices, reason, ticket, budgets, durations or parameters are not acceptable.
            NotFoundError: the pipeline is not published, or what it repeats is unknown.
        """
        check_request(asked)
        ids, now = sorted({*asked.devices}), self._clock.now()
        row = NewLogRequestRow(
            id="", reason=asked.reason.strip(), ticket=asked.ticket.strip(), created_by=by, created_at=now,
            total_budget_bytes=asked.total_budget_bytes, keep_until=now + timedelta(days=asked.keep_days),
            notify=list(dict.fromkeys(asked.notify)), forward=asked.forward, again_of=asked.again_of or None,
            code_claimed=code_claimed,
        )  # fmt: skip
        async with self._database.transaction() as tx:
            if asked.again_of:
                await request_of(tx, asked.again_of)
            held = await targets_of(tx, ids=ids, names=(), practices=(), default_consent=DEFAULT_CONSENT)
        if unknown := {*ids} - {one.id for one in held}:
            message = f"{min(unknown)} is no device, or is revoked ({len(unknown)} in all): resolve the list again"
            raise InvalidError("logs.devices", message, at="$.devices")
        consents = {one.id: "none" if code_claimed else one.consent for one in held}

        async def also(tx: Connection, request_id: str) -> None:
            await sql.insert(tx, msgspec.structs.replace(row, id=request_id), consents)
            await note(
                tx, now, by, "logs.request", request_id, reason=row.reason, ticket=row.ticket, devices=len(ids),
                pipeline=asked.pipeline, parameters=asked.parameters, code_claimed=code_claimed,
                **({"again_of": asked.again_of} if asked.again_of else {}),
            )  # fmt: skip

        condition = {"fact": "device.id", "op": "in", "value": ids}
        collect = CollectRequest(asked.pipeline, condition, asked.parameters, expires_in_s=asked.expires_in_s)
        return await self.view(await self._campaigns.start_for_logs(collect, asked.budget_bytes, by=by, also=also))

    async def again(self, request_id: str, *, by: str, missing_only: bool) -> LogRequestView:
        """Ask the same again: of every device, or of those that have sent nothing.

        Raises:
            ConflictError, InvalidError: as `start`.
            NotFoundError: it is unknown.
        """
        now = self._clock.now()
        async with self._database.transaction() as tx:
            row = await request_of(tx, request_id)
            states = [one for one in LOG_STATES if one not in {"ready", "purged"}] if missing_only else []
            devices = await sql.list_devices(tx, row.id, states=states, q="", after="", limit=1_000_000, now=now)
            alive = {
                one.id
                for one in await devices_of(tx, [one.id for one in devices], now=now)
                if one.state != "revoked"
            }
        if not alive:
            raise InvalidError("logs.devices", "no device is left to ask: each has sent its logs, or is revoked")
        return await self.start(
            NewLogRequest(
                devices=sorted(alive), pipeline=row.pipeline, reason=row.reason, ticket=row.ticket,
                parameters=row.parameters, budget_bytes=row.budget_bytes, total_budget_bytes=row.total_budget_bytes,
                expires_in_s=max(60, int((row.not_after - row.created_at).total_seconds())),
                keep_days=max(1, (row.keep_until - row.created_at).days), notify=row.notify, forward=row.forward,
                again_of=row.id,
            ),
            by=by,
        )  # fmt: skip

    async def estimate(self, asked: NewLogRequest) -> LogEstimate:
        """What would come, from what came lately; raises as `start`."""
        check_request(asked, is_estimate=True)
        known, now = await self._campaigns.collection(asked.pipeline), self._clock.now()
        async with self._database.transaction() as tx:
            ids = sorted({*asked.devices})
            rows = await devices_of(tx, ids, now=now)
            held = await targets_of(tx, ids=ids, names=(), practices=(), default_consent=DEFAULT_CONSENT)
            seen = await sql.sizes_seen(tx, known.ref.name, since=now - _LATELY)
        each = min(seen.quartile, asked.budget_bytes) if seen.archives else asked.budget_bytes
        return LogEstimate(
            devices=len(held), offline=sum(row.state == "offline" for row in rows),
            asked=sum(one.consent == "ask" for one in held), bytes_per_device=each, bytes_total=each * len(held),
            known_from="seen" if seen.archives else "budget", archives_seen=seen.archives,
            over_total_budget=each * len(held) > asked.total_budget_bytes,
        )  # fmt: skip

    async def view(self, request_id: str) -> LogRequestView:
        """One request; raises `NotFoundError`."""
        async with self._database.transaction() as tx:
            return (await self._views(tx, [await request_of(tx, request_id)]))[0]

    async def views(
        self, *, after: str, limit: int, state: str = "", q: str = "", device: str = "", by: str = ""
    ) -> list[LogRequestView]:
        """Requests, newest first: of a state or any, of a device, of a person, whose reason or ticket holds a text."""
        async with self._database.transaction() as tx:
            rows = await sql.list_requests(tx, after=after, limit=limit, state=state, q=q, device=device, by=by)
            return await self._views(tx, rows)

    async def devices(
        self, request_id: str, *, states: Sequence[str], q: str, after: str, limit: int
    ) -> list[LogDevice]:
        """Devices of a request, by increasing id; raises `NotFoundError`."""
        async with self._database.transaction() as tx:
            row = await request_of(tx, request_id)
            rows = await sql.list_devices(
                tx, row.id, states=states, q=q, after=after, limit=limit, now=self._clock.now()
            )
            archives = await archives_of(tx, [one.order_id for one in rows if one.order_id])
        return [_device(one, archives.get(one.order_id or "", [])) for one in rows]

    async def history(self, request_id: str, *, after: int, limit: int) -> list[AuditRow]:
        """Who asked, who opened which archive, who purged: the newest first; raises `NotFoundError`."""
        async with self._database.transaction() as tx:
            row = await request_of(tx, request_id)
            return await list_audit(tx, after=after, limit=limit, subject=row.id)

    async def settle(self) -> int:
        """Say of the requests of which nothing more is to come that they are complete; how many."""
        now, done = self._clock.now(), 0
        async with self._database.transaction() as tx:
            ids = await sql.open_ids(tx, limit=_AT_ONCE)
            counts = await sql.count_states(tx, ids, now=now)
            still = {one.request_id for one in counts if one.state in OPEN_STATES}
            for request_id in ids:
                if request_id not in still:
                    done += await sql.complete(tx, request_id, now=now)
        return done

    async def _views(self, tx: Connection, rows: Sequence[LogRequestRow]) -> list[LogRequestView]:
        ids, counts = [row.id for row in rows], defaultdict[str, list[LogCount]](list)
        for one in await sql.count_states(tx, ids, now=self._clock.now()):
            counts[one.request_id].append(one)
        forwards = await forwards_of(tx, ids)
        return [_view(row, counts[row.id], forwards.get(row.id, {})) for row in rows]


async def request_of(tx: Connection, request_id: str, *, lock: bool = False) -> LogRequestRow:
    """The request of that id; raises `NotFoundError`."""
    row = await sql.get_request(tx, request_id, lock=lock) if is_id(request_id) else None
    if row is None:
        raise NotFoundError("logs.unknown", f"there is no log request {request_id[:40]}")
    return row


def _view(row: LogRequestRow, counts: Sequence[LogCount], forwards: dict[str, int]) -> LogRequestView:
    states = {one.state: one.devices for one in counts}
    is_over = not states.keys() & OPEN_STATES
    state: RequestState = "purged" if row.purged_at else "complete" if is_over else "running"
    return LogRequestView(
        id=row.id, reason=row.reason, ticket=row.ticket, created_by=row.created_by, created_at=row.created_at,
        pipeline=f"{row.pipeline}@{row.version}", title=row.title, parameters=row.parameters, state=state,
        total=sum(states.values()), states=states, received_bytes=sum(one.received for one in counts),
        announced_bytes=sum(one.announced for one in counts), budget_bytes=row.budget_bytes,
        total_budget_bytes=row.total_budget_bytes, not_after=row.not_after, keep_until=row.keep_until,
        notify=row.notify, forward=row.forward, forwards=forwards, again_of=row.again_of or "",
        code_claimed=row.code_claimed, completed_at=row.completed_at, notified_at=row.notified_at,
        notify_error=row.notify_error, notify_attempts=row.notify_attempts,
        purged_at=row.purged_at, purged_by=row.purged_by, cancelled_at=row.cancelled_at,
        cancelled_by=row.cancelled_by,
    )  # fmt: skip


def _device(row: sql.LogDeviceRow, archives: Sequence[ArchiveRow]) -> LogDevice:
    code, detail = (row.code, row.detail) if row.state != "ready" else ("", "")
    if row.state == "over_budget" and row.over_budget_bytes is not None:
        code, detail = "upload.budget", f"its archive has {row.over_budget_bytes} bytes"
    return msgspec.convert(
        {
            "id": row.id, "hostname": row.hostname, "practice_id": row.practice_id,
            "practice_name": row.practice_name, "consent": row.consent, "state": row.state, "code": code,
            "detail": detail, "received_bytes": row.received, "announced_bytes": row.announced,
            "changed_at": row.changed_at, "order_id": row.order_id or "",
            "archives": [msgspec.to_builtins(one) for one in archives],
        },
        LogDevice,
    )  # fmt: skip
