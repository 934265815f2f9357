"""Codes that support dictates: one PC, once."""

import msgspec
import pytest

from canopee_api.errors import InvalidError
from canopee_api.testing import Office, Pc, ReplyError, until
from canopee_api.testing_logs import Support
from canopee_contract.codec import encode
from canopee_contract.log_codes import ClaimCode, CodeClaimed
from canopee_contract.log_requests import NewLogCode
from canopee_contract.practices import Practice, PracticeConsent, PracticesImport
from canopee_kit.clock import FakeClock

NEW = NewLogCode("product_logs", "it crashes", "SUP-4711", budget_bytes=1_000_000)


async def claim(pc: Pc, code: str) -> CodeClaimed:
    return await pc.post("claim-log-code", encode(ClaimCode(code)), CodeClaimed)


async def test_the_pc_that_claims_it_becomes_a_request_and_its_user_is_not_asked_again(
    support: Support, office: Office
) -> None:
    await office.areas.practices.take(encode(PracticesImport([Practice("C0001", "Bellecour")])), by="test")
    await office.areas.practices.set_consent(PracticeConsent(["C0001"], "ask"), by="test")
    pc, made = await office.pc(), await office.areas.log_codes.make(NEW, by="camille")
    assert (made.state, len(made.code)) == ("waiting", 9)
    claimed = await claim(pc, made.code.lower().replace("-", " "))
    await until(lambda: all(device.order_head for device in office.areas.fleet))
    order = await support.order(pc)
    assert (order.consent, order.upload_budget_bytes) == ("none", 1_000_000)
    view = await office.areas.log_requests.view(claimed.request_id)
    assert (view.code_claimed, view.ticket, view.created_by, view.total) == (True, "SUP-4711", "camille", 1)
    (listed,) = await office.areas.log_codes.list(after="", limit=10)
    assert (listed.state, listed.device_id, listed.request_id, listed.code) == ("claimed", pc.id, view.id, "")
    assert await claim(pc, made.code) == claimed  # the answer was lost: no second request
    assert len(await office.areas.log_requests.views(after="", limit=10)) == 1


async def test_a_code_that_was_used_is_too_old_or_is_none_says_the_same(
    support: Support, office: Office, clock: FakeClock
) -> None:
    assert support
    pc, other = await office.pc(), await office.pc()
    used, old = [await office.areas.log_codes.make(NEW, by="camille") for _ in range(2)]
    await claim(pc, used.code)
    clock.advance(3_500)
    for wrong in (used.code, "ABCD-EFGH", "nothing", "\N{SNOWMAN}"):
        with pytest.raises(ReplyError, match=r"404 logs\.code: no such code"):
            await claim(other, wrong)
    clock.advance(100)
    await other.renew()
    with pytest.raises(ReplyError, match=r"404 logs\.code"):
        await claim(other, old.code)
    states = {one.id: one.state for one in await office.areas.log_codes.list(after="", limit=10)}
    assert states == {used.id: "claimed", old.id: "expired"}


async def test_who_guesses_waits(support: Support, office: Office, clock: FakeClock) -> None:
    assert support
    pc, made = await office.pc(), await office.areas.log_codes.make(NEW, by="camille")
    for _ in range(10):
        with pytest.raises(ReplyError, match="404"):
            await claim(pc, "ABCD-EFGH")
    with pytest.raises(ReplyError, match="429"):
        await claim(pc, made.code)
    clock.advance(601)
    assert (await claim(pc, made.code)).request_id


async def test_what_a_request_could_not_say_a_code_cannot_either(support: Support, office: Office) -> None:
    assert support
    changes: list[dict[str, object]] = [
        {"reason": ""}, {"ticket": " "}, {"budget_bytes": 1}, {"keep_days": 400}, {"expires_in_s": 30},
        {"parameters": {"unknown": 1}}, {"notify": ["x"]},
    ]  # fmt: skip
    for change in changes:
        with pytest.raises(InvalidError):
            await office.areas.log_codes.make(msgspec.structs.replace(NEW, **change), by="camille")
