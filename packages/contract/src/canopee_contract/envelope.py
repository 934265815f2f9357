"""The shape of a DSSE envelope (https://github.com/secure-systems-lab/dsse, version 1); sealing is in trust."""

import msgspec


class Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One signature over the pre-authentication encoding of payload type and payload."""

    keyid: str
    """A hint: it is not authenticated."""
    sig: str
    """Base64 of the 64 bytes of an Ed25519 signature."""


class Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"payload_type": "payloadType"}):
    """Exact payload bytes with their signatures."""

    payload_type: str
    payload: str
    """Base64 of the exact bytes."""
    signatures: tuple[Signature, ...]
