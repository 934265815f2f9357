"""PCs that wait: what a person or a rule decides, for whom it holds, and for how long."""

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from canopee_api.devices import admission
from canopee_api.doors.agent.door import AgentDoor
from canopee_api.errors import InvalidError, NotFoundError
from canopee_api.postgres.accounts import list_audit
from canopee_api.testing import Office, Pc, ReplyError
from canopee_contract.admission import (
    Decision,
    EnrolmentRequest,
    EnrolmentRule,
    EnrolmentRules,
    RequestFilter,
    RuleTest,
)
from canopee_contract.people import NewEnrolmentTokens
from canopee_contract.practices import Practice, PracticesImport
from canopee_contract.problem import Problem
from canopee_kit.clock import FakeClock


async def _token(office: Office, **fields: Any) -> str:  # noqa: ANN401
    new = msgspec.structs.replace(NewEnrolmentTokens(practice_pattern="*", uses=100), **fields)
    return (await office.areas.token_office.mint(new, by="test")).tokens[0]


def _pc(office: Office, **changes: Any) -> "_Pc":  # noqa: ANN401
    return _Pc(office, {"practice_id": "C1", **changes})


class _Pc(Pc):
    """A PC that says the same each time that it asks."""

    def __init__(self, office: Office, says: dict[str, Any]) -> None:
        super().__init__(AgentDoor(office.areas), office.areas)
        self.says = says

    async def ask(self, token: str) -> str:
        """`enrolled`, or the code of the refusal."""
        problem = await self.problem(token)
        return problem.code if problem else "enrolled"

    async def problem(self, token: str) -> Problem | None:
        try:
            await self.enrol(token, **self.says)
        except ReplyError as error:
            return error.problem
        return None


async def _requests(office: Office, state: str = "", **wanted: str) -> list[EnrolmentRequest]:
    return await office.areas.approvals.requests(RequestFilter(**wanted), state=state, after="", limit=100)


async def _approve(office: Office, *ids: str) -> int:
    return (await office.areas.approvals.approve(Decision(ids=list(ids)), by="anna")).count


async def _reject(office: Office, *ids: str) -> int:
    return (await office.areas.approvals.reject(Decision(ids=list(ids), reason="not ours"), by="anna")).count


async def _rules(office: Office, *rules: EnrolmentRule, days: int = 30) -> None:
    await office.areas.approvals.set_rules(EnrolmentRules(rules, days), by="anna")


async def test_a_pc_waits_is_shown_as_it_is_and_enrols_once_it_was_approved(office: Office) -> None:
    token, pc = await _token(office, needs_approval=True, label="setup"), _pc(office)
    problem = await pc.problem(token)
    assert problem is not None
    assert (problem.status, problem.code, problem.retry_after_s) == (429, "enrolment.waiting", 15)
    (waiting,) = await _requests(office)
    assert (waiting.state, waiting.hostname, waiting.practice_id, waiting.address, waiting.label) == (
        "waiting", "ACCUEIL-01", "C1", "192.0.2.10", "setup",
    )  # fmt: skip
    assert (waiting.reason, waiting.practice_known) == ("the token needs an approval", False)
    assert await _approve(office, waiting.id, waiting.id) == 1, "one request named twice is one"
    assert await pc.ask(token) == "enrolled"
    ended = await office.areas.approvals.request(waiting.id)
    assert (ended.state, ended.decided_by, ended.device_id) == ("enrolled", "anna", pc.id)
    await pc.check_in()


async def test_a_rejected_pc_is_told_why_and_that_is_remembered(office: Office, clock: FakeClock) -> None:
    token, pc = await _token(office, needs_approval=True, expires_in_s=3_600), _pc(office)
    await pc.ask(token)
    assert await _reject(office, (await _requests(office))[0].id) == 1
    for _ in range(2):
        problem = await pc.problem(token)
        assert problem is not None
        assert (problem.status, problem.code) == (403, "enrolment.rejected")
        assert "not ours" in problem.detail
        clock.advance(7_200)
    assert await _pc(office).ask(token) == "enrolment.token_expired"


async def test_whoever_changes_his_mind_may(office: Office) -> None:
    token, pc = await _token(office, needs_approval=True), _pc(office)
    await pc.ask(token)
    request = (await _requests(office))[0].id
    await _reject(office, request)
    assert await pc.ask(token) == "enrolment.rejected"
    assert await _approve(office, request) == 1
    assert await pc.ask(token) == "enrolled"
    decided = await office.areas.approvals.reject(Decision(ids=[request], reason="late"), by="anna")
    assert (decided.count, [(one.id, one.state) for one in decided.undecided]) == (0, [(request, "enrolled")])


