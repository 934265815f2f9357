"""What changed in the facts of a device."""

from datetime import timedelta

import httpx
import pytest

from canopee_api.devices.facts import differences
from canopee_api.doors.people.app import people_app
from canopee_api.postgres.facts import list_changes
from canopee_api.testing import ADMIN, Office, Pc
from canopee_contract.condition import Scalar
from canopee_contract.people import Login
from canopee_kit.clock import FakeClock


async def _history(
    office: Office, pc: Pc, after: int = 0, limit: int = 10
) -> list[dict[str, list[Scalar | None]]]:
    async with office.areas.database.transaction() as tx:
        return [row.changes for row in await list_changes(tx, pc.id, after=after, limit=limit)]


async def test_only_what_differs_is_kept_and_first_facts_are_no_change(office: Office) -> None:
    pc = await office.pc({"a.a": 1, "b.b": "x", "c.c": True})
    assert await _history(office, pc) == []
    await pc.send_facts({"a.a": 2, "b.b": "x", "d.d": "new"})
    await pc.send_facts({"a.a": 2, "b.b": "x", "d.d": "new"})
    await pc.send_facts({"a.a": 2, "b.b": "y", "d.d": "new"})
    assert await _history(office, pc) == [
        {"b.b": ["x", "y"]}, {"a.a": [1, 2], "c.c": [True, None], "d.d": [None, "new"]},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "is_change"),
    [
        (1, 1.0, False), (1, True, True), (0, False, True), ("1", 1, True), (10**20, 1e20, False), (0.0, -0.0, False),
        (2**53, 2**53 + 1, True), (10**300, 1e300, False), ("a", "a", False), (None, "", True), (False, None, True),
    ],
)  # fmt: skip
def test_a_number_written_otherwise_is_no_change(old: Scalar | None, new: Scalar | None, is_change: bool) -> None:  # noqa: FBT001  a case
    before: dict[str, Scalar] = {} if old is None else {"a.a": old}
    after: dict[str, Scalar] = {} if new is None else {"a.a": new}
    assert differences(before, after) == ({"a.a": (old, new)} if is_change else {})


async def test_a_number_that_the_database_writes_otherwise_leaves_no_trace(office: Office) -> None:
    pc = await office.pc({"a.a": 1e300, "b.b": 5e-324, "c.c": 1e20, "d.d": 2**63 - 1})
    await pc.send_facts({**pc.facts, "e.e": 1})
    assert await _history(office, pc) == [{"e.e": [None, 1]}]


async def test_old_changes_are_forgotten_and_recent_ones_kept(office: Office, clock: FakeClock) -> None:
    pc = await office.pc({"a.a": 1})
    await pc.send_facts({"a.a": 2})
    kept = {table.table: table.days for table in office.areas.storage.tables}["fact_changes"]
    clock.advance(kept * 86_400 - 60)
    await pc.renew()
    await pc.send_facts({"a.a": 3})
    clock.advance(120)
    await office.areas.storage.expire(longest=timedelta(days=1_000))
    assert await _history(office, pc) == [{"a.a": [2, 3]}]


async def test_the_history_of_a_device_comes_in_pages_and_of_no_device_is_not_found(office: Office) -> None:
    pc = await office.pc({"a.a": 0})
    for value in (1, 2, 3):
        await pc.send_facts({"a.a": value})
    session = await office.areas.people.log_in(Login(ADMIN.login, ADMIN.password))
    transport = httpx.ASGITransport(people_app(office.areas))  # pyright: ignore[reportArgumentType]  names its scopes
    headers = {"authorization": f"Bearer {session.token}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://api", headers=headers) as http:
        first = (await http.get(f"/v1/devices/{pc.id}/facts-history?limit=2")).json()
        assert [one["changes"]["a.a"] for one in first["items"]] == [{"old": 2, "new": 3}, {"old": 1, "new": 2}]
        rest = (await http.get(f"/v1/devices/{pc.id}/facts-history?after={first['next']}")).json()
        assert ([one["changes"]["a.a"]["new"] for one in rest["items"]], rest["next"]) == ([1], None)
        for unknown in ("x", "01890a5d-ac96-774b-bcce-b302099a8057"):
            assert (await http.get(f"/v1/devices/{unknown}/facts-history")).status_code == 404
