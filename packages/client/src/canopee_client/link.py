"""The connection to an API: calls, pages, streams; what is refused becomes an error."""

import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Self, TypeAlias, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from canopee_client.errors import AnswerError, NoAnswerError, RequestError
from canopee_contract import people
from canopee_contract.codec import encode
from canopee_contract.problem import Problem

T = TypeVar("T")
Values: TypeAlias = str | Sequence[str]
"""What a filter passes: one value, or any of several."""
PAGE = 1000
_TIMEOUT_S = 120.0
_LAST_PORT = 65_535
_TEMPORARY = frozenset({429, 502, 503, 504})
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]*")


class Link:
    """One connection to one API, with one credential. Close it, or use it in a `with`."""

    def __init__(self, url: str, token: str = "", *, transport: httpx.BaseTransport | None = None) -> None:
        """`token`: a session token or an API key; empty for the calls that need none.

        Raises:
            RequestError: `url` is not the address of an API, or `token` cannot be one.
        """
        if not _TOKEN.fullmatch(token):
            raise RequestError("a token or an API key is one word of letters, digits and ._-~+/=")
        headers = {"authorization": f"Bearer {token}"} if token else {}
        self.url = url
        try:
            self._http = httpx.Client(
                base_url=url, headers=headers, timeout=_TIMEOUT_S, trust_env=False, transport=transport
            )
        except (httpx.InvalidURL, ValueError) as error:
            raise RequestError(f"{url!r} is not an address: {error}") from error
        base = self._http.base_url
        if base.scheme not in {"http", "https"} or not base.host or (base.port or 1) > _LAST_PORT:
            self._http.close()
            raise RequestError(f"{url!r} is not an address: it starts with https:// or http://")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def pages(self, path: str, kind: type[T], filters: Mapping[str, Values] | None = None) -> Iterator[T]:
        """Every object of a list, page by page."""
        after: str | None = ""
        while after is not None:
            query = {**(filters or {}), "limit": str(PAGE), **({"after": after} if after else {})}
            page: people.Page[T] = self.call("GET", path, people.Page[kind], query=query)
            yield from page.items
            after = page.next or None

    def call(
        self,
        method: str,
        path: str,
        kind: type[T],
        *,
        body: object = None,
        raw: bytes | None = None,
        query: Mapping[str, Values] | None = None,
    ) -> T:
        """One call of the API; what is sent is a message, or the bytes `raw`.

        Raises:
            AnswerError: refused; its `problem` says why.
            NoAnswerError: no answer, or busy.
            RequestError: what is to be sent is no JSON: half a character, for instance.
        """
        return _decoded(self.send(method, path, body=body, raw=raw, query=query), kind)

    def send(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        raw: bytes | None = None,
        query: Mapping[str, Values] | None = None,
    ) -> httpx.Response:
        """As `call`, for the answer as it came."""
        content = raw if body is None else _written(body)
        kind_sent = "application/json" if raw is None else "application/octet-stream"
        headers = {} if content is None else {"content-type": kind_sent}
        try:
            reply = self._http.request(method, path, params=dict(query or {}), content=content, headers=headers)
        except httpx.HTTPError as error:
            raise NoAnswerError(f"{self.url} does not answer: {error}") from error
        except (UnicodeEncodeError, httpx.InvalidURL) as error:
            raise RequestError(f"what was asked for cannot be sent: {error}") from error
        if not reply.is_success:
            raise _refusal(reply)
        return reply

    def stream(self, path: str, query: Mapping[str, Values]) -> Iterator[bytes]:
        """The content of an answer, piece by piece; raises as `call` does, in the middle too."""
        with self._opened(path, query, _TIMEOUT_S) as reply:
            yield from reply.iter_bytes()

    def lines(self, path: str, *, silence_s: float) -> Iterator[str]:
        """The lines of an answer as they come; raises as `call` does, also when it is silent for so long."""
        with self._opened(path, {}, silence_s) as reply:
            yield from reply.iter_lines()

    @contextmanager
    def _opened(self, path: str, query: Mapping[str, Values], timeout_s: float) -> Generator[httpx.Response]:
        try:
            with self._http.stream("GET", path, params=dict(query), timeout=timeout_s) as reply:
                if not reply.is_success:
                    reply.read()
                    raise _refusal(reply)
                yield reply
        except httpx.HTTPError as error:
            raise NoAnswerError(f"{self.url} does not answer: {error}") from error
        except (UnicodeEncodeError, httpx.InvalidURL) as error:
            raise RequestError(f"what was asked for cannot be sent: {error}") from error


def _written(body: object) -> bytes:
    try:
        return encode(body)
    except (UnicodeEncodeError, RecursionError, TypeError) as error:
        raise RequestError(f"this cannot be sent: {error}") from error


def _refusal(reply: httpx.Response) -> NoAnswerError | AnswerError:
    problem = _problem(reply)
    if reply.status_code in _TEMPORARY:
        return NoAnswerError(problem.detail or problem.title, retry_after_s=_retry_after_s(reply, problem))
    return AnswerError(problem)


def _decoded(reply: httpx.Response, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(reply.content or b"null", type=kind)
    except msgspec.DecodeError as error:
        detail = f"the answer is not what was expected ({error}): is this a Canopée API of the same version?"
        raise AnswerError(Problem("client.not_an_answer", "Not an answer", reply.status_code, detail)) from error


def _problem(reply: httpx.Response) -> Problem:
    try:
        return msgspec.json.decode(reply.content, type=Problem)
    except msgspec.DecodeError:
        title = f"{reply.status_code} {reply.reason_phrase}".strip()
        return Problem("client.not_an_answer", title, reply.status_code, f"{title}: is this a Canopée API?")


def _retry_after_s(reply: httpx.Response, problem: Problem) -> float | None:
    header = reply.headers.get("retry-after", "")
    if header.isascii() and header.isdecimal():
        return float(header[:9])
    return problem.retry_after_s


def segment(name: str) -> str:
    """`name` as one segment of a path.

    Raises:
        RequestError: it cannot be the name of anything.
    """
    if name in {"", ".", ".."}:
        raise RequestError(f"{name!r} is the name of nothing")
    try:
        return quote(name, safe="")
    except UnicodeEncodeError as error:
        raise RequestError(f"{name!r} is the name of nothing: {error.reason}") from error
