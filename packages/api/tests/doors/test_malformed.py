import json
from collections.abc import AsyncGenerator
from typing import Any, TypeAlias

import httpx
import msgspec
import pytest

from canopee_api.catalog.datasets import Datasets
from canopee_api.doors.agent.door import AgentDoor
from canopee_api.doors.people.app import people_app
from canopee_api.doors.problems import brief
from canopee_api.testing import ADMIN, Office, Pc
from canopee_contract.codec import encode
from canopee_contract.order import Order
from canopee_contract.people import CollectRequest, Login
from canopee_contract.report import RunReport, RunReports, RunsReply, StepReport
from canopee_trust.dsse import payload_of, read_envelope

Http: TypeAlias = httpx.AsyncClient
FIELDS = [{"name": "n", "type": "integer", "sentence": "One."}]
DATASET = {
    "name": "sizes", "version": 1, "title": "t", "purpose": "p", "retention_days": 30, "fields": FIELDS,
}  # fmt: skip


@pytest.fixture
async def http(office: Office) -> AsyncGenerator[Http]:
    session = await office.areas.people.log_in(Login(ADMIN.login, ADMIN.password))
    transport = httpx.ASGITransport(people_app(office.areas))  # pyright: ignore[reportArgumentType]  names its scopes
    headers = {"authorization": f"Bearer {session.token}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://api", headers=headers) as client:
        yield client


@pytest.mark.parametrize(
    "target",
    [
        "/v1/devices?practice=%00",
        "/v1/devices?q=a%00b",
        "/v1/runs?pipeline=%00",
        "/v1/runs?state=%00",
        "/v1/records?dataset=%00",
        "/v1/pipelines/a%00/1",
    ],
)
async def test_a_nul_in_a_path_or_a_query_is_refused_before_postgresql_has_to(http: Http, target: str) -> None:
    reply = await http.get(target)
    assert (reply.status_code, reply.json()["code"]) == (400, "request.nul")


async def test_a_nul_in_the_id_of_an_api_key_is_refused(http: Http) -> None:
    assert (await http.delete("/v1/api-keys/%00")).status_code == 400


@pytest.mark.parametrize(
    "after", ["x", "-1", "9" * 19, "0123", "²", "01890A5D-AC96-774B-BCCE-B302099A8057", "%ff"]
)
@pytest.mark.parametrize("path", ["/v1/devices", "/v1/runs", "/v1/orders", "/v1/campaigns"])
async def test_a_cursor_that_is_no_id_is_refused(http: Http, path: str, after: str) -> None:
    reply = await http.get(f"{path}?after={after}")
    assert (reply.status_code, reply.json()["code"]) == (400, "page.cursor")


@pytest.mark.parametrize("limit", ["0", "-1", "1001", "9" * 40, "1e4", "", "NaN", "%00"])
async def test_a_limit_outside_its_bounds_is_refused(http: Http, limit: str) -> None:
    assert (await http.get(f"/v1/devices?limit={limit}")).status_code == 400


@pytest.mark.parametrize(
    ("change", "at"),
    [
        ({"version": 2**31}, "$.version"),
        ({"version": 0}, "$.version"),
        ({"retention_days": -1}, "$.retention_days"),
        ({"retention_days": 2**40}, "$.retention_days"),
        ({"fields": FIELDS * 2}, "$.data"),
        ({"fields": [{"name": "", "type": "text", "sentence": "s"}]}, "$.data"),
        (
            {"fields": [{"name": "a", "type": "text", "sentence": "s", "items": FIELDS}]},
            "$.data",
        ),
        ({"fields": [{"name": str(n), "type": "text", "sentence": "s"} for n in range(501)]}, "$.fields"),
    ],
)
async def test_a_dataset_that_would_stop_every_process_is_refused_and_not_stored(
    office: Office, http: Http, change: dict[str, Any], at: str
) -> None:
    reply = await http.put("/v1/catalog/datasets/sizes", json={**DATASET, **change})
    assert (reply.status_code, reply.json()["at"]) == (400, at)
    fresh = Datasets(office.areas.database, office.areas.clock)
    await fresh.reload()
    assert [one.name for one in fresh.list()] == ["gap"]


async def test_a_dataset_too_deep_is_refused(http: Http) -> None:
    fields: list[Any] = [{"name": "n", "type": "text", "sentence": "s"}]
    for _ in range(8):
        fields = [{"name": "n", "type": "object", "sentence": "s", "items": fields}]
    reply = await http.put("/v1/catalog/datasets/sizes", json={**DATASET, "fields": fields})
    assert (reply.status_code, reply.json()["code"]) == (400, "message.bad_shape")


