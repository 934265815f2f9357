"""Keys change while the fleet works: what the API does with its orders, its campaigns and its own keys."""

import base64
import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from canopee_api.catalog.online_keys import OnlineKeys
from canopee_api.catalog.trust import TrustStore
from canopee_api.errors import ConflictError, InvalidError
from canopee_api.testing import Office
from canopee_contract.codec import decode, encode
from canopee_contract.trust_policy import TrustPolicy
from canopee_kit.clock import FakeClock
from canopee_trust.cards import Card, card_of
from canopee_trust.documents import open_order, seal_campaign
from canopee_trust.errors import EnvelopeError, PublicationError
from canopee_trust.keyfile import KeyFile, make_key, read_key, write_key
from canopee_trust.proposal import Proposal, needs, publication, signed_by
from canopee_trust.repository import root_keyids
from canopee_trust.revocation import propose, revoke
from canopee_trust.seats import Seats

ALL: dict[str, Any] = {"all": []}


async def _before(office: Office) -> Mapping[str, bytes]:
    return {role: base64.b64decode(raw) for role, raw in (await office.areas.trust.newest()).roles.items()}


async def _publish(office: Office, proposal: Proposal, *more: KeyFile) -> None:
    """Signed by every key of the folder that counts."""
    names = ("root", "targets", "policy", "collect", "action", "agent")
    for key in (*more, *(read_key(office.keys / "offline" / f"{name}.key") for name in names)):
        if any(key.key.public.keyid in {*need.signed, *need.waiting} for need in needs(proposal)):
            proposal = signed_by(proposal, key.key)
    await office.areas.trust.publish(publication(proposal, office.areas.clock.now()), by="test")


def _policy(office: Office) -> TrustPolicy:
    return decode(office.areas.trust.policy_bytes, TrustPolicy)


@pytest.fixture
def own_keys(office: Office, tmp_path: Path) -> Path:
    """A key folder of this test, which the API reads: other tests share that of `office`."""
    folder = shutil.copytree(office.keys, tmp_path / "own-keys")
    office.keys = folder
    office.areas.trust._keys = OnlineKeys.read(folder)  # pyright: ignore[reportPrivateUsage]
    return folder


def _next(folder: Path, name: str) -> Card:
    key = make_key(f"{name}-2", lab=True)
    write_key(folder / "online" / f"{name}.next.key", key)
    return card_of(key)


async def _replace_director(office: Office, folder: Path) -> Card:
    card = _next(folder, "director")
    now = office.areas.clock.now()
    await _publish(office, revoke(await _before(office), _policy(office), "director", replacement=card, now=now))
    return card


async def test_orders_that_wait_are_signed_again_by_the_director_who_replaces_a_stolen_one(
    office: Office, own_keys: Path
) -> None:
    pc = await office.pc()
    await office.publish_pipeline("inventory", approval="none")
    document = office.sign(office.campaign("inventory", ALL))
    await office.areas.campaigns.start_signed(document, by="test")
    former = _policy(office)
    before = bytes((await pc.orders())[0].order)
    await _replace_director(office, own_keys)
    assert await office.areas.epochs.tend() == 1
    after = bytes((await pc.orders())[0].order)
    renewed, was = open_order(after, _policy(office)).order, open_order(before, former).order
    assert (renewed.order_id, renewed.seq, renewed.epoch, was.epoch) == (was.order_id, was.seq, 2, 1)
    with pytest.raises(EnvelopeError):
        open_order(before, _policy(office))
    assert await office.areas.epochs.tend() == 0


async def test_new_orders_are_of_the_new_epoch_at_once(office: Office, own_keys: Path, clock: FakeClock) -> None:
    await _replace_director(office, own_keys)
    pc = await office.pc()
    await office.publish_pipeline("inventory", approval="none")
    await office.areas.campaigns.start_signed(office.sign(office.campaign("inventory", ALL)), by="test")
    assert open_order(bytes((await pc.orders())[0].order), _policy(office)).order.epoch == 2
    clock.advance(601)
    assert await office.areas.epochs.tend() == 0


async def test_a_director_that_the_api_does_not_hold_is_refused_before_anything_is_stored(office: Office) -> None:
    card, now = card_of(make_key("elsewhere", lab=True)), office.areas.clock.now()
    proposal = revoke(await _before(office), _policy(office), "director", replacement=card, now=now)
    with pytest.raises(ConflictError, match="does not hold the director key"):
        await _publish(office, proposal)
    assert _policy(office).epoch == 1


