"""The signed repository: what was published, checked, and served to agents.

The API holds the online keys (snapshot, timestamp, and the director's, for orders); it never holds a key that
signs pipelines, facts or the trust policy.
"""

import base64
import binascii
import hashlib
from collections.abc import Hashable

import msgspec

from canopee_api.audit.chain import note
from canopee_api.catalog.key_alarms import is_alarming, tell
from canopee_api.catalog.online_keys import OnlineKeys
from canopee_api.catalog.schemas import step_kinds
from canopee_api.errors import ConflictError, InvalidError, NotFoundError
from canopee_api.postgres import target_files as file_sql
from canopee_api.postgres import trust as sql
from canopee_api.postgres.changes import announce
from canopee_api.postgres.database import Connection, Database
from canopee_contract.codec import decode
from canopee_contract.key_life import KeyLife, RoleLife
from canopee_contract.people import Publication, Published, PublishedPipeline, TrustMetadata
from canopee_contract.pipeline import Kind, Pipeline, PipelineRef
from canopee_contract.trust_policy import TRUST_POLICY_PATH, TrustPolicy
from canopee_kit.clock import Clock
from canopee_trust.approvals import approved
from canopee_trust.documents import OpenedCampaign
from canopee_trust.ed25519 import PrivateKey
from canopee_trust.errors import MetadataError, PublicationError
from canopee_trust.lives import aged, role_lives, signers
from canopee_trust.publication import Repository, check_follows, verify_publication
from canopee_trust.repository import (
    TargetInfo,
    infos_of,
    life_left,
    make_snapshot,
    make_timestamp,
    root_keyids,
    targets_of,
    version_of,
)

_ONLINE = ("snapshot", "timestamp")
_RENEW_BELOW = 0.5


class KnownPipeline(msgspec.Struct, frozen=True):
    """A pipeline that the newest metadata name."""

    ref: PipelineRef
    pipeline: Pipeline


