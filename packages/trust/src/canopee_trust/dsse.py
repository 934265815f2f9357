"""DSSE envelopes: exact bytes with their signatures (https://github.com/secure-systems-lab/dsse, version 1).

What is signed is the payload type and the payload's bytes, never a re-encoding. Key ids are hints and count for
nothing: an envelope is malleable, so recognise a document by the SHA-256 of its payload.
"""

import base64
import hashlib
from collections.abc import Iterable, Sequence

import msgspec

from canopee_contract.codec import decode, encode
from canopee_contract.envelope import Envelope, Signature
from canopee_contract.errors import MalformedError
from canopee_trust.ed25519 import PrivateKey, PublicKey
from canopee_trust.errors import EnvelopeError

MAX_BYTES = 2_097_152
"""Largest envelope: a campaign may list 50 000 devices."""
MAX_SIGNATURES = 8


class OpenedEnvelope(msgspec.Struct, frozen=True):
    """A payload whose signatures reached the threshold."""

    payload: bytes
    sha256: str
    """Lower-case hexadecimal, of the payload."""
    signers: tuple[str, ...]
    """Key ids of the trusted keys that signed."""


def seal(payload_type: str, payload: bytes, keys: Sequence[PrivateKey]) -> bytes:
    """An envelope signed by each of `keys`."""
    envelope = Envelope(payload_type, base64.b64encode(payload).decode(), ())
    return encode(_signed(envelope, keys))


def add_signature(raw: bytes, key: PrivateKey) -> bytes:
    """The envelope with one signature more.

    Raises:
        EnvelopeError: malformed, or it would hold more than 8 signatures.
    """
    envelope = read_envelope(raw)
    if len(envelope.signatures) >= MAX_SIGNATURES:
        raise EnvelopeError("malformed", f"an envelope holds at most {MAX_SIGNATURES} signatures")
    return encode(_signed(envelope, [key]))


def open_envelope(
    raw: bytes, payload_type: str, trusted: Iterable[PublicKey], threshold: int = 1
) -> OpenedEnvelope:
    """The payload, once `threshold` distinct keys of `trusted` have signed it as a `payload_type`.

    Raises:
        EnvelopeError: with its reason.
    """
    envelope = read_envelope(raw)
    if envelope.payload_type != payload_type:
        raise EnvelopeError("payload_type", f"expected {payload_type}, found {envelope.payload_type[:80]!r}")
    payload, message = payload_of(envelope), _message(envelope)
    signatures = [_bytes(signature.sig) for signature in envelope.signatures]
    signers = tuple(key.keyid for key in set(trusted) if any(key.verify(s, message) for s in signatures))
    if threshold < 1 or len(signers) < threshold:
        raise EnvelopeError("threshold", f"{len(signers)} valid signatures of the {threshold} needed")
    return OpenedEnvelope(payload, hashlib.sha256(payload).hexdigest(), signers)


def read_envelope(raw: bytes) -> Envelope:
    """The envelope's shape, NOT verified.

    Raises:
        EnvelopeError: too large or malformed.
    """
    try:
        envelope = decode(raw, Envelope, max_bytes=MAX_BYTES)
    except MalformedError as error:
        reason = "too_large" if error.reason == "too_large" else "malformed"
        raise EnvelopeError(reason, f"not an envelope: {error.message}") from error
    if len(envelope.signatures) > MAX_SIGNATURES:
        raise EnvelopeError("malformed", f"more than {MAX_SIGNATURES} signatures")
    return envelope


def payload_of(envelope: Envelope) -> bytes:
    """The payload's bytes, NOT verified."""
    return _bytes(envelope.payload)


def _signed(envelope: Envelope, keys: Sequence[PrivateKey]) -> Envelope:
    message = _message(envelope)
    added = tuple(Signature(key.public.keyid, base64.b64encode(key.sign(message)).decode()) for key in keys)
    return msgspec.structs.replace(envelope, signatures=envelope.signatures + added)


def _message(envelope: Envelope) -> bytes:
    """DSSE's pre-authentication encoding."""
    kind, payload = envelope.payload_type.encode(), payload_of(envelope)
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise EnvelopeError("malformed", "not base64") from error
