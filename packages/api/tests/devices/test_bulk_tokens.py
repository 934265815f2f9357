"""Tokens for a fleet: uses counted exactly, patterns of practices, revocation."""

import asyncio
from typing import Any

import pytest

from canopee_api.doors.agent.door import AgentDoor
from canopee_api.errors import InvalidError, NotFoundError
from canopee_api.testing import Office, Pc, ReplyError
from canopee_contract.admission import TokenBatch
from canopee_contract.people import EnrolmentTokens, NewEnrolmentTokens
from canopee_kit.clock import FakeClock


async def _minted(office: Office, **fields: Any) -> EnrolmentTokens:  # noqa: ANN401
    return await office.areas.token_office.mint(NewEnrolmentTokens(**fields), by="test")


def _pc(office: Office) -> Pc:
    return Pc(AgentDoor(office.areas), office.areas)


async def _batch(office: Office) -> TokenBatch:
    return (await office.areas.token_office.batches(after="", limit=1))[0]


async def _refusal(pc: Pc, token: str, **changes: Any) -> tuple[int, str]:  # noqa: ANN401
    with pytest.raises(ReplyError) as refused:
        await pc.enrol(token, **changes)
    return refused.value.problem.status, refused.value.problem.code


async def test_a_token_of_three_uses_enrols_three_pcs_whatever_their_number_at_once(office: Office) -> None:
    token = (await _minted(office, uses=3, practice_id="C1")).tokens[0]
    pcs = [_pc(office) for _ in range(12)]
    answers = await asyncio.gather(*(pc.enrol(token) for pc in pcs), return_exceptions=True)
    refused = [one.problem.code for one in answers if isinstance(one, ReplyError)]
    assert (refused, len(office.areas.fleet)) == (["enrolment.token_used"] * 9, 3)
    batch = await _batch(office)
    assert (batch.uses, batch.left, batch.state) == (3, 0, "spent")


async def test_asking_again_uses_nothing_up_even_for_the_last_one_at_the_same_moment(office: Office) -> None:
    token = (await _minted(office, uses=2, practice_id="C1")).tokens[0]
    pc = _pc(office)
    answers = await asyncio.gather(*(pc.enrol(token) for _ in range(6)))
    assert len({answer.device_id for answer in answers}) == 1
    assert (await _batch(office)).left == 1
    await _pc(office).enrol(token)
    assert (await pc.enrol(token)).device_id == answers[0].device_id


async def test_a_refused_enrolment_uses_nothing_up(office: Office) -> None:
    token = (await _minted(office, practice_pattern="FR-69-*")).tokens[0]
    for practice in ("FR-38-00001", "XFR-69-1", "fr-69-1", ""):
        await _refusal(_pc(office), token, practice_id=practice)
    assert (await _batch(office)).left == 1
    assert (await _pc(office).enrol(token, practice_id="FR-69-00012")).practice_id == "FR-69-00012"


@pytest.mark.parametrize(
    ("minted", "claimed", "expected"),
    [
        ({"practice_id": "C1"}, "C2", "C1"), ({"practice_id": "C1"}, "", "C1"), ({}, "", ""),
        ({"practice_pattern": "*"}, "C2", "C2"), ({"practice_pattern": "C?"}, "C2", "C2"),
    ],
)  # fmt: skip
async def test_the_token_decides_the_practice_and_else_the_pc_within_the_pattern(
    office: Office, minted: dict[str, str], claimed: str, expected: str
) -> None:
    token = (await _minted(office, **minted)).tokens[0]
    pc = _pc(office)
    assert (await pc.enrol(token, practice_id=claimed)).practice_id == expected
    assert (await pc.enrol(token, practice_id=claimed)).practice_id == expected


@pytest.mark.parametrize(
    ("minted", "claimed", "refusal"),
    [
        ({"practice_pattern": "FR-*"}, "", (400, "enrolment.practice_missing")),
        ({"practice_pattern": "FR-*"}, "BE-1", (403, "enrolment.practice_refused")),
        ({}, "FR-1", (403, "enrolment.practice_refused")),
        ({"practice_pattern": "*"}, " FR-1", (400, "enrolment.practice")),
        ({"practice_pattern": "*"}, "F" * 65, (400, "enrolment.practice")),
        ({"practice_pattern": "*"}, "FR\t1", (400, "enrolment.practice")),
    ],
)
async def test_a_practice_that_the_token_is_not_for_is_refused_by_name(
    office: Office, minted: dict[str, str], claimed: str, refusal: tuple[int, str]
) -> None:
    token = (await _minted(office, **minted)).tokens[0]
    assert await _refusal(_pc(office), token, practice_id=claimed) == refusal


