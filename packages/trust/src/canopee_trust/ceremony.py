"""A key folder: making one for development, and signing what is to be published with it.

DIR/offline/{root,targets,collect,action,policy,agent,approver-1,approver-2}.key   never on the server
DIR/online/{snapshot,timestamp,director}.key                                 the API's
DIR/root.json                                                                pinned by every agent
DIR/publication.json                                                         what to publish first
"""

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from canopee_contract.codec import encode
from canopee_contract.people import Publication
from canopee_contract.trust_policy import TRUST_POLICY_PATH, TrustedKey, TrustPolicy
from canopee_trust.cards import card_of
from canopee_trust.errors import KeyFileError
from canopee_trust.keyfile import KeyFile, make_folder, make_key, read_key, write_key
from canopee_trust.locked_key import Ask, ask_nobody, open_key
from canopee_trust.repository import (
    MetadataSet,
    RoleKeys,
    TargetInfo,
    add_delegation,
    make_delegated,
    next_delegated,
    sign,
    targets_of,
)
from canopee_trust.roles import role_of
from canopee_trust.seats import Seats, first, seats_of

_SIGNING = ("root", "targets", "collect", "action", "policy", "agent")
APPROVERS = ("approver-1", "approver-2")
_ONLINE = ("snapshot", "timestamp", "director")


def make_lab_keys(folder: Path, now: datetime) -> None:
    """Make a whole key folder for development: one key a role, one approval, every key marked as lab.

    Raises:
        KeyFileError: a key exists there already; nothing is overwritten. Or the folder cannot be made.
    """
    offline, online = folder / "offline", folder / "online"
    if (folder / "root.json").exists():
        raise KeyFileError(f"{folder} holds keys already: choose another folder")
    for path in (offline, online):
        make_folder(path)
    keys = {name: make_key(name, lab=True) for name in (*_SIGNING, *APPROVERS, *_ONLINE)}
    for name, key in keys.items():
        write_key((online if name in _ONLINE else offline) / f"{name}.key", key)
    seats = {name: Seats((card_of(keys[name]),)) for name in (*_SIGNING, "snapshot", "timestamp")}
    policy = encode(_lab_policy(keys))
    metadata = {role: sign(raw, keys[role].key) for role, raw in first(seats, policy, now=now).items()}
    (folder / "publication.json").write_bytes(encode(publication_of(metadata, {TRUST_POLICY_PATH: policy})))
    (folder / "root.json").write_bytes(metadata["root"])


def sign_targets(newest: MetadataSet, targets: Mapping[str, bytes], offline: Path, now: datetime) -> Publication:
    """A publication that adds `targets`, signed with the keys of a folder; targets already published are left out.

    Raises:
        ValueError: no role signs one of the paths.
        KeyFileError: the key of a role is not in the folder.
        MetadataError: the metadata to start from is malformed, or lacks a role.
    """
    metadata, added = next_targets(newest, targets, now)
    for role in metadata:
        if "targets" in newest and (needed := seats_of(newest, role).threshold) > 1:
            raise KeyFileError(
                f"{role} needs {needed} signatures: write a proposal with --out, and let them sign it"
            )
    signed = {role: sign(raw, read_key(offline / f"{role}.key").key) for role, raw in metadata.items()}
    return publication_of(signed, added)


def next_targets(
    newest: MetadataSet, targets: Mapping[str, bytes], now: datetime
) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Unsigned next metadata that name `targets`, and those of them that are new; both empty when none is.

    Raises:
        ValueError: no role signs one of the paths.
        KeyFileError: a role is not published.
        MetadataError: the metadata to start from is malformed.
    """
    by_role: dict[str, dict[str, bytes]] = {}
    for path, content in targets.items():
        by_role.setdefault(role_of(path), {})[path] = content
    metadata: dict[str, bytes] = {}
    added: dict[str, bytes] = {}
    for role, contents in by_role.items():
        if role not in newest:
            raise KeyFileError(f"the role {role} is not published: publish the first metadata")
        proposed = next_delegated(newest[role], role, add=contents, now=now)
        held, wanted = targets_of(newest[role]), targets_of(proposed)
        changed = {path: content for path, content in contents.items() if held.get(path) != wanted[path]}
        if changed:
            metadata[role] = proposed
            added |= changed
    return metadata, added


def add_role(newest: MetadataSet, role: str, offline: Path, now: datetime) -> Publication:
    """A publication that delegates to one role more; its key is made unless it is there, marked as that of targets is.

    Raises:
        KeyFileError: the key of targets is not in the folder.
        MetadataError: the role is delegated already.
    """
    targets = read_key(offline / "targets.key")
    path = offline / f"{role}.key"
    made = read_key(path) if path.exists() else make_key(role, lab=targets.lab)
    top = add_delegation(newest["targets"], role, RoleKeys((made.key.public,)), now=now)
    if not path.exists():
        write_key(path, made)
    metadata = {"targets": sign(top, targets.key), role: sign(make_delegated(role, {}, now=now), made.key)}
    return publication_of(metadata, {})


def sign_release(newest: MetadataSet, release: TargetInfo, offline: Path, now: datetime) -> Publication:
    """A publication that names a release of the agent, whose bytes were uploaded before.

    Raises:
        KeyFileError: the key of the role is not in the folder, or the role is not published.
    """
    if "agent" not in newest:
        raise KeyFileError("the role agent is not published: make its key with `canopee keys add-role agent`")
    proposed = next_delegated(newest["agent"], "agent", add={}, describe=[release], now=now)
    return publication_of({"agent": sign(proposed, read_key(offline / "agent.key").key)}, {})


def publication_of(metadata: Mapping[str, bytes], targets: Mapping[str, bytes]) -> Publication:
    """The message that carries metadata and targets."""
    return Publication(
        {role: base64.b64encode(raw).decode() for role, raw in metadata.items()},
        {path: base64.b64encode(raw).decode() for path, raw in targets.items()},
    )


def read_approvers(offline: Path, names: Sequence[str] = APPROVERS[:1], ask: Ask = ask_nobody) -> list[KeyFile]:
    """The keys of approvers, locked or not; raises `KeyFileError`."""
    return [open_key(offline / f"{name}.key", ask) for name in names]


def _lab_policy(keys: Mapping[str, KeyFile]) -> TrustPolicy:
    def trusted(name: str) -> TrustedKey:
        public = keys[name].key.public
        return TrustedKey(public.keyid, public.base64, name, lab=True)

    return TrustPolicy(
        spec=1, epoch=1, directors=(trusted("director"),), approvers=tuple(trusted(name) for name in APPROVERS),
        action_approvals=1, collect_approvals=1,
    )  # fmt: skip