class TrustStore:
    """The repository as published; memory is reloaded whenever the catalog changes."""

    def __init__(self, database: Database, keys: OnlineKeys, clock: Clock) -> None:
        self._database, self._keys, self._clock = database, keys, clock
        self._metadata: dict[str, bytes] = {"root": keys.root}
        self._policy: TrustPolicy | None = None
        self._policy_bytes = b""
        self._lives: list[RoleLife] = role_lives(self._metadata, None)
        self._pipelines: dict[tuple[str, int], KnownPipeline] = {}

    @property
    def timestamp_version(self) -> int:
        """0 before the first publication."""
        return version_of(self._metadata["timestamp"]) if "timestamp" in self._metadata else 0

    @property
    def director(self) -> PrivateKey:
        """What signs orders: the key that the trust policy names; raises `ConflictError` when it is not here."""
        return self._keys.signer("director", {key.keyid for key in self.policy.directors})

    @property
    def epoch(self) -> int:
        """That of the trust policy in force; 0 before the first publication."""
        return self._policy.epoch if self._policy else 0

    @property
    def approving(self) -> Hashable:
        """What decides whether a document is approved: equal while nothing changes; `None` before any publication."""
        return (self._policy_bytes, self.authors("collect"), self.authors("action")) if self._policy else None

    def authors(self, kind: Kind) -> frozenset[str]:
        """Key ids whose good signatures are on the metadata of the role that signs pipelines of this kind."""
        return signers(self._lives, kind)

    def approved(self, document: bytes, kind: Kind) -> OpenedCampaign:
        """The campaign of a signed document, as every PC would judge it; raises `EnvelopeError`, `ConflictError`."""
        return approved(document, self.policy, kind, self.authors(kind))

    @property
    def policy_bytes(self) -> bytes:
        """The very bytes that are signed; raises `ConflictError` before the first publication."""
        _ = self.policy
        return self._policy_bytes

    @property
    def policy(self) -> TrustPolicy:
        """The trust policy in force; raises `ConflictError` before the first publication."""
        if self._policy is None:
            raise ConflictError("trust.not_published", "publish the first metadata: canopee publish --first")
        return self._policy

    @property
    def uses_lab_keys(self) -> bool:
        """Whether a development key may sign here."""
        policy = self._policy
        return policy is not None and any(key.lab for key in (*policy.directors, *policy.approvers))

    async def reload(self) -> None:
        """Read the repository from the database."""
        async with self._database.transaction() as tx:
            metadata = await sql.newest_metadata(tx)
            targets = await sql.current_targets(tx)
        self._metadata = {"root": self._keys.root, **metadata}
        policy = targets.get(TRUST_POLICY_PATH)
        self._policy, self._policy_bytes = decode(policy, TrustPolicy) if policy else None, policy or b""
        self._lives = role_lives(self._metadata, self._policy)
        known = [_known(path, content) for path, content in targets.items() if path.startswith("pipelines/")]
        self._pipelines = {(one.ref.name, one.ref.version): one for one in known}

    async def catch_up(self) -> None:
        """Read the repository again if another process has published: what was published there is known here."""
        async with self._database.transaction() as tx:
            newest = await sql.newest_timestamp(tx)
        if newest is not None and newest[0] > self.timestamp_version:
            await self.reload()

    def pipeline(self, name: str) -> KnownPipeline:
        """The pipeline `name@version`, or the newest of `name`.

        Raises:
            NotFoundError: it is not published.
        """
        wanted, _, version = name.partition("@")
        found = [
            known for (held, number), known in self._pipelines.items()
            if held == wanted and (not version or str(number) == version)
        ]  # fmt: skip
        if not found:
            raise NotFoundError("pipeline.unknown", f"{name[:80]} is not published: see `canopee pipelines`")
        return max(found, key=lambda known: known.ref.version)

    def versions(self, name: str) -> list[KnownPipeline]:
        """Every published version of a pipeline, the lowest first."""
        found = [known for (held, _), known in self._pipelines.items() if held == name]
        return sorted(found, key=lambda known: known.ref.version)

    async def pipelines(self) -> list[PublishedPipeline]:
        """Every pipeline version ever published; those that no metadata names any more are withdrawn."""
        async with self._database.transaction() as tx:
            rows = await sql.pipelines(tx)
        senders = {name for name, kind in step_kinds().items() if kind.sends_files}
        views: list[PublishedPipeline] = []
        for row, content in rows:
            known = _known(row.path, content)
            views.append(
                PublishedPipeline(
                    id=f"{known.ref.name}@{known.ref.version}", ref=known.ref, kind=known.pipeline.kind,
                    title=known.pipeline.title, approval=known.pipeline.approval,
                    state="published" if row.is_current else "withdrawn", published_at=row.published_at,
                    sends_files=any(step.use in senders for step in known.pipeline.steps),
                )
            )  # fmt: skip
        return views

    async def metadata_file(self, name: str) -> bytes:
        """`timestamp.json` or `N.<role>.json`; raises `NotFoundError`."""
        if name == "timestamp.json":  # of the database: a device may have heard of it from another process
            async with self._database.transaction() as tx:
                if newest := await sql.newest_timestamp(tx):
                    return newest[1]
        number, _, role = name.removesuffix(".json").partition(".")
        if number.isascii() and number.isdecimal() and len(number) < 10 and role:  # noqa: PLR2004  fits an integer
            held = self._metadata.get(role)
            if held is not None and version_of(held) == int(number):
                return held
            async with self._database.transaction() as tx:
                if content := await sql.metadata(tx, role, int(number)):
                    return content
        raise NotFoundError("trust.unknown_file", f"{name[:80]} is not served")

    async def target_file(self, name: str) -> bytes:
        """`<folder>/<sha256>.<file>`; raises `NotFoundError`."""
        folder, _, file = name.rpartition("/")
        digest, _, plain = file.partition(".")
        async with self._database.transaction() as tx:
            content = await sql.target(tx, f"{folder}/{plain}", digest)
        if content is None:
            raise NotFoundError("trust.unknown_file", f"{name[:160]} is not served")
        return content

    async def large_target(self, name: str) -> str | None:
        """The SHA-256 of a target whose bytes are those of a file; `None` for any other."""
        folder, _, file = name.rpartition("/")
        digest, _, plain = file.partition(".")
        async with self._database.transaction() as tx:
            return digest if await sql.is_large(tx, f"{folder}/{plain}", digest) else None

    def releases(self) -> list[TargetInfo]:
        """The releases of the agent that the newest metadata name."""
        return infos_of(self._metadata["agent"]) if "agent" in self._metadata else []

    async def newest(self) -> TrustMetadata:
        """What a publisher starts from."""
        async with self._database.transaction() as tx:
            versions = await sql.root_versions(tx)
            held = {"root": self._keys.root, **await sql.newest_metadata(tx)}
        roles = {role: base64.b64encode(raw).decode() for role, raw in held.items()}
        return TrustMetadata(roles, versions or [version_of(self._keys.root)])

    async def publish(self, publication: Publication, *, by: str) -> Published:
        """Check and store a whole publication, then sign snapshot and timestamp over it. All or nothing.

        Raises:
            InvalidError: not base64.
            PublicationError: a rule is broken; nothing was stored.
        """
        metadata, targets = _decoded(publication.metadata), _decoded(publication.targets)
        now = self._clock.now()
        async with self._database.transaction() as tx:
            await sql.lock_repository(tx)
            held = {"root": self._keys.root, **await sql.newest_metadata(tx)}
            named = {row.path: row.sha256 for row in await sql.list_targets(tx) if row.is_current}
            large = _large(metadata)
            uploaded = await file_sql.complete_files(tx, [info.sha256 for info in large], now=now)
            verify_publication(now, Repository(held, named, uploaded), metadata, targets)
            await self._check_policy(tx, named, targets)
            if "root" not in metadata and not await sql.root_versions(tx):
                metadata["root"] = self._keys.root
            for role, raw in metadata.items():
                if held.get(role) != raw or role == "root":
                    await _store(tx, role, raw, self._clock)
            for path, content in targets.items():
                await sql.insert_target(tx, path, hashlib.sha256(content).hexdigest(), content, now=now)
            for info in large:
                await sql.insert_target(tx, info.path, info.sha256, None, now=now)
            newest = {**held, **metadata}
            await sql.mark_current(tx, _named_targets(newest))
            await self._sign_online(tx, newest)
            await announce(tx, "catalog")
            await note(tx, now, by, "trust.publish", ", ".join(sorted(metadata)), targets=sorted(targets))
        await self.reload()
        return Published(self.timestamp_version, {role: version_of(raw) for role, raw in self._metadata.items()})

    async def keep_fresh(self) -> None:
        """Sign a new timestamp and snapshot when half of the life of the held ones is over."""
        held = self._metadata
        if "timestamp" not in held or life_left(held["timestamp"], self._clock.now()) > _RENEW_BELOW:
            return
        async with self._database.transaction() as tx:
            await sql.lock_repository(tx)
            newest = await sql.newest_metadata(tx)
            if life_left(newest["timestamp"], self._clock.now()) <= _RENEW_BELOW:  # else another process was first
                await self._sign_online(tx, newest)
                await announce(tx, "catalog")
        await self.reload()

    def key_life(self) -> KeyLife:
        """Who signs each role, and how long what they signed still holds."""
        return aged(self._lives, self._clock.now())

    async def warn(self) -> None:
        """Log what expires soon, once, as another process may have published it, or said it."""
        await self.catch_up()
        life = self.key_life()
        if is_alarming(life):
            async with self._database.transaction() as tx:
                await tell(tx, life, self._clock)

    async def _check_policy(self, tx: Connection, named: dict[str, str], targets: dict[str, bytes]) -> None:
        """Refuse a trust policy that goes back, or under which nobody here could sign an order."""
        if TRUST_POLICY_PATH not in targets:
            return
        new, digest = decode(targets[TRUST_POLICY_PATH], TrustPolicy), named.get(TRUST_POLICY_PATH)
        if digest is not None and (held := await sql.target(tx, TRUST_POLICY_PATH, digest)):
            check_follows(decode(held, TrustPolicy), new)
        self._keys.signer("director", {key.keyid for key in new.directors})

    async def _sign_online(self, tx: Connection, newest: dict[str, bytes]) -> None:
        now = self._clock.now()
        versions = {role: version_of(raw) for role, raw in newest.items() if role not in {"root", *_ONLINE}}
        named = root_keyids(newest.get("root", self._keys.root))
        online = {role: self._keys.signer(role, named[role]) for role in _ONLINE}
        number = version_of(newest["snapshot"]) + 1 if "snapshot" in newest else 1
        snapshot = make_snapshot(versions, version=number, key=online["snapshot"], now=now)
        following = version_of(newest["timestamp"]) + 1 if "timestamp" in newest else 1
        timestamp = make_timestamp(number, version=following, key=online["timestamp"], now=now)
        await _store(tx, "snapshot", snapshot, self._clock)
        await _store(tx, "timestamp", timestamp, self._clock)


