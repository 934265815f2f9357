"""The TUF repository as its publisher and the API see it: pure functions over the bytes of metadata.

Metadata is made unsigned, then signed by one key at a time, so that m of n people may sign the same bytes in
different places.
"""

# pyright: reportPrivateImportUsage=false
# (tuf and securesystemslib document these modules as their public doors, and re-export without `as`)

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias, TypeVar, cast

import msgspec
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.api.serialization.json import JSONSerializer

from canopee_trust.ed25519 import PrivateKey, PublicKey
from canopee_trust.errors import MetadataError
from canopee_trust.roles import EXPIRY, OFFLINE_DELEGATED
from canopee_trust.tuf_keys import LibcryptoKey, LibcryptoSigner

SignedT = TypeVar("SignedT", Root, Timestamp, Snapshot, Targets)
MetadataSet: TypeAlias = Mapping[str, bytes]
"""Role → newest metadata bytes."""


class TargetInfo(msgspec.Struct, frozen=True):
    """What metadata say of a target."""

    path: str
    length: int
    """Bytes."""
    sha256: str
    """Lower-case hexadecimal."""
    custom: dict[str, Any] = {}
    """What its role signs about it besides."""

    @property
    def served_name(self) -> str:
        """Where its bytes are served: `targets/<folder>/<sha256>.<file>`."""
        folder, _, name = self.path.rpartition("/")
        return f"targets/{folder}/{self.sha256}.{name}"


class RoleKeys(msgspec.Struct, frozen=True):
    """Who signs a role, and how many of them are needed."""

    keys: tuple[PublicKey, ...]
    threshold: int = 1


def make_root(roles: Mapping[str, RoleKeys], *, now: datetime, version: int = 1) -> bytes:
    """Unsigned root metadata; `roles` names the keys of root, targets, snapshot and timestamp."""
    root = Root(version=version, expires=_expiry("root", now), consistent_snapshot=True)
    for role in ("root", "targets", "snapshot", "timestamp"):
        for key in roles[role].keys:
            root.add_key(LibcryptoKey.of(key), role)
        root.roles[role].threshold = roles[role].threshold
    return to_bytes(Metadata(root))


def make_targets(roles: Mapping[str, RoleKeys], *, now: datetime, version: int = 1) -> bytes:
    """Unsigned top-level targets: it holds no target, only the delegations to the roles of `roles.py`."""
    delegated = {role: roles[role] for role in OFFLINE_DELEGATED if role in roles}
    keys = {key.keyid: LibcryptoKey.of(key) for named in delegated.values() for key in named.keys}
    delegations = Delegations(
        keys=dict(keys),
        roles={
            role: DelegatedRole(
                role, [key.keyid for key in named.keys], named.threshold, terminating=True,
                paths=list(OFFLINE_DELEGATED[role]),
            )
            for role, named in delegated.items()
        },
    )  # fmt: skip
    return to_bytes(Metadata(Targets(version=version, expires=_expiry("targets", now), delegations=delegations)))


def add_delegation(raw: bytes, role: str, keys: RoleKeys, *, now: datetime) -> bytes:
    """Unsigned next version of the top-level targets, which delegates to one role more."""
    metadata = read(raw, Targets)
    delegations = metadata.signed.delegations or Delegations(keys={}, roles={})
    metadata.signed.delegations = delegations
    if delegations.roles is None or role in delegations.roles:
        raise MetadataError("role", f"{role} is delegated already")
    delegations.keys |= {key.keyid: LibcryptoKey.of(key) for key in keys.keys}
    delegations.roles[role] = DelegatedRole(
        role,
        [key.keyid for key in keys.keys],
        keys.threshold,
        terminating=True,
        paths=list(OFFLINE_DELEGATED[role]),
    )
    metadata.signed.version += 1
    metadata.signed.expires = _expiry("targets", now)
    metadata.signatures.clear()
    return to_bytes(metadata)


def make_delegated(role: str, targets: Mapping[str, bytes], *, now: datetime) -> bytes:
    """Unsigned first metadata of a delegated role."""
    first = Metadata(Targets(version=1, expires=_expiry(role, now)))
    for path, content in targets.items():
        first.signed.targets[path] = TargetFile.from_data(path, content, ["sha256"])
    return to_bytes(first)


