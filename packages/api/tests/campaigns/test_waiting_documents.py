"""Documents that wait for their approvers: composed or uploaded, signed one after the other, started, withdrawn."""

import msgspec
import pytest

from canopee_api.errors import ConflictError, InvalidError, NotFoundError
from canopee_api.testing import Office
from canopee_contract.campaign import Campaign, Rollout
from canopee_contract.codec import encode
from canopee_contract.rollouts import CampaignRequest, DraftView
from canopee_contract.trust_policy import TRUST_POLICY_PATH
from canopee_kit.clock import FakeClock
from canopee_trust.ceremony import read_approvers
from canopee_trust.documents import seal_campaign
from canopee_trust.dsse import add_signature, payload_of, read_envelope
from canopee_trust.ed25519 import PrivateKey
from canopee_trust.keyfile import read_key

ALL: dict[str, object] = {"all": []}
ASKED = CampaignRequest(
    pipeline="repair",
    condition=ALL,
    rings=(
        100,
        10_000,
    ),
    rollout=Rollout(advance_after_s=600),
    reason="T-1",
)


@pytest.fixture
async def two(office: Office) -> Office:
    """A pipeline that acts, where two approvers must sign."""
    await office.publish_pipeline("repair", "action")
    policy = msgspec.structs.replace(office.areas.trust.policy, action_approvals=2)
    await office.publish({TRUST_POLICY_PATH: encode(policy)})
    return office


def _signed(office: Office, draft: DraftView, *names: str) -> bytes:
    """The envelope that people download, signed offline."""
    raw = encode(draft.envelope)
    for one in read_approvers(office.keys / "offline", names):
        raw = add_signature(raw, one.key)
    return raw


async def test_a_composed_document_waits_until_two_approvers_have_signed_its_very_bytes(two: Office) -> None:
    drafts, pc = two.areas.campaign_drafts, await two.pc()
    draft = await drafts.compose(msgspec.structs.replace(ASKED, pilots=(pc.id,)), by="anna")
    assert (draft.state, draft.obstacle, draft.needed) == ("awaiting", "2 more of 2 approvals needed", 2)
    campaign = msgspec.json.decode(draft.document, type=Campaign)
    assert (campaign.requested_by, campaign.reason, len(campaign.rings)) == ("anna", "T-1", 2)
    first = await drafts.sign(draft.id, _signed(two, draft, "approver-1"), by="anna")
    assert (first.state, first.obstacle) == ("awaiting", "1 more of 2 approvals needed")
    with pytest.raises(ConflictError, match="1 more of 2 approvals"):
        await drafts.start(draft.id, by="bob")
    again = await drafts.sign(draft.id, _signed(two, draft, "approver-1"), by="anna")
    assert len(again.signatures) == 1
    second = await drafts.sign(draft.id, _signed(two, draft, "approver-2"), by="bob")
    assert (second.state, [one.name for one in second.signatures]) == ("ready", ["approver-1", "approver-2"])
    view = await drafts.start(draft.id, by="bob")
    assert (view.id, view.total, view.state) == (draft.id, 1, "running")
    assert (await drafts.view(draft.id)).state == "started"
    assert payload_of(read_envelope((await pc.orders())[0].document or b"")).decode() == draft.document
    said = [(row.action, row.actor) for row in await two.areas.progress.history(draft.id, after=0, limit=9)]
    assert said == [
        ("campaign.start", "bob"), ("campaign.sign", "bob"), ("campaign.sign", "anna"), ("campaign.submit", "anna"),
    ]  # fmt: skip


async def test_what_is_no_signature_of_an_approver_counts_for_nothing(two: Office) -> None:
    drafts = two.areas.campaign_drafts
    draft = await drafts.compose(ASKED, by="anna")
    strange = add_signature(encode(draft.envelope), PrivateKey.generate())
    other = two.sign(two.campaign("repair", ALL, campaign_id=draft.id), 2)
    for envelope, reason in (
        (strange, "draft.signature"),
        (other, "draft.document"),
        (b"{}", "campaign.malformed"),
    ):
        with pytest.raises(InvalidError) as refused:
            await drafts.sign(draft.id, envelope, by="anna")
        assert refused.value.reason == reason
    assert (await drafts.view(draft.id)).signatures == []


