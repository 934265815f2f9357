"""Releases of the agent: checking one, publishing it, and the standing campaign that gives it to the fleet."""

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from canopee.errors import RefusedError, UsageError
from canopee.release_documents import signed_release, standing_campaign, update_pipeline
from canopee_agent.errors import ArchiveError, ReleaseError
from canopee_agent.release_zip import opened_release
from canopee_client.client import Client
from canopee_client.errors import AnswerError
from canopee_contract.campaign import WHOLE_FLEET_BP
from canopee_contract.codec import encode
from canopee_contract.people import NewCampaign, PublishedPipeline
from canopee_contract.pipeline import target_path
from canopee_contract.release import (
    MAX_RELEASE_BYTES,
    UPDATE_PIPELINE,
    Platform,
    SignedRelease,
    read_signed,
    release_path,
)
from canopee_contract.release_views import MAX_UPLOAD_BYTES, Release
from canopee_contract.version import version_key
from canopee_kit.clock import Clock
from canopee_trust.ceremony import read_approvers, sign_release, sign_targets
from canopee_trust.documents import seal_campaign
from canopee_trust.repository import TargetInfo, infos_of


class Built(msgspec.Struct, frozen=True):
    """A release on this disk, once it keeps every rule that PCs will hold it to."""

    file: Path
    version: str
    platform: Platform
    size: int
    sha256: str


def read_release(file: Path) -> Built:
    """The release in `file`.

    Raises:
        UsageError: it cannot be read, or is not called as a release is.
        RefusedError: no PC would take it.
    """
    try:
        with file.open("rb") as stream:
            with opened_release(stream) as opened:
                for entry in opened.entries:
                    if not entry.is_folder:
                        for _ in opened.pieces(entry):
                            pass
                manifest = opened.manifest
            stream.seek(0)
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        size = file.stat().st_size
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from error
    except (ArchiveError, ReleaseError) as error:
        raise RefusedError(f"{file}: {error.message}") from error
    name = f"canopee-agent-{manifest.version}-{manifest.platform}.zip"
    if file.name != name:
        raise UsageError(f"{file.name} holds {manifest.version} for {manifest.platform}: it is called {name}")
    if size > MAX_RELEASE_BYTES:
        raise RefusedError(f"{file} has {size} bytes: at most {MAX_RELEASE_BYTES}")
    return Built(file, manifest.version, manifest.platform, size, digest)


