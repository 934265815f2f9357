"""Previews: whom a condition reaches, how many pass each test, and why not this one."""

import pytest

from canopee_api.campaigns import campaigns as module
from canopee_api.campaigns.targeting import MAX_COUNTED
from canopee_api.errors import InvalidError, NotFoundError
from canopee_api.postgres import targeting as sql
from canopee_api.testing import Office
from canopee_contract.matching import Match, TestCount, TestOnDevice, WhyMatch
from canopee_kit.ids import new_id

OLD: dict[str, object] = {"fact": "product.version", "op": "version_lt", "value": "8.2"}
WINDOWS: dict[str, object] = {"fact": "os.family", "op": "eq", "value": "windows"}


@pytest.mark.parametrize("condition", [{}, {"fact": "a.b", "op": "like", "value": 1}, {"all": [{"not": 3}]}])
async def test_a_malformed_condition_names_its_place(office: Office, condition: dict[str, object]) -> None:
    for refused in (
        office.areas.targeting.match(Match(condition)),
        office.areas.targeting.why(WhyMatch(condition, "")),
    ):
        with pytest.raises(InvalidError, match=r"^\$"):
            await refused


async def test_match_tells_how_many_devices_pass_each_test(office: Office) -> None:
    for version in ("8.1.9", "8.2", "8.10", "7"):
        await office.pc({"product.version": version, "os.family": "linux" if version == "7" else "windows"})
    gone = await office.pc({"product.version": "7", "os.family": "windows"})
    await office.areas.enrolment.revoke(gone.id, by="test")
    matched = await office.areas.targeting.match(Match({"all": [OLD, {"not": {"any": [WINDOWS, OLD]}}]}))
    old, windows = 'product.version version_lt "8.2"', 'os.family eq "windows"'
    assert (matched.total, matched.fleet, matched.device_ids) == (0, 4, [])
    assert matched.tests == [
        TestCount("$.all[0]", old, 2), TestCount("$.all[1].not.any[0]", windows, 3),
        TestCount("$.all[1].not.any[1]", old, 2),
    ]  # fmt: skip


async def test_ids_come_in_pages_and_counts_only_when_they_are_asked_for(office: Office) -> None:
    pcs = sorted([(await office.pc({"product.version": "8.1"})).id for _ in range(5)])
    first = await office.areas.targeting.match(Match(OLD, 2))
    assert (first.total, first.device_ids, first.next) == (5, pcs[:2], pcs[1])
    rest = await office.areas.targeting.match(Match(OLD, 4, pcs[1], counts=False))
    assert (rest.total, rest.fleet, rest.tests, rest.device_ids, rest.next) == (None, None, [], pcs[2:], None)
    none = await office.areas.targeting.match(Match(OLD, 0))
    assert (none.total, none.device_ids, none.next) == (5, [], None)


async def test_the_tests_beyond_those_that_are_counted_still_count_for_the_whole(office: Office) -> None:
    await office.pc({"a.b": MAX_COUNTED + 5})
    tests = [{"fact": "a.b", "op": "ge", "value": number} for number in range(MAX_COUNTED + 6)]
    matched = await office.areas.targeting.match(Match({"all": tests}))
    assert matched.total == 1
    assert [test.devices for test in matched.tests] == [1] * MAX_COUNTED + [None] * 6
    beyond: dict[str, object] = {"all": [*tests, {"fact": "a.b", "op": "exists", "value": False}]}
    assert (await office.areas.targeting.match(Match(beyond))).total == 0


@pytest.mark.parametrize("asked", [Match(OLD, -1), Match(OLD, 10_001), Match(OLD, 1, "x")])
async def test_a_page_that_cannot_be_is_refused(office: Office, asked: Match) -> None:
    with pytest.raises(InvalidError):
        await office.areas.targeting.match(asked)


async def test_a_condition_that_takes_too_long_is_refused_with_what_to_do(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql, "_LONGEST_MS", 200)
    await office.pc({"a.b": "a" * 1000})
    slow: dict[str, object] = {"fact": "a.b", "op": "matches", "value": "((a?){30}){30}"}
    with pytest.raises(InvalidError, match="simpler patterns") as refused:
        await office.areas.targeting.match(Match(slow))
    assert refused.value.reason == "condition.too_slow"


async def test_why_shows_each_test_with_what_the_device_has(office: Office) -> None:
    pc = await office.pc({"product.version": "8.3"})
    why = await office.areas.targeting.why(WhyMatch({"any": [OLD, {"not": WINDOWS}]}, pc.id))
    assert (why.holds, why.obstacle) == (True, "")
    assert why.tests == [
        TestOnDevice("$.any[0]", 'product.version version_lt "8.2"', holds=False, fact="8.3"),
        TestOnDevice("$.any[1].not", 'os.family eq "windows"', holds=False, fact=None),
    ]


async def test_why_says_what_keeps_every_order_from_a_device(office: Office) -> None:
    pc = await office.pc({"product.version": "8.1"})
    await office.areas.enrolment.revoke(pc.id, by="test")
    why = await office.areas.targeting.why(WhyMatch(OLD, pc.id))
    assert (why.holds, why.obstacle) == (True, "device.revoked")
    silent = await office.pc()
    async with office.areas.database.transaction() as tx:
        await tx.execute("DELETE FROM device_facts WHERE device_id = %s", (silent.id,))
    assert (await office.areas.targeting.why(WhyMatch(OLD, silent.id))).obstacle == "device.no_facts"


async def test_why_of_a_device_that_is_not_there_is_not_found(office: Office) -> None:
    for device_id in (new_id(office.areas.clock.now()), "x", "%s"):
        with pytest.raises(NotFoundError):
            await office.areas.targeting.why(WhyMatch(OLD, device_id))


async def test_a_first_round_of_several_pages_reaches_each_device_once(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PAGE", 2)
    monkeypatch.setattr(module, "SLICE", 1)
    await office.publish_pipeline("repair", "action")
    for version in ("8.1", "8.1", "8.1", "8.2", "8.1", "8.1"):
        await office.pc({"product.version": version})
    document = office.sign(office.campaign("repair", OLD))
    assert (await office.areas.campaigns.start_signed(document, by="test")).total == 5


async def test_a_campaign_of_another_process_is_seen_by_the_next_change_of_facts(office: Office) -> None:
    await office.publish_pipeline("repair", "action")
    pc = await office.pc({"product.version": "8.3"})
    await office.areas.campaigns.start_signed(office.sign(office.campaign("repair", OLD)), by="test")
    await pc.send_facts({"product.version": "8.2"})
    other = office.campaign("repair", {"fact": "product.version", "op": "version_eq", "value": "8.1"})
    second = module.Campaigns(office.areas.database, office.areas.trust, office.areas.rings, office.areas.clock)
    await second.start_signed(office.sign(other), by="test")
    await pc.send_facts({"product.version": "8.1"})
    assert len(await pc.orders()) == 2
