"""Messages of the people's door (`/v1/…`): what the IHM, the command line and other applications exchange.

Every list answers `{"items": […], "next": "<cursor>" | null}`; pass `?after=<cursor>&limit=<1..1000>`. Objects
carry `id`, and `state` where they have one.
"""

from datetime import datetime
from typing import Any, Generic, Literal, TypeAlias, TypeVar, get_args

import msgspec

from canopee_contract.campaign import Prerequisite, Rollout
from canopee_contract.condition import Scalar
from canopee_contract.freeze import Freeze, Frozen
from canopee_contract.jobs import Work
from canopee_contract.key_life import KeyState
from canopee_contract.pipeline import Kind, PipelineRef
from canopee_contract.raw import absent
from canopee_contract.recurrence import Recurrence
from canopee_contract.report import StepReport
from canopee_contract.signal import SignalFigures
from canopee_contract.standstill import Standstill
from canopee_contract.window import Window

T = TypeVar("T")
Role: TypeAlias = Literal["reader", "support", "author", "approver", "enroller", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
Right: TypeAlias = Literal[
    "read",
    "read_records",
    "enrol",
    "run_collect",
    "publish",
    "run_action",
    "administer",
    "own_account",
    "edit_practices",
    "annotate",
    "request_logs",
    "read_logs",
]
RIGHTS: tuple[Right, ...] = get_args(Right)


class Page(msgspec.Struct, Generic[T]):
    """One page of a list."""

    items: list[T]
    next: str | None = None


class Status(msgspec.Struct):
    """`GET /v1/status`."""

    version: str
    devices: int
    devices_online: int
    runs: int
    records: int
    orders_pending: int
    lab_keys: bool
    """Whether a development key may sign orders or campaigns here."""
    server_time: datetime
    records_lag_s: float = 0.0
    """How long the slowest reader of records has let its next record wait."""
    oldest_transaction_s: float = 0.0
    """Age of the open transaction that holds every reader of records back; 0 when there is none."""
    enrolments_waiting: int = 0
    """PCs that wait for an approval."""
    keys: KeyState = "ok"
    """The worst of what is said of the signed metadata: `canopee keys status` says of every role."""
    keys_role: str = ""
    """The role that people must sign again first; empty before the first publication."""
    keys_days_left: float | None = None
    """How long it still holds."""
    """The worst of what is said of the signed metadata: `canopee keys status` says of which role."""
    standstill: Standstill | None = None
    """Since when, by whom and why everything is stopped."""
    freezes: list[Freeze] = []
    """Those in force, and those that begin within a week."""
    work: Work | None = None
    """How the work behind the doors goes: campaigns stand still where nobody does it."""


class Login(msgspec.Struct):
    """`POST /v1/sessions`."""

    login: str
    password: str


class Session(msgspec.Struct):
    """An opened session; `token` goes into `Authorization: Bearer`."""

    token: str
    expires_at: datetime


class BrowserSession(msgspec.Struct):
    """`POST /v1/sessions/browser`: the token is in a cookie that no script can read."""

    login: str
    expires_at: datetime


class NewPassword(msgspec.Struct):
    """`POST /v1/me/password`: 12 characters at least; the other sessions of the account end."""

    current: str
    password: str


class Me(msgspec.Struct):
    """`GET /v1/me`: who the credential stands for."""

    login: str
    roles: list[Role]
    rights: list[Right] = []
    """What these roles may do."""


class NewUser(msgspec.Struct):
    """`POST /v1/users`."""

    login: str
    password: str
    roles: list[Role]


class User(msgspec.Struct):
    """A local account; `id` is its login."""

    id: str
    roles: list[Role]
    created_at: datetime
    state: Literal["active", "disabled"] = "active"


class NewApiKey(msgspec.Struct):
    """`POST /v1/api-keys`: a key never holds more than its owner's roles."""

    name: str
    roles: list[Role]
    expires_in_days: int = 365


class ApiKey(msgspec.Struct):
    """An API key; `secret` only in the answer that creates it."""

    id: str
    name: str
    owner: str
    roles: list[Role]
    created_at: datetime
    expires_at: datetime
    state: Literal["active", "expired", "revoked"]
    secret: str = ""


class NewEnrolmentTokens(msgspec.Struct):
    """`POST /v1/enrolment-tokens`: `count` tokens, each good for `uses` enrolments."""

    count: int = 1
    practice_id: str = ""
    """Practice of every PC that enrols with them."""
    expires_in_s: int = 86_400
    simulated: bool = False
    uses: int = 1
    practice_pattern: str = ""
    """Instead of one practice, those that a PC may name: `FR-69-*` (`*` any text, `?` one character, the whole id)."""
    needs_approval: bool = False
    """Somebody, or a rule, must approve each PC."""
    label: str = ""
    """For people: which installer or delivery they are for."""


class EnrolmentTokens(msgspec.Struct):
    """Shown once: only their hashes are kept. `id` names them together from now on."""

    tokens: list[str]
    expires_at: datetime
    id: str = ""


DeviceState: TypeAlias = Literal["online", "late", "offline", "suspect", "revoked"]
"""`online`: heard of in the last 10 minutes; `late`: in the last 24 hours; `offline`: before. `suspect`: two machines
use this identity; it gets no orders until an administrator decides."""


class LastRun(msgspec.Struct):
    """The run of the newest order that a device has reported on; `id` is the order's."""

    id: str
    pipeline: str
    state: str
    code: str
    finished_at: datetime


class Device(msgspec.Struct):
    """One PC."""

    id: str
    hostname: str
    practice_id: str
    platform: str
    agent_version: str
    state: DeviceState
    simulated: bool
    generation: int
    enrolled_at: datetime
    last_seen_at: datetime | None
    facts: dict[str, Scalar] = {}
    facts_at: datetime | None = None
    practice_name: str = ""
    """Empty: the practice was not imported."""
    practice_city: str = ""
    tags: list[str] = []
    last_run: LastRun | None = None


class FactChange(msgspec.Struct):
    """One fact that changed; `null` where it was, or is, absent."""

    old: Scalar | None
    new: Scalar | None


class FactsChange(msgspec.Struct):
    """Facts that replaced others: what differs, by name. `id` is its number."""

    id: str
    at: datetime
    changes: dict[str, FactChange]


class Run(msgspec.Struct):
    """A device's execution of an order; `id` is the order's."""

    id: str
    device_id: str
    pipeline: str
    kind: str
    campaign_id: str | None
    state: str
    code: str
    detail: str
    started_at: datetime | None
    finished_at: datetime
    received_at: datetime
    steps: list[StepReport] = []
    is_dry: bool = False
    """Nothing was done: `steps` say what would be."""


class OrderView(msgspec.Struct):
    """An order as people see it."""

    id: str
    device_id: str
    seq: int
    pipeline: str
    kind: str
    campaign_id: str | None
    state: str
    """`pending`, `delivered`, `expired`, `cancelled`, or the final state of its run."""
    created_at: datetime
    expires_at: datetime


class StoredRecord(msgspec.Struct):
    """A record with its provenance."""

    id: str
    device_id: str
    dataset: str
    version: int
    at: datetime
    received_at: datetime
    order_id: str | None
    body: dict[str, Any]


class RejectedRecord(msgspec.Struct):
    """A record refused for good; `body` is its JSON text, as it came."""

    id: str
    device_id: str
    dataset: str
    version: int
    code: str
    detail: str
    body: str
    received_at: datetime


class AuditEntry(msgspec.Struct):
    """One link of the audit chain; `id` is its number."""

    id: str
    at: datetime
    actor: str
    action: str
    object: str
    detail: dict[str, Any]
    sha256: str


class Health(msgspec.Struct):
    """`GET /v1/health`."""

    status: Literal["ok"] = "ok"


class PublishedPipeline(msgspec.Struct):
    """A pipeline version in the TUF repository; `id` is `name@version`."""

    id: str
    ref: PipelineRef
    kind: Kind
    title: str
    approval: str
    state: Literal["published", "withdrawn"]
    published_at: datetime
    sends_files: bool = False
    """A step of it sends files, such as logs: it may be what a log request asks for."""


class NewCampaign(msgspec.Struct):
    """`POST /v1/campaigns`: exactly one of `document` and `collect`."""

    document: msgspec.Raw = msgspec.field(default_factory=absent)
    """DSSE envelope of a `campaign.Campaign`, signed by its approvers."""
    collect: "CollectRequest | None" = None
    """For a pipeline marked `approval: none`, which needs no document."""


class CollectRequest(msgspec.Struct):
    """Give a collecting pipeline to the devices that match, now and (`living`) later."""

    pipeline: str
    """`name` for the newest version, or `name@version`."""
    condition: dict[str, Any]
    parameters: dict[str, Scalar] = {}
    expires_in_s: int = 86_400
    living: bool = False
    name: str = ""
    """Empty: the pipeline's title."""
    recurrence: Recurrence | None = None


class NewDryRun(msgspec.Struct):
    """`POST /v1/dry-runs`: let devices find out what a pipeline would do there, with nothing done."""

    pipeline: str
    """`name` for the newest published version, or `name@version`; whatever approval it needs to act."""
    devices: list[str]
    """Ids, 1 to 50."""
    parameters: dict[str, Scalar] = {}
    expires_in_s: int = 3_600


CampaignState: TypeAlias = Literal["running", "paused", "halted", "finished", "aborted"]


class RingView(msgspec.Struct):
    """A ring, and where its devices stand."""

    up_to_bp: int
    not_before: datetime
    is_open: bool
    states: dict[str, int]


class PaceUsed(msgspec.Struct, frozen=True):
    """What a campaign has used of its pace, all API processes together."""

    orders_per_min: int
    """In force: the document's, or what its bytes an hour allow."""
    orders_this_minute: int
    bytes_per_hour: int
    """As the document says; 0: without limit."""
    bytes_last_hour: int
    """What the PCs download whose orders were made in the last 60 minutes."""
    bytes_per_device: int
    """As far as it is known."""
    bytes_unknown: list[str]
    """What each PC downloads too, of a size that nothing says: not counted."""


class CampaignView(msgspec.Struct):
    """A campaign and where its devices stand; the values of `states` add up to `total`, those of `rings` to `states`.

    A device is `waiting` (its ring is not open, or the campaign is held), `pending` (its order is not delivered yet),
    `delivered`, or as its run ended; `expired` or `cancelled` when it has not run and will not. Where it
    recurs, these are the states of each device's current occurrence.
    """

    id: str
    name: str
    pipeline: str
    kind: str
    state: CampaignState
    created_at: datetime
    not_after: datetime
    total: int
    states: dict[str, int]
    condition: dict[str, Any]
    rings: list[RingView] = []
    pilots: int = 0
    rollout: Rollout | None = None
    reason: str = ""
    """Why it halted; of a running one, what it waits for: the end of a freeze, its window, or before its next ring."""
    created_by: str = ""
    parameters: dict[str, Scalar] = {}
    ring_opened_at: datetime | None = None
    """When its newest ring opened."""
    is_signed: bool = False
    """It has a document: what it does was approved by signatures."""
    windows: tuple[Window, ...] = ()
    """When its orders are delivered, and begin, by the time zone of the practice and the clock of the PC."""
    supersedes: list[str] = []
    """Ids of the campaigns that it has ended, as its document says."""
    superseded_by: str = ""
    """Id of the campaign that has ended it."""
    reason_code: str = ""
    """`reason` for programs: `failed`, `silent`, `signal_share`, `signal_records`, `unapproved`; of what it waits for,
    `ring_time`, `ring_orders`, `answers`, `signal_unjudged`, `window`, `pace`, `pace_bytes`, `frozen`,
    `occurrence`, `stopped`; empty: none."""
    reason_params: dict[str, Scalar] = {}
    signals: list[SignalFigures] = []
    signals_at: datetime | None = None
    """When they were last counted."""
    through_freezes: bool = False
    """An emergency: the freeze calendar does not hold it back."""
    frozen: Frozen | None = None
    """The freeze that holds it back now: no order of it is made or delivered, no ring opens, silence does not count."""
    pace: PaceUsed | None = None
    """`null`: it has none."""
    recurrence: Recurrence | None = None
    after: tuple[Prerequisite, ...] = ()
    lacking: int = 0
    """Of those `waiting` in open rings, have not done what it comes after."""
    is_dry: bool = False
    """Nothing of it is done: its runs say what would be. No list has it."""


class TrustMetadata(msgspec.Struct):
    """`GET /v1/trust`: the newest metadata of every TUF role, as base64 of its exact bytes."""

    roles: dict[str, str]
    root_versions: list[int]


class Publication(msgspec.Struct):
    """`POST /v1/trust/publications`: new offline-signed metadata and the targets it names.

    The API checks every signature and threshold, then signs `snapshot` and `timestamp` with its online keys.
    All or nothing.
    """

    metadata: dict[str, str]
    """Role (`root`, `targets`, or a delegated role) → base64 of the signed metadata."""
    targets: dict[str, str] = {}
    """Target path → base64 of its bytes."""


class Published(msgspec.Struct):
    """The versions now served."""

    timestamp: int
    roles: dict[str, int]
