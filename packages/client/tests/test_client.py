import httpx
import pytest

from canopee_client.client import Client
from canopee_client.errors import AnswerError, NoAnswerError
from canopee_contract.codec import encode
from canopee_contract.matching import Matched, TestCount
from canopee_contract.people import Health, User
from canopee_contract.problem import Problem
from canopee_kit.clock import FakeClock


def _client(*replies: httpx.Response | Exception) -> tuple[Client, list[httpx.Request]]:
    """A client whose transport gives these answers, one a call."""
    waiting, seen = list(replies), list[httpx.Request]()

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        reply = waiting.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply

    return Client("http://api", "cpk_a_b", transport=httpx.MockTransport(answer)), seen


def _page(items: list[User], following: str | None) -> httpx.Response:
    return httpx.Response(200, content=encode({"items": items, "next": following}))


def test_a_call_carries_the_credential_and_gives_a_typed_answer() -> None:
    client, seen = _client(httpx.Response(200, content=b'{"status":"ok"}'))
    with client:
        assert client.health() == Health()
    assert seen[0].headers["authorization"] == "Bearer cpk_a_b"


def test_a_list_is_read_page_after_page() -> None:
    one, two = (User(name, ["reader"], FakeClock().now()) for name in ("one", "two"))
    client, seen = _client(_page([one], "one"), _page([two], None))
    assert list(client.users()) == [one, two]
    assert [request.url.params.get("after") for request in seen] == [None, "one"]


def test_match_reads_every_id_and_asks_for_the_counts_once() -> None:
    pages = [
        Matched(3, ["a", "b"], fleet=9, tests=[TestCount("$", "a.b exists true", 3)], next="b"),
        Matched(None, ["c"]),
    ]
    client, seen = _client(*(httpx.Response(200, content=encode(page)) for page in pages))
    matched = client.match({"fact": "a.b", "op": "exists", "value": True})
    assert (matched.total, matched.fleet, matched.device_ids, matched.next) == (3, 9, ["a", "b", "c"], None)
    assert [(b'"after":"b"' in request.content, b'"counts":true' in request.content) for request in seen] == [
        (False, True), (True, False),
    ]  # fmt: skip


def test_a_refusal_tells_what_to_do_and_where() -> None:
    problem = Problem("user.exists", "In conflict", 409, "choose another login", at="$.login")
    client, _ = _client(httpx.Response(409, content=encode(problem)))
    with pytest.raises(AnswerError, match=r"choose another login \(\$.login\) \[user.exists\]"):
        client.health()


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_says_when_to_come_back(status: int) -> None:
    problem = Problem("busy", "Busy", status, "wait", retry_after_s=7)
    client, _ = _client(httpx.Response(status, content=encode(problem)))
    with pytest.raises(NoAnswerError) as refused:
        client.health()
    assert refused.value.retry_after_s == 7


def test_no_answer_and_an_answer_of_somebody_else_are_told_apart() -> None:
    client, _ = _client(httpx.ConnectError("refused"), httpx.Response(404, content=b"<html>"))
    with pytest.raises(NoAnswerError, match="does not answer"):
        client.health()
    with pytest.raises(AnswerError, match="is this a Canopée API"):
        client.health()
