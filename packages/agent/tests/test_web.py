import contextlib
import http.server
import ssl
import threading
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

import pytest

from canopee_agent.errors import DeniedError, MismatchError, MissingError, UnreachableError
from canopee_agent.ports import Wanted
from canopee_agent.web import HttpDownloads
from canopee_kit.clock import FakeClock, SystemClock

CERTIFICATE = Path(__file__).parent / "data" / "loopback.pem"
"""Of 127.0.0.1, and of no name; its own authority."""
CONTENT = bytes(range(256)) * 20
Answer = Callable[[http.server.BaseHTTPRequestHandler], None]
Serve = Callable[..., AbstractContextManager[str]]


@contextmanager
def _serving(answer: Answer, *, tls: bool = False) -> Generator[str]:
    """The address of a server of this machine that answers every request with `answer`."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with contextlib.suppress(OSError):
                answer(self)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name that it has
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = _ignore  # a refused handshake
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _ignore(request: object, client_address: object) -> None:
    """The other end is gone: it had to be."""


def _reply(handler: http.server.BaseHTTPRequestHandler, status: int, body: bytes = b"", **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def _file(handler: http.server.BaseHTTPRequestHandler) -> None:
    """A server as it should be: ranges, one validator."""
    wanted, condition = handler.headers.get("Range"), handler.headers.get("If-Range", '"v1"')
    if wanted and condition == '"v1"':
        start = int(wanted.removeprefix("bytes=").rstrip("-"))
        span = f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}"
        _reply(handler, 206, CONTENT[start:], Content_Range=span, ETag='"v1"')
    else:
        _reply(handler, 200, CONTENT, Content_Length=str(len(CONTENT)), ETag='"v1"')


def _fetch(
    url: str, *, start: int = 0, etag: str = "", size: int = len(CONTENT), timeout_s: float = 20, ca: bool = True
) -> tuple[int, str, bytes]:
    downloads = HttpDownloads(SystemClock(), CERTIFICATE if ca else None)
    wanted = Wanted(url, size, ("127.0.0.1", "localhost"), start, etag, timeout_s)
    with downloads.fetch(wanted) as download:
        return download.start, download.etag, b"".join(download)


def _take(
    downloads: HttpDownloads,
    url: str,
    into: bytearray,
    *,
    size: int = len(CONTENT),
    after: Callable[[], None] = lambda: None,
) -> None:
    with downloads.fetch(Wanted(url, size, ("127.0.0.1",))) as download:
        for piece in download:
            into += piece
            after()


def test_a_file_comes_whole_or_from_where_we_are() -> None:
    with _serving(_file) as url:
        assert _fetch(url) == (0, '"v1"', CONTENT)
        assert _fetch(url, start=1_000) == (1_000, '"v1"', CONTENT[1_000:])
        assert _fetch(url, start=1_000, etag='"v1"') == (1_000, '"v1"', CONTENT[1_000:])


def test_a_file_that_changed_meanwhile_comes_from_its_beginning() -> None:
    with _serving(_file) as url:
        assert _fetch(url, start=1_000, etag='"v0"') == (0, '"v1"', CONTENT)


def test_tls_trusts_the_agents_authority_and_checks_the_name() -> None:
    with _serving(_file, tls=True) as url:
        assert _fetch(url)[2] == CONTENT
        with pytest.raises(UnreachableError, match=r"(?i)certificate"):
            _fetch(url, ca=False)
        with pytest.raises(UnreachableError, match=r"(?i)certificate"):
            _fetch(url.replace("127.0.0.1", "localhost"))


@pytest.mark.parametrize(
    ("status", "headers", "error"),
    [
        (404, {}, MissingError),
        (410, {}, MissingError),
        (403, {}, DeniedError),
        (500, {}, UnreachableError),
        (204, {}, UnreachableError),
        (206, {"Content_Range": "bytes 0-1/2"}, UnreachableError),
        (200, {"Content_Length": "1"}, MismatchError),
        (302, {"Location": "http://192.0.2.1/x"}, DeniedError),
        (302, {"Location": "https://evil.example/x"}, DeniedError),
        (302, {"Location": "file:///etc/passwd"}, DeniedError),
        (302, {"Location": "/again"}, DeniedError),
        (302, {}, DeniedError),
        (200, {"Transfer_Encoding": "chunked"}, UnreachableError),
    ],
)
def test_every_other_answer_is_an_error_of_its_own(
    status: int, headers: dict[str, str], error: type[Exception]
) -> None:
    with _serving(lambda handler: _reply(handler, status, b"x", **headers)) as url, pytest.raises(error):
        _fetch(url)


def test_ranges_that_nobody_asked_for_are_refused() -> None:
    for span in ("bytes 999-5119/5120", "bytes 1000-5119/9999", "nonsense", ""):
        answer = partial(_reply, status=206, body=b"x", Content_Range=span)
        with _serving(answer) as url, pytest.raises((UnreachableError, MismatchError)):
            _fetch(url, start=1_000)
    with _serving(lambda handler: _reply(handler, 416)) as url, pytest.raises(MismatchError):
        _fetch(url, start=1_000)


def test_a_server_that_asks_to_wait_says_for_how_long() -> None:
    with (
        _serving(lambda handler: _reply(handler, 503, Retry_After="7")) as url,
        pytest.raises(UnreachableError) as refused,
    ):
        _fetch(url)
    assert refused.value.retry_after_s == 7


def test_not_one_byte_more_than_the_size_is_given() -> None:
    def endless(handler: http.server.BaseHTTPRequestHandler) -> None:
        _reply(handler, 200)
        while True:
            handler.wfile.write(b"x" * 65_536)

    received = bytearray()
    with _serving(endless) as url, pytest.raises(MismatchError):
        _take(HttpDownloads(SystemClock()), url, received, size=100_000)
    assert len(received) <= 100_000


def test_an_answer_that_breaks_off_is_unreachable_and_what_came_before_was_given() -> None:
    received = bytearray()
    short = _serving(lambda handler: _reply(handler, 200, CONTENT[:3_000], Content_Length="5120"))
    with short as url, pytest.raises(UnreachableError, match="2120 bytes before the end"):
        _take(HttpDownloads(SystemClock()), url, received)
    assert received == CONTENT[:3_000]


def test_the_total_time_ends_an_answer_that_never_does() -> None:
    release = threading.Event()

    def silent(handler: http.server.BaseHTTPRequestHandler) -> None:
        _reply(handler, 200, b"x")
        release.wait(20)

    with _serving(silent) as url:
        try:
            with pytest.raises(UnreachableError, match="time is over"):
                _fetch(url, timeout_s=0.3)
        finally:
            release.set()


def test_headers_that_come_drop_by_drop_are_ended_too() -> None:
    release = threading.Event()

    def dripping(handler: http.server.BaseHTTPRequestHandler) -> None:
        for letter in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 10_000:
            handler.wfile.write(bytes([letter]))
            if release.wait(0.02):
                return

    with _serving(dripping) as url:
        try:
            with pytest.raises(UnreachableError, match="time is over"):
                _fetch(url, timeout_s=0.3)
        finally:
            release.set()


def test_a_server_that_is_slow_on_purpose_is_left() -> None:
    clock = FakeClock()
    with _serving(_file) as url, pytest.raises(UnreachableError, match="bytes a second"):
        _take(HttpDownloads(clock), url, bytearray(), after=lambda: clock.advance(600))


def test_nobody_there_is_unreachable() -> None:
    with _serving(_file) as url:
        pass
    with pytest.raises(UnreachableError):
        _fetch(url)
