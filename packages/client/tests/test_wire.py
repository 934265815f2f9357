"""The client against a real server of this machine, and against whatever else may answer at its address."""

import threading
import time
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canopee_client.client import PAGE, Client
from canopee_client.errors import AnswerError, NoAnswerError, RequestError
from canopee_contract.codec import encode
from canopee_contract.matching import Match, Matched
from canopee_contract.people import Health, User
from canopee_contract.problem import Problem
from canopee_kit.clock import FakeClock


class _Handler(BaseHTTPRequestHandler):
    """Holds 2 500 users, serves them by pages, and answers everything else by its own path."""

    protocol_version = "HTTP/1.1"
    users: ClassVar[list[User]] = [User(f"user-{n:04}", ["reader"], FakeClock().now()) for n in range(2_500)]
    seen: ClassVar[list[tuple[str, str]]] = []

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.seen.append((self.path, self.headers.get("authorization", "")))
        if parts.path == "/v1/users":
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            start = next((n + 1 for n, user in enumerate(self.users) if user.id == query.get("after")), 0)
            end = start + int(query["limit"])
            following = self.users[end - 1].id if end < len(self.users) else None
            self._reply(200, encode({"items": self.users[start:end], "next": following}))
        elif parts.path == "/v1/health":
            self._reply(200, encode(Health()))
        else:
            self._reply(404, encode(Problem("not_found", "Not found", 404, f"there is no {self.path}")))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.seen.append((self.path, body.decode()))
        self._reply(200, encode(Matched(1, [])))

    def _reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its parent's name
        """Say nothing."""


@pytest.fixture(scope="module")
def url() -> Generator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def _answering(*replies: httpx.Response) -> Client:
    waiting = list(replies)
    return Client("http://api", transport=httpx.MockTransport(lambda _: waiting.pop(0)))


def test_a_long_list_is_whole_in_order_and_without_doubles(url: str) -> None:
    _Handler.seen.clear()
    with Client(url, "cpk_a_b") as client:
        assert [user.id for user in client.users()] == [user.id for user in _Handler.users]
    assert len(_Handler.seen) == -(-len(_Handler.users) // PAGE)
    assert {authorization for _, authorization in _Handler.seen} == {"Bearer cpk_a_b"}


def test_only_the_pages_that_are_read_are_asked_for(url: str) -> None:
    _Handler.seen.clear()
    with Client(url) as client:
        assert next(client.users()).id == "user-0000"
    assert len(_Handler.seen) == 1


def test_a_list_ends_even_when_a_server_says_that_the_empty_cursor_follows() -> None:
    page = httpx.Response(200, content=encode({"items": [], "next": ""}))
    with _answering(page) as client:
        assert list(client.users()) == []


@pytest.mark.parametrize("name", ["../users", "a/b", "x?limit=1", "x#y", "%2e%2e", "é è", "a;b", "a\nb", "..%2f"])
def test_a_name_is_one_segment_of_the_path_whatever_it_holds(url: str, name: str) -> None:
    """`canopee devices ../users` read another list, and `x?y` another device."""
    _Handler.seen.clear()
    with Client(url) as client, pytest.raises(AnswerError) as refused:
        client.device(name)
    path = urlsplit(_Handler.seen[0][0]).path
    assert path.startswith("/v1/devices/")
    assert path.count("/") == 3
    assert refused.value.problem.status == 404


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_what_can_be_the_name_of_nothing_is_not_sent(url: str, name: str) -> None:
    _Handler.seen.clear()
    with Client(url) as client:
        for call in (client.device, client.revoke_device, client.run, client.campaign):
            with pytest.raises(RequestError, match="the name of nothing"):
                call(name)
    assert _Handler.seen == []


def test_filters_are_values_whatever_they_hold(url: str) -> None:
    _Handler.seen.clear()
    hostile = "a&limit=1#x é+%"
    with Client(url) as client, pytest.raises(AnswerError):
        next(client.devices(hostname=hostile))
    query = parse_qs(urlsplit(_Handler.seen[0][0]).query)
    assert query == {"hostname": [hostile], "sort": ["id"], "limit": [str(PAGE)]}


def test_a_body_travels_as_the_contract_writes_it(url: str) -> None:
    with Client(url) as client:
        client.match({"fact": "a", "op": "eq", "value": "é"})
    path, body = _Handler.seen[-1]
    assert path == "/v1/match"
    assert body.startswith('{"condition":{"fact":"a","op":"eq","value":"é"},')


@pytest.mark.parametrize(
    "url",
    ["", "example.fr", "ftp://example.fr", "http://", "https://", "http://[::1", "http://a:b:c",
     "http://x:99999", "/v1"],
)  # fmt: skip
def test_what_is_no_address_is_said_before_anything_is_sent(url: str) -> None:
    with pytest.raises(RequestError, match="is not an address"):
        Client(url).close()


@pytest.mark.parametrize("token", ["é", "a b", "a\nb", "a\r\nx-admin: 1", "\0", "clé"])
def test_what_is_no_token_is_said_and_never_shown(token: str) -> None:
    with pytest.raises(RequestError) as refused:
        Client("http://api", token).close()
    assert token not in refused.value.message


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b'{"login":1}', b"\xff"])
def test_a_success_that_is_not_the_expected_message_is_an_error_of_ours(body: bytes) -> None:
    """A proxy's page with status 200 ended the command line with a traceback."""
    with _answering(httpx.Response(200, content=body)) as client, pytest.raises(AnswerError) as refused:
        client.me()
    assert refused.value.problem.code == "client.not_an_answer"
    assert "is this a Canopée API" in refused.value.message