async def test_a_dataset_name_outside_its_pattern_is_refused(http: Http) -> None:
    reply = await http.put("/v1/catalog/datasets/Sizes", json={**DATASET, "name": "Sizes"})
    assert (reply.status_code, reply.json()["code"]) == (400, "dataset.name")


@pytest.mark.parametrize(
    "instant",
    ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "1969-12-31T00:00:00Z"],
)
@pytest.mark.parametrize("place", ["finished_at", "started_at", "step"])
async def test_a_report_with_an_instant_that_could_not_be_read_again_is_rejected(
    office: Office, http: Http, instant: str, place: str
) -> None:
    pc, order = await _ordered(office)
    now = office.areas.clock.now()
    step = StepReport("only", "collect_hardware", "done", started_at=now)
    report = RunReport(order, 1, "done", "0" * 64, "inventory@1", "0.1.0", now, now, steps=(step,))
    body = json.loads(encode(RunReports((report,))))
    changed = body["reports"][0]["steps"][0] if place == "step" else body["reports"][0]
    changed["started_at" if place == "step" else place] = instant
    reply = await pc.post("runs", json.dumps(body).encode(), RunsReply)
    assert (reply.verdicts[0].verdict, reply.verdicts[0].code) == ("rejected", "run.instant")
    assert (await http.get("/v1/runs")).json()["items"] == []


async def _ordered(office: Office) -> tuple[Pc, str]:
    """A PC that has received one order; its id."""
    await office.publish_pipeline("inventory", approval="none")
    pc = await office.pc({"os.family": "windows"})
    await office.areas.campaigns.start_collect(
        CollectRequest("inventory", {"fact": "os.family", "op": "exists", "value": True}), by="t"
    )
    delivered = (await pc.orders())[0]
    return pc, msgspec.json.decode(payload_of(read_envelope(bytes(delivered.order))), type=Order).order_id


@pytest.mark.parametrize(
    "name",
    [
        "metadata/1.\0.json",
        "targets/\0/\0.\0",
        "metadata/99999999999.root.json",
        "metadata/-1.root.json",
        "",
        "targets//",
    ],
)
async def test_a_file_of_the_repository_that_cannot_be_is_not_found(office: Office, name: str) -> None:
    status, body = await _agent(office, "GET", f"/agent/v1/tuf/{name}")
    assert (status, json.loads(body)["code"]) == (404, "trust.unknown_file")


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("call", ["check-in", "facts", "runs", "records", "enrol", "renew"])
async def test_a_call_with_another_method_is_a_405(office: Office, method: str, call: str) -> None:
    status, body = await _agent(office, method, f"/agent/v1/{call}")
    assert (status, json.loads(body)["code"]) == (405, "route.method")


@pytest.mark.parametrize(
    "path", ["/agent/", "/agent/v1/", "/agent/v1/check-in/", "/agent/v1//facts", "/agent/v2/facts"]
)
async def test_an_unknown_call_is_a_404_that_repeats_nothing(office: Office, path: str) -> None:
    status, body = await _agent(office, "POST", path + "secret")
    assert status == 404
    assert b"secret" not in body


async def _agent(office: Office, method: str, path: str) -> tuple[int, bytes]:
    pc = await office.pc()
    return await Pc(AgentDoor(office.areas), office.areas).request(
        method, path, b"{}", {"authorization": f"Bearer {pc.token}"}
    )


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PUT", "/v1/devices", 405),
        ("GET", "/v1/openapi/nothing", 404),
        ("GET", "/v1/openapi/nothing.json", 404),
        ("GET", "/", 404),
    ],
)
async def test_what_the_framework_refuses_is_a_problem_document_too(
    http: Http, method: str, path: str, status: int
) -> None:
    reply = await http.request(method, path)
    assert (reply.status_code, reply.headers["content-type"]) == (status, "application/problem+json")
    assert status != 405 or "GET" in reply.headers["allow"]


@pytest.mark.parametrize(("size", "status"), [(1_048_576, 400), (1_048_577, 413)])
async def test_a_body_beyond_a_mebibyte_is_refused_before_it_is_read_as_json(
    http: Http, size: int, status: int
) -> None:
    reply = await http.post("/v1/sessions", content=b"[" * size, headers={"content-type": "application/json"})
    assert reply.status_code == status


def test_what_a_message_quotes_is_cut_short() -> None:
    assert brief(f"unknown field `{'x' * 300}` - at `$.a`") == f"unknown field `{'x' * 40}…` - at `$.a`"
    assert brief("the key 'name' appears twice") == "the key 'name' appears twice"
    assert len(brief("y" * 9_000)) == 500
