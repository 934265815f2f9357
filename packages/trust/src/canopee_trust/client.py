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

from tuf.api.exceptions import DownloadHTTPError, ExpiredMetadataError, RepositoryError
from tuf.api.metadata import Signed, TargetFile, Targets
from tuf.ngclient import FetcherInterface, Updater

from canopee_kit.clock import Clock
from canopee_trust.errors import MetadataError, RollbackError
from canopee_trust.floor import VersionFloor
from canopee_trust.repository import read
from canopee_trust.roles import role_of

_BASE = "repository:"
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_ROLES = ("root", "timestamp", "snapshot", "targets")


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
        self._is_expired = False

    @property
    def is_expired(self) -> bool:
        """Some metadata is out of date: then nothing that acts on the PC is authorised any more."""
        return self._is_expired

    @property
    def timestamp_version(self) -> int:
        """Version of the timestamp last verified; 0 before the first refresh."""
        return self._floor.get("timestamp")

    def refresh(self) -> None:
        """Bring the metadata up to date.

        Raises:
            MetadataError: what the server holds cannot be trusted; the previous metadata stays in use.
            RollbackError: it is older than what this machine has trusted.
        """
        try:
            updater, self._is_expired = self._refreshed(self._clock.now()), False
        except ExpiredMetadataError:
            updater, self._is_expired = self._refreshed(_LONG_AGO), True
        self._updater = updater

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

    def is_current(self, path: str, sha256: str, length: int) -> bool:
        """Whether the newest metadata name `path` with this hash and length."""
        info = self._target_info(path)
        return info.hashes["sha256"] == sha256 and info.length == length

    def signers_of(self, role: str) -> frozenset[str]:
        """Key ids whose good signatures are on the newest metadata of a delegated role."""
        top = self._signed("targets")
        delegated = self._folder / "metadata" / f"{role}.json"
        if not isinstance(top, Targets) or not delegated.is_file():
            return frozenset()
        metadata = read(delegated.read_bytes(), Targets)
        result = top.get_verification_result(role, metadata.signed_bytes, metadata.signatures)
        return frozenset(result.signed)

    def _refreshed(self, reference_time: datetime) -> Updater:
        try:
            updater = self._make_updater(reference_time)
            updater.refresh()
        except ExpiredMetadataError:
            raise
        except (RepositoryError, ValueError) as error:
            raise MetadataError("untrusted", f"TUF metadata refused: {error}") from error
        versions = {role: _trusted(updater, role).version for role in _ROLES}
        for role, version in versions.items():
            self._check_floor(role, version)
        self._floor.raise_to(versions)
        return updater

    def _make_updater(self, reference_time: datetime) -> Updater:
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
        updater._trusted_set.reference_time = reference_time  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        return updater

    def _target_info(self, path: str) -> TargetFile:
        updater = self._ready()
        try:
            info = updater.get_targetinfo(path)
        except (RepositoryError, ValueError) as error:
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
        if version < floor:
            shutil.rmtree(self._folder / "metadata", ignore_errors=True)
            raise RollbackError("rollback", f"{role} {version} is older than {floor}, seen before")

    def _signed(self, role: str) -> Signed | None:
        try:
            return _trusted(self._ready(), role)
        except KeyError:
            return None

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
