"""Codes that support dictates on the telephone: whoever sits at a PC sends its logs with one, once."""

import hashlib
import secrets
from collections import defaultdict
from datetime import timedelta

import msgspec

from canopee_api.audit.chain import note
from canopee_api.campaigns.campaigns import Campaigns, checked_parameters
from canopee_api.errors import InvalidError, NotFoundError, ThrottledError
from canopee_api.logs.checks import check_budget, check_keep, check_words
from canopee_api.logs.requests import LogRequests
from canopee_api.postgres import log_codes as sql
from canopee_api.postgres.database import Database
from canopee_api.postgres.log_codes import LogCodeRow
from canopee_contract.log_codes import ALPHABET, CODE_LENGTH, CodeClaimed, written
from canopee_contract.log_requests import LogCode, NewLogCode, NewLogRequest
from canopee_kit.clock import Clock
from canopee_kit.ids import new_id

_SHORTEST_S, _LONGEST_S = 60, 7 * 86_400
_ORDER_S = 86_400
"""How long the PC has to begin: its user has just asked for it."""
_ATTEMPTS, _WITHIN_S = 10, 600.0
"""Codes that are none, of one PC: then it waits."""


class LogCodes:
    """The codes of one process."""

    def __init__(self, database: Database, campaigns: Campaigns, requests: LogRequests, clock: Clock) -> None:
        self._database, self._campaigns, self._requests, self._clock = database, campaigns, requests, clock
        self._wrong = defaultdict[str, list[float]](list)

    async def make(self, new: NewLogCode, *, by: str) -> LogCode:
        """A code for one PC, shown this once.

        Raises:
            ConflictError, InvalidError, NotFoundError: as for a log request.
        """
        check_words(new.reason, new.ticket)
        check_budget(new.budget_bytes)
        check_keep(new.keep_days, new.notify)
        if not _SHORTEST_S <= new.expires_in_s <= _LONGEST_S:
            raise InvalidError("logs.code_expiry", "a code is good for 1 minute to 7 days", at="$.expires_in_s")
        known = await self._campaigns.collection(new.pipeline)
        checked_parameters(known, new.parameters)
        now = self._clock.now()
        row = LogCodeRow(new_id(now), msgspec.to_builtins(new), by, now, now + timedelta(seconds=new.expires_in_s))
        async with self._database.transaction() as tx:
            while not await sql.insert_code(tx, row, _hash(code := _drawn())):
                pass
            await note(
                tx, now, by, "logs.code", row.id, reason=new.reason, ticket=new.ticket, pipeline=new.pipeline
            )
        return msgspec.structs.replace(self._view(row), code=code)

    async def claim(self, device_id: str, code: str) -> CodeClaimed:
        """The PC of this code is this one: its order is made. Claimed again by the same PC, it is the same request.

        Raises:
            NotFoundError: no such code, or it was used by another PC, or too late.
            ThrottledError: too many of this PC were none.
        """
        now, typed = self._clock.now(), written(code)
        self._check_pace(device_id)
        async with self._database.transaction() as tx:
            row = await sql.hold_code(tx, _hash(typed)) if typed else None
            is_its = row is not None and row.device_id == device_id
            if row is None or not (is_its or (row.device_id is None and row.expires_at > now)):
                self._wrong[device_id].append(self._clock.monotonic())
                raise NotFoundError(
                    "logs.code", "no such code, or it is used or too old: ask support for another one"
                )
            await sql.claim(tx, row.id, device_id)
        if row.request_id is not None:
            view = await self._requests.view(row.request_id)
            return CodeClaimed(view.id, view.not_after)
        asked = msgspec.convert(row.asked, NewLogCode)
        view = await self._requests.start(
            NewLogRequest(
                devices=[device_id], pipeline=asked.pipeline, reason=asked.reason, ticket=asked.ticket,
                parameters=asked.parameters, budget_bytes=asked.budget_bytes, total_budget_bytes=asked.budget_bytes,
                expires_in_s=_ORDER_S, keep_days=asked.keep_days, notify=asked.notify, forward=asked.forward,
            ),
            by=row.created_by, code_claimed=True,
        )  # fmt: skip
        async with self._database.transaction() as tx:
            await sql.answered(tx, row.id, view.id)
        return CodeClaimed(view.id, view.not_after)

    async def list(self, *, after: str, limit: int) -> list[LogCode]:
        """Codes, newest first, without what was dictated."""
        async with self._database.transaction() as tx:
            return [self._view(row) for row in await sql.list_codes(tx, after=after, limit=limit)]

    def _check_pace(self, device_id: str) -> None:
        now = self._clock.monotonic()
        recent = [at for at in self._wrong.pop(device_id, []) if now - at < _WITHIN_S]
        if recent:
            self._wrong[device_id] = recent
        if len(recent) >= _ATTEMPTS:
            raise ThrottledError("too many codes of this PC were none", retry_after_s=int(_WITHIN_S))

    def _view(self, row: LogCodeRow) -> LogCode:
        asked = msgspec.convert(row.asked, NewLogCode)
        is_over = row.expires_at <= self._clock.now()
        return LogCode(
            row.id, "claimed" if row.device_id else "expired" if is_over else "waiting", asked.ticket, asked.reason,
            asked.pipeline, row.created_by, row.created_at, row.expires_at, row.request_id or "", row.device_id or "",
        )  # fmt: skip


def _drawn() -> str:
    return written("".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH)))


def _hash(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()
