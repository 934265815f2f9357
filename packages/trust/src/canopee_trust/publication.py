"""What the API accepts to publish: every signature, version, path and byte, checked before anything is stored."""

# pyright: reportPrivateImportUsage=false
# (tuf and securesystemslib document these modules as their public doors, and re-export without `as`)

import re
from collections.abc import Mapping
from datetime import datetime

import msgspec
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import DelegatedRole, Metadata, Root, Targets

from canopee_contract.codec import decode
from canopee_contract.condition import parse_condition
from canopee_contract.errors import ContractError
from canopee_contract.facts import MAX_FACTS, FactSources, SoftwareFact
from canopee_contract.facts import NAME_PATTERN as FACT_NAME
from canopee_contract.parameters import check_schema
from canopee_contract.pattern import compile_pattern
from canopee_contract.pipeline import NAME_PATTERN, Pipeline, target_path
from canopee_contract.release import MAX_RELEASE_BYTES, SignedRelease, read_signed
from canopee_contract.trust_policy import FACT_SOURCES_PATH, TRUST_POLICY_PATH, TrustPolicy
from canopee_trust.ed25519 import PublicKey
from canopee_trust.errors import MetadataError, PublicationError, TrustError
from canopee_trust.repository import MetadataSet, SignedT, TargetInfo, info_of, read
from canopee_trust.roles import OFFLINE

MAX_SOURCES = MAX_FACTS - 20
"""The rest is for the facts that every agent sends."""


class Repository(msgspec.Struct, frozen=True):
    """What is published now."""

    metadata: MetadataSet
    """Role → newest bytes; holds at least `root`, which may be the pinned one."""
    targets: Mapping[str, str]
    """Target path → SHA-256 of the bytes named by the newest metadata."""
    uploaded: Mapping[str, int] = {}
    """SHA-256 → length of the large files that were received and verified before."""


def verify_publication(
    now: datetime, current: Repository, metadata: MetadataSet, targets: Mapping[str, bytes]
) -> None:
    """Check a whole publication against what is published.

    Raises:
        PublicationError: a rule is broken; the reason is `role`, `signature`, `version`, `expired`, `path`,
            `target_hash`, `target_missing`, `target_unused`, `pipeline_changed`, `release_changed` or
            `target_malformed`.
    """
    if unknown := sorted(set(metadata) - set(OFFLINE)):
        raise PublicationError("role", f"not published this way: {', '.join(unknown)}")
    try:
        _verify(now, current, metadata, targets)
    except MetadataError as error:
        raise PublicationError(error.reason, error.message) from error


def check_target(path: str, content: bytes) -> None:
    """Refuse a target that no agent could use.

    Raises:
        PublicationError: `target_malformed`.
    """
    try:
        if path == TRUST_POLICY_PATH:
            _check_policy(decode(content, TrustPolicy))
        elif path == FACT_SOURCES_PATH:
            _check_sources(decode(content, FactSources))
        elif path.startswith("pipelines/"):
            check_pipeline(path, content)
    except ContractError as error:
        raise PublicationError("target_malformed", f"{path}: {error.message}") from error


def check_follows(old: TrustPolicy, new: TrustPolicy) -> None:
    """Refuse a trust policy of an epoch that is over, or one that drops a director without beginning another.

    Without a new epoch, the numbers that a stolen director spent would block its successor on every PC.

    Raises:
        PublicationError: `epoch`.
    """
    if new.epoch < old.epoch:
        raise PublicationError("epoch", f"the trust policy is of epoch {old.epoch}: {new.epoch} is over")
    gone = {key.public_key for key in old.directors} - {key.public_key for key in new.directors}
    if gone and new.epoch == old.epoch:
        message = (
            f"a director is dropped: the epoch must be {old.epoch + 1}, or its orders would still count for some"
        )
        raise PublicationError("epoch", message)


