"""The freeze calendar at the people's door."""

from collections.abc import AsyncGenerator
from datetime import timedelta

import httpx
import pytest

from canopee_api.accounts.people import Actor
from canopee_api.doors.people.app import people_app
from canopee_api.testing import Office
from canopee_contract.people import NewApiKey, NewUser, Role
from canopee_kit.clock import FakeClock


@pytest.fixture
async def http(office: Office) -> AsyncGenerator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(people_app(office.areas))  # pyright: ignore[reportArgumentType]  names its scopes
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
        yield client


async def _key(office: Office, role: Role) -> dict[str, str]:
    await office.areas.people.create_user(NewUser(role, "a long enough password", [role]), by="test")
    key = await office.areas.people.create_api_key(NewApiKey("desk", [role]), Actor(role, (role,)))
    return {"authorization": f"Bearer {key.secret}"}


async def test_who_leads_campaigns_enters_and_removes_freezes_and_everybody_sees_them(
    office: Office, http: httpx.AsyncClient, clock: FakeClock
) -> None:
    approver, reader = await _key(office, "approver"), await _key(office, "reader")
    day = (clock.now() + timedelta(days=3)).date().isoformat()
    new = {"from": day, "to": day, "reason": "invoicing"}
    assert (await http.post("/v1/freezes", json=new, headers=reader)).status_code == 403
    made = await http.post("/v1/freezes", json=new, headers=approver)
    assert (made.status_code, made.json()["from"], made.json()["state"]) == (201, day, "ahead")
    listed = (await http.get("/v1/freezes", headers=reader)).json()
    assert listed == {"items": [made.json()], "next": None}
    assert (await http.get("/v1/status", headers=reader)).json()["freezes"] == [made.json()]
    path = f"/v1/freezes/{made.json()['id']}"
    assert (await http.delete(path, headers=reader)).status_code == 403
    removed = await http.delete(path, headers=approver)
    assert (removed.status_code, removed.json()["state"]) == (200, "removed")
    again = await http.delete(path, headers=approver)
    assert (again.status_code, again.json()["code"]) == (409, "freeze.over")


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"to": "tomorrow"}, "freeze.malformed"), ({"reason": " "}, "freeze.malformed"), ({"until": 1}, "")],
)
async def test_what_is_no_freeze_is_refused_with_what_is_wrong(
    office: Office, http: httpx.AsyncClient, changes: dict[str, object], code: str
) -> None:
    new = {"from": "2999-12-24", "to": "2999-12-24", "reason": "why", **changes}
    refused = await http.post("/v1/freezes", json=new, headers=await _key(office, "approver"))
    assert refused.status_code in {400, 422}
    assert refused.json()["code"] == code or not code
