"""Who sits where: the next metadata of every role whose keys change, or whose content does, still to be signed."""

# pyright: reportPrivateImportUsage=false
# (tuf documents this module as its public door, and re-exports without `as`)

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from tuf.api.metadata import DelegatedRole, Delegations, Key, Role, Root, Targets

from canopee_contract.trust_policy import TRUST_POLICY_PATH
from canopee_trust.cards import Card
from canopee_trust.ed25519 import PublicKey
from canopee_trust.errors import KeyFileError
from canopee_trust.repository import (
    MetadataSet,
    RoleKeys,
    make_delegated,
    make_root,
    make_targets,
    next_delegated,
    read,
    to_bytes,
)
from canopee_trust.roles import EXPIRY, OFFLINE, OFFLINE_DELEGATED, ONLINE
from canopee_trust.tuf_keys import LibcryptoKey

_TOP = ("root", "targets", *ONLINE)
"""Roles whose keys root names."""


class Seats(msgspec.Struct, frozen=True):
    """Who signs a role, and how many of them are needed."""

    holders: tuple[Card, ...]
    threshold: int = 1


def check_seats(role: str, seats: Seats) -> None:
    """Refuse what nobody could sign, or where one person counts twice; raises `KeyFileError`."""
    distinct = {card.public_key for card in seats.holders}
    if len(distinct) != len(seats.holders):
        raise KeyFileError(f"{role}: the same key sits there twice")
    if not 1 <= seats.threshold <= len(distinct):
        raise KeyFileError(f"{role}: {seats.threshold} signatures are wanted of {len(distinct)} keys")


def first(seats: Mapping[str, Seats], policy: bytes, *, now: datetime) -> dict[str, bytes]:
    """Unsigned first metadata of a new repository; every role that people sign has its seats, and the online ones.

    Raises:
        KeyFileError: seats are missing, or cannot hold.
    """
    needed = {"root", "targets", "collect", "action", "policy", *ONLINE}
    if missing := sorted(needed - set(seats)):
        raise KeyFileError(f"nobody sits at {', '.join(missing)}")
    for role, one in seats.items():
        check_seats(role, one)
    keys = {role: RoleKeys(tuple(card.key for card in one.holders), one.threshold) for role, one in seats.items()}
    metadata = {"root": make_root(keys, now=now), "targets": make_targets(keys, now=now)}
    metadata["root"] = _named_root(metadata["root"], seats)
    metadata["targets"] = _named_targets(metadata["targets"], seats)
    for role in OFFLINE_DELEGATED:
        if role in seats:
            content = {TRUST_POLICY_PATH: policy} if role == "policy" else {}
            metadata[role] = make_delegated(role, content, now=now)
    return metadata


def reseat(
    before: MetadataSet, seats: Mapping[str, Seats], policy: bytes | None = None, *, now: datetime
) -> dict[str, bytes]:
    """Unsigned next metadata after `seats` replace those of their roles, and `policy` the trust policy.

    A role whose keys change is signed again, so that what its former keys signed counts no more. Targets stay.

    Raises:
        KeyFileError: seats that cannot hold, or a role that is not known.
    """
    if unknown := sorted(set(seats) - set(_TOP) - set(OFFLINE_DELEGATED)):
        raise KeyFileError(f"there is no role {', '.join(unknown)}: {', '.join((*OFFLINE, *ONLINE))}")
    for role, one in seats.items():
        check_seats(role, one)
    metadata: dict[str, bytes] = {}
    delegated = {role: one for role, one in seats.items() if role in OFFLINE_DELEGATED}
    if set(seats) & set(_TOP):
        metadata["root"] = _next_root(before["root"], seats, now)
    if delegated or "targets" in seats:
        metadata["targets"] = _next_targets(before["targets"], delegated, now)
    for role in sorted({*delegated, *(("policy",) if policy is not None else ())}):
        content = {TRUST_POLICY_PATH: policy} if role == "policy" and policy is not None else {}
        if role in before:
            metadata[role] = next_delegated(before[role], role, add=content, now=now)
        else:
            metadata[role] = make_delegated(role, content, now=now)
    return metadata


