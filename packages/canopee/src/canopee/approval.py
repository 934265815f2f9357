"""Campaign documents: made on the spot or by a person, and signed by approvers."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec

from canopee.documents import document_of
from canopee.errors import UsageError
from canopee_client.client import Client
from canopee_contract.campaign import (
    CAMPAIGN_TYPE,
    FASTEST,
    LONGEST_S,
    WHOLE_FLEET_BP,
    Campaign,
    Prerequisite,
    Ring,
    Rollout,
    is_sensible,
)
from canopee_contract.condition import Scalar
from canopee_contract.key_life import KeyLife
from canopee_contract.people import PublishedPipeline
from canopee_contract.pipeline import Kind
from canopee_kit.clock import Clock
from canopee_kit.ids import new_id
from canopee_trust.documents import seal_campaign
from canopee_trust.dsse import add_signature, payload_of, read_envelope
from canopee_trust.ed25519 import PrivateKey, PublicKey
from canopee_trust.errors import EnvelopeError


def newest(client: Client, name: str) -> PublishedPipeline:
    """A published pipeline by `name` or `name@version`; raises `UsageError`."""
    wanted, _, version = name.partition("@")
    found = [
        one for one in client.pipelines()
        if one.state == "published" and one.ref.name == wanted and version in {"", str(one.ref.version)}
    ]  # fmt: skip
    if not found:
        raise UsageError(f"{name} is not published: see `canopee pipelines`")
    return max(found, key=lambda one: one.ref.version)


def prerequisite(client: Client, text: str) -> Prerequisite:
    """`name`, or `name@version` for that one or a later one; raises `UsageError`."""
    name, _, version = text.partition("@")
    found = newest(client, name)
    if version and not (version.isdecimal() and version.isascii() and 1 <= int(version[:9]) <= found.ref.version):
        raise UsageError(f"--after {text}: the newest version of {name} is {found.ref.version}")
    return Prerequisite(msgspec.convert(found.kind, Kind), name, int(version or 1))


def approve(
    pipeline: PublishedPipeline, condition: dict[str, Any], clock: Clock, *, parameters: dict[str, Scalar],
    expires_in_s: int, name: str = "",
) -> Campaign:  # fmt: skip
    """A campaign document for the whole fleet at once, to be signed."""
    now = clock.now()
    begins = now - timedelta(minutes=5)
    return Campaign(
        spec=1, campaign_id=new_id(now), name=name or pipeline.title, pipeline=pipeline.ref, parameters=parameters,
        condition=condition, rings=(Ring(WHOLE_FLEET_BP, begins),), not_before=begins,
        not_after=now + timedelta(seconds=expires_in_s), max_targets=1_000_000, reason="canopee run",
        requested_by="canopee run",
    )  # fmt: skip


def ringed(
    whole: Campaign, shares: Sequence[int], *, pilots: Sequence[str], rollout: Rollout, reason: str
) -> Campaign:
    """`whole`, given ring by ring: `shares` in basis points of the fleet, each no sooner than `advance_after_s` later.

    Raises:
        UsageError: the shares do not rise, or a limit is none that the API takes.
    """
    if not is_sensible(rollout):
        raise UsageError(
            f"--…-pct are 0 to 100; --advance-after, --silent-after and --min-runs at most {LONGEST_S // 86_400} days, "
            f"or {LONGEST_S}; --orders-per-min 1 to {FASTEST}"
        )
    if any(low >= high for low, high in pairwise([0, *shares])):
        raise UsageError("--rings: shares that rise, such as 1%,10%,50%,100%")
    after = timedelta(seconds=rollout.advance_after_s)
    rings = tuple(Ring(share, whole.not_before + place * after) for place, share in enumerate(shares))
    if rings[-1].not_before >= whole.not_after:
        raise UsageError("--expires: it is over before its last ring may open")
    return msgspec.structs.replace(
        whole, rings=rings, pilots=tuple(pilots), rollout=rollout, reason=reason, requested_by="canopee campaign"
    )


def campaign_in(raw: bytes, path: Path) -> Campaign:
    """The campaign in a file that was read: a document that nobody has signed, or an envelope; raises `UsageError`."""
    if not is_envelope(raw):
        return document_of(raw, path, Campaign)
    try:
        envelope = read_envelope(raw)
        if envelope.payload_type != CAMPAIGN_TYPE:
            raise UsageError(f"{path}: an envelope of {envelope.payload_type[:80]}, which is no campaign")
        return msgspec.json.decode(payload_of(envelope), type=Campaign)
    except (EnvelopeError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{path}: {error}") from error


def signed(raw: bytes, path: Path, key: PrivateKey) -> bytes:
    """The envelope of the campaign in a file that was read, with one more signature; raises `UsageError`."""
    campaign = campaign_in(raw, path)
    if not is_envelope(raw):
        return seal_campaign(campaign, [key])
    if key.public.keyid in {one.keyid for one in read_envelope(raw).signatures}:
        raise UsageError(f"{path}: this key has signed it already; another approver is needed")
    return add_signature(raw, key)


def check_approver(life: KeyLife, campaign: Campaign, key: PublicKey) -> None:
    """Refuse, before it is made, a signature that neither the API nor any PC would count.

    Raises:
        UsageError: the key is no approver's today, or it signed the pipelines of that kind: an author does not approve.
    """
    roles = {role.role: role for role in life.roles}
    if "approver" in roles and key.keyid not in roles["approver"].keyids:
        known = ", ".join(f"{one.name} ({one.keyid})" for one in roles["approver"].holders)
        raise UsageError(f"the key {key.keyid} is no approver's; approvers are {known or 'others'}")
    kind = campaign.pipeline.path.split("/")[1:2]
    signed_it = {one.keyid for name in kind if name in roles for one in roles[name].holders if one.has_signed}
    if key.keyid in signed_it:
        raise UsageError(
            f"the key {key.keyid} signed the pipeline: an author does not approve; let another approver sign"
        )


def is_envelope(raw: bytes) -> bool:
    """Whether somebody has signed it."""
    return raw.lstrip().startswith(b'{"payload')
