"""What a proposal would change, in words: what you read is what you sign. Also the record of a ceremony."""

# pyright: reportPrivateImportUsage=false
# (tuf documents this module as its public door, and re-exports without `as`)

import hashlib
from collections.abc import Iterator
from datetime import datetime

from tuf.api.metadata import Root, Targets

from canopee_contract.codec import decode
from canopee_contract.trust_policy import TRUST_POLICY_PATH, TrustPolicy
from canopee_trust.cards import fingerprint
from canopee_trust.ed25519 import PublicKey
from canopee_trust.proposal import Need, Proposal, needs
from canopee_trust.repository import MetadataSet, read, targets_of
from canopee_trust.seats import Seats, roles_of, seats_of


def review(proposal: Proposal) -> list[str]:
    """Every change, one line each: seats, thresholds, fingerprints, expiry, targets, the trust policy."""
    return [*_heading(proposal), *_roles(proposal), *_seats(proposal), *_targets(proposal), *_policy(proposal)]


def standing(proposal: Proposal) -> list[str]:
    """Who has signed each role, and who may still."""
    return [_stands(need) for need in needs(proposal)]


def record(proposal: Proposal, now: datetime) -> str:
    """A page to print, sign by hand and keep: what was changed, the digests of what was signed, and by whom."""
    when = f"Prepared {proposal.made_at:%Y-%m-%d %H:%M} UTC; recorded {now:%Y-%m-%d %H:%M} UTC."
    lines = [f"# Record: {proposal.title}", "", when, "", "## What changes", ""]
    lines += [f"    {line}" for line in review(proposal)]
    lines += ["", "## Signatures", ""] + [f"- {line}" for line in standing(proposal)]
    lines += ["", "## Digests (SHA-256)", ""]
    contents = {f"{role}.json": raw for role, raw in proposal.metadata.items()} | proposal.targets
    lines += [f"    {hashlib.sha256(raw).hexdigest()}  {name}" for name, raw in sorted(contents.items())]
    lines += ["", "## Present", "", "Each compared the fingerprint of their own key with this page.", ""]
    names = sorted({name for need in needs(proposal) for name in (*need.signed.values(), *need.waiting.values())})
    lines += [
        f"{name or '?':20} date ______________  signature ______________________________\n" for name in names
    ]
    return "\n".join(lines) + "\n"


def _heading(proposal: Proposal) -> Iterator[str]:
    yield f"{proposal.title}, prepared {proposal.made_at:%Y-%m-%d %H:%M} UTC"
    if not proposal.before:
        yield "a new repository: no PC trusts anything of it yet"


def _roles(proposal: Proposal) -> Iterator[str]:
    for role, raw in proposal.metadata.items():
        signed = (read(raw, Root) if role == "root" else read(raw, Targets)).signed
        yield f"{role}: version {signed.version}, holds until {signed.expires:%Y-%m-%d}"


def _seats(proposal: Proposal) -> Iterator[str]:
    after: MetadataSet = {**proposal.before, **proposal.metadata}
    known = roles_of(proposal.before) if proposal.before else []
    for role in roles_of(after):
        new = seats_of(after, role)
        old = seats_of(proposal.before, role) if role in known else Seats((), 0)
        if new == old:
            continue
        changed = f" (was {old.threshold} of {len(old.holders)})" if role in known else ""
        yield f"{role}: {new.threshold} of {len(new.holders)} must sign{changed}"
        for card in new.holders:
            sign = " " if card in old.holders else "+"
            yield f"  {sign} {card.name or '?'}  {fingerprint(card.key)}{'  LAB KEY' if card.lab else ''}"
        for card in old.holders:
            if card not in new.holders:
                yield f"  - {card.name or '?'}  {fingerprint(card.key)}"


def _targets(proposal: Proposal) -> Iterator[str]:
    for role, raw in proposal.metadata.items():
        if role in {"root", "targets"}:
            continue
        new, old = targets_of(raw), targets_of(proposal.before[role]) if role in proposal.before else {}
        for path in sorted(set(new) | set(old)):
            if new.get(path) != old.get(path):
                verb = "adds" if path not in old else "removes" if path not in new else "changes"
                yield f"{role} {verb} {path}" + (f"  {new[path]}" if path in new else "")


def _policy(proposal: Proposal) -> Iterator[str]:
    raw = proposal.targets.get(TRUST_POLICY_PATH)
    if raw is None:
        return
    policy = decode(raw, TrustPolicy)
    approvals = f"{policy.action_approvals} to act, {policy.collect_approvals} to collect"
    yield f"trust policy: epoch {policy.epoch}; approvals: {approvals}"
    for what, keys in (("director", policy.directors), ("approver", policy.approvers)):
        for key in keys:
            public = PublicKey.from_base64(key.public_key)
            yield f"  {what} {key.name}  {fingerprint(public)}{'  LAB KEY' if key.lab else ''}"


def _stands(need: Need) -> str:
    whose = f" by {need.whose}" if need.whose else ""
    done = ", ".join(f"{name or '?'} ({keyid})" for keyid, name in need.signed.items()) or "nobody yet"
    left = ", ".join(f"{name or '?'} ({keyid})" for keyid, name in need.waiting.items())
    lacks = f"; {need.missing} more of: {left}" if need.missing else "; enough"
    return f"{need.role}{whose}: {len(need.signed)} of {need.threshold}: {done}{lacks}"
