"""How long the signed metadata of each role still holds, and who signs it."""

from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

KeyState: TypeAlias = Literal["ok", "soon", "urgent", "critical", "expired"]
SEVERITY: tuple[KeyState, ...] = ("ok", "soon", "urgent", "critical", "expired")
"""From the mildest to the worst."""


class KeyHolder(msgspec.Struct):
    """One key of a role, and whose it is."""

    keyid: str
    name: str = ""
    """As the signers of the metadata said; empty when they said nothing."""
    fingerprint: str = ""
    """SHA-256 of the public key, lower-case hexadecimal: what people compare."""
    lab: bool = False
    """Made for development; known of keys that say so."""
    has_signed: bool | None = None
    """Whether it signed the newest metadata; `None` for director and approvers, who sign other things."""


class RoleLife(msgspec.Struct):
    """One role: its keys, and when what they signed ends."""

    role: str
    keyids: list[str]
    threshold: int
    """Signatures needed; of approvers: to act."""
    state: KeyState
    """Of people's roles: `soon`, `urgent`, `critical` from 60, 30, 14 days before the end."""
    version: int = 0
    """Of the metadata; of the trust policy, its epoch."""
    expires_at: datetime | None = None
    """`None` for the keys of the trust policy: they hold as long as the metadata of `policy`."""
    days_left: float | None = None
    """Negative when expired."""
    lab: bool = False
    """A development key is among them; known of keys that say so."""
    holders: list[KeyHolder] = []
    """The same keys, with whose they are."""


class KeyLife(msgspec.Struct):
    """`GET /v1/trust/keys`."""

    state: KeyState
    """The worst of all roles."""
    roles: list[RoleLife]
    first: str = ""
    """The role whose metadata end first, of those that people sign; empty when none are published."""
