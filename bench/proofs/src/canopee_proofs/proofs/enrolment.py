"""The proof `enrolment`."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import ClassVar

from canopee_api.audit.chain import first_broken
from canopee_api.devices.enrolment_tokens import token_hash
from canopee_api.errors import BusyError
from canopee_api.postgres.accounts import list_audit
from canopee_api.postgres.database import Database
from canopee_contract.admission import Decision, EnrolmentRule, EnrolmentRules, RequestFilter, RuleTest
from canopee_contract.people import NewEnrolmentTokens
from canopee_contract.practices import Practice, PracticesImport
from canopee_kit.clock import FakeClock, SystemClock
from canopee_proofs.database import own_server
from canopee_proofs.enrolling.office import PRACTICES, Office, Pc, contradictions, decided, kept
from canopee_proofs.proof import Proof, Setting, Verdict

_ANSWERS = frozenset({
    "enrolled", "enrolment.waiting", "enrolment.rejected", "enrolment.token_used", "enrolment.token_revoked",
    "enrolment.token_expired", "enrolment.practice_missing", "enrolment.practice_refused", "device.revoked",
})  # fmt: skip
_ROUNDS, _AT_ONCE = 4, 8
_RULES = (
    (), (EnrolmentRule("all wait", "wait"),), (EnrolmentRule("known", "approve", RuleTest(practice_known=True)),),
    (EnrolmentRule("copies", "reject", RuleTest(hardware_known=True)), EnrolmentRule("others", "approve")),
    (EnrolmentRule("room", "approve", RuleTest(devices_below=40)), EnrolmentRule("full", "wait")),
)  # fmt: skip
Act = Callable[[], Awaitable[object]]


class Enrolment(Proof):
    """No token enrols a PC too many, no PC becomes two devices; what is refused, waits or is cut uses nothing up.

    A case is a token, some PCs, and rounds in which PCs ask, answers and transactions are cut, people approve and
    reject, rules change and practices are imported, all at the same moment. What people decided then holds for who
    asks the same again, and the database must agree with itself: uses, devices, requests and audit; a request that
    waits or was rejected has no device; a revoked token makes none any more.
    """

    usual_cases: ClassVar[int] = 500
    short_cases: ClassVar[int] = 15

    def run(self, setting: Setting) -> Verdict:
        with own_server(setting.folder / "postgres") as server:
            return asyncio.run(_Attempt(server.address, setting).go())


class _Attempt:
    """Every case, on one database."""

    def __init__(self, address: str, setting: Setting) -> None:
        self._setting, self._draw = setting, setting.random()
        self._database, self._clock = Database(address, size=8), FakeClock(SystemClock().now())
        self._office = Office(self._database, self._clock)
        self._answers = Counter[str]()
        self.violations: list[str] = []

    async def go(self) -> Verdict:
        await self._database.open()
        try:
            for case in range(self._setting.cases):
                await self._case(case)
            self.violations += await contradictions(self._database)
            await self._check_audit()
        finally:
            await self._database.close()
        self._setting.say(f"answers {dict(sorted(self._answers.items()))}")
        return Verdict(self._setting.cases, tuple(self.violations))

    async def _case(self, case: int) -> None:
        draw = self._draw
        new = _new_tokens(draw)
        batch = await self._office.tokens.mint(new, by="proof")
        pcs = [Pc(batch.tokens[0], new.practice_id, draw) for _ in range(draw.randint(2, 7))]
        digest, at_revocation = token_hash(batch.tokens[0]), -1
        for _ in range(_ROUNDS):
            acts = [self._act(draw, pcs) for _ in range(_AT_ONCE)]
            await asyncio.gather(*(self._try(case, act) for act in acts))
            await self._hold_to_decisions(case, pcs, digest)
            if at_revocation < 0 and draw.random() < 0.08:  # noqa: PLR2004  a share
                await self._office.tokens.revoke(batch.id, by="proof")
                at_revocation = (await kept(self._database, digest)).devices
            self._clock.advance(draw.choice((1, 60, 90_000)))
        found = await kept(self._database, digest)
        if not found.used == found.devices == found.audited <= found.uses:
            self.violations.append(f"case {case}: {found}")
        if at_revocation not in {-1, found.devices}:
            self.violations.append(f"case {case}: {found.devices} devices, {at_revocation} when it was revoked")
        self.violations += [f"case {case}: one PC is {sorted(pc.ids)}" for pc in pcs if len(pc.ids) > 1]

    async def _hold_to_decisions(self, case: int, pcs: list[Pc], digest: bytes) -> None:
        """Whoever was rejected or approved, and asks the same again, hears just that, whatever the rules say now."""
        said = await decided(self._database, digest)
        wanted = {"rejected": "enrolment.rejected", "approved": "enrolled"}
        for pc in pcs:
            state, practice = said.get(pc.public_key, ("", ""))
            if not state or practice != (pc.token_practice or pc.practice):
                continue
            answer = await pc.ask(self._office)
            if answer not in {wanted[state], "enrolment.token_used", "enrolment.token_revoked"}:
                self.violations.append(f"case {case}: a PC that was {state} hears {answer}")

    def _act(self, draw: random.Random, pcs: list[Pc]) -> Act:
        """One thing that somebody does; the draw is made now, so that the same seed makes the same choices."""
        kinds = (self._ask, self._claim, self._approve, self._reject, self._set_rules, self._import, self._expire)
        return draw.choices(kinds, (65, 6, 10, 7, 4, 4, 4))[0](draw, draw.choice(pcs))

    def _ask(self, draw: random.Random, pc: Pc) -> Act:
        return self._asking(pc, cut_after_s=draw.choice((*[None] * 8, 0.0, 0.003, 0.01, 0.03)))

    def _claim(self, draw: random.Random, pc: Pc) -> Act:
        pc.practice = draw.choice(PRACTICES)
        return self._asking(pc, cut_after_s=None)

    def _approve(self, draw: random.Random, _: Pc) -> Act:
        wanted = RequestFilter(practice=draw.choice(("", "FR-*")))
        decision = Decision(matching=wanted, replace=draw.choice((True, False, False)))
        return lambda: self._office.approvals.approve(decision, by="proof")

    def _reject(self, draw: random.Random, _: Pc) -> Act:
        decision = Decision(matching=RequestFilter(practice=draw.choice(PRACTICES)), reason="drawn")
        return lambda: self._office.approvals.reject(decision, by="proof")

    def _set_rules(self, draw: random.Random, _: Pc) -> Act:
        rules = EnrolmentRules(draw.choice(_RULES), draw.choice((1, 30)))
        return lambda: self._office.approvals.set_rules(rules, by="proof")

    def _import(self, draw: random.Random, _: Pc) -> Act:
        some = [Practice(one, draw.choice("AB")) for one in draw.sample(PRACTICES, 2)]
        return lambda: self._office.practices.take_in(PracticesImport(some, deactivate_missing=True), by="proof")

    def _expire(self, _: random.Random, __: Pc) -> Act:
        return self._office.approvals.expire

    def _asking(self, pc: Pc, *, cut_after_s: float | None) -> Act:
        async def ask() -> None:
            try:
                async with asyncio.timeout(cut_after_s):
                    answer = await pc.ask(self._office)
            except TimeoutError:
                answer = "cut"
            self._answers[answer] += 1
            if answer not in _ANSWERS | {"cut"}:
                self.violations.append(f"an answer that nothing explains: {answer}")

        return ask

    async def _try(self, case: int, act: Act) -> None:
        try:
            await act()
        except BusyError as error:  # a deadlock says itself so
            self.violations.append(f"case {case}: {error} ({error.__cause__})")

    async def _check_audit(self) -> None:
        async with self._database.transaction() as tx:
            rows = list(reversed(await list_audit(tx, after=0, limit=10**9)))
        if (broken := first_broken(rows)) is not None:
            self.violations.append(f"the audit is broken at {broken}")


def _new_tokens(draw: random.Random) -> NewEnrolmentTokens:
    practice = draw.choice(("", "", "FR-1"))
    return NewEnrolmentTokens(
        uses=draw.randint(1, 4), practice_id=practice, practice_pattern="" if practice else draw.choice(("*", "FR-*")),
        needs_approval=draw.random() < 0.5, expires_in_s=draw.choice((86_400, 40 * 86_400)),  # noqa: PLR2004  a coin
    )  # fmt: skip
