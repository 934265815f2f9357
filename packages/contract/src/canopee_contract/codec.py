"""The only reader and writer of JSON messages.

A message is refused with a stable reason when it is too large, not UTF-8, not JSON, too deep, holds a key
twice, a NUL or a lone surrogate in a string, a number that is not finite or an integer beyond 64 bits: all
that PostgreSQL or another reader would refuse or read differently. Then msgspec gives it its type.

Most messages come from `encode`. One that, once read, is written again as the very same bytes holds no key twice,
no other spelling of a number or of a character, and nothing that its type does not name: it needs no second look.
"""

import json
import math
import re
from functools import lru_cache
from typing import Any, NoReturn, TypeVar

import msgspec

from canopee_contract.errors import MalformedError

MAX_MESSAGE_BYTES = 1_048_576
"""Largest message, after decompression."""

MAX_DEPTH = 32
"""Deepest nesting of arrays and objects."""

INTEGER_MIN, INTEGER_MAX = -(2**63), 2**63 - 1

T = TypeVar("T")
_encoder = msgspec.json.Encoder(order="deterministic")
ESCAPED_NUL = b"\\u0000"
"""How `encode` writes the character NUL, which no message may hold."""
_LONG_NUMBER = re.compile(rb"[0-9]{19}")
_UNBOUNDED = re.compile(r"AnyType|IntType\((?!gt=None, ge=-?[0-9]+, lt=None, le=[0-9]+,)")


def encode(message: object) -> bytes:
    """Compact JSON, fields in their order and keys of maps sorted: the same message always gives the same bytes."""
    return _encoder.encode(message)


def decode(raw: bytes, kind: type[T], *, max_bytes: int = MAX_MESSAGE_BYTES) -> T:
    """Read one message of type `kind`.

    Raises:
        MalformedError: with one of the reasons `too_large`, `bad_utf8`, `bad_json`, `duplicate_key`,
            `too_deep`, `bad_string`, `bad_number` or `bad_shape`.
    """
    decoder, is_opaque, is_bounded = _decoder(kind)
    if not is_opaque and len(raw) <= max_bytes:
        try:
            message = decoder.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass  # said below, by its reason
        else:
            if is_canonical(raw, message) and (is_bounded or not _LONG_NUMBER.search(raw)):
                return message
    inspect(raw, max_bytes=max_bytes)
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise MalformedError(str(error), code="bad_shape") from error
    except msgspec.DecodeError as error:
        raise MalformedError(str(error), code="bad_json") from error


def is_canonical(raw: bytes, message: object) -> bool:
    """Whether `raw` is what `encode` makes of `message`, which was read from it and holds no `msgspec.Raw`.

    Then every rule of this module holds for it, but for integers of more than 64 bits.
    """
    is_flat = raw.count(b"{") + raw.count(b"[") <= MAX_DEPTH
    return is_flat and _encoder.encode(message) == raw and ESCAPED_NUL not in raw


def inspect(raw: bytes, *, max_bytes: int = MAX_MESSAGE_BYTES) -> Any:  # noqa: ANN401  any JSON value
    """The JSON value in `raw`, once every rule of this module holds.

    Raises:
        MalformedError: as `decode`, but for `bad_shape`.
    """
    if len(raw) > max_bytes:
        raise MalformedError(f"{len(raw)} bytes; at most {max_bytes} are accepted", code="too_large")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedError(f"not UTF-8 at byte {error.start}", code="bad_utf8") from error
    try:
        value = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_int=_integer,
            parse_float=_real,
            parse_constant=_constant,
        )
    except MalformedError:
        raise
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:
        raise MalformedError(f"not JSON: {error}", code="bad_json") from error
    _walk(value)
    return value


@lru_cache(maxsize=256)
def _decoder(kind: type[Any]) -> tuple[msgspec.json.Decoder[Any], bool, bool]:
    """The decoder of a type; whether it holds a `Raw`, in which nothing is read; whether its integers have bounds."""
    inside = repr(msgspec.inspect.type_info(kind))
    return msgspec.json.Decoder(kind), "RawType" in inside, _UNBOUNDED.search(inside) is None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = dict(pairs)
    if len(keys) != len(pairs):
        seen = set[str]()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))
        raise MalformedError(f"the key {twice[:80]!r} appears twice", code="duplicate_key")
    return keys


def _integer(digits: str) -> int:
    value = int(digits) if len(digits) <= 20 else INTEGER_MAX + 1  # noqa: PLR2004  longer cannot fit 64 bits
    if not INTEGER_MIN <= value <= INTEGER_MAX:
        raise MalformedError("an integer does not fit in 64 bits", code="bad_number")
    return value


def _real(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise MalformedError("a number is not finite", code="bad_number")
    return value


def _constant(name: str) -> NoReturn:
    raise MalformedError(f"{name} is not JSON", code="bad_number")


def _too_deep() -> MalformedError:
    return MalformedError(f"nested deeper than {MAX_DEPTH}", code="too_deep")


def _walk(root: object) -> None:
    stack: list[tuple[object, int]] = [(root, 1)]
    while stack:
        value, depth = stack.pop()
        if isinstance(value, str):
            _check_string(value)
        elif isinstance(value, dict | list):
            if depth > MAX_DEPTH:
                raise _too_deep()
            stack += [(child, depth + 1) for child in _children(value) if isinstance(child, str | dict | list)]


def _children(value: Any) -> list[Any]:  # noqa: ANN401  an array or an object
    """Items of an array; keys and values of an object."""
    return [*value, *value.values()] if isinstance(value, dict) else list(value)


def _check_string(text: str) -> None:
    if "\0" in text:
        raise MalformedError("a string holds the character NUL", code="bad_string")
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        raise MalformedError("a string holds a lone surrogate", code="bad_string")
