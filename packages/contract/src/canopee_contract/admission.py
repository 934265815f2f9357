"""Who may become a device: the tokens given out, the PCs that wait, and the rules that decide by themselves.

A glob is `*` (any text), `?` (one character) and plain characters; the whole value must match. Practices are compared
as they are written, host names and labels without regard to case.
"""

from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

Outcome: TypeAlias = Literal["approve", "wait", "reject"]
RequestState: TypeAlias = Literal["waiting", "approved", "enrolled", "rejected", "expired"]
MAX_RULES = 200
MAX_IDS = 10_000
"""Ids in one decision."""


class TokenBatch(msgspec.Struct):
    """Tokens that were made together, and what is left of them."""

    id: str
    label: str
    practice_id: str
    practice_pattern: str
    needs_approval: bool
    simulated: bool
    tokens: int
    uses: int
    """Of all of them together."""
    left: int
    """Enrolments that they are still good for; 0 once they are revoked or expired."""
    waiting: int
    """PCs that wait for a decision."""
    state: Literal["active", "spent", "expired", "revoked"]
    created_by: str
    created_at: datetime
    expires_at: datetime


class EnrolmentRequest(msgspec.Struct):
    """A PC that asked to enrol and was not enrolled at once."""

    id: str
    state: RequestState
    """`approved`: it gets its identity when it asks again."""
    hostname: str
    practice_id: str
    practice_known: bool
    """The practice is among those imported, and active."""
    platform: str
    agent_version: str
    address: str
    """Where the call came from; empty when that is not known."""
    fingerprint: str
    same_hardware: list[str]
    """Living devices with this fingerprint: the PC was installed again, or it is a copy."""
    reason: str
    """Why it waits, or what was decided."""
    batch_id: str
    label: str
    asked_at: datetime
    last_asked_at: datetime
    decided_by: str = ""
    """A login, or `rule`."""
    decided_at: datetime | None = None
    device_id: str | None = None


class RequestFilter(msgspec.Struct, forbid_unknown_fields=True):
    """Requests for which everything given holds."""

    practice: str = ""
    """A glob."""
    hostname: str = ""
    """A glob."""
    network: str = ""
    """Such as `192.168.0.0/16`."""
    platform: str = ""
    batch_id: str = ""


class Decision(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /v1/enrolments/approve` or `/reject`: exactly one of `ids` and `matching`, which takes those that wait."""

    ids: list[str] = []
    matching: RequestFilter | None = None
    reason: str = ""
    """A rejection must give one; the PC is told."""
    replace: bool = False
    """The PCs were installed again: once each is enrolled, the other devices of its hardware are revoked."""


class Undecided(msgspec.Struct):
    """A request that a decision could not change."""

    id: str
    state: str
    """`unknown` when there is none."""


class Decided(msgspec.Struct):
    """What a decision changed."""

    count: int
    ids: list[str]
    """The first thousand."""
    undecided: list[Undecided] = []


class RuleTest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a rule asks of an enrolment: everything given must hold, one of the values where there are several."""

    practice_known: bool | None = None
    practices: tuple[str, ...] = ()
    """Globs."""
    networks: tuple[str, ...] = ()
    hostnames: tuple[str, ...] = ()
    """Globs."""
    platforms: tuple[Literal["windows", "linux"], ...] = ()
    labels: tuple[str, ...] = ()
    """Globs on the label of the token."""
    needs_approval: bool | None = None
    """What the token says."""
    devices_below: int | None = None
    """The practice has fewer devices that are not revoked."""
    devices_at_least: int | None = None
    hardware_known: bool | None = None
    """Another device that is not revoked has the same fingerprint."""


class EnrolmentRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rule; its name is shown to who asks why."""

    name: str
    then: Outcome
    when: RuleTest = RuleTest()


class EnrolmentRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`PUT /v1/enrolment-rules`: the first rule that holds decides; when none does, the token's `needs_approval`."""

    rules: tuple[EnrolmentRule, ...] = ()
    expires_in_days: int = 30
    """What waits is forgotten so long after the PC last asked."""


class HeldRules(msgspec.Struct):
    """`GET /v1/enrolment-rules`."""

    rules: EnrolmentRules
    set_by: str = ""
    """Empty: nobody has set any."""
    set_at: datetime | None = None
