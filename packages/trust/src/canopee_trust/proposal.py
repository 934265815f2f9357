"""A change of keys that several people sign, each on a machine of their own: it travels as a file and holds no secret.

Every signature is checked by whoever adds the next one, by whoever publishes, by the API, and by every PC.
"""

# pyright: reportPrivateImportUsage=false
# (tuf documents this module as its public door, and re-exports without `as`)

import base64
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec
from tuf.api.metadata import Root, Targets, VerificationResult

from canopee_contract.codec import decode, encode
from canopee_contract.errors import MalformedError
from canopee_contract.people import Publication
from canopee_trust.ed25519 import PrivateKey
from canopee_trust.errors import KeyFileError, MetadataError, PublicationError
from canopee_trust.publication import Repository, verify_publication
from canopee_trust.repository import read, sign, targets_of, with_signatures_of
from canopee_trust.roles import ONLINE
from canopee_trust.tuf_keys import LibcryptoKey

MAX_BYTES = 64 * 2**20
OLD, NEW = "the keys until now", "the keys from now on"


class Proposal(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="canopee-proposal"):
    """What is asked to be signed, and what was."""

    spec: Literal[1]
    title: str
    """What for, in a sentence."""
    made_at: datetime
    before: dict[str, bytes]
    """Role → the metadata it starts from; empty for a new repository."""
    metadata: dict[str, bytes]
    """Role → its next metadata, with the signatures it has."""
    targets: dict[str, bytes] = {}
    """Target path → bytes of those that are new."""


class Need(msgspec.Struct, frozen=True):
    """Signatures that a role needs: enough of some keys."""

    role: str
    whose: str
    """`OLD` or `NEW` for root, which needs both; empty for the others."""
    threshold: int
    signed: dict[str, str]
    """Key id → its holder, of those who have signed."""
    waiting: dict[str, str]
    """The same, of those who may still."""

    @property
    def missing(self) -> int:
        """How many signatures it lacks."""
        return max(0, self.threshold - len(self.signed))


def needs(proposal: Proposal) -> list[Need]:
    """What each role needs, and has; raises `MetadataError` when metadata are malformed."""
    held = {**proposal.before, **proposal.metadata}
    root, found = read(held["root"], Root), list[Need]()
    if "root" in proposal.metadata:
        if "root" in proposal.before:
            former = read(proposal.before["root"], Root).signed
            verdict = former.get_verification_result("root", root.signed_bytes, root.signatures)
            found.append(_need("root", OLD, verdict))
        verdict = root.signed.get_verification_result("root", root.signed_bytes, root.signatures)
        found.append(_need("root", NEW if "root" in proposal.before else "", verdict))
    for role in sorted(set(proposal.metadata) - {"root"}):
        delegator = root.signed if role == "targets" else read(held["targets"], Targets).signed
        metadata = read(proposal.metadata[role], Targets)
        try:
            verdict = delegator.get_verification_result(role, metadata.signed_bytes, metadata.signatures)
        except ValueError as error:
            raise MetadataError("role", f"nobody signs {role}: {error}") from error
        found.append(_need(role, "", verdict))
    return found


def signed_by(proposal: Proposal, key: PrivateKey) -> Proposal:
    """The proposal with one more signature wherever this key counts.

    Raises:
        KeyFileError: it counts nowhere.
        PublicationError: what it starts from does not hold together, or its targets are not what it names.
    """
    check(proposal)
    keyid = key.public.keyid
    asked = {need.role for need in needs(proposal) if keyid in need.signed or keyid in need.waiting}
    if not asked:
        names = sorted({name or one for need in needs(proposal) for one, name in need.waiting.items()})
        raise KeyFileError(f"the key {keyid} signs nothing here; those that may: {', '.join(names) or 'none'}")
    metadata = {role: sign(raw, key) if role in asked else raw for role, raw in proposal.metadata.items()}
    return msgspec.structs.replace(proposal, metadata=metadata)


def merged(one: Proposal, other: Proposal) -> Proposal:
    """The signatures of two copies of one proposal together; raises `KeyFileError` when they are not the same."""
    is_same = set(one.metadata) == set(other.metadata) and one == msgspec.structs.replace(
        other, metadata=one.metadata
    )
    if not is_same:
        raise KeyFileError("these are not copies of one proposal: only signatures may differ")
    try:
        metadata = {role: with_signatures_of(raw, other.metadata[role]) for role, raw in one.metadata.items()}
    except MetadataError as error:
        raise KeyFileError(f"these are not copies of one proposal: {error.message}") from error
    return msgspec.structs.replace(one, metadata=metadata)


def check(proposal: Proposal) -> None:
    """Refuse a proposal that starts from what does not hold together, or carries what its metadata do not name.

    Raises:
        PublicationError: so it is.
        MetadataError: malformed.
    """
    if proposal.before:
        verify_publication(proposal.made_at, _repository(proposal), {}, {})
    named = {path: digest for role, raw in proposal.metadata.items() if role not in {"root", "targets"}
             for path, digest in targets_of(raw).items()}  # fmt: skip
    if strange := sorted(set(proposal.targets) - set(named)):
        raise PublicationError("target_unused", f"no metadata of the proposal names {strange[0]}")


def publication(proposal: Proposal, now: datetime) -> Publication:
    """What is sent to the API once enough have signed.

    Raises:
        KeyFileError: signatures are missing; the message says whose.
        PublicationError: a rule is broken: no PC would follow.
    """
    if lacking := [need for need in needs(proposal) if need.missing]:
        raise KeyFileError(f"not signed by enough: {'; '.join(map(said_of, lacking))}")
    verify_publication(now, _repository(proposal), proposal.metadata, proposal.targets)
    return Publication(_base64(proposal.metadata), _base64(proposal.targets))


def said_of(need: Need) -> str:
    """What a role lacks, in words."""
    who = ", ".join(name or keyid for keyid, name in need.waiting.items())
    of = f" ({need.whose})" if need.whose else ""
    return f"{need.role}{of} lacks {need.missing} of {need.threshold}, from {who}"


def read_proposal(path: Path) -> Proposal:
    """Read a proposal; raises `KeyFileError`."""
    try:
        return decode(path.read_bytes(), Proposal, max_bytes=MAX_BYTES)
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}") from error
    except MalformedError as error:
        raise KeyFileError(f"{path} is not a proposal (`canopee keys` writes them): {error.message}") from error


def write_proposal(path: Path, proposal: Proposal) -> None:
    """Write it whole, or not at all; raises `KeyFileError`."""
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_bytes(encode(proposal))
        part.replace(path)
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}") from error


def _need(role: str, whose: str, verdict: VerificationResult) -> Need:
    def holders(keys: Mapping[str, object]) -> dict[str, str]:
        named = [(key.holder if isinstance(key, LibcryptoKey) else "", keyid) for keyid, key in keys.items()]
        return {keyid: name for name, keyid in sorted(named)}

    return Need(role, whose, verdict.threshold, holders(verdict.signed), holders(verdict.unsigned))


def _repository(proposal: Proposal) -> Repository:
    before = proposal.before or {"root": proposal.metadata["root"]}
    offline = {role: raw for role, raw in before.items() if role not in ONLINE}
    named = {path: digest for role, raw in offline.items() if role != "root"
             for path, digest in targets_of(raw).items()}  # fmt: skip
    return Repository(offline, named)


def _base64(contents: Mapping[str, bytes]) -> dict[str, str]:
    return {name: base64.b64encode(raw).decode() for name, raw in contents.items()}