def next_delegated(
    raw: bytes,
    role: str,
    *,
    add: Mapping[str, bytes],
    describe: Sequence[TargetInfo] = (),
    remove: Sequence[str] = (),
    now: datetime,
) -> bytes:
    """Unsigned next version of a delegated role, with targets added or replaced, and removed.

    `describe`: targets too large to be at hand.
    """
    metadata = read(raw, Targets)
    for info in describe:
        metadata.signed.targets[info.path] = TargetFile(
            info.length, {"sha256": info.sha256}, info.path, {"custom": info.custom}
        )
    for path, content in add.items():
        metadata.signed.targets[path] = TargetFile.from_data(path, content, ["sha256"])
    for path in remove:
        metadata.signed.targets.pop(path, None)
    metadata.signed.version += 1
    metadata.signed.expires = _expiry(role, now)
    metadata.signatures.clear()
    return to_bytes(metadata)


def make_snapshot(versions: Mapping[str, int], *, version: int, key: PrivateKey, now: datetime) -> bytes:
    """Signed snapshot of the versions of targets and of every delegated role."""
    snapshot = Snapshot(version=version, expires=_expiry("snapshot", now))
    snapshot.meta = {f"{role}.json": MetaFile(number) for role, number in versions.items()}
    return sign(to_bytes(Metadata(snapshot)), key)


def make_timestamp(snapshot: int, *, version: int, key: PrivateKey, now: datetime) -> bytes:
    """Signed timestamp, which names the snapshot's version."""
    timestamp = Timestamp(version=version, expires=_expiry("timestamp", now), snapshot_meta=MetaFile(snapshot))
    return sign(to_bytes(Metadata(timestamp)), key)


def sign(raw: bytes, key: PrivateKey) -> bytes:
    """The same metadata with one signature more (or again)."""
    metadata = _read_any(raw)
    metadata.sign(LibcryptoSigner(key), append=True)
    return to_bytes(metadata)


def with_signatures_of(raw: bytes, other: bytes) -> bytes:
    """The metadata with those signatures more that another copy of them has.

    Raises:
        MetadataError: malformed, or `other` says something else.
    """
    mine, theirs = _read_any(raw), _read_any(other)
    if mine.signed_bytes != theirs.signed_bytes:
        raise MetadataError("malformed", "the two copies do not say the same")
    mine.signatures = {**theirs.signatures, **mine.signatures}
    return to_bytes(mine)


def root_keyids(raw: bytes) -> dict[str, frozenset[str]]:
    """Role → key ids that some root metadata name for it, NOT verified."""
    return {name: frozenset(role.keyids) for name, role in read(raw, Root).signed.roles.items()}


def version_of(raw: bytes) -> int:
    """The version in some metadata, NOT verified."""
    return _read_any(raw).signed.version


def life_left(raw: bytes, now: datetime) -> float:
    """Part of its role's usual life that some metadata has left: 1.0 when just signed, 0.0 when expired."""
    signed = _read_any(raw).signed
    return max(0.0, (signed.expires - now) / EXPIRY.get(signed.type, EXPIRY["targets"]))


def targets_of(raw: bytes) -> dict[str, str]:
    """Target path → lower-case hexadecimal SHA-256 in some targets metadata, NOT verified."""
    return {path: target.hashes["sha256"] for path, target in read(raw, Targets).signed.targets.items()}


def infos_of(raw: bytes) -> list[TargetInfo]:
    """Everything that some targets metadata say of their targets, NOT verified."""
    return [info_of(target) for target in read(raw, Targets).signed.targets.values()]


def info_of(target: TargetFile) -> TargetInfo:
    """What one entry of the metadata says.

    Raises:
        MetadataError: it has no SHA-256, or its `custom` is no object.
    """
    custom = target.unrecognized_fields.get("custom", {})
    if "sha256" not in target.hashes or not isinstance(custom, dict):
        raise MetadataError("malformed", f"{target.path} is not described as it must be")
    return TargetInfo(target.path, target.length, target.hashes["sha256"], cast("dict[str, Any]", custom))


def read(raw: bytes, kind: type[SignedT]) -> Metadata[SignedT]:
    """Parse metadata of one kind, NOT verified.

    Raises:
        MetadataError: malformed, or of another kind.
    """
    metadata = _read_any(raw)
    if not isinstance(metadata.signed, kind):
        raise MetadataError("malformed", f"expected {kind.type} metadata, found {metadata.signed.type}")
    return metadata


def to_bytes(metadata: Metadata[SignedT]) -> bytes:
    """The bytes as they are published."""
    return metadata.to_bytes(JSONSerializer(compact=True))


def _read_any(raw: bytes) -> Metadata[Any]:
    try:
        return cast("Metadata[Any]", Metadata.from_bytes(raw))
    except (RepositoryError, ValueError, KeyError, TypeError) as error:
        raise MetadataError("malformed", f"not TUF metadata: {error}") from error


def _expiry(role: str, now: datetime) -> datetime:
    return (now + EXPIRY[role]).replace(microsecond=0)
