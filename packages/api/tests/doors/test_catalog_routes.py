"""Who may do what with the catalog, by HTTP."""

from collections.abc import AsyncGenerator
from typing import Any, TypeAlias

import httpx
import pytest

from canopee_api.doors.people.app import people_app
from canopee_api.testing import Office
from canopee_contract.people import NewUser, Role

Http: TypeAlias = httpx.AsyncClient
TEXT = """type: pipeline
spec: 1
name: one
version: 1
kind: collect
title: One
approval: none
steps: [{id: hardware, use: collect_hardware}]
"""


@pytest.fixture
async def http(office: Office) -> AsyncGenerator[Http]:
    transport = httpx.ASGITransport(people_app(office.areas))  # pyright: ignore[reportArgumentType]  names its scopes
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
        yield client


async def _as(office: Office, http: Http, role: Role) -> dict[str, str]:
    await office.areas.people.create_user(NewUser(f"{role}-1", "a long enough password", [role]), by="test")
    body = {"login": f"{role}-1", "password": "a long enough password"}
    return {"authorization": f"Bearer {(await http.post('/v1/sessions', json=body)).json()['token']}"}


async def test_a_reader_plans_and_looks_and_an_author_writes(office: Office, http: Http) -> None:
    reader, author = await _as(office, http, "reader"), await _as(office, http, "author")
    folder: dict[str, Any] = {"files": [{"path": "pipelines/one.yaml", "text": TEXT}]}
    plan = await http.post("/v1/catalog/plan", json=folder, headers=reader)
    assert [one["change"] for one in plan.json()["changes"]] == ["added"]
    applied = {**folder, "revision": plan.json()["revision"]}
    assert (await http.post("/v1/catalog/apply", json=applied, headers=reader)).status_code == 403
    assert (await http.put("/v1/drafts/two", json={"text": "a: 1"}, headers=reader)).status_code == 403
    assert (await http.post("/v1/catalog/apply", json=applied, headers=author)).status_code == 200
    assert (await http.get("/v1/catalog/pipelines/one", headers=reader)).json()["state"] == "awaiting"
    (waiting,) = (await http.get("/v1/catalog/awaiting", headers=reader)).json()["items"]
    held = (await http.get(f"/v1/catalog/awaiting/{waiting['sha256']}", headers=reader)).json()
    assert held["target"] == "pipelines/collect/one.1.json"


async def test_what_is_refused_says_why_with_a_stable_code(office: Office, http: Http) -> None:
    author = await _as(office, http, "author")
    calls: list[tuple[str, str, dict[str, Any] | None, int, str]] = [
        ("POST", "/v1/catalog/apply", {"files": [], "revision": "old"}, 409, "catalog.changed"),
        ("POST", "/v1/catalog/check", {"path": "x.yaml", "text": ""}, 400, "catalog.path"),
        ("POST", "/v1/catalog/plan", {"files": [{"path": "a", "text": ""}] * 2}, 400, "catalog.same_path"),
        ("GET", "/v1/catalog/schemas/none", None, 404, "schema.unknown"),
        ("GET", "/v1/catalog/pipelines/none", None, 404, "pipeline.unknown"),
        ("POST", "/v1/drafts/none/ask?revision=1", None, 404, "draft.unknown"),
        ("PUT", "/v1/drafts/one", {"text": "a", "revision": 9}, 409, "draft.changed"),
        ("PUT", "/v1/drafts/ONE", {"text": "a"}, 400, "pipeline.name"),
        ("GET", "/v1/catalog/awaiting/" + "0" * 64, None, 404, "awaiting.unknown"),
    ]
    for method, path, body, status, code in calls:
        reply = await http.request(method, path, json=body, headers=author)
        assert (path, reply.status_code, reply.json()["code"]) == (path, status, code)


async def test_faults_come_with_lines_and_the_schema_is_one(office: Office, http: Http) -> None:
    author = await _as(office, http, "author")
    body = {"path": "pipelines/one.yaml", "text": TEXT.replace("title", "titel")}
    checked = (await http.post("/v1/catalog/check", json=body, headers=author)).json()
    assert [(one["code"], one["line"]) for one in checked["faults"]] == [
        ("schema.missing_key", 1), ("schema.unknown_key", 6)
    ]  # fmt: skip
    schema = (await http.get("/v1/catalog/schemas/pipeline", headers=author)).json()
    assert schema["$defs"]["Step"]["properties"]["use"]["enum"]


async def test_a_draft_is_written_asked_for_taken_back_and_thrown_away(office: Office, http: Http) -> None:
    author = await _as(office, http, "author")
    saved = (await http.put("/v1/drafts/one", json={"text": TEXT}, headers=author)).json()
    asked = await http.post(f"/v1/drafts/one/ask?revision={saved['revision']}", headers=author)
    assert asked.json()["command"].startswith("canopee sign one@1 --sha256 ")
    back = await http.post("/v1/catalog/pipelines/one/1/withdraw", headers=author)
    assert back.json()["text"] == TEXT
    assert (await http.delete("/v1/drafts/one", headers=author)).status_code == 204
    assert (await http.get("/v1/catalog/pipelines", headers=author)).json()["items"] == []
