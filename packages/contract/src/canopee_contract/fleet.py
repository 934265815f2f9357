"""Messages of the fleet table: which devices, what is counted, tags, notes, selections, saved views."""

from datetime import datetime
from typing import Any, Literal, TypeAlias, get_args

import msgspec

from canopee_contract.condition import Scalar
from canopee_contract.people import Device, DeviceState

Watch: TypeAlias = Literal["suspect", "failed", "update_failed", "outdated", "silent", "no_facts"]
"""What somebody should look at. `failed`: an order failed there in the last 24 hours; `update_failed`: the agent came
back to its version before; `outdated`: its agent is older than the newest release published for its platform; `silent`:
not heard of for 7 days; `no_facts`: enrolled, and has said nothing of itself. None of them is a revoked device."""
WATCHES: tuple[Watch, ...] = get_args(Watch)
MAX_SELECTED = 1_000_000
MAX_LISTED = 10_000
"""Most device ids in one request."""
MAX_TAGS = 20
"""Most tags in one request."""
MAX_NOTE = 2_000
MAX_VIEW = 8_000
"""Characters of what a saved view shows."""


class DeviceQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which devices: those that pass every filter; a filter with several values passes any of them; empty ones all.

    `GET /v1/devices` takes the same names as parameters, repeated for several values.
    """

    q: str = ""
    """Part of the name, of the practice's id or of its name, without case or accents; or the beginning of the id."""
    state: list[DeviceState] = []
    platform: list[str] = []
    agent_version: list[str] = []
    practice: list[str] = []
    tag: list[str] = []
    os: list[str] = []
    """Values of the fact `os.name`."""
    product: list[str] = []
    """Values of the fact `product.version`."""
    watch: list[Watch] = []
    condition: dict[str, Any] | None = None
    """A condition on facts, as campaigns have them: revoked devices, and those without facts, never pass."""


class FacetValue(msgspec.Struct, frozen=True):
    """One value of a column, and how many devices have it; `states` adds up to `devices` (empty: not counted)."""

    value: str
    """Empty: the devices that have none."""
    devices: int
    label: str = ""
    """The name of a practice."""
    states: dict[str, int] = {}


class Facets(msgspec.Struct, frozen=True, kw_only=True):
    """`GET /v1/devices/facets`: how many devices pass, and how many would with another value of one filter.

    The counts of a facet ignore the filter on that very column, so that another value can be added to it.
    """

    total: int
    """Devices that pass every filter."""
    fleet: int
    """All of them, revoked ones included."""
    facets: dict[str, list[FacetValue]]
    """Filter name → its values, most devices first, 50 at most: `state`, `platform`, `agent_version`, `os`, `product`,
    `practice`, `tag`."""
    at: datetime
    """The instant of the count."""


class WatchCount(msgspec.Struct, frozen=True):
    """How many devices need a look, and which filter shows them."""

    watch: Watch
    devices: int


class FleetOverview(msgspec.Struct, frozen=True, kw_only=True):
    """`GET /v1/fleet`: the whole fleet in a few numbers; `states` adds up to `devices`."""

    devices: int
    """Revoked ones included."""
    practices: int
    """With a device that is not revoked."""
    states: dict[str, int]
    watch: list[WatchCount]
    """Those that concern some device, the most urgent first."""
    enrolments_waiting: int
    newest_agents: dict[str, str]
    """Platform → the newest release published for it."""
    at: datetime


class FactView(msgspec.Struct, frozen=True):
    """One fact of a device; `changed_at` is `null` when it has been so since the device's first facts."""

    name: str
    value: Scalar
    changed_at: datetime | None


class DeviceFacts(msgspec.Struct, frozen=True):
    """`GET /v1/devices/{id}/facts`."""

    facts: list[FactView]
    first_at: datetime | None
    """When it first said something of itself; `null` when it has not, or when the history does not reach so far."""


