"""The TUF repository as a PC sees it: refreshed, verified from the pinned root, and never older than its floor."""

# pyright: reportPrivateImportUsage=false
# (tuf documents these modules as its public doors, and re-exports without `as`)

import canopee_trust.without_urllib3  # noqa: F401  # pyright: ignore[reportUnusedImport]  before python-tuf

# isort: split

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from tuf.api.exceptions import DownloadError, DownloadHTTPError, RepositoryError
from tuf.api.metadata import Root, Signed, TargetFile, Targets
from tuf.ngclient import FetcherInterface, Updater

from canopee_kit.clock import Clock
from canopee_trust.errors import MetadataError, RollbackError
from canopee_trust.floor import MAX_FLOOR, VersionFloor
from canopee_trust.repository import TargetInfo, info_of, read
from canopee_trust.roles import OFFLINE_DELEGATED, ONLINE, role_of

_BASE = "repository:"
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_ROLES = ("root", "timestamp", "snapshot", "targets")
_UNTRUSTED = (RepositoryError, DownloadError, ValueError, RecursionError, OverflowError)
"""What python-tuf raises for metadata that a hostile server made up, or did not serve."""


class NotServedError(MetadataError):
    """The server does not have that file: raised by `fetch`."""

    def __init__(self, name: str) -> None:
        super().__init__("missing", f"{name} is not served")


Fetch = Callable[[str], bytes]
"""`metadata/<file>` or `targets/<path>` → its bytes; raises `NotServedError`, or the transport's own errors."""


class TrustedRepository:
    """What the newest metadata allows. One instance a process and folder; not for several threads."""

    def __init__(self, folder: Path, root: bytes, *, fetch: Fetch, floor: VersionFloor, clock: Clock) -> None:
        self._folder, self._root, self._floor, self._clock = folder, root, floor, clock
        self._fetcher = _Fetcher(fetch)
        self._updater: Updater | None = None

    @property
    def is_known(self) -> bool:
        """Whether this machine has ever trusted some metadata of this repository."""
        return self._floor.get("targets") > 0

    @property
    def is_expired(self) -> bool:
        """Some metadata is out of date now: then nothing that acts on the PC is authorised any more."""
        now, trusted = self._clock.now(), self._ready()
        loaded = (_trusted_or_none(trusted, role) for role in (*_ROLES, *OFFLINE_DELEGATED))
        return any(signed is not None and signed.is_expired(now) for signed in loaded)

    @property
    def timestamp_version(self) -> int:
        """Version of the timestamp in use; 0 before the first refresh of this process."""
        return _trusted(self._updater, "timestamp").version if self._updater else 0

    def refresh(self) -> None:
        """Bring the metadata up to date.

        Raises:
            MetadataError: what the server holds cannot be trusted; the previous metadata stays in use.
            RollbackError: it is older than what this machine has trusted.
        """
        self._updater = self._refreshed()

    def target(self, path: str) -> bytes:
        """The verified bytes of a target.

        Raises:
            MetadataError: `unknown_target` when no role lists it, or its bytes are not what the role signed.
        """
        role = _role(path)
        info = self._target_info(path)
        self._raise_floor(role)
        kept = self._folder / "targets" / info.hashes["sha256"]
        if kept.is_file():
            content = kept.read_bytes()
            if hashlib.sha256(content).hexdigest() == info.hashes["sha256"]:
                return content
        content = self._download(info)
        _write_durably(kept, content)
        return content

    def describe(self, path: str) -> TargetInfo:
        """What is signed about a target that is too large to be kept in memory.

        Raises:
            MetadataError: `unknown_target` when no role lists it.
        """
        role, info = _role(path), self._target_info(path)
        self._raise_floor(role)
        return info_of(info)

    def described_by(self, role: str) -> list[TargetInfo]:
        """What the newest metadata of a delegated role say of all their targets, once one of them was described."""
        signed = self._signed(role)
        return [info_of(target) for target in signed.targets.values()] if isinstance(signed, Targets) else []

    def is_current(self, path: str, sha256: str, length: int) -> bool:
        """Whether the newest metadata name `path` with this hash and length."""
        info = self._target_info(path)
        return info.hashes["sha256"] == sha256 and info.length == length

    def signers_of(self, role: str) -> frozenset[str]:
        """Key ids whose good signatures are on the newest metadata of a delegated role.

        Raises:
            MetadataError: its metadata is not on the disk any more.
        """
        top = self._signed("targets")
        delegated = self._folder / "metadata" / f"{role}.json"
        if not isinstance(top, Targets) or not delegated.is_file():
            raise MetadataError("missing", f"the metadata of {role} is not here any more")
        metadata = read(delegated.read_bytes(), Targets)
        result = top.get_verification_result(role, metadata.signed_bytes, metadata.signatures)
        return frozenset(result.signed)

    def _refreshed(self) -> Updater:
        try:
            updater = self._make_updater()
            updater.refresh()
        except _UNTRUSTED as error:
            raise MetadataError("untrusted", f"TUF metadata refused: {error}") from error
        versions = {role: _trusted(updater, role).version for role in _ROLES}
        floors = {_floor_of(updater, role): version for role, version in versions.items()}
        for name, version in floors.items():
            self._check_floor(name, version)
        self._floor.raise_to(floors)
        return updater

    def _make_updater(self) -> Updater:
        """An updater that minds no expiry: `is_expired` does, at the moment when it matters."""
        folder = self._folder / "metadata"
        (folder / "root_history").mkdir(parents=True, exist_ok=True)
        updater = Updater(
            str(folder),
            f"{_BASE}metadata/",
            str(self._folder / "targets"),
            f"{_BASE}targets/",
            fetcher=self._fetcher,
            bootstrap=self._root,
        )
        # Time is an argument here, and python-tuf offers no public one (7.0.1); a test holds this line.
        updater._trusted_set.reference_time = _LONG_AGO  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        return updater

    def _target_info(self, path: str) -> TargetFile:
        updater = self._ready()
        try:
            info = updater.get_targetinfo(path)
        except _UNTRUSTED as error:
            raise MetadataError("untrusted", f"TUF metadata refused: {error}") from error
        if info is None or "sha256" not in info.hashes:
            raise MetadataError("unknown_target", f"no role lists {path}")
        return info

    def _download(self, info: TargetFile) -> bytes:
        folder, _, name = info.path.rpartition("/")
        content = self._fetcher.get(f"targets/{folder}/{info.hashes['sha256']}.{name}", info.length)
        try:
            info.verify_length_and_hashes(content)
        except RepositoryError as error:
            raise MetadataError("target_hash", f"{info.path} is not what was signed: {error}") from error
        return content

    def _raise_floor(self, role: str) -> None:
        signed = self._signed(role)
        if signed is not None:
            self._check_floor(role, signed.version)
            self._floor.raise_to({role: signed.version})

    def _check_floor(self, role: str, version: int) -> None:
        floor = self._floor.get(role)
        if version > MAX_FLOOR:
            self._forget()
            raise MetadataError("untrusted", f"{role} {version}: a version is at most {MAX_FLOOR}")
        if version < floor:
            self._forget()
            raise RollbackError("rollback", f"{role} {version} is older than {floor}, seen before")

    def _forget(self) -> None:
        """Drop the metadata that python-tuf stored before we could refuse them."""
        folder = self._folder / "metadata"
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "root_history").mkdir(parents=True, exist_ok=True)

    def _signed(self, role: str) -> Signed | None:
        return _trusted_or_none(self._ready(), role)

    def _ready(self) -> Updater:
        if self._updater is None:
            self.refresh()
        if self._updater is None:  # pragma: no cover  refresh sets it, or raises
            raise MetadataError("untrusted", "no metadata")
        return self._updater


