"""The queue of PCs that wait: shown, decided on by people, forgotten in time; and the rules that decide before them."""

from datetime import datetime, timedelta

import msgspec

from canopee_api.audit.chain import note
from canopee_api.devices.admission import held_rules
from canopee_api.devices.globs import is_glob
from canopee_api.devices.rules import check_rules, is_network
from canopee_api.errors import InvalidError, NotFoundError
from canopee_api.postgres import enrolment_requests as sql
from canopee_api.postgres.database import Connection, Database
from canopee_contract.admission import (
    MAX_IDS,
    Decided,
    Decision,
    EnrolmentRequest,
    EnrolmentRules,
    HeldRules,
    RequestFilter,
    Undecided,
)
from canopee_kit.clock import Clock
from canopee_kit.ids import is_id

_SHOWN = 1_000
_REASON = 255


class Approvals:
    """What people see and decide of enrolments."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def requests(
        self, wanted: RequestFilter, *, state: str, after: str, limit: int
    ) -> list[EnrolmentRequest]:
        """Requests, the oldest first; raises `InvalidError` for a filter that cannot be one."""
        _check_filter(wanted)
        async with self._database.transaction() as tx:
            rows = await sql.list_requests(tx, _wanted(wanted, state), after=after, limit=limit)
        return [_view(row) for row in rows]

    async def request(self, request_id: str) -> EnrolmentRequest:
        """One request; raises `NotFoundError`."""
        async with self._database.transaction() as tx:
            row = await sql.get_request(tx, request_id) if is_id(request_id) else None
        if row is None:
            raise NotFoundError("enrolment.unknown", f"there is no request {request_id[:40]}")
        return _view(row)

    async def approve(self, decision: Decision, *, by: str) -> Decided:
        """The PCs get their identity when they ask again; also those that were rejected, or that expired.

        Raises:
            InvalidError: not exactly one of `ids` and `matching`, or a filter that cannot be one.
        """
        return await self._decide(decision, "approved", by)

    async def reject(self, decision: Decision, *, by: str) -> Decided:
        """The PCs are refused, and told why.

        Raises:
            InvalidError: there is no reason; and as `approve`.
        """
        if not decision.reason.strip():
            raise InvalidError(
                "enrolment.reason", "say why: the PC is told, and so is who asks later", at="$.reason"
            )
        if decision.replace:
            raise InvalidError(
                "enrolment.decision", "only a PC that is approved replaces a device", at="$.replace"
            )
        return await self._decide(decision, "rejected", by)

    async def expire(self) -> int:
        """Forget those that have not asked for as long as the rules say; how many. Call it again and again."""
        now = self._clock.now()
        async with self._database.transaction() as tx:
            rules = await held_rules(tx)
            ended = await sql.expire_requests(tx, before=now - timedelta(days=rules.expires_in_days), now=now)
            if ended:
                await note(tx, now, "api", "enrolment.expire", "", count=ended)
        return ended

    async def rules(self) -> HeldRules:
        """The rules in force, who set them and when."""
        async with self._database.transaction() as tx:
            found = await sql.get_rules(tx)
        return HeldRules(msgspec.convert(found[0], EnrolmentRules), found[1], found[2]) if found else _NO_RULES

    async def set_rules(self, rules: EnrolmentRules, *, by: str) -> HeldRules:
        """Put other rules in force: all of them, or none when they cannot be followed.

        Raises:
            InvalidError: what is wrong, and where.
        """
        check_rules(rules)
        now = self._clock.now()
        async with self._database.transaction() as tx:
            await sql.set_rules(tx, msgspec.to_builtins(rules), by=by, now=now)
            await note(tx, now, by, "enrolment.rules", "", rules=msgspec.to_builtins(rules))
        return HeldRules(rules, by, now)

    async def _decide(self, decision: Decision, state: str, by: str) -> Decided:
        _check_decision(decision)
        now = self._clock.now()
        async with self._database.transaction() as tx:
            ids = list(dict.fromkeys(decision.ids))
            if decision.matching is not None:
                ids = await sql.waiting_ids(tx, _wanted(decision.matching))
            held = await sql.decide_ids(
                tx, [one for one in ids if is_id(one)], state=state, reason=decision.reason.strip(),
                replaces=decision.replace, by=by, now=now,
            )  # fmt: skip
            decided = [one for one in ids if held.get(one, "enrolled") != "enrolled"]
            if decided:
                await self._note(tx, now, by, state, decision, decided)
        changed = set(decided)
        undecided = [Undecided(one, held.get(one, "unknown")) for one in ids if one not in changed]
        return Decided(len(decided), decided[:_SHOWN], undecided)

    async def _note(
        self, tx: Connection, now: datetime, by: str, state: str, decision: Decision, decided: list[str]
    ) -> None:
        """One link for all of them: who decided each is in its request too."""
        subject = decided[0] if len(decided) == 1 else ""
        matching = msgspec.to_builtins(decision.matching)
        await note(
            tx, now, by, f"enrolment.{state}", subject, count=len(decided), ids=decided[:_SHOWN], matching=matching,
            reason=decision.reason, replace=decision.replace,
        )  # fmt: skip


_NO_RULES = HeldRules(EnrolmentRules())


def _check_decision(decision: Decision) -> None:
    if bool(decision.ids) == (decision.matching is not None):
        raise InvalidError("enrolment.decision", "exactly one of ids and matching is expected")
    if len(decision.ids) > MAX_IDS:
        raise InvalidError("enrolment.decision", f"at most {MAX_IDS} ids at once", at="$.ids")
    if len(decision.reason) > _REASON or not decision.reason.isprintable():
        raise InvalidError("enrolment.reason", f"at most {_REASON} printable characters", at="$.reason")
    if decision.matching is not None:
        _check_filter(decision.matching)


def _check_filter(wanted: RequestFilter) -> None:
    for field in ("practice", "hostname"):
        text: str = getattr(wanted, field)
        if text and not is_glob(text):
            raise InvalidError("filter.glob", "1 to 100 printable characters, as FR-69-*", at=field)
    if wanted.network and not is_network(wanted.network):
        raise InvalidError("filter.network", "a network is expected, such as 192.168.0.0/16", at="network")
    if wanted.platform not in {"", "windows", "linux"}:
        raise InvalidError("filter.platform", "windows or linux", at="platform")
    if wanted.batch_id and not is_id(wanted.batch_id):
        raise InvalidError("filter.id", "the id of tokens, as `canopee enrol tokens` lists them", at="batch_id")


def _wanted(given: RequestFilter, state: str = "") -> sql.Wanted:
    return sql.Wanted(state, given.practice, given.hostname, given.network, given.platform, given.batch_id)


def _view(row: sql.RequestView) -> EnrolmentRequest:
    return msgspec.convert(row, EnrolmentRequest, from_attributes=True)
