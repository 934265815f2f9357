"""Envelopes made wrong on purpose, for the attacks."""

import base64
from collections.abc import Callable
from typing import Any

import msgspec

from canopee_contract.codec import encode
from canopee_contract.order import ORDER_TYPE
from canopee_trust.ed25519 import PrivateKey


def opened(envelope: bytes) -> dict[str, Any]:
    """The envelope as a JSON object."""
    return msgspec.json.decode(envelope)


def payload(envelope: bytes) -> bytes:
    """The bytes that were signed."""
    return base64.b64decode(opened(envelope)["payload"])


def changed(envelope: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """The same signatures over other bytes."""
    return encode({**opened(envelope), "payload": base64.b64encode(change(payload(envelope))).decode()})


def with_fields(envelope: bytes, **fields: object) -> bytes:
    """The same envelope with some fields replaced."""
    return encode({**opened(envelope), **fields})


def signature(key: PrivateKey, content: bytes, kind: str = ORDER_TYPE) -> dict[str, str]:
    """One good signature of `content` as a `kind`."""
    message = b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(content), content)
    return {"keyid": key.public.keyid, "sig": base64.b64encode(key.sign(message)).decode()}


def sealed(key: PrivateKey, content: bytes, kind: str = ORDER_TYPE) -> bytes:
    """A good envelope of any bytes."""
    text = base64.b64encode(content).decode()
    return encode({"payloadType": kind, "payload": text, "signatures": [signature(key, content, kind)]})
