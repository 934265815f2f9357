"""Practices: the sites of the vendor's customers, as the vendor's customer system names them."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Literal, NamedTuple
from zoneinfo import available_timezones

import msgspec

from canopee_contract.order import Consent

MAX_PRACTICES = 100_000
"""In one import."""
MAX_IMPORT_BYTES = 32 * 2**20
MAX_ID = 64
_LONGEST = 255
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


class Practice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the customer system says of one practice."""

    id: str
    """Its external id."""
    name: str
    city: str = ""
    postal_code: str = ""
    time_zone: str = ""
    """Of the IANA list, such as `Europe/Paris`."""
    contact: str = ""
    email: str = ""
    phone: str = ""


class PracticesImport(msgspec.Struct, forbid_unknown_fields=True):
    """`PUT /v1/practices`: all of it is taken, or nothing."""

    practices: list[Practice]
    dry_run: bool = False
    """Count only."""
    deactivate_missing: bool = False
    """Practices that are not in the list are no longer active; nothing is deleted."""


class PracticesImported(msgspec.Struct):
    """What an import changed, or would change."""

    created: int
    changed: int
    """Those that were not active and are again included."""
    unchanged: int
    missing: int
    """Active ones that are not in the list."""
    missing_ids: list[str]
    """The first hundred."""
    deactivated: int
    dry_run: bool


class PracticeView(msgspec.Struct):
    """A practice as kept."""

    id: str
    name: str
    city: str
    postal_code: str
    time_zone: str
    contact: str
    email: str
    phone: str
    state: Literal["active", "inactive"]
    devices: int
    """That are not revoked."""
    created_at: datetime
    changed_at: datetime
    consent: Consent = "inform"
    """What users of its PCs are asked before log files leave them."""


class PracticeConsent(msgspec.Struct, forbid_unknown_fields=True):
    """`PUT /v1/practice-consent`: what users of these practices' PCs are asked from now on."""

    practices: list[str]
    """Ids, 1 to 1 000."""
    consent: Consent


class Fault(NamedTuple):
    """What is wrong with one practice of a list."""

    place: int
    """From 0."""
    field: str
    message: str


def faults(practices: Sequence[Practice]) -> Iterator[Fault]:
    """Everything that is wrong with a list, in its order."""
    seen = dict[str, int]()
    for index, practice in enumerate(practices):
        first = seen.setdefault(practice.id, index)
        if first != index:
            yield Fault(index, "id", f"the id {practice.id[:MAX_ID]} comes twice")
        for field, message in _faults(practice):
            yield Fault(index, field, message)


def _faults(practice: Practice) -> Iterator[tuple[str, str]]:
    for field in practice.__struct_fields__:
        text: str = getattr(practice, field)
        longest = MAX_ID if field == "id" else _LONGEST
        if len(text) > longest or not text.isprintable() or text != text.strip():
            yield field, f"at most {longest} printable characters, no space at either end"
        elif not text and field in {"id", "name"}:
            yield field, "must not be empty"
    if practice.email and not _EMAIL.fullmatch(practice.email):
        yield "email", "is no address"
    if practice.time_zone and not _is_time_zone(practice.time_zone):
        yield "time_zone", "is not of the IANA list, such as Europe/Paris"


@lru_cache(maxsize=1_024)
def _is_time_zone(name: str) -> bool:
    known = _time_zones()
    return name in known if known else bool(re.fullmatch(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}", name))


@lru_cache(maxsize=1)
def _time_zones() -> frozenset[str]:
    """Those of this machine; empty where it has no list of them."""
    return frozenset(available_timezones())
