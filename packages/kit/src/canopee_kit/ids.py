"""Identifiers: UUID version 7 (RFC 9562), which sort by the time they were made."""

import os
import re
import uuid
from datetime import UTC, datetime, timedelta

_RANDOM_BITS = (1 << 74) - 1
_VARIANT = 0b10 << 62
_EPOCH, _MILLISECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)
_CANONICAL = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def new_id(now: datetime) -> str:
    """A UUIDv7 of the instant `now`, in lower-case text."""
    milliseconds = (now - _EPOCH) // _MILLISECOND & ((1 << 48) - 1)
    random = int.from_bytes(os.urandom(10), "big") & _RANDOM_BITS
    high, low = random >> 62, random & ((1 << 62) - 1)
    return str(uuid.UUID(int=(milliseconds << 80) | (7 << 76) | (high << 64) | _VARIANT | low))


def is_id(text: str) -> bool:
    """Whether `text` is a UUID in its lower-case canonical form."""
    return _CANONICAL.fullmatch(text) is not None
