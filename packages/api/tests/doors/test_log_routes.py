"""Log requests at the people's door."""

import hashlib
from collections.abc import AsyncGenerator

import httpx
import pytest

from canopee_api.accounts.people import Actor
from canopee_api.doors.people.app import people_app
from canopee_api.testing import Office
from canopee_api.testing_logs import Support, an_archive
from canopee_contract.codec import encode
from canopee_contract.people import NewApiKey, NewUser, Role
from canopee_contract.pipeline import Pipeline, Step, target_path
from canopee_contract.practices import Practice, PracticesImport


@pytest.fixture
async def http(office: Office) -> AsyncGenerator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(people_app(office.areas))  # pyright: ignore[reportArgumentType]  names its scopes
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
        yield client


async def _key(office: Office, role: Role) -> dict[str, str]:
    await office.areas.people.create_user(NewUser(role, "a long enough password", [role]), by="test")
    key = await office.areas.people.create_api_key(NewApiKey("desk", [role]), Actor(role, (role,)))
    return {"authorization": f"Bearer {key.secret}"}


async def test_support_asks_everybody_sees_and_the_audit_says_who(office: Office, http: httpx.AsyncClient) -> None:
    await office.publish_pipeline("product_logs", approval="none")
    pc = await office.pc()
    support, reader = await _key(office, "support"), await _key(office, "reader")
    found = await http.post("/v1/log-requests/resolve", json={"lines": ["accueil-01", "C0009"]}, headers=reader)
    assert (found.status_code, found.json()["found"][0]["id"], found.json()["not_found"]) == (
        200,
        pc.id,
        ["C0009"],
    )
    new = {"devices": [pc.id], "pipeline": "product_logs", "reason": "it crashes", "ticket": "SUP-1"}
    assert (await http.post("/v1/log-requests", json=new, headers=reader)).status_code == 403
    assert (await http.post("/v1/log-requests/estimate", json=new, headers=support)).json()["devices"] == 1
    made = await http.post("/v1/log-requests", json=new, headers=support)
    assert (made.status_code, made.json()["total"], made.json()["created_by"]) == (201, 1, "support")
    path = f"/v1/log-requests/{made.json()['id']}"
    assert (await http.get(path, headers=reader)).json()["ticket"] == "SUP-1"
    assert (await http.get("/v1/log-requests?state=running", headers=reader)).json()["items"][0]["total"] == 1
    devices = await http.get(f"{path}/devices?state=waiting,running", headers=reader)
    assert [one["id"] for one in devices.json()["items"]] == [pc.id]
    history = (await http.get(f"{path}/audit", headers=reader)).json()["items"]
    assert [(one["actor"], one["action"], one["detail"]["ticket"]) for one in history] == [
        ("support", "logs.request", "SUP-1")
    ]
    for wrong, status in ((f"{path}/devices?state=gone", 400), ("/v1/log-requests?state=gone", 400)):
        assert (await http.get(wrong, headers=reader)).status_code == status


async def test_the_consent_of_practices_is_set_for_all_of_them_or_none(
    office: Office, http: httpx.AsyncClient
) -> None:
    await office.areas.practices.take(
        encode(PracticesImport([Practice("C1", "One"), Practice("C2", "Two")])), by="x"
    )
    enroller, reader = await _key(office, "enroller"), await _key(office, "reader")
    path = "/v1/practice-consent"
    wanted = {"practices": ["C1", "C2"], "consent": "ask"}
    assert (await http.put(path, json=wanted, headers=reader)).status_code == 403
    missing = await http.put(path, json={**wanted, "practices": ["C1", "C9"]}, headers=enroller)
    assert (missing.status_code, missing.json()["code"]) == (404, "practice.unknown")
    assert (await http.get("/v1/practices/C1", headers=reader)).json()["consent"] == "inform"
    assert (await http.put(path, json=wanted, headers=enroller)).status_code == 200
    assert (await http.put(path, json={**wanted, "consent": "maybe"}, headers=enroller)).status_code == 400
    assert (await http.get("/v1/practices/C2", headers=reader)).json()["consent"] == "ask"
    await office.areas.practices.take(encode(PracticesImport([Practice("C1", "Uno")])), by="x")
    assert (await http.get("/v1/practices/C1", headers=reader)).json()["consent"] == "ask"


async def test_pipelines_say_whether_they_send_files(office: Office, http: httpx.AsyncClient) -> None:
    uses = {
        "looks": ("collect_hardware",),
        "events": ("collect_hardware", "read_event_log"),
        "of_tomorrow": ("sing",),
    }
    pipelines = [
        Pipeline(
            spec=1, name=name, version=1, kind="collect", title=name, approval="none",
            steps=tuple(Step(id=f"s{place}", use=use) for place, use in enumerate(used)),
        )
        for name, used in uses.items()
    ]  # fmt: skip
    await office.publish({target_path("collect", one.name, 1): encode(one) for one in pipelines})
    listed = (await http.get("/v1/pipelines", headers=await _key(office, "reader"))).json()["items"]
    sends = {one["ref"]["name"]: one["sends_files"] for one in listed}
    assert sends == {"looks": False, "events": True, "of_tomorrow": False}


