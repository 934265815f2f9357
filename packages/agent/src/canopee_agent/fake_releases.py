"""The releases and the slots of an installed agent, in memory; part of `fakes.py`."""

import hashlib
import io
import zipfile
from collections.abc import Mapping
from contextlib import AbstractContextManager

import msgspec

from canopee_agent.errors import BusyError, MissingError, ReleaseError
from canopee_agent.fake_disk import FakeFiles
from canopee_agent.fake_web import FakeDownloads
from canopee_agent.ports import AgentRelease, Download, Wanted
from canopee_contract.codec import encode
from canopee_contract.release import MANIFEST, Platform, ReleaseFile, ReleaseManifest, release_path

_URL = "https://canopee.example.fr/"


def a_release(
    files: Mapping[str, bytes], version: str = "1.1.0", platform: Platform = "win-x64", *,
    manifest: ReleaseManifest | None = None,
) -> bytes:  # fmt: skip
    """The zip of a release that holds these files; its manifest tells the truth, unless another one is given."""
    told = {
        path: ReleaseFile(hashlib.sha256(content).hexdigest(), len(content)) for path, content in files.items()
    }
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(zipfile.ZipInfo(path), content, zipfile.ZIP_DEFLATED)
        archive.writestr(
            zipfile.ZipInfo(MANIFEST), encode(manifest or ReleaseManifest(1, version, platform, told))
        )
    return whole.getvalue()


class FakeReleases:
    """An installation whose slots are folders of the fake disk; every attribute may be replaced."""

    def __init__(self, files: FakeFiles, downloads: FakeDownloads, folder: str, platform: str = "win-x64") -> None:
        self._files, self._downloads, self.folder, self.platform = files, downloads, folder, platform
        self.running, self.pending, self.returned, self.floor = "1.0.0", "", "", 0
        self.banned: set[str] = set()
        self._signed: dict[str, AgentRelease] = {}
        files.write(f"{folder}\\{self.running}\\agent.exe", b"MZ")

    def publish(self, content: bytes, version: str = "1.1.0", release_seq: int = 2) -> AgentRelease:
        """Sign and serve a release for this platform."""
        release = AgentRelease(
            release_path(self.platform, version), version, self.platform, release_seq, len(content),
            hashlib.sha256(content).hexdigest(),
        )  # fmt: skip
        self.sign(release)
        self._downloads.serve(_URL + release.path, content, f'"{release.sha256}"')
        return release

    def sign(self, release: AgentRelease) -> None:
        """Sign something else about it."""
        self._signed[release.path] = release

    def is_banned(self, version: str) -> bool:
        return version in self.banned

    def find(self, path: str) -> AgentRelease:
        if path not in self._signed:
            raise ReleaseError(f"no role lists {path}")
        return self._signed[path]

    def fetch(
        self, release: AgentRelease, start: int, etag: str, timeout_s: float
    ) -> AbstractContextManager[Download]:
        wanted = Wanted(_URL + release.path, release.size, ("canopee.example.fr",))
        return self._downloads.fetch(msgspec.structs.replace(wanted, start=start, etag=etag, timeout_s=timeout_s))

    def stage(self, release: AgentRelease) -> None:
        if self.pending:
            raise BusyError(f"{self.pending} is on trial")
        if not self._files.exists(f"{self.folder}\\{release.version}\\agent.exe"):
            raise MissingError(f"{release.version} is not there")
        self.floor = max(self.floor, release.release_seq)
        self.pending = release.version

    def prune(self, *, keep: str) -> None:
        for name in self._files.names(self.folder):
            if name not in {keep, self.running, self.pending}:
                self._files.delete(f"{self.folder}\\{name}")
