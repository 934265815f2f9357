"""Our Ed25519 as python-tuf's: its metadata is signed and verified by libcrypto, without `cryptography`."""

# pyright: reportPrivateImportUsage=false
# (tuf and securesystemslib document these modules as their public doors, and re-export without `as`)

from typing import Any

from securesystemslib.exceptions import UnverifiedSignatureError
from securesystemslib.signer import KEY_FOR_TYPE_AND_SCHEME, Key, SecretsHandler, Signature, Signer

from canopee_kit.logs import get_logger
from canopee_trust.ed25519 import PrivateKey, PublicKey
from canopee_trust.errors import TrustError

get_logger("tuf").setLevel("WARNING")  # below, it tells of each key that has not signed: of m of n, always some
_KIND = "ed25519"
HOLDER_FIELD, LAB_FIELD = "x-canopee-holder", "x-canopee-lab"
"""Fields of a key in the metadata, which python-tuf keeps and does not read."""


class LibcryptoKey(Key):
    """An Ed25519 public key of TUF metadata."""

    @classmethod
    def of(cls, key: PublicKey, holder: str = "", *, lab: bool = False) -> "LibcryptoKey":
        """The key as metadata name it, with who holds it: a name is for people, and counts for nothing."""
        said = ({HOLDER_FIELD: holder} if holder else {}) | ({LAB_FIELD: True} if lab else {})
        return cls(key.keyid, _KIND, _KIND, {"public": key.raw.hex()}, said or None)

    @property
    def holder(self) -> str:
        """Who holds it, as the signers of the metadata said; empty when they did not."""
        said = self.unrecognized_fields.get(HOLDER_FIELD, "")
        return said if isinstance(said, str) else ""

    @property
    def is_lab(self) -> bool:
        """Whether they said that it was made for development."""
        return self.unrecognized_fields.get(LAB_FIELD) is True

    @classmethod
    def from_dict(cls, keyid: str, key_dict: dict[str, Any]) -> "LibcryptoKey":
        keytype, scheme, keyval = cls._from_dict(key_dict)
        return cls(keyid, keytype, scheme, keyval, key_dict)

    def to_dict(self) -> dict[str, Any]:
        return self._to_dict()

    def verify_signature(self, signature: Signature, data: bytes) -> None:
        try:
            key = PublicKey(bytes.fromhex(self.keyval["public"]))
            is_good = key.verify(bytes.fromhex(signature.signature), data)
        except (ValueError, KeyError, TrustError):
            is_good = False
        if not is_good:
            raise UnverifiedSignatureError(f"signature of {self.keyid} does not hold")


class LibcryptoSigner(Signer):
    """Signs TUF metadata with one private key."""

    def __init__(self, key: PrivateKey) -> None:
        self._key = key

    @property
    def public_key(self) -> LibcryptoKey:
        return LibcryptoKey.of(self._key.public)

    @classmethod
    def from_priv_key_uri(
        cls, priv_key_uri: str, public_key: Key, secrets_handler: SecretsHandler | None = None
    ) -> "LibcryptoSigner":
        raise NotImplementedError("keys come from key files")

    def sign(self, payload: bytes) -> Signature:
        return Signature(self._key.public.keyid, self._key.sign(payload).hex())


KEY_FOR_TYPE_AND_SCHEME[_KIND, _KIND] = LibcryptoKey
