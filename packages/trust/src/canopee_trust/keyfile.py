"""Key files: one private key each, in JSON, readable by their owner only."""

import base64
import os
import stat
from pathlib import Path

import msgspec

from canopee_contract.codec import decode, encode
from canopee_contract.errors import MalformedError
from canopee_trust.ed25519 import PrivateKey
from canopee_trust.errors import KeyFileError, TrustError

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class KeyFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="canopee-key"):
    """A private key with its name; `lab` says that it was made for development."""

    name: str
    seed: str
    """Base64 of the 32-byte seed."""
    lab: bool = False

    @property
    def key(self) -> PrivateKey:
        return PrivateKey.from_bytes(base64.b64decode(self.seed, validate=True))


def make_key(name: str, *, lab: bool) -> KeyFile:
    """A new key."""
    return KeyFile(name=name, seed=base64.b64encode(PrivateKey.generate().to_bytes()).decode(), lab=lab)


def write_key(path: Path, key: KeyFile) -> None:
    """Write a key file that did not exist, mode 0600, durably.

    Raises:
        KeyFileError: the file exists: a key is never overwritten.
    """
    write_durably(path, encode(key))


def make_folder(path: Path) -> None:
    """A folder for keys, which only its owner enters, unless it is there; raises `KeyFileError`."""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise KeyFileError(f"{path} cannot be made ({error.strerror}): name another folder") from error


def write_durably(path: Path, content: bytes) -> None:
    """As `write_key`, of a key in any form."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise KeyFileError(f"{path} exists; a key is never overwritten: choose another folder") from error
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def read_key(path: Path) -> KeyFile:
    """Read a key file.

    Raises:
        KeyFileError: missing, malformed, or readable by others.
    """
    try:
        key = decode(path.read_bytes(), KeyFile)
        key.key  # noqa: B018  refuses a seed of another length
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}") from error
    except (MalformedError, ValueError, TrustError) as error:
        raise KeyFileError(f"{path} is not a key file: {error}") from error
    refuse_readable_by_others(path)
    return key


def refuse_readable_by_others(path: Path) -> None:
    """Refuse a key file that others can read; raises `KeyFileError`."""
    if os.name == "posix" and path.stat().st_mode & _OTHERS:
        raise KeyFileError(f"{path} is readable by others: chmod 600 it, and replace the key if it leaked")
