"""Taking a key away from everything that it signs: the seats that are left, and the trust policy without it."""

from datetime import datetime

import msgspec

from canopee_contract.codec import encode
from canopee_contract.trust_policy import TRUST_POLICY_PATH, TrustedKey, TrustPolicy
from canopee_trust.cards import Card
from canopee_trust.errors import KeyFileError
from canopee_trust.proposal import Proposal
from canopee_trust.repository import MetadataSet
from canopee_trust.roles import ONLINE
from canopee_trust.seats import Seats, reseat, roles_of, seats_of


class Found(msgspec.Struct, frozen=True):
    """A key, and all that it may sign."""

    keyid: str
    name: str
    roles: tuple[str, ...]
    is_approver: bool
    is_director: bool


def find_key(before: MetadataSet, policy: TrustPolicy, who: str) -> Found:
    """The key of that id, or of the holder of that name.

    Raises:
        KeyFileError: nobody, or several keys of one name: give the id.
    """
    names: dict[str, str] = {}
    roles = {role: seats_of(before, role).holders for role in roles_of(before)}
    for card in [card for cards in roles.values() for card in cards]:
        names.setdefault(card.key.keyid, card.name)
    for trusted in (*policy.approvers, *policy.directors):
        names[trusted.keyid] = names.get(trusted.keyid) or trusted.name
    ids = [keyid for keyid, name in names.items() if who in {keyid, name}]
    if len(ids) != 1:
        known = ", ".join(
            f"{name or '?'} ({keyid})" for keyid, name in sorted(names.items(), key=lambda one: one[1])
        )
        many = "several keys have that name: give the id" if ids else "no key of that name or id counts here"
        raise KeyFileError(f"{who}: {many}; those that count: {known}")
    held = tuple(role for role, cards in roles.items() if any(card.key.keyid == ids[0] for card in cards))
    return Found(ids[0], names[ids[0]], held, _names(policy.approvers, ids[0]), _names(policy.directors, ids[0]))


def revoke(
    before: MetadataSet, policy: TrustPolicy, who: str, *, replacement: Card | None = None, now: datetime
) -> Proposal:
    """A proposal in which a key signs nothing any more; `replacement` takes all its seats.

    Raises:
        KeyFileError: no such key, or what is left could not reach a threshold: a replacement is needed.
    """
    found = find_key(before, policy, who)
    if replacement is not None and replacement.key.keyid == found.keyid:
        raise KeyFileError(f"{replacement.name}: that is the card of the very key that goes; make another key")
    seats = {role: _without(role, seats_of(before, role), found, replacement) for role in found.roles}
    changed = policy_without(policy, found, replacement)
    content = encode(changed) if changed != policy else None
    named = f"{found.name or found.keyid} ({found.keyid})"
    title = f"revoke the key of {named}" + (f", replaced by {replacement.name}" if replacement else "")
    return propose(title, before, seats, content, now=now)


def propose(
    title: str, before: MetadataSet, seats: dict[str, Seats], policy: bytes | None, *, now: datetime
) -> Proposal:
    """A proposal from what is published: new seats, a new trust policy, or both; raises `KeyFileError`."""
    metadata = reseat(before, seats, policy, now=now)
    if not metadata:
        raise KeyFileError(f"{title}: it changes nothing")
    targets = {TRUST_POLICY_PATH: policy} if policy is not None else {}
    held = {role: raw for role, raw in before.items() if role not in ONLINE}
    return Proposal(1, title, now, held, metadata, targets)


def policy_without(policy: TrustPolicy, found: Found, replacement: Card | None) -> TrustPolicy:
    """The policy without a key; another director is another epoch, which ends what the former one ordered.

    Raises:
        KeyFileError: what is left could not approve or order anything.
    """

    def left(keys: tuple[TrustedKey, ...]) -> tuple[TrustedKey, ...]:
        new = (replacement.trusted,) if replacement and _names(keys, found.keyid) else ()
        return tuple(key for key in keys if key.keyid != found.keyid) + new

    directors, approvers = left(policy.directors), left(policy.approvers)
    needed = max(policy.action_approvals, policy.collect_approvals)
    if len({key.public_key for key in approvers}) < needed:
        raise KeyFileError(f"{needed} approvals are needed, and {len(approvers)} approvers would be left: {_HOW}")
    if not directors:
        raise KeyFileError(f"no director would be left, and nobody could order anything: {_HOW}")
    epoch = policy.epoch + (directors != policy.directors)
    return msgspec.structs.replace(policy, directors=directors, approvers=approvers, epoch=epoch)


_HOW = "name the card of a new key with --replace"


def _without(role: str, seats: Seats, found: Found, replacement: Card | None) -> Seats:
    holders = tuple(card for card in seats.holders if card.key.keyid != found.keyid)
    holders += (replacement,) if replacement else ()
    if len(holders) < seats.threshold:
        raise KeyFileError(f"{role} needs {seats.threshold} keys, and {len(holders)} would be left: {_HOW}")
    return Seats(holders, seats.threshold)


def _names(keys: tuple[TrustedKey, ...], keyid: str) -> bool:
    return any(key.keyid == keyid for key in keys)