class Publisher:
    """Publishes releases with the keys of a folder. Every verb may be run again: it goes on where it was."""

    def __init__(self, client: Client, offline: Path, clock: Clock, approvers: Sequence[str]) -> None:
        self._client, self._offline, self._clock, self._approvers = client, offline, clock, approvers

    def publish(self, built: Built, *, min_release_seq: int | None = None) -> TargetInfo:
        """Upload a release, sign it and name it.

        Raises:
            RefusedError: its version is published with other bytes.
            KeyFileError: the key of the role `agent` is not in the folder.
        """
        newest = {role: base64.b64decode(raw) for role, raw in self._client.trust().roles.items()}
        held = infos_of(newest["agent"]) if "agent" in newest else []
        signed = signed_release(built.version, built.platform, held, min_release_seq)
        path = release_path(built.platform, built.version)
        wanted = TargetInfo(path, built.size, built.sha256, msgspec.to_builtins(signed))
        known = next((info for info in held if info.path == wanted.path), None)
        if known is not None and known.sha256 != wanted.sha256:
            raise RefusedError(
                f"{built.version} is published with other bytes for {built.platform}: raise its version"
            )
        if known == wanted:
            return wanted
        publication = sign_release(newest, wanted, self._offline, self._clock.now())
        if known is None:
            self._upload(built)
        self._client.publish(publication)
        return wanted

    def give(self, info: TargetInfo, reach_bp: int, *, again: bool = False) -> Release:
        """Have the release stand for that part of the fleet, and end what it replaces.

        `again`: also when it was halted, and to more PCs than before.

        Raises:
            RefusedError: it was halted, or it reaches more PCs already.
        """
        release = self.release(info.path)
        if release.state == "stopped" and not again:
            raise RefusedError(
                f"{release.id} was halted: `canopee release widen {release.version} --to …` goes on"
            )
        if release.reach_bp > reach_bp and again:
            raise RefusedError(f"{release.id} reaches {release.reach_bp / 100:g} % already: halt it, or name more")
        if not release.reach_bp or (again and release.reach_bp < reach_bp):
            self._start(info, self._pipeline(info), reach_bp)
            release = self.release(info.path)
        self._end_replaced(release)
        return self.release(info.path)

    def halt(self, path: str) -> Release:
        """Give it to no other PC."""
        for campaign in self.release(path).campaigns:
            if campaign.state == "running":
                self._client.stop_campaign(campaign.id)
        return self.release(path)

    def release(self, path: str) -> Release:
        """A published release by its path; raises `UsageError`."""
        for release in self._client.releases():
            if release.path == path:
                return release
        raise UsageError(f"{path} is not published: see `canopee release list`")

    def info(self, release: Release) -> TargetInfo:
        """What is signed about a published release."""
        signed = SignedRelease(release.version, _platform(release), release.release_seq, release.min_release_seq)
        return TargetInfo(release.path, release.length, release.sha256, msgspec.to_builtins(signed))

    def _upload(self, built: Built) -> None:
        """Send what the API has not; an upload that was cut goes on."""
        found = self._client.upload(built.sha256)
        offset = found.received if found else 0
        with built.file.open("rb") as stream:
            while offset < built.size:
                stream.seek(offset)
                part = stream.read(MAX_UPLOAD_BYTES)
                try:
                    offset = self._client.upload_part(
                        built.sha256, part, offset=offset, length=built.size
                    ).received
                except AnswerError as error:  # somebody else sends the same file
                    found = self._client.upload(built.sha256)
                    if error.problem.code != "upload.offset" or found is None or found.received <= offset:
                        raise
                    offset = found.received

    def _pipeline(self, info: TargetInfo) -> PublishedPipeline:
        """The pipeline that gives this release and no other, published when it is not."""
        signed = read_signed(info.path, info.custom)
        known = [one for one in self._client.pipelines() if one.ref.name == UPDATE_PIPELINE]
        title = f"Agent {signed.version} ({signed.platform})"
        for one in known:
            if one.title == title and one.state == "published" and self._gives(one, signed):
                return one
        number = max((one.ref.version for one in known), default=0) + 1
        pipeline = update_pipeline(signed, number, title)
        newest = {role: base64.b64decode(raw) for role, raw in self._client.trust().roles.items()}
        path = target_path("action", UPDATE_PIPELINE, number)
        targets = {path: encode(pipeline)}
        self._client.publish(sign_targets(newest, targets, self._offline, self._clock.now()))
        return next(one for one in self._client.pipelines() if one.ref.path == path)

    def _gives(self, one: PublishedPipeline, signed: SignedRelease) -> bool:
        text = self._client.pipeline(one.ref.name, one.ref.version)
        return (
            encode(text) == encode(update_pipeline(signed, one.ref.version, one.title)) and text.title == one.title
        )

    def _start(self, info: TargetInfo, pipeline: PublishedPipeline, reach_bp: int) -> None:
        campaign = standing_campaign(read_signed(info.path, info.custom), pipeline, reach_bp, self._clock)
        keys = [one.key for one in read_approvers(self._offline, self._approvers)]
        self._client.start_campaign(NewCampaign(document=msgspec.Raw(seal_campaign(campaign, keys))))

    def _end_replaced(self, release: Release) -> None:
        """Its narrower campaigns; those of lower versions too, once it reaches everybody."""
        running = [one for one in release.campaigns if one.state == "running"]
        ended = running[1:]
        if release.reach_bp == WHOLE_FLEET_BP:
            for other in self._client.releases():
                if other.platform == release.platform and _is_below(other, release):
                    ended += [one for one in other.campaigns if one.state == "running"]
        for one in ended:
            self._client.stop_campaign(one.id)


def _platform(release: Release) -> Platform:
    return msgspec.convert(release.platform, Platform)


def _is_below(one: Release, other: Release) -> bool:
    low, high = version_key(one.version), version_key(other.version)
    return low is not None and high is not None and low < high
