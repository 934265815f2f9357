"""The network: a server that talks HTTP so as to hold, fill or confuse the agent. Here the link is the true one."""

import contextlib
import gzip
import itertools
import socket
import threading
from collections.abc import Callable, Iterator

from canopee_agent.service.link import HttpLink, LinkLimits
from canopee_kit.clock import SystemClock
from canopee_proofs.hostile import BrokenError, World
from canopee_proofs.loopback import Loopback

CHECK_IN = "/agent/v1/check-in"
LIMITS = LinkLimits(reply_bytes=200_000, connect_s=2.0, silence_s=0.25, reply_s=0.1)
LONGEST_S = 2.0
"""For one hostile answer, on a machine that has other work: the limits above make it 0.35 s."""
OK = b"HTTP/1.1 200 OK\r\n"
MOST_BYTES = 16_000_000
"""That the attacker could send: 0.5 MB are read, and the system's buffers hold some more."""
_PAUSE = threading.Event()


def an_answer_drips(world: World) -> None:
    """One byte of the body now and then, for ever."""
    _talk(world, lambda: _slowly(OK + b"content-length: 1000\r\n\r\n", b" "))


def headers_drip(world: World) -> None:
    """One byte of a header now and then, for ever."""
    _talk(world, lambda: _slowly(OK + b"x: ", b"y"))


def a_status_line_drips(world: World) -> None:
    """The first line never ends."""
    _talk(world, lambda: _slowly(b"HTTP/1.1 200 ", b"O"))


def chunks_drip(world: World) -> None:
    """Chunks of one byte, for ever."""
    _talk(world, lambda: _slowly(OK + b"transfer-encoding: chunked\r\n\r\n", b"1\r\n \r\n"))


def headers_never_end(world: World) -> None:
    """Thousands of headers, as fast as they go."""
    _talk(world, lambda: _for_ever(OK, b"x: y\r\n" * 1_000))


def a_header_never_ends(world: World) -> None:
    """One header of many megabytes."""
    _talk(world, lambda: _for_ever(OK + b"x: ", b"y" * 60_000))


def continue_is_said_for_ever(world: World) -> None:
    """`100 Continue` again and again: a client waits for the answer behind it."""
    _talk(world, lambda: _for_ever(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100))


def trailers_never_end(world: World) -> None:
    """After the last chunk, lines for ever."""
    _talk(world, lambda: _for_ever(OK + b"transfer-encoding: chunked\r\n\r\n0\r\n", b"x: y\r\n" * 1_000))


def an_answer_is_announced_as_very_large(world: World) -> None:
    """A terabyte, and it comes."""
    _talk(world, lambda: _for_ever(OK + b"content-length: 1000000000000\r\n\r\n", b" " * 60_000))


def an_answer_has_no_length_and_no_end(world: World) -> None:
    """Until the connection closes, which it does not."""
    _talk(world, lambda: _for_ever(OK + b"connection: close\r\n\r\n", b" " * 60_000))


def chunks_never_end(world: World) -> None:
    """Each of 60 000 bytes."""
    piece = b"ea60\r\n" + b" " * 60_000 + b"\r\n"
    _talk(world, lambda: _for_ever(OK + b"transfer-encoding: chunked\r\n\r\n", piece))


def a_chunk_has_a_negative_size(world: World) -> None:
    """Some readers then read all that comes, without limit."""
    _talk(world, lambda: _for_ever(OK + b"transfer-encoding: chunked\r\n\r\n-1\r\n", b" " * 60_000))


def an_answer_has_a_wrong_length(world: World) -> None:
    """Negative, no number, two that differ, more than comes, less than comes."""
    for headers, body in (
        (b"content-length: -1", b"{}"), (b"content-length: x", b"{}"), (b"content-length: 99", b"{}"),
        (b"content-length: 2\r\ncontent-length: 9", b"{}"), (b"content-length: 1", b'{"server_time":1}'),
    ):  # fmt: skip
        _talk(world, lambda headers=headers, body=body: iter([OK + headers + b"\r\n\r\n" + body]))


