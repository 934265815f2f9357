"""An archive of logs as it leaves the PC: texts in UTF-8, then `manifest.json`; written once, from start to end."""

import hashlib
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import IO, TYPE_CHECKING, Annotated, Self, cast

import msgspec
from msgspec import Meta

from canopee_agent.names import fault_of
from canopee_agent.redaction import told
from canopee_contract.codec import encode
from canopee_contract.log_manifest import MANIFEST, LogManifest

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_LONGEST_NAME = 200
_UNSAFE = re.compile(r'[<>"|?*:\\\x00-\x1f\x7f\ud800-\udfff]')
_EARLIEST = (1980, 1, 1, 0, 0, 0)
_LATEST_YEAR = 2107


class RedactedCount(msgspec.Struct, frozen=True):
    """One kind of personal data."""

    kind: Annotated[str, Meta(description="Which kind, such as `phone_number`.")]
    count: Annotated[int, Meta(description="How many were hidden.")]


def counted(redacted: Mapping[str, int]) -> tuple[RedactedCount, ...]:
    """Counts as records have them."""
    return tuple(RedactedCount(kind, count) for kind, count in told(redacted).items())


class Written(msgspec.Struct, frozen=True):
    """A text that is in the archive."""

    name: str
    size: int
    sha256: str


class LogArchive:
    """A zip in `stream`, which need not seek; `sha256` and `size` are those of what was written."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._counted = _Counted(stream)
        self._zip = zipfile.ZipFile(cast("IO[bytes]", self._counted), "w", zipfile.ZIP_DEFLATED, compresslevel=6)
        self._names: set[str] = {MANIFEST.upper()}

    def add(self, path: str, at: datetime, texts: Iterator[str]) -> Written | None:
        """A file called after `path`; `None` when `texts` are empty. `at`: when it was written, on the wall."""
        first = next((text for text in texts if text), "")
        if not first:
            return None
        info = zipfile.ZipInfo(self._name(path), _dos_time(at))
        info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o100644 << 16
        digest, size = hashlib.sha256(), 0
        with self._zip.open(info, "w") as entry:
            while first:
                data = first.encode("utf-8", "replace")
                entry.write(data)
                digest.update(data)
                size += len(data)
                first = next((text for text in texts if text), "")
        return Written(info.filename, size, digest.hexdigest())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """After an error nothing more is written: not later either, when nobody holds the archive any more."""
        if kind is not None:
            self._zip.fp = None

    def end(self, manifest: LogManifest) -> None:
        """Nothing is added any more."""
        self._zip.writestr(zipfile.ZipInfo(MANIFEST, _EARLIEST), msgspec.json.format(encode(manifest), indent=1))
        self._zip.close()

    @property
    def size(self) -> int:
        return self._counted.size

    @property
    def sha256(self) -> str:
        return self._counted.digest.hexdigest()

    def _name(self, path: str) -> str:
        r"""`C:\Logs\a.log` as `C/Logs/a.log`: a name that every system takes, and that nothing else here has."""
        parts = [_part(part) for part in re.split(r"[\\/]+", unicodedata.normalize("NFC", path)) if part]
        stem = "/".join(parts)[-_LONGEST_NAME:].lstrip("/. ") or "file"
        name, count = stem, 1
        while name.casefold().upper() in self._names:
            count += 1
            name = f"{stem}~{count}"
        self._names.add(name.casefold().upper())
        return name


class _Counted(io.RawIOBase):
    """What is written goes on to another stream, and is measured."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__()
        self._stream, self.size, self.digest = stream, 0, hashlib.sha256()

    def writable(self) -> bool:
        return True

    def write(self, data: "ReadableBuffer", /) -> int:
        size = memoryview(data).nbytes
        self._stream.write(data)
        self.digest.update(data)
        self.size += size
        return size


def _part(part: str) -> str:
    part = _UNSAFE.sub("_", part.removesuffix(":")).rstrip(". ") or "_"
    return f"_{part}" if fault_of(part) else part


def _dos_time(at: datetime) -> tuple[int, int, int, int, int, int]:
    if not _EARLIEST[0] <= at.year <= _LATEST_YEAR:
        return _EARLIEST
    return (at.year, at.month, at.day, at.hour, at.minute, at.second)
