"""`manifest.json`, the last file of an archive of logs: what is in it, what is not, and what was hidden."""

import msgspec

from canopee_contract.instant import Instant

MANIFEST = "manifest.json"


class ArchivedFile(msgspec.Struct, frozen=True, omit_defaults=True):
    """A text in the archive, as UTF-8."""

    name: str
    """In the archive."""
    path: str
    """On the PC; names of users in it are hidden. Of events, their channel."""
    size_bytes: int
    """On the PC, before anything was cut, left out or hidden; of a compressed file, unpacked."""
    kept_bytes: int
    """In the archive."""
    sha256: str
    """Of what is in the archive."""
    modified_at: Instant | None = None
    encoding: str = ""
    """How its bytes were read on the PC: `cp1252`, `utf-16-le`, `cp1252, utf-8` where lines differ."""
    is_cut: bool = False
    """Its beginning is missing: it was larger than the limits."""
    is_changed: bool = False
    """Somebody wrote, renamed or removed it while it was read."""
    time_format: str = ""
    """By which its lines were dated; empty: none was found, or no range was asked for."""
    lines_left_out: int = 0
    """Outside the range of dates."""
    redacted: dict[str, int] = {}
    """How many of each kind were hidden; never what."""
    why: str = ""
    """What went wrong after its beginning was read."""


class LeftOut(msgspec.Struct, frozen=True):
    """A file that matches and is not in the archive."""

    path: str
    why: str


class LogManifest(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one PC sent."""

    spec: int
    made_at: Instant
    files: tuple[ArchivedFile, ...]
    left_out: tuple[LeftOut, ...] = ()
    denied: int = 0
    """Files that match and that the local policy, or the system, lets nobody read; their names stay on the PC."""
    since: str = ""
    """By the clock on the wall of the PC; empty: no bound."""
    until: str = ""
    redacted: dict[str, int] = {}
