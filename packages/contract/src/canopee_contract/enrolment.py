"""Enrolment and renewal: how a device gets its identity and its bearer token.

Both bodies are signed by the device's Ed25519 key: the header `Canopee-Signature` carries the base64 of the
signature of `SIGNED_PREFIX` + path + newline + body.
"""

import msgspec

from canopee_contract.instant import Instant

SIGNATURE_HEADER = "canopee-signature"
SIGNED_PREFIX = b"canopee-v1\n"


def signed_bytes(path: str, body: bytes) -> bytes:
    """What the device signs: the path binds the signature to one use."""
    return SIGNED_PREFIX + path.encode() + b"\n" + body


class Enrol(msgspec.Struct):
    """`POST /agent/v1/enrol`."""

    token: str
    """Given by the server's administrator."""
    public_key: str
    """Base64 of the 32 bytes of the device's Ed25519 public key."""
    hostname: str
    platform: str
    """`windows` or `linux`."""
    agent_version: str
    fingerprint: str
    """Hash of the hardware identity: two live devices with one fingerprint are clones."""
    sent_at: Instant
    """Wall clock of the device."""
    nonce: str
    practice_id: str = ""
    """Practice that the PC's installer was told; a token for one practice decides by itself."""


class Enrolled(msgspec.Struct):
    """The device's identity and its first bearer token."""

    device_id: str
    generation: int
    practice_id: str
    token: str
    token_expires_at: Instant
    server_time: Instant


class Renew(msgspec.Struct):
    """`POST /agent/v1/renew`."""

    device_id: str
    generation: int
    counter: int
    """Strictly increasing over check-ins and renewals: a clone shows itself."""
    sent_at: Instant
    nonce: str


class Renewed(msgspec.Struct):
    """A new bearer token."""

    token: str
    token_expires_at: Instant
    server_time: Instant
