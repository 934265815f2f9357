"""The true link against a server that does not play by the rules: every answer is bounded in bytes and in time."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from canopee_agent.errors import UnreachableError
from canopee_agent.service.link import HttpLink, LinkLimits
from canopee_agent.service_ports import Reply, Request
from canopee_kit.clock import SystemClock

LIMITS = LinkLimits(reply_bytes=1_000, connect_s=2.0, silence_s=0.2, reply_s=0.2)
OK = b"HTTP/1.1 200 OK\r\n"
LONGEST_S = 5.0


class _Listener:
    """Reads one request a connection, says what it was given, piece by piece, and hangs up."""

    def __init__(self, *answers: Iterator[bytes]) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._answers = answers
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.is_over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.is_over.set()
        self._socket.close()
        self._thread.join(LONGEST_S)

    def _serve(self) -> None:
        for answer in self._answers:
            try:
                connection, _ = self._socket.accept()
                with connection:
                    connection.recv(65_536)
                    for piece in answer:
                        connection.sendall(piece)
            except OSError:
                continue


def _send(*answers: Iterator[bytes], times: int = 1) -> Reply:
    with closing(_Listener(*answers)) as listener:
        with closing(HttpLink(listener.url, limits=LIMITS)) as link:
            replies = [link.send(Request("GET", "/x")) for _ in range(times)]
        return replies[-1]


def _drip(head: bytes, piece: bytes) -> Iterator[bytes]:
    pause = threading.Event()
    yield head
    for _ in range(200):
        pause.wait(0.02)
        yield piece


def _flood(head: bytes, piece: bytes) -> Iterator[bytes]:
    yield head
    for _ in range(100_000_000 // len(piece)):
        yield piece


def test_an_answer_within_the_limits_arrives_whole() -> None:
    body = b"x" * LIMITS.reply_bytes
    reply = _send(iter([OK + b"X-Name: y\r\ncontent-length: 1000\r\n\r\n", body]))
    assert (reply.status, reply.body, reply.headers["x-name"]) == (200, body, "y")


def test_an_answer_in_chunks_and_one_that_ends_with_the_connection_arrive_whole() -> None:
    chunked = OK + b"transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    assert _send(iter([chunked])).body == b"abcde"
    assert _send(iter([OK + b"connection: close\r\n\r\n", b"abc", b"de"])).body == b"abcde"


def test_a_kept_connection_that_was_closed_is_opened_again() -> None:
    answers = [iter([OK + b"content-length: 1\r\n\r\n" + letter]) for letter in (b"a", b"b")]
    assert _send(*answers, times=2).body == b"b"


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (OK + b"content-length: 999\r\n\r\n", b" "),
        (OK + b"x: ", b"y"),
        (b"HTTP/1.1 20", b"0"),
        (OK + b"transfer-encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["body", "header", "status line", "chunks", "continue"],
)
def test_an_answer_that_drips_is_left(head: bytes, piece: bytes) -> None:
    clock = SystemClock()
    began = clock.monotonic()
    with pytest.raises(UnreachableError):
        _send(_drip(head, piece))
    assert clock.monotonic() - began < LONGEST_S


def test_silence_is_left() -> None:
    with pytest.raises(UnreachableError):
        _send(_drip(b"", b""))


@pytest.mark.parametrize(
    "head",
    [
        OK + b"content-length: 1000000000000\r\n\r\n",
        OK + b"connection: close\r\n\r\n",
        OK + b"transfer-encoding: chunked\r\n\r\n-1\r\n",
        OK + b"transfer-encoding: chunked\r\n\r\nffffffff\r\n",
        OK + b"x: ",
    ],
    ids=["announced", "without length", "negative chunk", "large chunk", "header"],
)
def test_an_answer_without_end_is_left(head: bytes) -> None:
    with pytest.raises(UnreachableError):
        _send(_flood(head, b" " * 60_000))


NO_ANSWERS = [b"", b"\0", b"SSH-2.0-x\r\n", b"HTTP/1.1 abc\r\n\r\n", OK + b"content-length: 9\r\n\r\nx"]


@pytest.mark.parametrize("raw", NO_ANSWERS)
def test_what_is_no_whole_answer_is_refused(raw: bytes) -> None:
    with pytest.raises(UnreachableError):
        _send(iter([raw]))


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    moved = b"HTTP/1.1 302 Found\r\nlocation: http://192.0.2.1/\r\ncontent-length: 0\r\n\r\n"
    reply = _send(iter([moved]))
    assert (reply.status, reply.headers["location"]) == (302, "http://192.0.2.1/")


def test_a_tls_handshake_that_drips_is_left() -> None:
    clock = SystemClock()
    with closing(_Listener(_drip(b"\x16\x03\x03\x40\x00", b"\x02"))) as listener:
        link = HttpLink(listener.url.replace("http://", "https://"), limits=LinkLimits(connect_s=0.3))
        began = clock.monotonic()
        with pytest.raises(UnreachableError):
            link.send(Request("GET", "/"))
    assert clock.monotonic() - began < LONGEST_S
