"""Requests that are not HTTP, or nearly: what a parser must refuse without harm."""

import random
from collections.abc import Callable, Mapping, Sequence

from canopee_proofs.malformed.messages import MARK

Headers = Mapping[str, str]
_LINES: Sequence[bytes] = (
    b"", b"\r\n\r\n", b"GET\r\n\r\n", b"GET /\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1 extra\r\n\r\n",
    b"get /v1/health HTTP/1.1\r\nHost: x\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00",
    b"GET http://evil.example/v1/health HTTP/1.1\r\nHost: x\r\n\r\n", b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /\xff HTTP/1.1\r\n\r\n",
    b"GET /v1/\xc3\xa9 HTTP/1.1\r\nHost: x\r\n\r\n", b"GET  /v1/health  HTTP/1.1\r\n\r\n",
    b"GET\t/\tHTTP/1.1\r\n\r\n",
    b"TRACE /v1/health HTTP/1.1\r\nHost: x\r\n\r\n", b"FROBNICATE /v1/health HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /v1/health HTTP/1.0\r\n\r\n", b"GET ?x HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /# HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET //[::1 HTTP/1.1\r\nHost: x\r\n\r\n", b"\0" * 4_096, b"A" * 70_000, b"{}",
)  # fmt: skip
_FRAMES: Sequence[tuple[bytes, bytes]] = (
    (b"Content-Length: 5\r\nTransfer-Encoding: chunked", b"0\r\n\r\n"),
    (b"Transfer-Encoding: chunked\r\nContent-Length: 5", b"0\r\n\r\nGET /v1/users HTTP/1.1\r\n\r\n"),
    (b"Content-Length: 2\r\nContent-Length: 3", b"{}"), (b"Content-Length: 2, 2", b"{}"),
    (b"Content-Length: -1", b"{}"), (b"Content-Length: +2", b"{}"), (b"Content-Length: 0x2", b"{}"),
    (b"Content-Length: 99999999999999999999", b"{}"), (b"Content-Length: 2.0", b"{}"), (b"Content-Length: ", b"{}"),
    (b"Content-Length : 2", b"{}"), (b"Content-Length: 1", b"{}"), (b"Content-Length: 1099511627776", b"{"),
    (b"Transfer-Encoding: chunked", b"zz\r\n{}\r\n0\r\n\r\n"), (b"Transfer-Encoding: chunked", b"-1\r\n{}\r\n"),
    (b"Transfer-Encoding: chunked", b"ffffffffffffffffff\r\n{}"),
    (b"Transfer-Encoding: chunked", b"2\r\n{}0\r\n\r\n"),
    (b"Transfer-Encoding: chunked", b"2;" + b"e=x;" * 30_000 + b"\r\n{}\r\n0\r\n\r\n"),
    (b"Transfer-Encoding: chunked", b"1\r\n{\r\n" * 400 + b"0\r\nX: y\r\n\r\n"),
    (b"Transfer-Encoding: xchunked", b"2\r\n{}\r\n0\r\n\r\n"), (b"Transfer-Encoding: chunked, identity", b"{}"),
    (b"Transfer-Encoding: \x0bchunked", b"2\r\n{}\r\n0\r\n\r\n"), (b"Transfer-Encoding: gzip, chunked", b"0\r\n\r\n"),
    (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", b"2\r\n{}\r\n0\r\n\r\n"),
    (b"Expect: 100-continue\r\nContent-Length: 2", b"{}"), (b"Expect: nothing\r\nContent-Length: 2", b"{}"),
    (b"Upgrade: websocket\r\nConnection: upgrade\r\nContent-Length: 2", b"{}"),
    (b"Upgrade: h2c\r\nConnection: upgrade", b""),
    (b"Connection: close, content-length\r\nContent-Length: 2", b"{}"), (b"X\r\nContent-Length: 2", b"{}"),
    (b"\r\n folded: yes\r\nContent-Length: 2", b"{}"), (b" Content-Length: 2", b"{}"),
    (b": nothing\r\nContent-Length: 2", b"{}"),
    (b"X: \x00\r\nContent-Length: 2", b"{}"), (b"X: a\rb\r\nContent-Length: 2", b"{}"),
    (b"X\xff: \xff\r\nContent-Length: 2", b"{}"),
    (b"X: %s\r\nContent-Length: 2" % (b"x" * 100_000), b"{}"), (b"X: y\r\n" * 5_000 + b"Content-Length: 2", b"{}"),
    (b"Host: y\r\nHost: z\r\nContent-Length: 2", b"{}"),
    (b"Authorization: Bearer " + b"A" * 9_000 + b"\r\nContent-Length: 2", b"{}"),
    (b"Authorization: Bearer \xff\xfe\r\nContent-Length: 2", b"{}"),
    (b"Authorization: Bearer a.b.c.\xe9\r\nContent-Length: 2", b"{}"),
    (b"Authorization: Basic YTpi\r\nContent-Length: 2", b"{}"),
    (b"Authorization: Bearer\r\nContent-Length: 2", b"{}"),
    (b"Authorization: Bearer cpk_\xff_\xff\r\nContent-Length: 2", b"{}"),
    (b"Authorization: cps_\r\nContent-Length: 2", b"{}"),
    (b"Canopee-Signature: \xff\r\nContent-Length: 2", b"{}"),
    (b"Content-Type: \xff/\xff\r\nContent-Length: 2", b"{}"),
)  # fmt: skip


def not_http(draw: random.Random) -> bytes:
    """A request line that is none."""
    return draw.choice(_LINES)


def framed(target: str, headers: Headers, draw: random.Random) -> bytes:
    """A POST whose headers and length do not agree, or whose headers are odd."""
    frame, body = draw.choice(_FRAMES)
    known = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {target} HTTP/1.1\r\nHost: x\r\n{known}".encode() + frame + b"\r\n\r\n" + body


def bent(target: str, draw: random.Random) -> str:
    """A target that means another one to whoever normalises it."""
    place = draw.randrange(len(target) + 1)
    return draw.choice(_BENDS)(target, place)


def noisy(raw: bytes, draw: random.Random) -> bytes:
    """A request with some of its bytes changed, taken away or added."""
    changed = bytearray(raw)
    for _ in range(draw.choice((1, 2, 3, 8, 30))):
        place, kind = draw.randrange(len(changed)), draw.random()
        if kind < 0.5:  # noqa: PLR2004  half of them
            changed[place] = draw.randrange(256)
        elif kind < 0.75:  # noqa: PLR2004
            del changed[place : place + 1 + draw.randrange(4)]
        else:
            changed[place:place] = draw.randbytes(draw.randrange(1, 20))
    return bytes(changed) or b"\r\n"


_BENDS: Sequence[Callable[[str, int], str]] = (
    lambda target, _: target + "/",
    lambda target, _: "/" + target,
    lambda target, _: target.replace("/", "//"),
    lambda target, _: target + ";x=1",
    lambda target, _: target.replace("/v1/", "/v1/;/"),
    lambda target, _: target + "%2e%2e%2f",
    lambda target, _: target + "/../../v1/users",
    lambda target, _: target + "/%2e%2e/users",
    lambda target, _: target + "%00",
    lambda target, _: target + ".json",
    lambda target, _: target + "%ff%fe",
    lambda target, _: target + "%ed%a0%80",
    lambda target, _: target + "%",
    lambda target, _: target + "%zz",
    lambda target, _: target + "%0d%0aX-Injected:%201",
    lambda target, _: target + "?" + "&".join(f"a{n}={n}" for n in range(2_000)),
    lambda target, _: target + "?limit=%00&after=%ff",
    lambda target, _: target + "/" + MARK,
    lambda target, _: target + "/" + "a/" * 1_000,
    lambda target, _: target.upper(),
    lambda target, place: target[:place] + "%2f" + target[place:],
    lambda target, place: target[:place] + "\\" + target[place:],
    lambda target, place: target[:place] + "%25%30%30" + target[place:],
    lambda target, place: target[:place] + "\x7f" + target[place:],
    lambda target, place: target[:place] + "%e2%80%ae" + target[place:],
    lambda target, place: target[:place] + "*" * 9_000 + target[place:],
)
