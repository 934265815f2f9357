"""Messages of the people's door about campaigns before they start, and about their devices once they run."""

from datetime import datetime
from typing import Any, Literal, TypeAlias

import msgspec

from canopee_contract.campaign import Rollout
from canopee_contract.condition import Scalar
from canopee_contract.freeze import Freeze
from canopee_contract.matching import TestCount
from canopee_contract.people import CampaignView
from canopee_contract.raw import absent
from canopee_contract.recurrence import Recurrence
from canopee_contract.window import Window

DraftState: TypeAlias = Literal["awaiting", "ready", "started", "withdrawn", "over"]
EndsBasis: TypeAlias = Literal["rings", "orders_per_min", "bytes_per_hour", "bytes_unknown", "windows", "freezes"]
Presence: TypeAlias = Literal["online", "late", "offline"]


class CampaignRequest(msgspec.Struct, kw_only=True):
    """What somebody wants to give to whom: `POST /v1/campaigns/preview`, and in `POST /v1/campaign-drafts`."""

    pipeline: str
    """`name` for the newest version, or `name@version`."""
    condition: dict[str, Any]
    parameters: dict[str, Scalar] = {}
    rings: tuple[int, ...] = (10_000,)
    """Basis points of the fleet, rising; each opens `rollout.advance_after_s` after the one before, at the soonest."""
    pilots: tuple[str, ...] = ()
    """Ids of devices of the first ring, wherever their place is."""
    rollout: Rollout = Rollout()
    windows: tuple[Window, ...] = ()
    """When an order may begin, by the clock on the wall of the PC."""
    supersedes: bool = False
    """It ends the older campaigns of the same pipeline."""
    through_freezes: bool = False
    """An emergency: the freeze calendar does not hold it back."""
    recurrence: Recurrence | None = None
    """Given again at each occurrence; nothing: once."""
    after: tuple[str, ...] = ()
    """Pipelines that a PC has done before, `name` or `name@version` (that one or a later one); else it waits."""
    expires_in_s: int = 30 * 86_400
    max_targets: int = 1_000_000
    name: str = ""
    """Empty: the pipeline's title."""
    reason: str = ""
    """Why, for those who approve it and for the audit; a preview needs none."""


class RingPreview(msgspec.Struct):
    """How many devices one ring would reach now."""

    up_to_bp: int
    not_before: datetime
    devices: int
    online: int


class BytesOf(msgspec.Struct):
    """What one device downloads for one reason."""

    what: str
    bytes: int


class CampaignPreview(msgspec.Struct, kw_only=True):
    """Whom a campaign would reach if it started now. Nothing is changed."""

    pipeline: str
    kind: str
    approvals: int
    """Signatures that its document needs; 0 for a pipeline marked `approval: none`."""
    fleet: int
    """The devices that could be reached: not revoked, and their facts are known."""
    matching: int
    """Of these, the condition holds for."""
    total: int
    """Of these, some ring reaches: those that would get an order, at most `max_targets` of them."""
    tests: list[TestCount]
    """For each test of the condition, how many devices pass it."""
    rings: list[RingPreview]
    presence: dict[Presence, int]
    """Of `total`. Offline ones join when they come back, until `ends_by`."""
    agents: dict[str, int]
    """Of `total`, by version of the agent."""
    lacking: int
    """Of `matching`, have not done what it comes after: they wait until they have."""
    done_already: int
    """Of `total`, have done exactly this: the same bytes of the pipeline, the same parameters."""
    under_way_elsewhere: int
    """Of `total`, have an order of the same pipeline in another campaign that is not over."""
    bytes_per_device: list[BytesOf]
    """At most: a file that is there already is not downloaded again."""
    bytes: int
    """`total` times the sum of these."""
    bytes_unknown: list[str] = []
    """What each device downloads too, of a size that nothing says: not counted."""
    last_ring_at: datetime
    """When its last ring may open, if nothing halts or slows it."""
    ends_by: datetime
    """Nobody begins it later."""
    is_open: bool = True
    """Its orders may be delivered now: its window is open, by the usual time zone, and no freeze holds it back."""
    opens_at: datetime | None = None
    """When they may, if not now; `null` too when they never may."""
    freezes: list[Freeze] = []
    """Those that hold it back during its life, the first first."""
    ends_at: datetime | None = None
    """When the last PC has its order, were every PC on and every answer at once; `null`: not before `ends_by`.

    `null` too for a campaign that recurs.
    """
    ends_basis: list[EndsBasis] = []
    """What that counts."""