async def _store(tx: Connection, role: str, raw: bytes, clock: Clock) -> None:
    held = await sql.metadata(tx, role, version_of(raw))
    if held is None:
        await sql.insert_metadata(tx, role, version_of(raw), raw, now=clock.now())
    elif held != raw:
        raise PublicationError("version", f"{role} {version_of(raw)} is published with other bytes")


def _named_targets(metadata: dict[str, bytes]) -> dict[str, str]:
    named: dict[str, str] = {}
    for role, raw in metadata.items():
        if role not in {"root", *_ONLINE}:
            named.update(targets_of(raw))
    return named


def _large(metadata: dict[str, bytes]) -> list[TargetInfo]:
    """The targets whose bytes came before; metadata that cannot be read name none, and are refused later."""
    try:
        return infos_of(metadata["agent"]) if "agent" in metadata else []
    except MetadataError:
        return []


def _known(path: str, content: bytes) -> KnownPipeline:
    pipeline = decode(content, Pipeline)
    digest = hashlib.sha256(content).hexdigest()
    return KnownPipeline(PipelineRef(path, pipeline.name, pipeline.version, digest, len(content)), pipeline)


def _decoded(texts: dict[str, str]) -> dict[str, bytes]:
    try:
        return {name: base64.b64decode(text, validate=True) for name, text in texts.items()}
    except (binascii.Error, ValueError) as error:
        raise InvalidError("publication.malformed", f"not base64: {error}") from error
