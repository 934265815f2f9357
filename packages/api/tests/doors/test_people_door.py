import re
from collections.abc import AsyncGenerator
from typing import TypeAlias

import httpx
import pytest

from canopee_api.accounts.people import Actor
from canopee_api.accounts.roles import rights_of
from canopee_api.audit.chain import first_broken
from canopee_api.doors.areas import Areas
from canopee_api.doors.people.app import people_app
from canopee_api.postgres.accounts import list_audit
from canopee_api.testing import ADMIN, Office
from canopee_contract.people import RIGHTS, ROLES, NewApiKey, NewUser, Role

Http: TypeAlias = httpx.AsyncClient


@pytest.fixture
async def http(office: Office) -> AsyncGenerator[Http]:
    transport = httpx.ASGITransport(people_app(office.areas))  # pyright: ignore[reportArgumentType]  names its scopes
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
        yield client


async def _log_in(http: Http, login: str = ADMIN.login, password: str = ADMIN.password) -> dict[str, str]:
    reply = await http.post("/v1/sessions", json={"login": login, "password": password})
    assert reply.status_code == 201, reply.text
    return {"authorization": f"Bearer {reply.json()['token']}"}


async def test_a_person_logs_in_looks_and_logs_out(http: Http) -> None:
    headers = await _log_in(http)
    assert (await http.get("/v1/me", headers=headers)).json()["login"] == "admin"
    assert (await http.delete("/v1/sessions/current", headers=headers)).status_code == 204
    assert (await http.get("/v1/me", headers=headers)).status_code == 401


async def test_an_api_key_is_no_session_to_end_and_goes_on(http: Http) -> None:
    made = await http.post("/v1/api-keys", json={"name": "x", "roles": ["support"]}, headers=await _log_in(http))
    key = {"authorization": f"Bearer {made.json()['secret']}"}
    refused = await http.delete("/v1/sessions/current", headers=key)
    assert (refused.status_code, refused.json()["code"]) == (409, "session.none")
    assert (await http.get("/v1/me", headers=key)).status_code == 200


@pytest.mark.parametrize("login", ["admin", "nobody"])
async def test_a_wrong_password_and_an_unknown_login_are_answered_alike(http: Http, login: str) -> None:
    reply = await http.post("/v1/sessions", json={"login": login, "password": "wrong"})
    assert (reply.status_code, reply.json()["code"]) == (401, "session.refused")


async def test_too_many_wrong_passwords_close_the_login_for_a_while(http: Http) -> None:
    for _ in range(10):
        await http.post("/v1/sessions", json={"login": "admin", "password": "wrong"})
    reply = await http.post("/v1/sessions", json={"login": "admin", "password": ADMIN.password})
    assert (reply.status_code, int(reply.headers["retry-after"]) > 0) == (429, True)


async def test_every_route_but_the_named_ones_is_closed_to_strangers(office: Office, http: Http) -> None:
    app = people_app(office.areas)
    opened = [(route.path, handler) for route in app.routes for handler in getattr(route, "route_handlers", [])]
    public = {path for path, handler in opened if handler.opt.get("right") == "public"}
    assert {path for path in public if not path.startswith("/v1/openapi")} == {
        "/v1/health",
        "/v1/sessions",
        "/v1/sessions/browser",
    }
    for path in (
        "/v1/devices",
        "/v1/runs",
        "/v1/status",
        "/v1/audit",
        "/v1/trust",
        "/v1/trust/keys",
        "/v1/users",
    ):
        assert (await http.get(path)).status_code in {401, 403}


async def test_each_role_may_do_what_the_table_says_and_no_more(office: Office, http: Http) -> None:
    routes = {
        "/v1/devices": "read",
        "/v1/records": "read_records",
        "/v1/users": "administer",
        "/v1/audit": "administer",
    }
    for role in ROLES:
        await office.areas.people.create_user(NewUser(role + "-1", "a long enough password", [role]), by="test")
        headers = await _log_in(http, role + "-1")
        for path, right in routes.items():
            expected = 200 if right in rights_of([role]) else 403
            assert (await http.get(path, headers=headers)).status_code == expected, (role, path)


def test_an_administrator_may_do_everything_and_nobody_nothing() -> None:
    assert rights_of(["admin"]) == set(RIGHTS)
    assert rights_of(["nothing such"]) == set()


