"""Facts: named values known about a device, and where the agent reads the configurable ones.

Names are dotted and lower case. Every agent sends `device.id`, `device.hostname`, `practice.id`, `agent.version`,
`os.family` (`windows` or `linux`), `os.name`, `os.version` (dotted), `os.arch`, `hardware.cores`,
`hardware.memory_bytes`, `hardware.maker` and `hardware.model` where the machine knows them, and `agent.update_failed`
(version and reason, as `1.1.0 unhealthy`) when the last release that it tried did not work.
"""

import hashlib
from typing import Literal

import msgspec

from canopee_contract.codec import encode
from canopee_contract.condition import Scalar

NAME_PATTERN = r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$"
MAX_FACTS = 500
MAX_TEXT = 1_000


class RegistryFact(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="from", tag="registry"):
    """One registry value, read as a text or an integer."""

    name: str
    key: str
    r"""Such as `HKLM\SOFTWARE\Éditeur\Cabinet`."""
    value: str
    view: Literal["64", "32"] = "64"


class SoftwareFact(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="from", tag="software"):
    """The version of an installed program, found by its display name."""

    name: str
    display_name: str
    """Anchored pattern (see `pattern.py`)."""


class FactSources(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="fact_sources"):
    """TUF target `facts/sources.json`: the facts that the catalog names."""

    spec: Literal[1]
    version: int
    sources: tuple[RegistryFact | SoftwareFact, ...]


class FactSet(msgspec.Struct):
    """Every fact of a device; sent only when its hash changed."""

    hash: str
    facts: dict[str, Scalar]


class FactsReply(msgspec.Struct):
    """The hash of what is now stored."""

    hash: str


def facts_hash(facts: dict[str, Scalar]) -> str:
    """First 16 hexadecimal digits of the SHA-256 of the facts, encoded by `codec.encode`."""
    return hashlib.sha256(encode(facts)).hexdigest()[:16]