class Occurrence(msgspec.Struct):
    """One occurrence of a campaign that recurs: `GET /v1/campaigns/{id}/occurrences`, the newest first."""

    id: str
    """What the clock on the wall of each practice shows: `2026-11-23T06:00`."""
    total: int
    """PCs that have had its order made."""
    states: dict[str, int]
    """`expired`: a later occurrence came before that PC had its order, or ran it."""


class NewDraft(msgspec.Struct):
    """`POST /v1/campaign-drafts`: exactly one of the two."""

    request: CampaignRequest | None = None
    """The document is composed from it."""
    envelope: msgspec.Raw = msgspec.field(default_factory=absent)
    """DSSE envelope of a `campaign.Campaign`, with the signatures that it has so far, if any."""


class DraftSignature(msgspec.Struct):
    """A valid signature of an approver of the trust policy."""

    keyid: str
    name: str
    is_lab: bool
    is_author: bool
    """The same key signs pipelines of this kind: its signature is no approval."""


class DraftView(msgspec.Struct, kw_only=True):
    """The document of a campaign, from its writing to its start. Its `id` is that of the campaign."""

    id: str
    state: DraftState
    name: str
    pipeline: str
    kind: str
    reason: str
    requested_by: str
    """As the document says."""
    submitted_by: str
    """The account that uploaded or composed it."""
    created_at: datetime
    not_after: datetime
    needed: int
    """Approvers who must sign."""
    signatures: list[DraftSignature]
    obstacle: str = ""
    """Why it cannot start yet, as a sentence; empty when it can, or when it has."""
    sha256: str
    """Of the exact bytes of the document, which approvers sign: `canopee campaign approve` shows the same."""
    document: str = ""
    """These bytes, as text; empty in lists."""
    envelope: dict[str, Any] = {}
    """The DSSE envelope, to be downloaded and signed elsewhere; empty in lists."""


class DraftSigned(msgspec.Struct):
    """`POST /v1/campaign-drafts/{id}/signatures`: the same document with one signature more, or several."""

    envelope: msgspec.Raw


class Return(msgspec.Struct):
    """`POST /v1/campaigns/{id}/rollback`."""

    condition: dict[str, Any] | None = None
    """Whom the version before goes to; without one, the devices that have had this campaign's."""


class Proposed(msgspec.Struct):
    """What came of a retry or of a return to the version before: a draft to sign, or a campaign that needed none."""

    devices: int
    draft: DraftView | None = None
    campaign: CampaignView | None = None


class DeviceSample(msgspec.Struct):
    """A device, as far as a list of causes names it."""

    id: str
    hostname: str


class FailureCause(msgspec.Struct):
    """Runs of a campaign that ended badly in the same step for the same reason."""

    state: str
    step: str
    """Id of the step in the pipeline; empty when no step began."""
    use: str
    """Its step kind."""
    code: str
    detail: str
    """What the PCs said, in the words that occur most often."""
    devices: int
    last_at: datetime
    samples: list[DeviceSample]
    """The newest ones, at most five."""


class CampaignDevice(msgspec.Struct, kw_only=True):
    """One device of a campaign; `id` is the device's, `state` as in `CampaignView.states`."""

    id: str
    hostname: str
    practice_id: str
    ring: int
    """0 for the first."""
    state: str
    order_id: str | None
    code: str = ""
    detail: str = ""
    step: str = ""
    """The step that ended badly."""
    delivered_at: datetime | None = None
    finished_at: datetime | None = None
    last_seen_at: datetime | None = None
