"""A code that support dictates: whoever sits at a PC sends its logs with it, `canopee-agent send-logs --code …`.

`POST /v1/log-codes` makes one; `POST /agent/v1/claim-log-code` uses it up: the PC that claims it becomes the one device
of a log request, whose order comes by the next check-in.
"""

import re
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Nothing that is taken for another on the telephone: no I, O, 0 or 1."""
CODE_LENGTH = 8
_SPACES = re.compile(r"[\s-]")
_CODE = re.compile(f"[{ALPHABET}]{{{CODE_LENGTH}}}")


class ClaimCode(msgspec.Struct, frozen=True):
    """`POST /agent/v1/claim-log-code`: the user of this PC sends its logs. Claimed again by it, it is the same."""

    code: Annotated[str, Meta(min_length=1, max_length=40)]
    """As it was typed."""


class CodeClaimed(msgspec.Struct, frozen=True):
    """The order is made: ask for orders."""

    request_id: str
    """Of the log request."""
    expires_at: datetime
    """When the order ends."""


def written(code: str) -> str:
    """`abcd efgh` as it is kept, `ABCD-EFGH`; empty when it can be no code."""
    found = _SPACES.sub("", code).upper()
    return f"{found[:4]}-{found[4:]}" if _CODE.fullmatch(found) else ""
