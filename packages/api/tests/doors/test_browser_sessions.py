"""Sessions of the web interface: a cookie that no script reads and no other site uses."""

from collections.abc import AsyncGenerator

import httpx
import pytest

from canopee_api.doors.people.app import people_app
from canopee_api.doors.people.guard import COOKIE
from canopee_api.testing import ADMIN, Office

OWN = {"x-canopee": "ihm"}


@pytest.fixture
async def browser(office: Office) -> AsyncGenerator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(people_app(office.areas))  # pyright: ignore[reportArgumentType]  names its scopes
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


async def _sign_in(browser: httpx.AsyncClient, password: str = ADMIN.password, **headers: str) -> httpx.Response:
    return await browser.post(
        "/v1/sessions/browser", json={"login": ADMIN.login, "password": password}, headers=headers
    )


async def test_the_cookie_is_the_session_and_no_script_can_read_it(browser: httpx.AsyncClient) -> None:
    reply = await _sign_in(browser)
    said = reply.headers["set-cookie"].lower()
    assert reply.status_code == 201
    assert "cps_" not in reply.text
    assert all(part in said for part in ("httponly", "samesite=strict", "path=/"))
    assert "secure" not in said
    assert (await browser.get("/v1/me")).json()["login"] == ADMIN.login


async def test_behind_a_proxy_that_speaks_tls_the_cookie_travels_by_tls_only(browser: httpx.AsyncClient) -> None:
    reply = await _sign_in(browser, **{"x-forwarded-proto": "https"})
    assert "secure" in reply.headers["set-cookie"].lower()


async def test_a_change_asked_for_by_another_site_is_refused(browser: httpx.AsyncClient) -> None:
    await _sign_in(browser)
    forged = await browser.post("/v1/api-keys", json={"name": "x", "roles": ["admin"]})
    assert (forged.status_code, forged.json()["code"]) == (403, "request.forged")
    own = await browser.post("/v1/api-keys", json={"name": "x", "roles": ["admin"]}, headers=OWN)
    assert own.status_code == 201


async def test_signing_out_ends_the_session_and_takes_the_cookie_away(browser: httpx.AsyncClient) -> None:
    await _sign_in(browser)
    token = browser.cookies[COOKIE]
    assert (await browser.delete("/v1/sessions/current", headers=OWN)).status_code == 204
    assert COOKIE not in browser.cookies
    stolen = await browser.get("/v1/me", headers={"authorization": f"Bearer {token}"})
    assert stolen.status_code == 401


async def test_what_one_may_do_is_told_with_who_one_is(browser: httpx.AsyncClient) -> None:
    await _sign_in(browser)
    assert {"read", "administer"} <= set((await browser.get("/v1/me")).json()["rights"])


async def test_another_password_ends_the_other_sessions_but_this_one(browser: httpx.AsyncClient) -> None:
    await _sign_in(browser)
    other = browser.cookies[COOKIE]
    browser.cookies.clear()
    await _sign_in(browser)
    new = {"current": ADMIN.password, "password": "a quite different phrase"}
    assert (await browser.post("/v1/me/password", json=new, headers=OWN)).status_code == 204
    assert (await browser.get("/v1/me")).status_code == 200
    assert (await browser.get("/v1/me", headers={"authorization": f"Bearer {other}"})).status_code == 401
    assert (await _sign_in(browser)).status_code == 401
    assert (await _sign_in(browser, new["password"])).status_code == 201


@pytest.mark.parametrize(
    ("current", "password", "code", "status"),
    [("wrong", "a quite different phrase", "user.password", 403), (ADMIN.password, "short", "user.password", 400)],
)
async def test_a_password_is_not_changed_without_the_current_one_nor_for_a_short_one(
    browser: httpx.AsyncClient, current: str, password: str, code: str, status: int
) -> None:
    await _sign_in(browser)
    reply = await browser.post("/v1/me/password", json={"current": current, "password": password}, headers=OWN)
    assert (reply.status_code, reply.json()["code"]) == (status, code)
    assert (await _sign_in(browser)).status_code == 201