def an_answer_is_a_compressed_bomb(world: World) -> None:
    """A gigabyte of zeros in a megabyte: the agent asked for no compression, and expands nothing."""
    bomb = gzip.compress(b"\0" * 20_000_000, 9)
    head = OK + b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(bomb)
    _talk(world, lambda: iter([head + bomb]))


def redirects_never_end(world: World) -> None:
    """To itself, and to another machine: none is followed."""
    for status, place in itertools.product((301, 302, 303, 307, 308), (CHECK_IN, "http://192.0.2.1/", "//h/", "")):
        head = f"HTTP/1.1 {status} Moved\r\nlocation: {place}\r\ncontent-length: 0\r\n\r\n".encode()
        _talk(world, lambda head=head: iter([head]))


def nothing_is_answered(world: World) -> None:
    """Silence, on an open connection."""
    _talk(world, lambda: _slowly(b"", b""))


def the_connection_is_cut_anywhere(world: World) -> None:
    """After any byte of a good answer."""
    good = OK + b'content-length: 38\r\n\r\n{"server_time":"2026-11-24T08:00:00Z"}'
    for _ in range(8):
        _talk(world, lambda: iter([good[: world.draw.randrange(len(good))]]))


def an_answer_is_not_http(world: World) -> None:
    """Noise, another protocol, a status beyond all, an old version."""
    for raw in (
        b"\x16\x03\x01\x00\x05", b"SSH-2.0-x\r\n", b"HTTP/1.1 99999999999 x\r\n\r\n", b"HTTP/0.9 200\r\n\r\n",
        b"\0", b"HTTP/1.1 abc\r\n\r\n", b"200 OK\r\n\r\n",
    ):  # fmt: skip
        _talk(world, lambda raw=raw: iter([raw]))


def a_second_answer_hides_behind_the_first(world: World) -> None:
    """Bytes after the end of an answer, which a kept connection could take for the next one."""
    evil = b'{"server_time":"2020-01-01T00:00:00Z","next_in_s":999999999}'
    twice = OK + b"content-length: 2\r\n\r\n{}" + OK + b"content-length: %d\r\n\r\n" % len(evil) + evil
    _talk(world, lambda: iter([twice]))


def a_handshake_drips(world: World) -> None:
    """TLS: a record is announced, and comes byte by byte for ever."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        over = threading.Event()
        thread = threading.Thread(target=_drip_handshake, args=(listener, over), daemon=True)
        thread.start()
        world.through(HttpLink(f"https://127.0.0.1:{listener.getsockname()[1]}", limits=LinkLimits(connect_s=0.3)))
        clock = SystemClock()
        began = clock.monotonic()
        world.round()
        took_s = clock.monotonic() - began
        over.set()
        thread.join()
    if took_s > LONGEST_S:
        raise BrokenError(f"the handshake held the agent for {took_s:.1f} s")


def _talk(world: World, says: Callable[[], Iterator[bytes]]) -> None:
    """One round in which the check-in is answered so; it ends in time."""
    clock = SystemClock()
    server = Loopback(world.server.link, CHECK_IN, says)
    with contextlib.closing(server):
        server.open()
        link = HttpLink(server.url, limits=LIMITS)
        world.through(link)
        began = clock.monotonic()
        world.round()
        took_s = clock.monotonic() - began
        if not server.hostile_answers:
            raise BrokenError("the hostile answer was not asked for")
        link.interrupt()
    if server.sent_bytes > MOST_BYTES:
        raise BrokenError(f"the agent read {server.sent_bytes} bytes")
    world.through(world.server.link)
    if took_s > LONGEST_S:
        raise BrokenError(f"one answer held the agent for {took_s:.1f} s")


def _slowly(head: bytes, piece: bytes) -> Iterator[bytes]:
    yield head
    for _ in range(100):
        _PAUSE.wait(0.03)
        yield piece


def _for_ever(head: bytes, piece: bytes) -> Iterator[bytes]:
    """As fast as it goes, 500 MB at most."""
    yield head
    for _ in range(500_000_000 // len(piece)):
        yield piece


def _drip_handshake(listener: socket.socket, over: threading.Event) -> None:
    connection, _ = listener.accept()
    with connection:
        try:
            connection.sendall(b"\x16\x03\x03\x40\x00")
            while not over.wait(0.05):
                connection.sendall(b"\x02")
        except OSError:
            return