@pytest.mark.parametrize("status", [429, 502, 503, 504])
@pytest.mark.parametrize("content", [b"<html>", encode(Problem("busy", "Busy", 503, "wait"))])
def test_a_server_or_a_proxy_that_is_busy_may_be_tried_again(status: int, content: bytes) -> None:
    reply = httpx.Response(status, content=content, headers={"retry-after": "9"})
    with _answering(reply) as client, pytest.raises(NoAnswerError) as refused:
        client.health()
    assert refused.value.retry_after_s == 9


@pytest.mark.parametrize("header", ["soon", "-1", "1.5", "Tue, 24 Nov 2026 08:00:00 GMT", ""])
def test_a_header_that_is_no_number_of_seconds_is_ignored(header: str) -> None:
    with (
        _answering(httpx.Response(503, headers={"retry-after": header})) as client,
        pytest.raises(NoAnswerError) as refused,
    ):
        client.health()
    assert refused.value.retry_after_s is None


@pytest.mark.parametrize("status", [301, 302, 400, 401, 403, 404, 405, 409, 413, 500, 501])
def test_any_other_answer_is_a_refusal_with_its_status_and_is_not_followed(status: int) -> None:
    reply = httpx.Response(status, headers={"location": "http://elsewhere/"}, content=b"no")
    with _answering(reply) as client, pytest.raises(AnswerError) as refused:
        client.health()
    assert refused.value.problem.status == status


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=10))
def test_any_problem_makes_one_sentence_with_its_code(detail: str, title: str, at: str) -> None:
    message = str(AnswerError(Problem("some.code", title, 400, detail, at)))
    assert message.endswith("[some.code]")
    assert (detail or title) in message


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("cut"), httpx.ReadError(""),
        httpx.PoolTimeout("busy"), httpx.DecodingError("zstd"), httpx.TooManyRedirects("loop"),
    ],
)  # fmt: skip
def test_every_failure_of_the_network_is_one_error_that_names_the_address(error: Exception) -> None:
    def fail(_: httpx.Request) -> Any:  # noqa: ANN401
        raise error

    said = pytest.raises(NoAnswerError, match="http://api:1 does not answer")
    with Client("http://api:1", transport=httpx.MockTransport(fail)) as client, said:
        client.health()


def test_a_server_that_closes_the_door_is_known_at_once() -> None:
    began = time.monotonic()
    with Client("http://127.0.0.1:1") as client, pytest.raises(NoAnswerError):
        client.health()
    assert time.monotonic() - began < 5


def test_the_environment_cannot_send_calls_through_a_proxy(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    with Client(url) as client:
        assert client.health() == Health()


@pytest.mark.parametrize("name", ["\udcff", "a\ud800b"])
def test_half_a_character_is_the_name_of_nothing_and_no_filter_and_no_message(url: str, name: str) -> None:
    _Handler.seen.clear()
    with Client(url) as client:
        for call in (
            lambda: client.device(name), lambda: list(client.runs(device=name)), lambda: client.write_note("d", name),
            lambda: list(client.export_devices(q=name)), lambda: list(client.facts_history(name)),
        ):  # fmt: skip
            with pytest.raises(RequestError):
                call()
    assert _Handler.seen == []


def test_what_no_json_holds_is_said_before_it_is_sent(url: str) -> None:
    loop: dict[str, object] = {}
    loop["all"] = [loop]
    with Client(url) as client:
        for value in (object, loop):
            with pytest.raises(RequestError, match="this cannot be sent"):
                client.match_page(Match({"fact": "a.b", "op": "eq", "value": value}))
