"""Messages of the people's door about conditions: whom one reaches, and why not this one."""

from typing import Any

import msgspec

from canopee_contract.condition import Scalar

MATCH_LIMIT = 10_000
"""Most ids in one answer of `POST /v1/match`."""


class Match(msgspec.Struct):
    """`POST /v1/match`: whom does a condition reach?"""

    condition: dict[str, Any]
    limit: int = 1000
    """Ids in the answer, 0 to `MATCH_LIMIT`."""
    after: str = ""
    """`next` of the page before."""
    counts: bool = True
    """False: ids only, for the pages that follow."""


class TestCount(msgspec.Struct):
    """How many devices of the fleet pass one test of a condition."""

    __test__ = False  # not a test of pytest
    at: str
    """Its place, as in `$.all[2].not`."""
    test: str
    devices: int | None
    """`null`: not counted, the condition has too many tests."""


class Matched(msgspec.Struct):
    """The devices for which the condition holds now, by the facts the server knows."""

    total: int | None
    """`null`, as `fleet`, when no counts were asked for."""
    device_ids: list[str]
    """One page, by increasing id."""
    fleet: int | None = None
    """The devices that could be reached: not revoked, and their facts are known."""
    tests: list[TestCount] = []
    next: str | None = None


class WhyMatch(msgspec.Struct):
    """`POST /v1/match/why`: does a condition reach this device, and if not, why?"""

    condition: dict[str, Any]
    device_id: str


class TestOnDevice(msgspec.Struct):
    """One test of a condition on one device."""

    __test__ = False  # not a test of pytest
    at: str
    test: str
    holds: bool
    fact: Scalar | None
    """What the device has; `null` when the fact is absent."""


class Why(msgspec.Struct):
    """Whether a condition holds for a device, test by test."""

    device_id: str
    holds: bool
    tests: list[TestOnDevice]
    obstacle: str = ""
    """What keeps orders from it in any case: `device.revoked`, `device.no_facts`."""