async def test_an_archive_is_downloaded_whole_or_from_where_it_stopped(
    office: Office, http: httpx.AsyncClient
) -> None:
    await office.publish_pipeline("product_logs", approval="none")
    support, pc = Support(office), await office.pc()
    view, content = await support.request(pc), an_archive()
    key, reader = await _key(office, "support"), await _key(office, "reader")
    path = f"/v1/log-requests/{view.id}/archives/{pc.id}"
    assert (await http.get(path, headers=key)).json()["code"] == "logs.not_ready"
    await support.answer(pc, content)
    assert (await http.get(path, headers=reader)).status_code == 403
    whole, sha256 = await http.get(path, headers=key), hashlib.sha256(content).hexdigest()
    assert (whole.status_code, whole.content, whole.headers["etag"]) == (200, content, f'"{sha256}"')
    assert whole.headers["content-disposition"].startswith('attachment; filename="C0001_ACCUEIL-01_')
    assert (whole.headers["x-content-type-options"], whole.headers["content-length"]) == (
        "nosniff",
        str(len(content)),
    )
    rest = await http.get(path, headers={**key, "range": "bytes=10-", "if-range": f'"{sha256}"'})
    assert (rest.status_code, rest.content) == (206, content[10:])
    assert rest.headers["content-range"] == f"bytes 10-{len(content) - 1}/{len(content)}"
    assert (await http.get(path, headers={**key, "range": "bytes=10-", "if-range": '"other"'})).content == content
    past = await http.get(path, headers={**key, "range": f"bytes={len(content)}-"})
    assert (past.status_code, past.headers["content-range"]) == (416, f"bytes */{len(content)}")
    every = await http.get(f"/v1/log-requests/{view.id}/archives.zip", headers=key)
    assert content in every.content


async def test_a_request_is_cancelled_by_who_may_ask(office: Office, http: httpx.AsyncClient) -> None:
    await office.publish_pipeline("product_logs", approval="none")
    view = await Support(office).request(await office.pc())
    key, reader = await _key(office, "support"), await _key(office, "reader")
    path = f"/v1/log-requests/{view.id}/cancel"
    assert (await http.post(path, headers=reader)).status_code == 403
    answers = [await http.post(path, headers=key) for _ in range(2)]
    assert [(one.status_code, one.json()["states"]) for one in answers] == [(200, {"cancelled": 1})] * 2
    listed = (await http.get(f"/v1/log-requests/{view.id}/devices?state=cancelled", headers=reader)).json()[
        "items"
    ]
    assert [one["state"] for one in listed] == ["cancelled"]
    await http.post(f"/v1/log-requests/{view.id}/purge", headers=key)
    assert (await http.get("/v1/log-requests?state=running", headers=reader)).json()["items"] == []


async def test_an_archive_is_read_searched_and_purged(office: Office, http: httpx.AsyncClient) -> None:
    await office.publish_pipeline("product_logs", approval="none")
    support, pc = Support(office), await office.pc()
    view = await support.request(pc)
    await support.answer(pc)
    key, reader = await _key(office, "support"), await _key(office, "reader")
    path = f"/v1/log-requests/{view.id}/archives/{pc.id}"
    (file,) = (await http.get(f"{path}/files", headers=key)).json()["files"]
    lines = await http.get(f"{path}/text", params={"file": file["number"], "line": "2"}, headers=key)
    assert (lines.json()["path"], [one["number"] for one in lines.json()["lines"]]) == (file["path"], [2])
    beyond = await http.get(f"{path}/text", params={"file": "2"}, headers=key)
    assert (beyond.status_code, beyond.json()["code"]) == (400, "logs.unreadable")
    found = await http.post(f"{path}/search", json={"q": "LOGIN OF .* failed", "regex": True}, headers=key)
    places = [(one["line"], one["path"], one["file"]) for one in found.json()["matches"]]
    assert (found.status_code, places) == (200, [(2, file["path"], file["number"])])
    cased = await http.post(f"{path}/search", json={"q": "LOGIN", "case": True}, headers=key)
    assert cased.json()["matches"] == []
    for wrong in ({"q": "(", "regex": True}, {"q": ""}, {"q": "x", "limit": 0}, {}):
        assert (await http.post(f"{path}/search", json=wrong, headers=key)).status_code == 400
    assert (await http.post(f"{path}/search", json={"q": "login"}, headers=reader)).status_code == 403
    in_address = await http.get(f"{path}/search", params={"q": "DUPONT"}, headers=key)
    assert in_address.status_code == 405, "what is looked for is in no address: neither proxies nor logs keep it"
    purge = f"/v1/log-requests/{view.id}/purge"
    assert (await http.post(purge, headers=reader)).status_code == 403
    assert (await http.post(purge, headers=key)).json()["state"] == "purged"
    receipts = (await http.get(f"/v1/log-requests/{view.id}/receipts", headers=reader)).json()["items"]
    assert [(one["device_id"], one["purged_by"]) for one in receipts] == [(pc.id, "support")]
    assert (await http.get(path, headers=key)).json()["code"] == "logs.purged"