async def test_an_api_key_works_until_it_is_revoked_and_never_holds_more_than_its_owner(
    http: Http,
) -> None:
    headers = await _log_in(http)
    made = (await http.post("/v1/api-keys", json={"name": "ci", "roles": ["support"]}, headers=headers)).json()
    key = {"authorization": f"Bearer {made['secret']}"}
    assert (await http.get("/v1/devices", headers=key)).status_code == 200
    assert (await http.get("/v1/users", headers=key)).status_code == 403
    more = await http.post("/v1/api-keys", json={"name": "more", "roles": ["admin"]}, headers=key)
    assert (more.status_code, more.json()["code"]) == (403, "api_key.roles")
    assert (await http.delete(f"/v1/api-keys/{made['id']}", headers=headers)).status_code == 204
    assert (await http.get("/v1/devices", headers=key)).status_code == 401
    assert [one["state"] for one in (await http.get("/v1/api-keys", headers=headers)).json()["items"]] == [
        "revoked"
    ]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"password": "short"}, "user.password"),
        ({"login": " x"}, "user.login"),
        ({"roles": []}, "user.roles"),
        ({"roles": ["king"]}, "message.bad_shape"),
        ({"login": "admin"}, "user.exists"),
    ],
)
async def test_a_bad_account_is_refused_with_its_reason(http: Http, change: dict[str, object], code: str) -> None:
    body = {"login": "new", "password": "a long enough password", "roles": ["reader"], **change}
    reply = await http.post("/v1/users", json=body, headers=await _log_in(http))
    assert reply.status_code in {400, 409}
    assert reply.json()["code"] == code


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"condition": NaN}',
        b'{"condition": {"all": [], "all": []}}',
        b'{"condition": "\\u0000"}',
        b"[]",
        b"",
    ],
)
async def test_a_malformed_body_is_a_400(http: Http, body: bytes) -> None:
    headers = {**await _log_in(http), "content-type": "application/json"}
    reply = await http.post("/v1/match", content=body, headers=headers)
    assert reply.status_code == 400, reply.text
    assert reply.headers["content-type"].startswith("application/problem+json")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/devices?limit=0", "/v1/devices?limit=x", "/v1/devices?after=zzz", "/v1/runs?device=1",
        "/v1/records?after=-1", "/v1/runs?after=%00",
    ],
)  # fmt: skip
async def test_a_bad_filter_is_a_400(http: Http, path: str) -> None:
    assert (await http.get(path, headers=await _log_in(http))).status_code == 400


@pytest.mark.parametrize(
    "path", ["/v1/devices/1", "/v1/runs/x", "/v1/campaigns/x", "/v1/nothing", "/v1/pipelines/none/1"]
)
async def test_what_is_not_there_is_a_404(http: Http, path: str) -> None:
    reply = await http.get(path, headers=await _log_in(http))
    assert reply.status_code == 404
    assert reply.json()["code"]


async def test_lists_come_in_pages(office: Office, http: Http) -> None:
    pcs = {(await office.pc({"os.family": "windows"})).id for _ in range(5)}
    headers, found, after = await _log_in(http), set[str](), ""
    while after is not None:
        page = (await http.get(f"/v1/devices?limit=2&after={after}", headers=headers)).json()
        found |= {device["id"] for device in page["items"]}
        after = page["next"]
    assert found == pcs


async def test_the_status_says_that_development_keys_are_in_use(office: Office, http: Http) -> None:
    await office.pc()
    status = (await http.get("/v1/status", headers=await _log_in(http))).json()
    assert (status["devices"], status["devices_online"], status["lab_keys"]) == (1, 1, True)


async def test_the_audit_chain_holds_and_a_change_in_it_shows(office: Office, areas: Areas) -> None:
    await office.pc()
    async with areas.database.transaction() as tx:
        rows = list(reversed(await list_audit(tx, after=0, limit=1000)))
        assert first_broken(rows) is None
        await tx.execute("UPDATE audit SET actor = 'somebody else' WHERE n = 2")
        assert first_broken(list(reversed(await list_audit(tx, after=0, limit=1000)))) == 2


async def test_the_openapi_document_describes_every_route(http: Http) -> None:
    reply = await http.get("/v1/openapi/openapi.json", headers=await _log_in(http))
    assert reply.status_code == 200
    assert {"/v1/devices", "/v1/campaigns", "/v1/match"} <= set(reply.json()["paths"])


def _calls(office: Office) -> list[tuple[str, str, str]]:
    """Method, path with `x` or 1 for its parameters, and right of every route."""
    return [
        (method, re.sub(r"\{\w+:(\w+)\}", lambda found: "1" if found[1] == "int" else "x", route.path),
         str(handler.opt.get("right")))
        for route in people_app(office.areas).routes
        for handler in getattr(route, "route_handlers", [])
        for method in sorted(handler.http_methods - {"OPTIONS", "HEAD"})
        if not route.path.startswith("/v1/openapi")
    ]  # fmt: skip


async def test_every_route_asks_every_caller_for_exactly_its_right(office: Office, http: Http) -> None:
    roles = list[Role](ROLES)
    await office.areas.people.create_user(NewUser("all", ADMIN.password, roles), by="test")
    keys = {
        role: (
            await office.areas.people.create_api_key(NewApiKey(role, [role]), Actor("all", tuple(roles)))
        ).secret
        for role in roles
    }
    calls = _calls(office)
    assert len(calls) > 20
    for method, path, right in calls:
        if right == "public":
            continue
        for credential in ("", "Bearer x", "Bearer cps_x", f"Basic {keys['admin']}", keys["admin"]):
            reply = await http.request(method, path, headers={"authorization": credential}, json={})
            assert reply.status_code == 401, (method, path, credential)
        for role, secret in keys.items():
            if path == "/v1/live" and right in rights_of([role]):
                continue  # its answer does not end: see test_live_routes
            reply = await http.request(method, path, headers={"authorization": f"bearer {secret}"}, json={})
            assert (reply.status_code == 403) == (right not in rights_of([role])), (method, path, role, reply.text)
            assert reply.status_code < 500, (method, path, reply.text)


async def test_the_character_nul_is_refused_wherever_it_is_put(office: Office, http: Http) -> None:
    headers = await _log_in(http)
    for method, path, right in _calls(office):
        if right == "public":
            continue
        names = ("after", "q", "practice", "device", "pipeline", "campaign", "state", "dataset")
        asked = [f"{path}?{name}=a%00b" for name in names] if method == "GET" else []
        for one in (*asked, *([path.replace("/x", "/x%00")] if "/x" in path else [])):
            reply = await http.request(method, one, headers=headers, json={})
            assert reply.status_code in {400, 404}, (method, one, reply.text)
