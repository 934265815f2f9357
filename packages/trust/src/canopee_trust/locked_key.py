"""A key file that only a passphrase opens: scrypt gives a pad for the seed, and a key for the seal on the whole.

Made with the standard library alone. The 32 bytes of the pad are used once: the salt is new for each file.
"""

import base64
import hashlib
import hmac
import ssl
from collections.abc import Callable
from pathlib import Path

import msgspec

from canopee_contract.codec import decode, encode
from canopee_contract.errors import MalformedError
from canopee_trust.ed25519 import SEED_BYTES, PrivateKey
from canopee_trust.errors import KeyFileError
from canopee_trust.keyfile import KeyFile, read_key, refuse_readable_by_others, write_durably

USUAL_COST = 2**17
"""Of scrypt: 128 MiB and some tenths of a second for each guess."""
_HIGHEST_COST, _LOWEST_COST = 2**20, 2**4
_R, _SALT_BYTES = 8, 16
SHORTEST = 12
"""Characters of a passphrase."""
Ask = Callable[[Path], str]
"""The passphrase of a key file."""


class LockedKey(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="canopee-locked-key"
):
    """A private key, locked; all of it is sealed."""

    name: str
    public_key: str
    salt: str
    cost: int
    locked: str
    """Base64 of the seed under its pad."""
    seal: str
    """Base64 of an HMAC-SHA256 over all the other fields."""


def lock(key: KeyFile, passphrase: str, *, cost: int = USUAL_COST) -> LockedKey:
    """The key, locked; raises `KeyFileError` for a passphrase that is too short."""
    if len(passphrase) < SHORTEST:
        raise KeyFileError(f"a passphrase has at least {SHORTEST} characters: take four or five words")
    salt = ssl.RAND_bytes(_SALT_BYTES)
    pad, sealing = _derived(passphrase, salt, cost)
    open_ = LockedKey(
        key.name, key.key.public.base64, _text(salt), cost, _text(_xor(key.key.to_bytes(), pad)), seal=""
    )
    return msgspec.structs.replace(open_, seal=_text(_sealed(open_, sealing)))


def unlock(locked: LockedKey, passphrase: str, where: Path) -> KeyFile:
    """The key.

    Raises:
        KeyFileError: another passphrase, or the file was changed.
    """
    pad, sealing = _derived(passphrase, _bytes(locked.salt), locked.cost)
    unsealed = msgspec.structs.replace(locked, seal="")
    if not hmac.compare_digest(_sealed(unsealed, sealing), _bytes(locked.seal)):
        raise KeyFileError(f"{where}: that is not its passphrase, or the file was changed")
    seed = _xor(_bytes(locked.locked), pad)
    if PrivateKey.from_bytes(seed).public.base64 != locked.public_key:
        raise KeyFileError(f"{where} does not hold the key that it names")
    return KeyFile(locked.name, _text(seed))


def write_locked(path: Path, locked: LockedKey) -> None:
    """Write a key file that did not exist; raises `KeyFileError`."""
    write_durably(path, encode(locked))


def ask_nobody(path: Path) -> str:
    """Where nobody can be asked; raises `KeyFileError`."""
    raise KeyFileError(f"{path} is locked with a passphrase, and nobody can be asked for it here")


def open_key(path: Path, ask: Ask) -> KeyFile:
    """A key of either sort; the passphrase is asked for when it is locked.

    Raises:
        KeyFileError: missing, malformed, readable by others, or another passphrase.
    """
    try:
        locked = decode(path.read_bytes(), LockedKey)
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}") from error
    except MalformedError:
        return read_key(path)
    refuse_readable_by_others(path)
    return unlock(locked, ask(path), path)


def _derived(passphrase: str, salt: bytes, cost: int) -> tuple[bytes, bytes]:
    if not _LOWEST_COST <= cost <= _HIGHEST_COST or cost & (cost - 1):
        raise KeyFileError(f"the cost of a locked key is a power of 2 up to {_HIGHEST_COST}, not {cost}")
    memory = 128 * _R * cost + 2**20
    found = hashlib.scrypt(passphrase.encode(), salt=salt, n=cost, r=_R, p=1, maxmem=memory, dklen=2 * SEED_BYTES)
    return found[:SEED_BYTES], found[SEED_BYTES:]


def _sealed(locked: LockedKey, sealing: bytes) -> bytes:
    return hmac.digest(sealing, encode(locked), "sha256")


def _xor(one: bytes, other: bytes) -> bytes:
    if len(one) != len(other):
        raise KeyFileError(f"a locked key holds {SEED_BYTES} bytes, not {len(one)}")
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise KeyFileError("a locked key holds something that is not base64") from error
