"""The keys that the API signs with by itself, several for one name while one takes over from another.

`online/<name>.key` is the usual one; `<name>.next.key` waits to take over; `….retired.key` is not read. Which of them
signs is not decided here: root names it for snapshot and timestamp, the trust policy for the director.
"""

from collections.abc import Collection
from pathlib import Path

from canopee_api.errors import ConflictError, ServerError
from canopee_trust.ed25519 import PrivateKey
from canopee_trust.keyfile import KeyFile, read_key

NAMES = ("snapshot", "timestamp", "director")


class OnlineKeys:
    """The keys of this API and the root it starts from."""

    def __init__(self, folder: Path, root: bytes, held: dict[str, tuple[KeyFile, ...]]) -> None:
        self._folder, self.root, self._held = folder, root, held

    @classmethod
    def read(cls, folder: Path) -> "OnlineKeys":
        """Read `root.json` and `online/*.key`.

        Raises:
            ServerError: there is no root; the message says how to make keys.
            KeyFileError: a key file is missing or malformed.
        """
        root = folder / "root.json"
        if not root.is_file():
            raise ServerError(f"{root} is missing: make keys with `canopee keys dev-init --out {folder}`")
        return cls(folder, root.read_bytes(), _read(folder / "online"))

    def signer(self, name: str, keyids: Collection[str]) -> PrivateKey:
        """The key of `name` that is one of `keyids`; the folder is read again for one that is new there.

        Raises:
            ConflictError: this machine does not hold it.
            KeyFileError: a file in the folder is malformed.
        """
        found = self._find(name, keyids)
        if found is None:
            self._held = _read(self._folder / "online")
            found = self._find(name, keyids)
        if found is None:
            wanted = ", ".join(sorted(keyids)) or "none"
            message = f"this API does not hold the {name} key {wanted}: put it in online/ of its key folder"
            raise ConflictError("trust.online_key", message)
        return found

    def _find(self, name: str, keyids: Collection[str]) -> PrivateKey | None:
        return next((one.key for one in self._held[name] if one.key.public.keyid in keyids), None)


def _read(folder: Path) -> dict[str, tuple[KeyFile, ...]]:
    return {name: _of(folder, name) for name in NAMES}


def _of(folder: Path, name: str) -> tuple[KeyFile, ...]:
    paths = [path for path in sorted(folder.glob(f"{name}*.key")) if ".retired." not in path.name]
    return tuple(map(read_key, paths or [folder / f"{name}.key"]))