def seats_of(metadata: MetadataSet, role: str) -> Seats:
    """Who signs a role now, NOT verified.

    Raises:
        KeyFileError: no metadata name that role.
    """
    found = _where(metadata, role)
    if found is None:
        raise KeyFileError(f"the role {role} is not published")
    named, keys = found
    return Seats(tuple(_card(keys[keyid]) for keyid in named.keyids), named.threshold)


def roles_of(metadata: MetadataSet) -> list[str]:
    """Every role that the metadata name, NOT verified."""
    return [role for role in (*OFFLINE, *ONLINE) if _where(metadata, role) is not None]


def _where(metadata: MetadataSet, role: str) -> tuple[Role, Mapping[str, Key]] | None:
    if role in _TOP:
        root = read(metadata["root"], Root).signed
        return root.roles[role], root.keys
    delegations = read(metadata["targets"], Targets).signed.delegations if "targets" in metadata else None
    if delegations is None or role not in (delegations.roles or {}):
        return None
    return (delegations.roles or {})[role], delegations.keys


def _card(key: Key) -> Card:
    public = PublicKey(bytes.fromhex(key.keyval["public"]))
    if not isinstance(key, LibcryptoKey):  # pragma: no cover  python-tuf makes our keys only
        return Card("", public.base64)
    return Card(key.holder, public.base64, lab=key.is_lab)


def _next_root(raw: bytes, seats: Mapping[str, Seats], now: datetime) -> bytes:
    metadata = read(raw, Root)
    root = metadata.signed
    for role in _TOP:
        if role in seats:
            for keyid in list(root.roles[role].keyids):
                root.revoke_key(keyid, role)
            for card in seats[role].holders:
                root.add_key(_key(card), role)
            root.roles[role].threshold = seats[role].threshold
    root.version += 1
    root.expires = (now + EXPIRY["root"]).replace(microsecond=0)
    metadata.signatures.clear()
    return to_bytes(metadata)


def _next_targets(raw: bytes, seats: Mapping[str, Seats], now: datetime) -> bytes:
    metadata = read(raw, Targets)
    delegations = metadata.signed.delegations or Delegations(keys={}, roles={})
    roles = dict(delegations.roles or {})
    for role, one in seats.items():
        keyids = [card.key.keyid for card in one.holders]
        paths = list(OFFLINE_DELEGATED[role])
        roles[role] = DelegatedRole(role, keyids, one.threshold, terminating=True, paths=paths)
    cards = [card for one in seats.values() for card in one.holders]
    known = dict(delegations.keys) | {card.key.keyid: _key(card) for card in cards}
    used = {keyid for role in roles.values() for keyid in role.keyids}
    keys: dict[str, Key] = {keyid: key for keyid, key in known.items() if keyid in used}
    metadata.signed.delegations = Delegations(keys=keys, roles=roles)
    metadata.signed.version += 1
    metadata.signed.expires = (now + EXPIRY["targets"]).replace(microsecond=0)
    metadata.signatures.clear()
    return to_bytes(metadata)


def _named_root(raw: bytes, seats: Mapping[str, Seats]) -> bytes:
    """The same metadata, in which every key says who holds it."""
    metadata = read(raw, Root)
    metadata.signed.keys |= _keys(seats, metadata.signed.keys)
    return to_bytes(metadata)


def _named_targets(raw: bytes, seats: Mapping[str, Seats]) -> bytes:
    metadata = read(raw, Targets)
    if metadata.signed.delegations is not None:
        metadata.signed.delegations.keys |= _keys(seats, metadata.signed.delegations.keys)
    return to_bytes(metadata)


def _keys(seats: Mapping[str, Seats], known: Mapping[str, Key]) -> dict[str, Key]:
    return {card.key.keyid: _key(card) for card in _all(seats) if card.key.keyid in known}


def _all(seats: Mapping[str, Seats]) -> Sequence[Card]:
    return [card for one in seats.values() for card in one.holders]


def _key(card: Card) -> LibcryptoKey:
    return LibcryptoKey.of(card.key, card.name, lab=card.lab)