async def test_an_uploaded_envelope_keeps_good_signatures_and_the_same_twice_is_one_draft(two: Office) -> None:
    drafts, campaign = two.areas.campaign_drafts, two.campaign("repair", ALL)
    keys = [one.key for one in read_approvers(two.keys / "offline", ("approver-1", "approver-2"))]
    half = await drafts.submit(seal_campaign(campaign, [keys[0], PrivateKey.generate()]), by="anna")
    assert [one.name for one in half.signatures] == ["approver-1"]
    whole = await drafts.submit(seal_campaign(campaign, [keys[1]]), by="bob")
    assert (whole.id, whole.state, whole.submitted_by) == (half.id, "ready", "anna")
    changed = msgspec.structs.replace(campaign, max_targets=2)
    with pytest.raises(ConflictError, match="another document"):
        await drafts.submit(seal_campaign(changed, keys), by="anna")


async def test_an_author_alone_does_not_approve_neither_a_draft_nor_a_campaign(office: Office) -> None:
    """The key that signs pipelines is made an approver's, as in a team of one."""
    await office.publish_pipeline("repair", "action")
    author, policy = read_key(office.keys / "offline" / "action.key").key, office.areas.trust.policy
    as_approver = msgspec.structs.replace(
        policy.approvers[0], keyid=author.public.keyid, public_key=author.public.base64, name="anna"
    )
    changed = msgspec.structs.replace(policy, approvers=(*policy.approvers, as_approver))
    await office.publish({TRUST_POLICY_PATH: encode(changed)})
    campaign = office.campaign("repair", ALL)
    alone = seal_campaign(campaign, [author])
    draft = await office.areas.campaign_drafts.submit(alone, by="anna")
    assert draft.signatures[0].is_author
    assert (draft.state, "an author of the pipeline is no approval" in draft.obstacle) == ("awaiting", True)
    with pytest.raises(InvalidError) as refused:
        await office.areas.campaigns.start_signed(alone, by="anna")
    assert refused.value.reason == "campaign.author"
    both = await office.areas.campaign_drafts.sign(draft.id, office.sign(campaign), by="bob")
    assert both.state == "ready"


async def test_a_withdrawn_document_is_neither_signed_nor_started_and_is_not_among_those_that_wait(
    two: Office, clock: FakeClock
) -> None:
    drafts = two.areas.campaign_drafts
    kept = await drafts.compose(ASKED, by="anna")
    clock.advance(1)
    gone = await drafts.compose(ASKED, by="anna")
    assert (await drafts.withdraw(gone.id, by="anna")).state == "withdrawn"
    for refused in (
        drafts.sign(gone.id, _signed(two, gone, "approver-1"), by="bob"), drafts.withdraw(gone.id, by="bob"),
        drafts.start(gone.id, by="bob"),
    ):  # fmt: skip
        with pytest.raises(ConflictError, match="withdrawn"):
            await refused
    assert [one.id for one in await drafts.views(is_open=True, after="", limit=9)] == [kept.id]
    assert [one.id for one in await drafts.views(is_open=False, after="", limit=9)] == [gone.id, kept.id]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"reason": " "}, "campaign.reason"),
        (
            {
                "rings": (
                    10_000,
                    100,
                )
            },
            "campaign.rings",
        ),
        ({"rings": ()}, "campaign.rings"),
        ({"rings": (20_000,)}, "campaign.rings"),
        ({"expires_in_s": 200}, "campaign.rings"),
        ({"expires_in_s": 0}, "campaign.expiry"),
        ({"pilots": ("x",)}, "campaign.pilots"),
        ({"condition": {"fact": 1}}, "condition.malformed"),
        ({"parameters": {"x": 1}}, "parameters.unknown"),
        ({"max_targets": 0}, "campaign.malformed"),
        ({"rollout": Rollout(max_failed_pct=101)}, "campaign.rollout"),
    ],
)
async def test_a_request_that_no_pc_would_take_is_refused_with_its_place(
    two: Office, changes: dict[str, object], reason: str
) -> None:
    with pytest.raises(InvalidError) as refused:
        await two.areas.campaign_drafts.compose(msgspec.structs.replace(ASKED, **changes), by="anna")
    assert reason in refused.value.reason
    assert (await two.areas.campaign_drafts.views(is_open=False, after="", limit=9)) == []


async def test_a_draft_that_is_none_and_a_pipeline_that_is_none_are_not_found(two: Office) -> None:
    for unknown in ("x", "01890a5d-ac96-774b-bcce-b302099a8057"):
        with pytest.raises(NotFoundError):
            await two.areas.campaign_drafts.view(unknown)
    with pytest.raises(NotFoundError, match="not published"):
        await two.areas.campaign_drafts.compose(msgspec.structs.replace(ASKED, pipeline="x"), by="anna")