def check_release(info: TargetInfo) -> SignedRelease:
    """What is signed about a release of the agent, unless no agent could take it.

    Raises:
        PublicationError: `target_malformed`.
    """
    try:
        signed = read_signed(info.path, info.custom)
    except ContractError as error:
        raise PublicationError("target_malformed", error.message) from error
    if not 0 < info.length <= MAX_RELEASE_BYTES:
        raise PublicationError("target_malformed", f"{info.path}: 1 to {MAX_RELEASE_BYTES} bytes")
    return signed


def check_pipeline(path: str, content: bytes) -> Pipeline:
    """The pipeline in `content`, once its text keeps every rule that needs no step kind.

    Raises:
        ContractError: malformed.
        PublicationError: its name, version or approval does not fit.
    """
    pipeline = decode(content, Pipeline)
    if path != target_path(pipeline.kind, pipeline.name, pipeline.version):
        raise PublicationError("path", f"{path} holds {pipeline.kind} {pipeline.name}@{pipeline.version}")
    if pipeline.approval == "none" and pipeline.kind != "collect":
        raise PublicationError("target_malformed", f"{path}: only a collect may need no approval")
    ids = [step.id for step in pipeline.steps]
    if not ids or len(set(ids)) != len(ids):
        raise PublicationError("target_malformed", f"{path}: steps need distinct ids, and there is at least one")
    for name in (pipeline.name, *ids):
        if not re.fullmatch(NAME_PATTERN, name):
            message = f"{path}: {name!r} is no name: small letters, digits and _, a letter first, at most 63"
            raise PublicationError("target_malformed", message)
    check_schema(pipeline.parameters)
    conditions = [pipeline.condition, *(step.when for step in pipeline.steps)]
    for condition in conditions:
        if condition is not None:
            parse_condition(condition)
    return pipeline


def _check_policy(policy: TrustPolicy) -> None:
    """One key that is none, or a threshold that cannot be reached, would stop every PC at its next order."""
    for key in (*policy.directors, *policy.approvers):
        try:
            PublicKey.from_base64(key.public_key)
        except TrustError as error:
            raise PublicationError("target_malformed", f"{key.name}: {error.message}") from error
    approvers = len({key.public_key for key in policy.approvers})
    for name, needed in (("action", policy.action_approvals), ("collect", policy.collect_approvals)):
        if not 1 <= needed <= approvers:
            message = f"{name}_approvals is {needed}: it is at least 1, and there are {approvers} approvers"
            raise PublicationError("target_malformed", message)
    if not policy.directors:
        raise PublicationError("target_malformed", "no director: nobody could sign an order")


def _check_sources(sources: FactSources) -> None:
    """Names that conditions can read, patterns that agents understand, and not more than a PC may send."""
    names = [source.name for source in sources.sources]
    for name in names:
        if not re.fullmatch(FACT_NAME, name) or names.count(name) > 1:
            raise PublicationError("target_malformed", f"{name!r} is no name of a fact, or is given twice")
    if len(names) > MAX_SOURCES:
        raise PublicationError("target_malformed", f"{len(names)} facts; at most {MAX_SOURCES}")
    for source in sources.sources:
        if isinstance(source, SoftwareFact):
            compile_pattern(source.display_name)


def _verify(now: datetime, current: Repository, metadata: MetadataSet, targets: Mapping[str, bytes]) -> None:
    root = _verified_root(current.metadata["root"], metadata.get("root"))
    top = _verified_targets(root, current.metadata.get("targets"), metadata.get("targets"))
    delegations = top.signed.delegations
    known = dict(delegations.roles or {}) if delegations else {}
    used: set[str] = set()
    for role, delegation in known.items():
        raw = metadata.get(role, current.metadata.get(role))
        if raw is None:
            raise PublicationError("role", f"{role} is delegated but has no metadata")
        delegated = _checked(role, read(raw, Targets), top.signed)  # also what stays: its keys may have changed
        if role in metadata:
            _check_newer(role, delegated, current.metadata.get(role))
            used |= _check_targets(delegation, delegated.signed, current, targets)
    if strange := sorted(set(metadata) - {"root", "targets", *known}):
        raise PublicationError("role", f"not delegated by targets: {', '.join(strange)}")
    if unused := sorted(set(targets) - used):
        raise PublicationError("target_unused", f"no metadata of this publication names {unused[0]}")
    for role, raw in metadata.items():
        signed = read(raw, Root).signed if role == "root" else read(raw, Targets).signed
        if signed.is_expired(now):
            raise PublicationError("expired", f"{role} is already expired")