class Span(msgspec.Struct, frozen=True):
    """One order of a device on a line of time."""

    id: str
    state: str
    """As of an order: `pending`, `delivered`, `expired`, `cancelled`, or the final state of its run."""
    at: datetime
    """When it started, or else when the order was made."""
    until: datetime | None
    """`null`: not finished."""
    code: str = ""


class Lane(msgspec.Struct, frozen=True):
    """What a device did of one pipeline, oldest first."""

    pipeline: str
    spans: list[Span]


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """`GET /v1/devices/{id}/timeline?hours=`: one lane a pipeline."""

    since: datetime
    until: datetime
    lanes: list[Lane]
    is_complete: bool
    """False: only the newest orders are here."""


class Stream(msgspec.Struct, frozen=True):
    """How far the records of one stream of a device have come: `mark` is the last number that was stored."""

    stream: str
    mark: int


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """`GET /v1/devices/{id}/diagnosis`: what the API knows of its link with a device."""

    last_seen_at: datetime
    counter: int
    """Calls that it has counted in its life."""
    generation: int
    agent_version: str
    enrolled_at: datetime
    facts_at: datetime | None
    facts: int
    order_seq: int
    """Orders given in its life."""
    orders_pending: int
    """Alive, and not fetched."""
    orders_delivered: int
    """Fetched, alive and not reported."""
    streams: list[Stream]
    rejected_records: int
    """Of the last days: those that are kept."""
    same_hardware: list[str]
    """Other living devices with its hardware: a copy of a disk, or an enrolment made anew."""
    is_connected_here: bool
    """Whether its long poll waits in the process that answers."""


class Note(msgspec.Struct, frozen=True):
    """What somebody wrote about a device."""

    id: str
    device_id: str
    author: str
    at: datetime
    text: str


class NewNote(msgspec.Struct, frozen=True):
    """`POST /v1/devices/{id}/notes`: 1 to `MAX_NOTE` characters."""

    text: str


class NewSelection(msgspec.Struct, frozen=True, kw_only=True):
    """`POST /v1/selections`: the devices of a query now, less some; or a list of ids. Exactly one of both."""

    query: DeviceQuery | None = None
    device_ids: list[str] = []
    excluded: list[str] = []


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """A list of devices that does not change any more; kept for 7 days."""

    id: str
    created_by: str
    created_at: datetime
    expires_at: datetime
    count: int
    sample: list[Device]
    """The first ones, by name."""
    states: dict[str, int]
    """Where they stand now; adds up to `count`, less the devices removed since."""


class SelectionCondition(msgspec.Struct, frozen=True):
    """`GET /v1/selections/{id}/condition`: the same devices as a condition, for campaigns and previews."""

    condition: dict[str, Any]
    count: int


class TagChange(msgspec.Struct, frozen=True, kw_only=True):
    """`POST /v1/devices/tags`: give and take tags; exactly one of `selection` and `device_ids`.

    Tags are known to the API only: they filter and select, no condition can name them, and no PC hears of them.
    """

    selection: str = ""
    device_ids: list[str] = []
    add: list[str] = []
    remove: list[str] = []


class TagsChanged(msgspec.Struct, frozen=True):
    """Devices looked at, and tags that were really given and taken."""

    devices: int
    added: int
    removed: int


class TagCount(msgspec.Struct, frozen=True):
    """A tag in use; `id` is its text."""

    id: str
    devices: int


class NewView(msgspec.Struct, frozen=True, kw_only=True):
    """`POST /v1/views`, `PUT /v1/views/{id}`: what a list shows, under a name."""

    name: str
    page: str = "devices"
    query: str = ""
    """Filters, sort, columns and density as the address of the list holds them."""
    shared: bool = False


class SavedView(msgspec.Struct, frozen=True, kw_only=True):
    """A saved view: everybody's when shared, else its owner's."""

    id: str
    name: str
    page: str
    query: str
    owner: str
    shared: bool
    changed_at: datetime