@pytest.mark.parametrize(
    "change", [{"practice_id": "C2"}, {"hostname": "OTHER"}, {"fingerprint": "e" * 64}, {"platform": "linux"}]
)
async def test_an_approval_holds_for_what_was_shown_and_nothing_else(
    office: Office, change: dict[str, str]
) -> None:
    token, pc = await _token(office, needs_approval=True), _pc(office)
    await pc.ask(token)
    await _approve(office, (await _requests(office))[0].id)
    shown, pc.says = pc.says, {**pc.says, **change}
    assert await pc.ask(token) == "enrolment.waiting"
    pc.says = shown
    assert await pc.ask(token) == "enrolment.waiting"
    assert [one.state for one in await _requests(office)] == ["waiting"]


async def test_a_rejection_of_a_practice_written_wrong_lets_the_right_one_wait(office: Office) -> None:
    token, pc = await _token(office, needs_approval=True), _pc(office, practice_id="WRONG")
    await pc.ask(token)
    await _reject(office, (await _requests(office))[0].id)
    pc.says["practice_id"] = "C1"
    assert await pc.ask(token) == "enrolment.waiting"


async def test_nothing_is_used_up_by_waiting_and_the_last_use_goes_to_one_of_those_approved(
    office: Office,
) -> None:
    token, pcs = await _token(office, needs_approval=True, uses=1), [_pc(office) for _ in range(4)]
    assert {await pc.ask(token) for pc in pcs} == {"enrolment.waiting"}
    assert (await office.areas.token_office.batches(after="", limit=1))[0].left == 1
    await _approve(office, *[one.id for one in await _requests(office)])
    answers = await asyncio.gather(*(pc.ask(token) for pc in pcs))
    assert sorted(answers) == ["enrolled", *["enrolment.token_used"] * 3]


async def test_an_approval_that_comes_after_the_tokens_last_day_is_honoured(
    office: Office, clock: FakeClock
) -> None:
    token, pc = await _token(office, needs_approval=True, expires_in_s=60), _pc(office)
    await pc.ask(token)
    clock.advance(61)
    assert await pc.ask(token) == "enrolment.waiting"
    await _approve(office, (await _requests(office))[0].id)
    assert await pc.ask(token) == "enrolled"


async def test_revoked_tokens_end_what_waits_with_them(office: Office) -> None:
    token, pc = await _token(office, needs_approval=True), _pc(office)
    await pc.ask(token)
    batch = (await _requests(office))[0].batch_id
    await office.areas.token_office.revoke(batch, by="anna")
    assert await pc.ask(token) == "enrolment.token_revoked"
    assert [(one.state, one.reason) for one in await _requests(office)] == [("rejected", "its token was revoked")]


async def test_the_longer_a_pc_waits_the_less_often_it_asks(office: Office, clock: FakeClock) -> None:
    token, pc = await _token(office, needs_approval=True), _pc(office)
    asked: list[int | None] = []
    for seconds in (0, 60, 540, 3_000, 86_400):
        clock.advance(seconds)
        problem = await pc.problem(token)
        assert problem is not None
        asked.append(problem.retry_after_s)
    assert asked == [15, 15, 150, 900, 900]


async def test_what_waits_is_forgotten_once_the_pc_has_not_asked_for_long(
    office: Office, clock: FakeClock
) -> None:
    await _rules(office, days=2)
    token, gone, here = await _token(office, needs_approval=True, expires_in_s=7_776_000), _pc(office), _pc(office)
    await gone.ask(token)
    for _ in range(3):
        await here.ask(token)
        clock.advance(86_400)
    assert await office.areas.approvals.expire() == 1
    assert sorted(one.state for one in await _requests(office)) == ["expired", "waiting"]
    assert await gone.ask(token) == "enrolment.waiting"
    assert await office.areas.approvals.expire() == 0


async def test_a_rule_is_asked_again_each_time_so_an_import_lets_those_in_who_waited_for_it(
    office: Office,
) -> None:
    await _rules(
        office,
        EnrolmentRule("known", "approve", RuleTest(practice_known=True)),
        EnrolmentRule("from elsewhere", "reject", RuleTest(networks=("198.51.100.0/24",))),
        EnrolmentRule("others", "wait"),
    )
    token, pc, stranger = await _token(office), _pc(office), _pc(office, practice_id="C9")
    stranger.address = "198.51.100.7"
    assert await pc.ask(token) == "enrolment.waiting"
    assert await stranger.ask(token) == "enrolment.rejected"
    assert [(one.reason, one.decided_by) for one in await _requests(office, "rejected")] == [
        ("rule: from elsewhere", "rule")
    ]
    await office.areas.practices.take_in(
        PracticesImport([Practice("C1", "Cabinet"), Practice("C9", "Neuf")]), by="test"
    )
    assert await pc.ask(token) == "enrolled"
    assert await stranger.ask(token) == "enrolled"
    assert {(one.state, one.decided_by) for one in await _requests(office)} == {("enrolled", "rule")}