async def test_a_policy_that_goes_back_or_drops_a_director_in_silence_is_refused(
    office: Office, own_keys: Path
) -> None:
    old = _policy(office)
    await _replace_director(office, own_keys)
    back = propose("back", await _before(office), {}, encode(old), now=office.areas.clock.now())
    with pytest.raises(PublicationError, match="epoch 2: 1 is over"):
        await _publish(office, back)
    silent = TrustPolicy(1, 2, old.directors, old.approvers, 1, 1)
    with pytest.raises(PublicationError, match="the epoch must be 3"):
        await _publish(
            office, propose("x", await _before(office), {}, encode(silent), now=office.areas.clock.now())
        )


async def test_online_roles_change_their_keys_and_the_api_signs_with_the_new_ones(
    office: Office, own_keys: Path
) -> None:
    seats = {role: Seats((_next(own_keys, role),)) for role in ("snapshot", "timestamp")}
    await _publish(office, propose("online", await _before(office), seats, None, now=office.areas.clock.now()))
    before = await _before(office)
    named = root_keyids(before["root"])
    lives = {role.role: role for role in office.areas.trust.key_life().roles}
    for role in ("snapshot", "timestamp"):
        assert set(lives[role].keyids) == named[role]
        assert lives[role].holders[0].has_signed
    missing = {"snapshot": Seats((card_of(make_key("nobody", lab=True)),))}
    with pytest.raises(ConflictError, match="snapshot"):
        await _publish(office, propose("x", before, missing, None, now=office.areas.clock.now()))


async def test_a_campaign_that_only_a_revoked_approver_approved_halts_with_its_reason_and_is_not_resumed(
    office: Office,
) -> None:
    await office.pc()
    await office.publish_pipeline("inventory")
    campaigns = office.areas.campaigns
    lone = await campaigns.start_signed(office.sign(office.campaign("inventory", ALL)), by="test")
    both = await campaigns.start_signed(office.sign(office.campaign("inventory", ALL), 2), by="test")
    now = office.areas.clock.now()
    await _publish(office, revoke(await _before(office), _policy(office), "approver-1", now=now))
    assert await office.areas.campaign_approvals.halt_unapproved() == 1
    assert await office.areas.campaign_approvals.halt_unapproved() == 0
    halted = await campaigns.view(lone.id)
    assert halted.state == "halted"
    assert "0 valid signatures of the 1 needed; approvers of today: approver-2" in halted.reason
    assert (await campaigns.view(both.id)).state == "running"
    with pytest.raises(ConflictError, match="let approvers sign a new document"):
        await office.areas.rings.resume(lone.id, by="test")


async def test_the_signature_of_an_author_is_no_approval(office: Office) -> None:
    """Whoever signs the pipelines is made an approver too: alone, this key starts nothing."""
    author = read_key(office.keys / "offline" / "collect.key")
    policy = _policy(office)
    both = (*policy.approvers, card_of(author).trusted)
    changed = encode(TrustPolicy(1, 1, policy.directors, both, 1, 1))
    await _publish(office, propose("x", await _before(office), {}, changed, now=office.areas.clock.now()))
    await office.publish_pipeline("inventory")
    campaign = office.campaign("inventory", ALL)
    with pytest.raises(InvalidError, match=r"collect signed the pipeline: an author does not approve") as refused:
        await office.areas.campaigns.start_signed(seal_campaign(campaign, [author.key]), by="test")
    assert refused.value.reason == "campaign.author"
    approver = read_key(office.keys / "offline" / "approver-1.key")
    view = await office.areas.campaigns.start_signed(
        seal_campaign(campaign, [author.key, approver.key]), by="test"
    )
    assert view.state == "running"


async def test_who_holds_what_is_told(office: Office) -> None:
    trust: TrustStore = office.areas.trust
    life = trust.key_life()
    roles = {role.role: role for role in life.roles}
    assert [holder.name for holder in roles["approver"].holders] == ["approver-1", "approver-2"]
    assert roles["collect"].holders[0].has_signed
    assert len(roles["root"].holders[0].fingerprint) == 64
    assert life.first in {"collect", "action", "policy", "agent"}
    digest = hashlib.sha256(trust.policy_bytes).hexdigest()
    assert trust.policy_bytes == await trust.target_file(f"policy/{digest}.trust.json")
