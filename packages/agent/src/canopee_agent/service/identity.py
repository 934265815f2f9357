"""Who this device is: its key, made here and never sent; its identity; its counter."""

from pathlib import Path

import msgspec

from canopee_agent.errors import StateError
from canopee_agent.service.files import write_private
from canopee_agent.service.secrets import FileSecrets
from canopee_agent.service_ports import Secrets
from canopee_contract.codec import encode
from canopee_contract.instant import Instant
from canopee_trust.ed25519 import PrivateKey
from canopee_trust.errors import TrustError

_FILE: Secrets = FileSecrets()
_BLOCK = 64
"""Counters reserved at once: one write for many calls; a restart skips what was left."""


class Identity(msgspec.Struct, frozen=True):
    """What enrolment gave."""

    device_id: str
    generation: int
    practice_id: str
    token: str
    token_expires_at: Instant


class IdentityStore:
    """Key, identity and counter of one agent, in its state folder."""

    def __init__(self, state: Path, secrets: Secrets = _FILE) -> None:
        self._secrets = secrets
        self._key_path, self._path, self._counter_path = state / "key", state / "identity.json", state / "counter"
        self._counter = self._reserved = self._read_counter()

    def key(self) -> PrivateKey:
        """The device's key, made on the first call; one that an older agent left in clear is sealed.

        Raises:
            StateError: it cannot be read.
        """
        if not self._key_path.is_file():
            key = PrivateKey.generate()
            self._seal(key)
            return key
        try:
            stored = self._key_path.read_bytes()
            key = PrivateKey.from_bytes(self._secrets.unseal(stored))
        except (OSError, TrustError, StateError) as error:
            raise StateError(f"{self._key_path} cannot be read: {error}; enrol this PC again") from error
        if not self._secrets.is_sealed(stored):
            self._seal(key)
        return key

    def _seal(self, key: PrivateKey) -> None:
        write_private(self._key_path, self._secrets.seal(key.to_bytes()))

    def read(self) -> Identity | None:
        """The identity; `None` before enrolment.

        Raises:
            StateError: it cannot be read.
        """
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Identity)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as error:
            raise StateError(f"{self._path} cannot be read: {error}; enrol this PC again") from error

    def write(self, identity: Identity) -> None:
        write_private(self._path, encode(identity))

    def next_counter(self) -> int:
        """A number that was never used before, whatever happens: reserved on disk before it is used."""
        self._counter += 1
        if self._counter > self._reserved:
            self._reserved = self._counter + _BLOCK
            write_private(self._counter_path, str(self._reserved).encode())
        return self._counter

    def _read_counter(self) -> int:
        try:
            return int(self._counter_path.read_bytes())
        except FileNotFoundError:
            return 0
        except (OSError, ValueError) as error:
            raise StateError(f"{self._counter_path} cannot be read: {error}; enrol this PC again") from error
