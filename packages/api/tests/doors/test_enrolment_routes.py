"""The people's door for a fleet that enrols: tokens, queue, rules, practices."""

from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest

from canopee_api.accounts.people import Actor
from canopee_api.doors.agent.door import AgentDoor
from canopee_api.doors.people.app import people_app
from canopee_api.testing import Office, Pc, ReplyError
from canopee_contract.codec import MAX_MESSAGE_BYTES, encode
from canopee_contract.people import NewApiKey, NewUser
from canopee_contract.practices import Practice, PracticesImport
from canopee_kit.clock import FakeClock


@pytest.fixture
async def http(office: Office) -> AsyncGenerator[httpx.AsyncClient]:
    """The door, for somebody who may enrol PCs and write practices, and nothing else that matters."""
    people = office.areas.people
    await people.create_user(NewUser("anna", "a long enough password", ["enroller"]), by="test")
    key = await people.create_api_key(NewApiKey("desk", ["enroller"]), Actor("anna", ("enroller",)))
    transport = httpx.ASGITransport(people_app(office.areas))  # pyright: ignore[reportArgumentType]  names its scopes
    headers = {"authorization": f"Bearer {key.secret}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://api", headers=headers) as client:
        yield client


async def _ask(office: Office, token: str, practice: str) -> str:
    pc = Pc(AgentDoor(office.areas), office.areas)
    try:
        await pc.enrol(token, practice_id=practice)
    except ReplyError as error:
        return error.problem.code
    return "enrolled"


async def test_a_fleet_is_let_in_by_somebody_who_may_nothing_else(
    office: Office, http: httpx.AsyncClient, clock: FakeClock
) -> None:
    new = {"uses": 9, "practice_pattern": "FR-*", "needs_approval": True, "label": "setup"}
    made = (await http.post("/v1/enrolment-tokens", json=new)).json()
    for practice in ("FR-1", "FR-2", "FR-3"):
        assert await _ask(office, made["tokens"][0], practice) == "enrolment.waiting"
        clock.advance(1)
    listed = (await http.get("/v1/enrolments?state=waiting&limit=2")).json()
    following = (await http.get(f"/v1/enrolments?state=waiting&limit=2&after={listed['next']}")).json()
    assert [one["practice_id"] for page in (listed, following) for one in page["items"]] == [
        "FR-1",
        "FR-2",
        "FR-3",
    ]
    shown = await http.get(f"/v1/enrolments/{listed['items'][0]['id']}")
    assert shown.json() == listed["items"][0]
    approved = await http.post("/v1/enrolments/approve", json={"matching": {"practice": "FR-[12]"}})
    assert (approved.status_code, approved.json()["count"]) == (200, 0)
    assert (await http.post("/v1/enrolments/approve", json={"matching": {"practice": "FR-?"}})).json()[
        "count"
    ] == 3
    batch = (await http.get("/v1/enrolment-tokens")).json()["items"][0]
    assert (batch["id"], batch["left"], batch["waiting"]) == (made["id"], 9, 0)
    assert (await http.post(f"/v1/enrolment-tokens/{made['id']}/revoke")).json()["state"] == "revoked"
    assert (await http.get("/v1/users")).status_code == 403
    assert (await http.get("/v1/records")).status_code == 403


async def test_rules_are_put_in_force_as_a_whole_and_read_back(http: httpx.AsyncClient) -> None:
    assert (await http.get("/v1/enrolment-rules")).json()["rules"] == {"rules": [], "expires_in_days": 30}
    rules = {"rules": [{"name": "all", "then": "wait", "when": {"practices": ["FR-*"]}}], "expires_in_days": 3}
    assert (await http.put("/v1/enrolment-rules", json=rules)).json()["set_by"] == "anna"
    bad = await http.put(
        "/v1/enrolment-rules", json={"rules": [{"name": "x", "then": "approve", "when": {"city": 1}}]}
    )
    assert (bad.status_code, bad.json()["code"]) == (400, "message.bad_shape")
    bad = await http.put(
        "/v1/enrolment-rules", json={"rules": [{"name": "x", "then": "approve", "when": {"networks": ["x"]}}]}
    )
    assert (bad.status_code, bad.json()["at"]) == (400, "$.rules[0].when.networks")
    held = (await http.get("/v1/enrolment-rules")).json()["rules"]
    assert [(rule["name"], rule["when"]["practices"]) for rule in held["rules"]] == [("all", ["FR-*"])]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("state=sleeping", "message.bad_shape"), ("network=10.0.0.1/8", "filter.network"),
        ("platform=beos", "filter.platform"),
        ("after=x", "page.cursor"), ("batch_id=1", "filter.id"),
    ],
)  # fmt: skip
async def test_a_filter_that_cannot_be_one_is_a_400(http: httpx.AsyncClient, query: str, code: str) -> None:
    reply = await http.get(f"/v1/enrolments?{query}")
    assert (reply.status_code, reply.json()["code"]) == (400, code)


async def test_practices_are_put_listed_and_shown(http: httpx.AsyncClient) -> None:
    body: dict[str, Any] = {"practices": [{"id": f"FR-{n}/1", "name": f"Cabinet {n}"} for n in range(3)]}
    assert (await http.put("/v1/practices", json={**body, "dry_run": True})).json()["created"] == 3
    assert (await http.put("/v1/practices", json=body)).json()["created"] == 3
    assert (await http.put("/v1/practices", json=body)).json()["unchanged"] == 3
    page = (await http.get("/v1/practices?q=cabinet&limit=2")).json()
    rest = (await http.get("/v1/practices", params={"q": "cabinet", "limit": 2, "after": page["next"]})).json()
    assert [one["id"] for one in (*page["items"], *rest["items"])] == ["FR-0/1", "FR-1/1", "FR-2/1"]
    assert (await http.get("/v1/practices/FR-1%2F1")).json()["name"] == "Cabinet 1"
    assert (await http.get("/v1/practices/FR-9")).json()["code"] == "practice.unknown"


async def test_a_long_list_of_practices_is_taken_where_other_messages_would_be_too_large(
    http: httpx.AsyncClient,
) -> None:
    many = [Practice(f"FR-{n:05}", f"Cabinet médical numéro {n}", "Lyon", "69002") for n in range(20_000)]
    body = encode(PracticesImport(many))
    assert len(body) > MAX_MESSAGE_BYTES
    assert (await http.put("/v1/practices", content=body)).json()["created"] == 20_000


async def test_a_bad_practice_is_named_by_its_place_and_nothing_is_taken(http: httpx.AsyncClient) -> None:
    reply = await http.put(
        "/v1/practices", json={"practices": [{"id": "A", "name": "x"}, {"id": "A", "name": "y"}]}
    )
    assert (reply.status_code, reply.json()["code"], reply.json()["at"]) == (
        400, "practices.invalid", "$.practices[1].id",
    )  # fmt: skip
    assert (await http.get("/v1/practices")).json()["items"] == []
