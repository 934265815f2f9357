import asyncio
from datetime import timedelta

import pytest

from canopee_api.doors.agent.door import AgentDoor
from canopee_api.errors import InvalidError, NotFoundError
from canopee_api.testing import Office, Pc, ReplyError
from canopee_contract.people import NewEnrolmentTokens
from canopee_kit.clock import FakeClock
from canopee_trust.ed25519 import PrivateKey


async def _token(office: Office, count: int = 1, expires_in_s: int = 60) -> str:
    new = NewEnrolmentTokens(count, expires_in_s=expires_in_s)
    return (await office.areas.token_office.mint(new, by="test")).tokens[0]


def _pc(office: Office) -> Pc:
    return Pc(AgentDoor(office.areas), office.areas)


async def test_a_pc_becomes_a_device_of_the_practice_of_its_token(office: Office) -> None:
    pc = await office.pc(practice="FR-69-00012")
    assert (await pc.check_in()).orders == ()
    assert office.areas.fleet.get(pc.id) is not None


async def test_the_same_token_with_the_same_key_gives_the_same_device_since_an_answer_may_get_lost(
    office: Office,
) -> None:
    pc, token = _pc(office), await _token(office)
    assert (await pc.enrol(token)).device_id == (await pc.enrol(token)).device_id


async def test_a_token_enrols_one_device_only(office: Office) -> None:
    token = await _token(office)
    await _pc(office).enrol(token)
    with pytest.raises(ReplyError) as refused:
        await _pc(office).enrol(token)
    assert (refused.value.problem.status, refused.value.problem.code) == (409, "enrolment.token_used")


async def test_an_unknown_token_is_refused(office: Office) -> None:
    with pytest.raises(ReplyError) as refused:
        await _pc(office).enrol("cpe_invented")
    assert (refused.value.problem.status, refused.value.problem.code) == (401, "enrolment.token_unknown")


async def test_a_token_past_its_day_is_refused(office: Office, clock: FakeClock) -> None:
    token = await _token(office, expires_in_s=60)
    clock.advance(61)
    with pytest.raises(ReplyError) as refused:
        await _pc(office).enrol(token)
    assert refused.value.problem.code == "enrolment.token_expired"


@pytest.mark.parametrize("years", [-10, 10])
async def test_a_clock_years_off_is_told_the_time_of_the_server(
    office: Office, clock: FakeClock, years: int
) -> None:
    with pytest.raises(ReplyError) as refused:
        await _pc(office).enrol(await _token(office), sent_at=clock.now() + timedelta(days=365 * years))
    problem = refused.value.problem
    assert (problem.status, problem.code, problem.detail) == (400, "clock.skewed", clock.now().isoformat())


async def test_a_body_signed_by_another_key_is_refused(office: Office) -> None:
    with pytest.raises(ReplyError) as refused:
        await _pc(office).enrol(await _token(office), public_key=PrivateKey.generate().public.base64)
    assert refused.value.problem.code == "enrolment.signature"


@pytest.mark.parametrize(
    ("field", "value"), [("public_key", "AAAA"), ("platform", "beos"), ("hostname", "x" * 256)]
)
async def test_a_malformed_enrolment_names_its_place(office: Office, field: str, value: str) -> None:
    with pytest.raises(ReplyError) as refused:
        await _pc(office).enrol(await _token(office), **{field: value})
    assert (refused.value.problem.status, refused.value.problem.at) == (400, f"$.{field}")


async def test_a_renewed_token_is_good_when_the_first_one_is_not_any_more(
    office: Office, clock: FakeClock
) -> None:
    pc = await office.pc()
    clock.advance(3_601)
    with pytest.raises(ReplyError) as refused:
        await pc.check_in()
    assert (refused.value.problem.status, refused.value.problem.code) == (401, "token.expired")
    await pc.renew()
    await pc.check_in()


async def test_a_renewal_of_an_unknown_device_says_to_enrol_again(office: Office) -> None:
    pc = await office.pc()
    with pytest.raises(ReplyError) as refused:
        await pc.renew(device_id="01890a5d-ac96-774b-bcce-b302099a8057")
    assert refused.value.problem.code == "device.unknown"


async def test_a_revoked_device_is_refused_at_once_and_so_is_its_renewal(office: Office) -> None:
    pc = await office.pc()
    await office.areas.enrolment.revoke(pc.id, by="test")
    for call in (pc.check_in, pc.renew):
        with pytest.raises(ReplyError) as refused:
            await call()
        assert (refused.value.problem.status, refused.value.problem.code) == (401, "device.revoked")


async def test_a_counter_used_twice_makes_the_device_suspect_and_it_gets_no_orders(office: Office) -> None:
    pc = await office.pc({"os.family": "windows"})
    await pc.check_in()
    pc.counter -= 1
    await pc.check_in()
    await office.publish_pipeline("repair", "action")
    campaign = office.campaign("repair", {"all": []})
    await office.areas.campaigns.start_signed(office.sign(campaign), by="test")
    device = office.areas.fleet.get(pc.id)
    assert device is not None
    assert device.state == "suspect"
    assert (await pc.check_in()).orders == ()


async def test_an_unknown_device_cannot_be_revoked(office: Office) -> None:
    with pytest.raises(NotFoundError):
        await office.areas.enrolment.revoke("-" * 36, by="test")


@pytest.mark.parametrize("changes", [{"count": 0}, {"count": 10_001}, {"expires_in_s": 0}])
async def test_a_senseless_number_of_tokens_is_refused(office: Office, changes: dict[str, int]) -> None:
    with pytest.raises(InvalidError):
        await _token(office, **changes)


async def test_one_key_with_two_tokens_at_once_is_one_device(office: Office) -> None:
    pc = _pc(office)
    tokens = [await _token(office), await _token(office)]
    answers = await asyncio.gather(*(pc.enrol(token) for token in tokens), return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, ReplyError)]
    assert [one.problem.code for one in refused] == ["enrolment.key_used"]
    assert len(office.areas.fleet) == 1