async def test_revoked_tokens_enrol_nobody_and_those_they_enrolled_stay(office: Office) -> None:
    made = await _minted(office, count=2, uses=5, practice_id="C1")
    pc = _pc(office)
    await pc.enrol(made.tokens[0])
    assert (await office.areas.token_office.revoke(made.id, by="test")).state == "revoked"
    assert (await office.areas.token_office.revoke(made.id, by="test")).left == 0
    for token in made.tokens:
        assert await _refusal(_pc(office), token) == (401, "enrolment.token_revoked")
    await pc.check_in()
    assert (await pc.enrol(made.tokens[0])).device_id == pc.id


@pytest.mark.parametrize("unknown", ["01890a5d-ac96-774b-bcce-b302099a8057", "x", ""])
async def test_tokens_that_are_not_there_cannot_be_revoked(office: Office, unknown: str) -> None:
    with pytest.raises(NotFoundError, match="there are no tokens"):
        await office.areas.token_office.revoke(unknown, by="test")


async def test_what_is_left_is_listed_newest_first_and_never_the_tokens(office: Office, clock: FakeClock) -> None:
    first = await _minted(office, count=3, label="delivery", practice_id="C1", expires_in_s=60)
    await _pc(office).enrol(first.tokens[1])
    clock.advance(61)
    second = await _minted(office, uses=7, practice_pattern="FR-*", needs_approval=True)
    listed = await office.areas.token_office.batches(after="", limit=10)
    assert [(one.id, one.tokens, one.uses, one.left, one.state) for one in listed] == [
        (second.id, 1, 7, 7, "active"), (first.id, 3, 3, 0, "expired"),
    ]  # fmt: skip
    assert [one.id for one in await office.areas.token_office.batches(after=second.id, limit=10)] == [first.id]
    async with office.areas.database.transaction() as tx:
        rows = await (await tx.execute("SELECT row_to_json(t)::text FROM enrolment_tokens t")).fetchall()
    assert not [row for row in rows for token in (*first.tokens, *second.tokens) if token in row[0]]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"uses": 0}, "enrolment.uses"), ({"uses": 100_001}, "enrolment.uses"), ({"count": 0}, "enrolment.count"),
        ({"practice_pattern": "x" * 101}, "enrolment.pattern"), ({"practice_pattern": "\n"}, "enrolment.pattern"),
        ({"practice_pattern": "*", "practice_id": "C1"}, "enrolment.practice"),
        ({"label": "x" * 256}, "enrolment.label"),
        ({"expires_in_s": 91 * 86_400}, "enrolment.expiry"),
    ],
)  # fmt: skip
async def test_tokens_that_make_no_sense_are_refused(office: Office, fields: dict[str, Any], code: str) -> None:
    with pytest.raises(InvalidError) as refused:
        await _minted(office, **fields)
    assert refused.value.reason == code


async def test_a_token_that_a_process_of_the_version_before_used_is_used(office: Office) -> None:
    """It writes `device_id` only: the count of uses is not its business."""
    token = (await _minted(office, practice_id="C1")).tokens[0]
    pc = _pc(office)
    await pc.enrol(token)
    async with office.areas.database.transaction() as tx:
        await tx.execute("UPDATE enrolment_tokens SET used = 0")
        await tx.execute("UPDATE devices SET token_sha256 = NULL")
    assert await _refusal(_pc(office), token) == (409, "enrolment.token_used")
    assert (await pc.enrol(token)).device_id == pc.id
    assert (await _batch(office)).state == "spent"


async def test_a_rush_on_one_token_leaves_connections_to_everybody_else(office: Office) -> None:
    """Forty PCs on a pool of four connections: the row is held from outside, and a fact is stored all the same."""
    other = await office.pc()
    token = (await _minted(office, uses=50, practice_id="C1")).tokens[0]
    async with office.areas.database.transaction() as tx:
        await tx.execute("SELECT FROM enrolment_tokens FOR UPDATE")
        rush = [asyncio.create_task(_pc(office).enrol(token)) for _ in range(40)]
        await asyncio.sleep(0)  # each of them asks for what it needs
        await other.send_facts({"a.b": 1})
    assert len({enrolled.device_id for enrolled in await asyncio.gather(*rush)}) == 40