async def test_what_a_person_decided_stands_above_the_rules(office: Office) -> None:
    await _rules(office, EnrolmentRule("nobody", "reject"))
    token, pc = await _token(office), _pc(office)
    assert await pc.ask(token) == "enrolment.rejected"
    await _approve(office, (await _requests(office))[0].id)
    assert await pc.ask(token) == "enrolled"


async def test_the_number_of_devices_in_a_practice_is_never_exceeded_by_pcs_that_ask_at_once(
    office: Office,
) -> None:
    await _rules(
        office,
        EnrolmentRule("room", "approve", RuleTest(devices_below=3)),
        EnrolmentRule("full", "reject"),
    )
    tokens = [await _token(office) for _ in range(10)]
    answers = await asyncio.gather(*(_pc(office).ask(token) for token in tokens))
    assert sorted(answers) == [*["enrolled"] * 3, *["enrolment.rejected"] * 7]


async def test_hardware_that_a_living_device_has_is_seen_and_named(office: Office) -> None:
    await _rules(office, EnrolmentRule("installed again", "wait", RuleTest(hardware_known=True)))
    token, first, again = await _token(office), _pc(office), _pc(office)
    assert await first.ask(token) == "enrolled"
    assert await again.ask(token) == "enrolment.waiting"
    assert (await _requests(office))[0].same_hardware == [first.id]
    await office.areas.enrolment.revoke(first.id, by="anna")
    assert (await _requests(office))[0].same_hardware == []
    assert await again.ask(token) == "enrolled"


async def test_a_pc_installed_again_takes_the_place_of_what_it_was_once_it_is_enrolled(office: Office) -> None:
    await _rules(office, EnrolmentRule("installed again", "wait", RuleTest(hardware_known=True)))
    token, before, again = await _token(office), _pc(office), _pc(office)
    other = _pc(office, fingerprint="e" * 64)
    for pc in (before, other, again):
        await pc.ask(token)
    decision = Decision(ids=[(await _requests(office))[0].id], replace=True)
    assert (await office.areas.approvals.approve(decision, by="anna")).count == 1
    await before.check_in()
    assert await again.ask(token) == "enrolled"
    with pytest.raises(ReplyError) as over:
        await before.renew()
    assert over.value.problem.code == "device.revoked"
    for pc in (again, other):
        await pc.check_in()
    assert await before.ask(token) == "device.revoked"
    with pytest.raises(InvalidError, match="only a PC that is approved"):
        await office.areas.approvals.reject(Decision(ids=["x"], reason="x", replace=True), by="anna")


async def test_an_approval_without_it_leaves_both_and_so_does_a_claim_that_changed(office: Office) -> None:
    token, before, again = await _token(office, needs_approval=True), _pc(office), _pc(office)
    await before.ask(token)
    await _approve(office, (await _requests(office, "waiting"))[0].id)
    assert await before.ask(token) == "enrolled"
    await again.ask(token)
    decision = Decision(ids=[(await _requests(office, "waiting"))[0].id], replace=True)
    await office.areas.approvals.approve(decision, by="anna")
    again.says["hostname"] = "CHANGED"
    assert await again.ask(token) == "enrolment.waiting"
    await _approve(office, (await _requests(office, "waiting"))[0].id)
    assert await again.ask(token) == "enrolled"
    await before.renew()


async def test_without_rules_a_token_that_needs_no_approval_enrols_at_once(office: Office) -> None:
    assert (await office.areas.approvals.rules()).rules == EnrolmentRules()
    assert await _pc(office).ask(await _token(office)) == "enrolled"
    assert await _requests(office) == []


