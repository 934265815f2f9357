"""JSON messages mutated by their grammar: what another program would send by mistake, or to harm."""

import json
import random
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import zstandard

MARK = "canopee-proof-mark-" * 6
"""In every long text that is sent: no answer may give it back."""

Value: TypeAlias = Any
_TOKENS: Sequence[bytes] = (
    b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999", b"1e308", b"1e300", b"-0", b"-0.0", b"0.1e-400", b"01",
    b"9223372036854775807", b"9223372036854775808", b"-9223372036854775809", b"18446744073709551616", b"9" * 5_000,
    b"2147483648", b"-1", b"0", b"1.5", b"1e3",
    b"0x10", b'"\\ud800"', b'"\\udc00\\ud800"', b'"\\u0000"', b'"a\\u0000b"',
    b'"\xff\xfe"', b'"\xed\xa0\x80"', b'"\x00"', b'"\n"', b"'a'", b"", b"null", b"true", b"tru", b"[]", b"{}", b'""',
    b'{"$ref": "#"}', b'"%s"' % MARK.encode(), b'"%s"' % (b"x" * 70_000), b'"' + b"\\u202e" * 50 + b'"',
    b'"0001-01-01T00:00:00+14:00"', b'"9999-12-31T23:59:59-14:00"', b'"2016-11-24T08:00:00Z"',
    b'"2036-11-24T08:00:00Z"',
    b'"2026-02-30T00:00:00Z"', b'"2026-11-24T08:00:00"', b'"-1-01-01T00:00:00Z"',
    b'"00000000-0000-0000-0000-000000000000"',
    b"[" * 31 + b"]" * 31, b"[" * 50_000, b'{"a":' * 200 + b"1" + b"}" * 200, b"[" + b"0," * 2_000 + b"0]",
)  # fmt: skip
_HOLE = "canopee-proof-hole"


def places(value: Value, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value in a JSON document, its root included."""
    found = [path]
    items: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        items = list(value.items())  # pyright: ignore[reportUnknownArgumentType]  any JSON
    elif isinstance(value, list):
        items = list(enumerate(value))  # pyright: ignore[reportUnknownArgumentType]  any JSON
    for key, child in items:
        found += places(child, (*path, key))
    return found


def mutated(message: Value, draw: random.Random) -> bytes:
    """The message as JSON text with one thing wrong, or two."""
    return draw.choices([change for change, _ in _CHANGES], [weight for _, weight in _CHANGES])[0](message, draw)


def squeezed(body: bytes, draw: random.Random) -> tuple[bytes, str]:
    """A body with a content encoding that is broken, a lie or a bomb; the body and its `Content-Encoding`."""
    good = zstandard.compress(body)
    place = draw.randrange(len(good))
    return draw.choice(
        (
            (good[:place], "zstd"),
            (good[:place] + bytes([good[place] ^ 1 << draw.randrange(8)]) + good[place + 1 :], "zstd"),
            (good + good, "zstd"),
            (good + body, "zstd"),
            (body, "zstd"),
            (b"", "zstd"),
            (_BOMB, "zstd"),
            (zstandard.compress(_BOMB), "zstd"),
            (good, "gzip"),
            (good, "zstd, zstd"),
            (good, "ZSTD"),
            (good, draw.choice(("br", "deflate", "chunked", "\u00e9", "identity", "*", ""))),
        )
    )


def _one_value(message: Value, draw: random.Random) -> bytes:
    return _with(message, draw.choice(places(message)), draw.choice(_TOKENS))


def _other_type(message: Value, draw: random.Random) -> bytes:
    other: Value = draw.choice((1, 1.5, True, None, "text", [], {}, [message], {"message": message}))
    return _with(message, draw.choice(places(message)), json.dumps(other).encode())


def _missing(message: Value, draw: random.Random) -> bytes:
    path = draw.choice(places(message)[1:] or [()])
    if not path:
        return b""
    copy = json.loads(json.dumps(message))
    del _at(copy, path[:-1])[path[-1]]
    return json.dumps(copy).encode()


def _unknown(message: Value, draw: random.Random) -> bytes:
    path = draw.choice([path for path in places(message) if isinstance(_at(message, path), dict)] or [()])
    copy = json.loads(json.dumps(message))
    target = _at(copy, path)
    if isinstance(target, dict):
        target[draw.choice(("", MARK, "__proto__", "$.id", "\u0000", "id\n", "\ud800"))] = 1
    return json.dumps(copy).encode()


def _twice(message: Value, draw: random.Random) -> bytes:
    text = json.dumps(message)
    if not isinstance(message, dict) or not message:
        return text.encode() * 2
    key = draw.choice(sorted(message))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return b"{" + json.dumps(key).encode() + b":" + draw.choice(_TOKENS) + b"," + text[1:].encode()


def _bytes(message: Value, draw: random.Random) -> bytes:
    raw = bytearray(json.dumps(message).encode())
    for _ in range(draw.choice((1, 2, 3, 8, 30))):
        place, kind = draw.randrange(len(raw) + 1), draw.random()
        if kind < 0.4 and place < len(raw):  # noqa: PLR2004  shares
            raw[place] = draw.randrange(256)
        elif kind < 0.7:  # noqa: PLR2004
            del raw[place : place + draw.randrange(1, 9)]
        else:
            raw[place:place] = draw.randbytes(draw.randrange(1, 9))
    return bytes(raw)


def _cut(message: Value, draw: random.Random) -> bytes:
    raw = json.dumps(message).encode()
    return raw[: draw.randrange(len(raw))]


def _around(message: Value, draw: random.Random) -> bytes:
    raw = json.dumps(message).encode()
    return draw.choice(
        (
            b"\xef\xbb\xbf" + raw, raw.decode().encode("utf-16"), raw + b" trailing", raw + raw, b"[" + raw + b"]",
            b"/* */" + raw, raw + b"\0", b" " * 1_048_577 + raw, raw + b" " * 70_000, b"\n" + raw,
        )
    )  # fmt: skip


def _as_is(message: Value, _: random.Random) -> bytes:
    return json.dumps(message).encode()


_CHANGES: Sequence[tuple[Callable[[Value, random.Random], bytes], int]] = (
    (_one_value, 10), (_other_type, 4), (_missing, 3), (_unknown, 2), (_twice, 2), (_bytes, 4), (_cut, 2),
    (_around, 1), (_as_is, 1),
)  # fmt: skip
_BOMB = zstandard.compress(b"\0" * 200_000_000)


def _at(value: Value, path: tuple[Any, ...]) -> Value:
    for key in path:
        value = value[key]
    return value


def _with(message: Value, path: tuple[Any, ...], token: bytes) -> bytes:
    if not path:
        return token
    copy = json.loads(json.dumps(message))
    _at(copy, path[:-1])[path[-1]] = _HOLE
    return json.dumps(copy).encode().replace(f'"{_HOLE}"'.encode(), token, 1)
