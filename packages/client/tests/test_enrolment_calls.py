"""The calls of mass enrolment: which path, which method, and that the answer is typed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from canopee_client.client import Client
from canopee_client.errors import RequestError
from canopee_contract import admission, people, practices

GOLDENS = Path(__file__).parents[2] / "contract" / "goldens" / "v1"
ID = "01890a5d-ac96-774b-bcce-b302099a8057"
Call = Callable[[Client], Any]


def _client(name: str, *, is_list: bool) -> tuple[Client, list[httpx.Request]]:
    seen = list[httpx.Request]()
    golden = (GOLDENS / f"{name}.json").read_bytes()

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, content=b'{"items":[' + golden + b'],"next":null}' if is_list else golden)

    return Client("http://api", "cpk_a_b", transport=httpx.MockTransport(answer)), seen


CALLS: dict[str, tuple[Call, type]] = {
    "POST /v1/enrolment-tokens": (
        lambda api: api.mint_tokens(people.NewEnrolmentTokens(uses=3)), people.EnrolmentTokens
    ),
    f"POST /v1/enrolment-tokens/{ID}/revoke": (lambda api: api.revoke_tokens(ID), admission.TokenBatch),
    f"GET /v1/enrolments/{ID}": (lambda api: api.enrolment(ID), admission.EnrolmentRequest),
    "POST /v1/enrolments/approve": (
        lambda api: api.approve_enrolments(admission.Decision([ID])), admission.Decided
    ),
    "POST /v1/enrolments/reject": (lambda api: api.reject_enrolments(admission.Decision([ID])), admission.Decided),
    "GET /v1/enrolment-rules": (lambda api: api.enrolment_rules(), admission.HeldRules),
    "PUT /v1/enrolment-rules": (
        lambda api: api.set_enrolment_rules(admission.EnrolmentRules()), admission.HeldRules
    ),
    "GET /v1/practices/12%2F345": (lambda api: api.practice("12/345"), practices.PracticeView),
    "PUT /v1/practices": (
        lambda api: api.import_practices(practices.PracticesImport([])), practices.PracticesImported
    ),
}  # fmt: skip
LISTS: dict[str, tuple[Call, type]] = {
    "/v1/enrolment-tokens": (lambda api: api.token_batches(), admission.TokenBatch),
    "/v1/enrolments": (lambda api: api.enrolments(state="waiting"), admission.EnrolmentRequest),
    "/v1/practices": (lambda api: api.practices(q="lyon"), practices.PracticeView),
}


@pytest.mark.parametrize("sent", sorted(CALLS))
def test_a_call_goes_where_the_api_expects_it_and_its_answer_is_typed(sent: str) -> None:
    call, kind = CALLS[sent]
    client, seen = _client(kind.__name__, is_list=False)
    with client:
        assert isinstance(call(client), kind)
    assert f"{seen[0].method} {seen[0].url.raw_path.decode()}" == sent
    if seen[0].content:
        assert isinstance(msgspec.json.decode(seen[0].content), dict)


@pytest.mark.parametrize("path", sorted(LISTS))
def test_a_list_is_read_as_its_objects(path: str) -> None:
    call, kind = LISTS[path]
    client, seen = _client(kind.__name__, is_list=True)
    with client:
        assert [type(one) for one in call(client)] == [kind]
    assert seen[0].url.path == path


def test_a_practice_without_a_name_is_not_asked_for() -> None:
    client, seen = _client("PracticeView", is_list=False)
    with client, pytest.raises(RequestError, match="name of nothing"):
        client.practice("")
    assert seen == []