class _Fetcher(FetcherInterface):
    """Gives python-tuf our transport."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch_bytes = fetch

    def get(self, name: str, max_bytes: int) -> bytes:
        content = self._fetch_bytes(name)
        if len(content) > max_bytes:
            raise MetadataError("too_large", f"{name}: {len(content)} bytes; at most {max_bytes} were expected")
        return content

    def _fetch(self, url: str) -> Iterator[bytes]:
        try:
            yield self._fetch_bytes(url.removeprefix(_BASE))
        except NotServedError as error:
            raise DownloadHTTPError(error.message, 404) from error


def _trusted(updater: Updater, role: str) -> Signed:
    """A role's verified metadata; python-tuf 7.0.1 has no public reader for it, and a test holds this line."""
    return updater._trusted_set[role]  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def _trusted_or_none(updater: Updater, role: str) -> Signed | None:
    try:
        return _trusted(updater, role)
    except KeyError:
        return None


def _floor_of(updater: Updater, role: str) -> str:
    """Name of a role's floor. Those of the online roles die with their keys, which a newer root replaces.

    Otherwise whoever stole the online keys could sign a version so high that nobody ever gets above it.
    """
    root = _trusted(updater, "root")
    if role not in ONLINE or not isinstance(root, Root):
        return role
    keys = ",".join(sorted(root.roles[role].keyids))
    return f"{role}@{hashlib.sha256(keys.encode()).hexdigest()[:16]}"


def _role(path: str) -> str:
    try:
        return role_of(path)
    except ValueError as error:
        raise MetadataError("unknown_target", str(error)) from error


def _write_durably(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