async def test_all_that_match_are_decided_on_together_and_only_those_that_wait(office: Office) -> None:
    token = await _token(office, needs_approval=True)
    pcs = [_pc(office, practice_id=f"FR-{n:02}-{n}", hostname=f"PC{n % 2}-{n}") for n in range(1, 7)]
    for number, pc in enumerate(pcs):
        pc.address = f"10.0.{number}.1"
        await pc.ask(token)
    await _reject(office, (await _requests(office, practice="FR-06-*"))[0].id)
    matching = RequestFilter(practice="FR-0*", hostname="pc0-*", network="10.0.0.0/16", platform="windows")
    decided = await office.areas.approvals.approve(Decision(matching=matching), by="anna")
    assert (decided.count, decided.undecided) == (2, [])
    assert sorted(one.hostname for one in await _requests(office, "approved")) == ["PC0-2", "PC0-4"]
    assert [await pc.ask(token) for pc in pcs].count("enrolled") == 2


async def test_each_decision_is_in_the_audit_with_whom_it_concerned(office: Office) -> None:
    token, pc = await _token(office, needs_approval=True), _pc(office)
    await pc.ask(token)
    await pc.ask(token)
    (request,) = await _requests(office)
    await _approve(office, request.id)
    await pc.ask(token)
    async with office.areas.database.transaction() as tx:
        rows = await list_audit(tx, after=0, limit=4)
    assert [(row.actor, row.action) for row in rows] == [
        ("device", "device.enrol"), ("anna", "enrolment.approved"), ("device", "enrolment.waiting"),
        ("test", "enrolment.mint"),
    ]  # fmt: skip
    assert rows[1].detail["ids"] == [request.id]


@pytest.mark.parametrize(
    ("decision", "code"),
    [
        (Decision(reason="x"), "enrolment.decision"),
        (Decision(ids=["x"], matching=RequestFilter(), reason="x"), "enrolment.decision"),
        (Decision(ids=["x"] * 10_001, reason="x"), "enrolment.decision"),
        (Decision(ids=["x"], reason="x" * 256), "enrolment.reason"),
        (Decision(ids=["x"], reason=" "), "enrolment.reason"),
        (Decision(matching=RequestFilter(network="10.0.0.1/8"), reason="x"), "filter.network"),
        (Decision(matching=RequestFilter(platform="beos"), reason="x"), "filter.platform"),
        (Decision(matching=RequestFilter(batch_id="x"), reason="x"), "filter.id"),
        (Decision(matching=RequestFilter(practice="\t"), reason="x"), "filter.glob"),
    ],
)  # fmt: skip
async def test_a_decision_that_cannot_be_understood_changes_nothing(
    office: Office, decision: Decision, code: str
) -> None:
    with pytest.raises(InvalidError) as refused:
        await office.areas.approvals.reject(decision, by="anna")
    assert refused.value.reason == code


async def test_requests_that_are_not_there_are_said_and_the_others_decided_on(office: Office) -> None:
    token = await _token(office, needs_approval=True)
    await _pc(office).ask(token)
    (request,) = await _requests(office)
    unknown = ["01890a5d-ac96-774b-bcce-b302099a8057", "x"]
    decided = await office.areas.approvals.approve(Decision(ids=[*unknown, request.id]), by="anna")
    assert (decided.ids, [one.state for one in decided.undecided]) == ([request.id], ["unknown"] * 2)
    with pytest.raises(NotFoundError):
        await office.areas.approvals.request("x")


async def test_a_token_in_many_hands_does_not_fill_the_queue_without_end(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "MAX_OPEN", 2)
    token, first = await _token(office, needs_approval=True), _pc(office)
    answers = [await pc.ask(token) for pc in (first, _pc(office), _pc(office))]
    assert answers == ["enrolment.waiting", "enrolment.waiting", "busy"]
    assert await first.ask(token) == "enrolment.waiting"


async def test_one_key_with_two_tokens_waits_twice_and_enrols_once(office: Office) -> None:
    pc = _pc(office)
    tokens = [await _token(office, needs_approval=True) for _ in range(2)]
    for token in tokens:
        await pc.ask(token)
    await _approve(office, *[one.id for one in await _requests(office)])
    assert sorted(await asyncio.gather(*(pc.ask(token) for token in tokens))) == [
        "enrolled", "enrolment.key_used",
    ]  # fmt: skip


async def test_pages_of_requests_come_oldest_first(office: Office, clock: FakeClock) -> None:
    token = await _token(office, needs_approval=True)
    for number in range(5):
        await _pc(office, hostname=f"PC-{number}").ask(token)
        clock.advance(timedelta(seconds=1).total_seconds())
    found, after = list[str](), ""
    while page := await office.areas.approvals.requests(RequestFilter(), state="", after=after, limit=2):
        found += [one.hostname for one in page]
        after = page[-1].id
    assert found == [f"PC-{number}" for number in range(5)]
