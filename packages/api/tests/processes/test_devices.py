"""Two processes of the API on one database: a device may call either, at any time."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import msgspec
import pytest

from canopee_api.doors.agent.door import AgentDoor
from canopee_api.doors.areas import Areas
from canopee_api.errors import ApiError
from canopee_api.postgres.accounts import list_audit
from canopee_api.postgres.device_rows import get_device
from canopee_api.postgres.devices import live_row, presence_totals
from canopee_api.testing import ADMIN, Pair, Pc, ReplyError, a_record, until
from canopee_contract.people import Login, NewApiKey, NewEnrolmentTokens

pytestmark = [
    pytest.mark.xdist_group("pair-of-devices"),
    pytest.mark.real,
    pytest.mark.asyncio(loop_scope="module"),
]


async def _states(pair: Pair, pc: Pc) -> tuple[str, list[str]]:
    """The state of a device, and what the audit says of it after its enrolment."""
    async with pair.other.database.transaction() as tx:
        row = await get_device(tx, pc.id, now=pair.clock.now())
        audit = await list_audit(tx, after=0, limit=1000)
    assert row is not None
    state = row.state if row.state in {"suspect", "revoked"} else "active"
    return state, [link.action for link in audit if link.object == pc.id and link.action != "device.enrol"]


async def test_a_device_enrolled_by_one_process_is_known_by_another_that_has_not_heard_of_it(
    pair: Pair, deaf: Areas
) -> None:
    office = pair.office
    pc = await office.pc({"os.family": "windows"})
    pc.turn_to(deaf)
    assert not (await pc.check_in()).send_facts
    await pc.renew()
    assert (await pc.send_records(a_record(1, {}, at=office.areas.clock.now()))).mark == 1


async def test_a_token_of_a_device_that_is_nowhere_is_refused(pair: Pair, deaf: Areas) -> None:
    office = pair.office
    pc = await office.pc()
    pc.token = deaf.tokens.make("01890a5d-ac96-774b-bcce-b302099a8057", 1, office.areas.clock.now())[0]
    pc.turn_to(deaf)
    with pytest.raises(ReplyError, match=r"device\.revoked"):
        await pc.check_in()


async def test_a_revocation_by_one_process_is_in_force_at_another(pair: Pair) -> None:
    office, other = pair.office, pair.other
    pc = await office.pc()
    pc.turn_to(other)
    await pc.check_in()
    await office.areas.enrolment.revoke(pc.id, by="test")

    def is_revoked() -> bool:
        device = other.fleet.get(pc.id)
        return device is not None and device.state == "revoked"

    await until(is_revoked)
    with pytest.raises(ReplyError, match=r"device\.revoked"):
        await pc.check_in()


async def test_a_row_read_before_a_revocation_does_not_undo_it(pair: Pair) -> None:
    office = pair.office
    pc = await office.pc()
    fleet = office.areas.fleet
    await office.areas.enrolment.revoke(pc.id, by="test")
    device = fleet.get(pc.id)
    assert device is not None
    generation = device.generation
    async with office.areas.database.transaction() as tx:
        row = await live_row(tx, pc.id)
    assert row is not None
    fleet.put(msgspec.structs.replace(row, generation=row.generation - 1, state="active"))
    assert (device.state, device.generation) == ("revoked", generation)


async def test_a_one_time_token_used_with_both_at_the_same_moment_makes_one_device(pair: Pair) -> None:
    office = pair.office
    minted = await office.areas.token_office.mint(NewEnrolmentTokens(), by="test")
    first, second = (Pc(AgentDoor(areas), areas) for areas in pair.both)
    second.key = first.key
    enrolled = await asyncio.gather(*(pc.enrol(minted.tokens[0]) for pc in (first, second)))
    assert enrolled[0].device_id == enrolled[1].device_id

    minted = await office.areas.token_office.mint(NewEnrolmentTokens(), by="test")
    pcs = [Pc(AgentDoor(areas), areas) for areas in pair.both]
    results = await asyncio.gather(*(pc.enrol(minted.tokens[0]) for pc in pcs), return_exceptions=True)
    assert sorted(isinstance(result, ReplyError) for result in results) == [False, True]


async def test_a_device_that_goes_from_process_to_process_is_never_taken_for_a_clone(pair: Pair) -> None:
    office, other, clock = pair.office, pair.other, pair.clock
    pc = await office.pc()
    for number, areas in enumerate((office.areas, other) * 12):
        pc.turn_to(areas)
        await pc.check_in()
        if number % 3 == 0:
            await pc.renew()
        if number % 4 == 0:
            await pc.send_facts({"number": number})
        if number % 5 == 0:
            await pair.flush(*((office.areas, other) if number % 2 else (other, office.areas)))
        clock.advance(0.3 if number % 7 else 90)
    await pair.flush(other, office.areas)
    assert await _states(pair, pc) == ("active", [])


async def test_presence_written_late_is_not_taken_for_a_clone(pair: Pair) -> None:
    office, other, clock = pair.office, pair.other, pair.clock
    pc = await office.pc()
    await pc.check_in()
    clock.advance(60)
    pc.turn_to(other)
    await pc.check_in()
    await pair.flush(other)
    seen = office.areas.fleet.take_seen(10)
    office.areas.fleet.put_back(seen, {})
    await pair.flush()
    assert await _states(pair, pc) == ("active", [])
    device = other.fleet.get(pc.id)
    assert device is not None
    async with office.areas.database.transaction() as tx:
        row = await get_device(tx, pc.id, now=pair.clock.now())
    assert row is not None
    assert row.last_seen_at.timestamp() == device.last_seen


@pytest.mark.parametrize(("behind", "apart_s"), [(0, 0.01), (1, 7), (5, 7)])
async def test_a_clone_is_found_although_each_machine_always_speaks_to_the_same_process(
    pair: Pair, behind: int, apart_s: float
) -> None:
    office, other, clock = pair.office, pair.other, pair.clock
    pc = await office.pc()
    for _ in range(6):
        await pc.check_in()
    await pair.flush(office.areas)
    clone = Pc(AgentDoor(other), other)
    clone.key, clone.id, clone.token, clone.generation = pc.key, pc.id, pc.token, pc.generation
    clone.facts, clone.counter = pc.facts, pc.counter - behind
    for _ in range(3):
        await pc.check_in()
        clock.advance(apart_s)
        with suppress(ReplyError):
            await clone.check_in()
        clock.advance(60)
        await pair.flush()
    state, audit = await _states(pair, pc)
    assert state == "suspect"
    assert set(audit) == {"device.suspect"}


async def test_sessions_and_api_keys_are_good_everywhere_until_they_are_ended_anywhere(pair: Pair) -> None:
    office, other = pair.office, pair.other
    session = await office.areas.people.log_in(Login(ADMIN.login, ADMIN.password))
    actor = await other.people.authenticate(session.token)
    key = await other.people.create_api_key(NewApiKey("test", ["support"]), actor)
    assert (await office.areas.people.authenticate(key.secret)).login == ADMIN.login
    await office.areas.people.revoke_api_key(key.id, by="test")
    await other.people.log_out(session.token)
    for areas, credential in ((other, key.secret), (office.areas, session.token)):
        with pytest.raises(ApiError):
            await areas.people.authenticate(credential)


async def test_presence_is_counted_over_all_processes(pair: Pair) -> None:
    office, other, clock = pair.office, pair.other, pair.clock
    pcs = [await office.pc() for _ in range(2)]
    clock.advance(timedelta(minutes=50).total_seconds())
    await pair.flush()
    async with other.database.transaction() as tx:
        all_, _ = await presence_totals(tx, seen_after=clock.now())
    for pc, areas in zip(pcs, (office.areas, other), strict=True):
        pc.turn_to(areas)
        await pc.check_in()
    await pair.flush()
    async with other.database.transaction() as tx:
        assert await presence_totals(tx, seen_after=clock.now() - timedelta(minutes=10)) == (all_, 2)