def _verified_root(current: bytes, new: bytes | None) -> Metadata[Root]:
    trusted = read(current, Root)
    if new is None or new == current:
        return _checked("root", trusted, trusted.signed)
    root = _checked("root", read(new, Root), trusted.signed)
    if root.signed.version != trusted.signed.version + 1:
        raise PublicationError("version", f"root {root.signed.version} does not follow {trusted.signed.version}")
    return _checked("root", root, root.signed)


def _verified_targets(root: Metadata[Root], current: bytes | None, new: bytes | None) -> Metadata[Targets]:
    raw = new or current
    if raw is None:
        raise PublicationError("role", "the first publication holds targets")
    top = _checked("targets", read(raw, Targets), root.signed)
    if new is not None:
        _check_newer("targets", top, current)
    if top.signed.targets:
        raise PublicationError("path", "top-level targets only delegates")
    return top


def _checked(role: str, metadata: Metadata[SignedT], delegator: Root | Targets) -> Metadata[SignedT]:
    """The metadata, once enough keys of its role signed it."""
    try:
        delegator.verify_delegate(role, metadata.signed_bytes, metadata.signatures)
    except (RepositoryError, ValueError) as error:
        raise PublicationError("signature", f"{role}: {error}") from error
    return metadata


def _check_newer(role: str, metadata: Metadata[Targets], current: bytes | None) -> None:
    floor = read(current, Targets).signed.version if current else 0
    if metadata.signed.version <= floor:
        raise PublicationError(
            "version", f"{role}: version {metadata.signed.version} is not above {floor}; fetch and prepare again"
        )


def _check_releases(delegation: DelegatedRole, signed: Targets, current: Repository) -> None:
    """A release is named once for ever, has a number of its own, and its bytes were uploaded before."""
    numbers: dict[tuple[str, int], str] = {}
    for path, target in signed.targets.items():
        if not delegation.is_delegated_path(path):
            raise PublicationError("path", f"{delegation.name} may not sign {path}: no PC would look for it there")
        info, known = info_of(target), current.targets.get(path)
        release = check_release(info)
        if known not in {None, info.sha256}:
            raise PublicationError("release_changed", f"{path} is published with other bytes: raise its version")
        if known is None and current.uploaded.get(info.sha256) != info.length:
            raise PublicationError("target_missing", f"the bytes of {path} were not uploaded")
        other = numbers.setdefault((release.platform, release.release_seq), path)
        if other != path:
            raise PublicationError("target_malformed", f"{path} has the release_seq of {other}: raise it")


def _check_targets(
    delegation: DelegatedRole, signed: Targets, current: Repository, given: Mapping[str, bytes]
) -> set[str]:
    role = delegation.name
    if role == "agent":
        _check_releases(delegation, signed, current)
        return set()
    for path, target in signed.targets.items():
        if not delegation.is_delegated_path(path):
            raise PublicationError("path", f"{role} may not sign {path}: no PC would look for it there")
        digest, known = target.hashes.get("sha256"), current.targets.get(path)
        content = given.get(path)
        if content is None:
            if digest != known:
                raise PublicationError("target_missing", f"{role}: the bytes of {path} are not given")
            continue
        if path.startswith("pipelines/") and known not in {None, digest}:
            raise PublicationError("pipeline_changed", f"{path} is published with other bytes: raise its version")
        try:
            target.verify_length_and_hashes(content)
        except RepositoryError as error:
            raise PublicationError("target_hash", f"{path}: {error}") from error
        check_target(path, content)
    return set(signed.targets)
