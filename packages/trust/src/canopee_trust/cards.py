"""The public half of a key, as its holder hands it over: a card, which proves that its holder has the other half."""

import base64
import hashlib
from pathlib import Path

import msgspec

from canopee_contract.codec import decode, encode
from canopee_contract.errors import MalformedError
from canopee_contract.trust_policy import TrustedKey
from canopee_trust.ed25519 import PublicKey
from canopee_trust.errors import KeyFileError, TrustError
from canopee_trust.keyfile import KeyFile

LONGEST_NAME = 64


class Card(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="canopee-card"):
    """Whose key it is. Read its fingerprint to its holder before you rely on it: a name proves nothing."""

    name: str
    public_key: str
    """Base64 of the 32 bytes of an Ed25519 public key."""
    proof: str = ""
    """Base64 of the key's signature over the name and the key."""
    lab: bool = False

    @property
    def key(self) -> PublicKey:
        return PublicKey.from_base64(self.public_key)

    @property
    def trusted(self) -> TrustedKey:
        """As the trust policy names it."""
        return TrustedKey(self.key.keyid, self.public_key, self.name, lab=self.lab)


def card_of(key: KeyFile) -> Card:
    """The card of a key at hand."""
    public = key.key.public
    card = Card(key.name, public.base64, lab=key.lab)
    proof = base64.b64encode(key.key.sign(_message(card))).decode()
    return msgspec.structs.replace(card, proof=proof)


def read_card(path: Path) -> Card:
    """Read a card, and check its proof.

    Raises:
        KeyFileError: missing, malformed, or its proof does not hold.
    """
    try:
        card = decode(path.read_bytes(), Card)
        is_proved = card.key.verify(base64.b64decode(card.proof, validate=True), _message(card))
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}") from error
    except (MalformedError, ValueError, TrustError) as error:
        raise KeyFileError(f"{path} is not a card (`canopee keys make` writes them): {error}") from error
    if not is_proved:
        raise KeyFileError(f"{path}: whoever made it did not hold the key: let {card.name!r} make it again")
    check_name(card.name)
    return card


def check_name(name: str) -> None:
    """Refuse the name of a holder that could not be told on a screen or used for a file; raises `KeyFileError`."""
    is_plain = name.isascii() and name.replace("-", "").replace("_", "").replace(".", "").isalnum()
    if not is_plain or len(name) > LONGEST_NAME:
        raise KeyFileError(f"{name!r} is no name of a holder: letters, digits, - _ and ., at most {LONGEST_NAME}")


def write_card(path: Path, card: Card) -> None:
    """Write a card, or the same again; raises `KeyFileError` when another one is there."""
    content = encode(card)
    try:
        if path.exists() and path.read_bytes() != content:
            raise KeyFileError(f"{path} is the card of another key: name another file")
        path.write_bytes(content)
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}") from error


def fingerprint(key: PublicKey) -> str:
    """What two people compare on the telephone: the SHA-256 of the key, in groups of four."""
    digits = hashlib.sha256(key.raw).hexdigest()
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))


def _message(card: Card) -> bytes:
    return b"canopee card v1\n" + encode([card.name, card.public_key, card.lab])
