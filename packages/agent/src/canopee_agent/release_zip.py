"""The zip of a release: strict, complete, and each file what its manifest says. Publishers read it the same way."""

import hashlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import IO

from canopee_agent.archives import Archive, Entry, Limits, opened_archive
from canopee_agent.errors import ArchiveError, ReleaseError
from canopee_contract.codec import decode
from canopee_contract.errors import MalformedError
from canopee_contract.release import MANIFEST, MAX_RELEASE_FILES, ReleaseFile, ReleaseManifest, is_release_version

MAX_SLOT_BYTES = 2**30
"""Of all files, once unpacked."""
_MAX_MANIFEST = 8 * 2**20


class ReleaseZip:
    """A release whose manifest and names are sound; `pieces` reads one file, and verifies it."""

    def __init__(self, archive: Archive, manifest: ReleaseManifest) -> None:
        self._archive, self.manifest = archive, manifest
        self.entries: Sequence[Entry] = [entry for entry in archive.entries if entry.parts != (MANIFEST,)]

    @property
    def size(self) -> int:
        """Bytes of all files, once unpacked."""
        return sum(entry.size for entry in self.entries)

    def pieces(self, entry: Entry) -> Iterator[bytes]:
        """The content of a file; raises `ArchiveError` before or instead of its last piece."""
        digest, path = hashlib.sha256(), "/".join(entry.parts)
        for piece in self._archive.pieces(entry):
            digest.update(piece)
            yield piece
        if digest.hexdigest() != self.manifest.files[path].sha256:
            raise ArchiveError(f"{path} is not what {MANIFEST} says")


@contextmanager
def opened_release(stream: IO[bytes]) -> Generator[ReleaseZip]:
    """The release in `stream`.

    Raises:
        ArchiveError: an unsafe archive, or one that does not hold exactly what its manifest names.
        ReleaseError: a manifest that is none, or whose version or platform cannot be.
    """
    with opened_archive(stream, Limits(MAX_RELEASE_FILES, MAX_SLOT_BYTES)) as archive:
        manifest = _manifest(archive)
        _check(archive.entries, manifest)
        yield ReleaseZip(archive, manifest)


def program_of(platform: str) -> str:
    """The name of the agent's program in a slot."""
    return "agent.exe" if platform.startswith("win-") else "agent"


def _manifest(archive: Archive) -> ReleaseManifest:
    entry = next((one for one in archive.entries if one.parts == (MANIFEST,) and not one.is_folder), None)
    if entry is None or entry.size > _MAX_MANIFEST:
        raise ReleaseError(
            f"the archive holds no {MANIFEST}, or one that is too large: it is no release of the agent"
        )
    try:
        manifest = decode(b"".join(archive.pieces(entry)), ReleaseManifest, max_bytes=_MAX_MANIFEST)
    except MalformedError as error:
        raise ReleaseError(f"{MANIFEST}: {error.message}") from error
    if not is_release_version(manifest.version):
        raise ReleaseError(f"{MANIFEST}: {manifest.version!r} is no version: see docs/how-to/release-the-agent.md")
    if program_of(manifest.platform) not in manifest.files:
        raise ReleaseError(f"{MANIFEST} names no {program_of(manifest.platform)}: there would be nothing to start")
    return manifest


def _check(entries: Sequence[Entry], manifest: ReleaseManifest) -> None:
    held = {"/".join(entry.parts): entry.size for entry in entries if not entry.is_folder}
    held.pop(MANIFEST, None)
    if missing := sorted(set(manifest.files) - set(held)):
        raise ArchiveError(f"{missing[0]} is named by {MANIFEST}, and is not in the archive")
    if extra := sorted(set(held) - set(manifest.files)):
        raise ArchiveError(f"{extra[0]} is in the archive, and is not named by {MANIFEST}")
    named: dict[str, ReleaseFile] = manifest.files
    if wrong := [path for path, size in sorted(held.items()) if named[path].size != size]:
        raise ArchiveError(f"{wrong[0]} has not the size that {MANIFEST} says")
