"""Log requests: support asks PCs for log files; each answers with an archive, kept until it expires or is purged."""

from datetime import datetime
from typing import Any, Literal, TypeAlias, get_args

import msgspec

from canopee_contract.condition import Scalar
from canopee_contract.order import Consent
from canopee_contract.report import GoneState

LogState: TypeAlias = Literal[
    "waiting",
    "running",
    "sending",
    "ready",
    "nothing_found",
    "over_budget",
    "refused",
    "failed",
    "expired",
    "cancelled",
    "purged",
]
"""`waiting`: its order is not delivered. `running`: it has it. `sending`: its archive comes, or is to come. `ready`:
the archive is whole. `refused`: by the PC, or by its user. `expired`: it did not answer in time.
`cancelled`: the request was ended before it had sent all."""
LOG_STATES: tuple[LogState, ...] = get_args(LogState)
OPEN_STATES: frozenset[LogState] = frozenset({"waiting", "running", "sending"})
RequestState: TypeAlias = Literal["running", "complete", "purged"]
"""`complete`: nothing more is to come."""
REQUEST_STATES: tuple[RequestState, ...] = get_args(RequestState)
MAX_LOG_DEVICES = 2_000
MAX_LINES = 5_000


class ResolveDevices(msgspec.Struct):
    """`POST /v1/log-requests/resolve`: a list as it was pasted.

    A line is the id of a device, its name, the id of a practice (the customer number), or a name and a practice.
    """

    lines: list[str]


class ResolvedDevice(msgspec.Struct):
    """A device that a line stands for."""

    id: str
    hostname: str
    practice_id: str
    practice_name: str
    state: str
    """As of `Device`."""
    last_seen_at: datetime | None
    consent: Consent
    asked: str = ""
    """The line."""


class AmbiguousLine(msgspec.Struct):
    """A line that several devices answer to: choose, or add the practice to it."""

    asked: str
    devices: list[ResolvedDevice]


class Resolved(msgspec.Struct):
    """What became of each line."""

    found: list[ResolvedDevice]
    """Each device once."""
    not_found: list[str]
    ambiguous: list[AmbiguousLine]
    duplicates: list[str]
    """Lines whose devices were all found by earlier ones."""


class NewLogRequest(msgspec.Struct):
    """`POST /v1/log-requests`."""

    devices: list[str]
    """Ids, as `resolve` gives them; 1 to 2 000."""
    pipeline: str
    """`name` or `name@version` of a published collection that needs no approval."""
    reason: str
    """Why: who is asked on the PC reads it, and so does the audit."""
    ticket: str
    """Number of the case at support."""
    parameters: dict[str, Scalar] = {}
    budget_bytes: int = 50_000_000
    """What a device may send."""
    total_budget_bytes: int = 5_000_000_000
    """What all of them may send together."""
    expires_in_s: int = 7 * 86_400
    """How long PCs have to begin."""
    keep_days: int = 30
    """How long what came is kept: 1 to 365."""
    notify: list[str] = []
    """E-mail addresses that are told when it is complete."""
    forward: bool = False
    """Send each archive to the SFTP server too."""
    again_of: str = ""
    """The request that this one repeats."""


class LogEstimate(msgspec.Struct):
    """`POST /v1/log-requests/estimate`: what would come, before anything is asked."""

    devices: int
    offline: int
    """Not seen for a day: they answer when they are switched on, before the request expires."""
    asked: int
    """Their users must agree first."""
    bytes_per_device: int
    bytes_total: int
    known_from: Literal["seen", "budget"]
    """`seen`: three quarters of the archives that this pipeline made lately are smaller; `budget`: there are none."""
    archives_seen: int
    over_total_budget: bool
    """Some PCs would not be able to send."""


class LogRequestView(msgspec.Struct):
    """A request and where its devices stand; the values of `states` add up to `total`."""

    id: str
    reason: str
    ticket: str
    created_by: str
    created_at: datetime
    pipeline: str
    title: str
    parameters: dict[str, Scalar]
    state: RequestState
    total: int
    states: dict[str, int]
    received_bytes: int
    announced_bytes: int
    budget_bytes: int
    total_budget_bytes: int
    not_after: datetime
    """When PCs that have not begun have expired."""
    keep_until: datetime
    """When everything is purged."""
    notify: list[str]
    forward: bool
    forwards: dict[str, int] = {}
    """Archives by what became of them at the SFTP server."""
    again_of: str = ""
    code_claimed: bool = False
    """The user of the PC asked for it, with a code."""
    completed_at: datetime | None = None
    notified_at: datetime | None = None
    notify_error: str = ""
    """Why nobody is told yet; or, with `notified_at`, who could not be."""
    notify_attempts: int = 0
    """How often word was sent, or tried to be."""
    purged_at: datetime | None = None
    purged_by: str = ""
    cancelled_at: datetime | None = None
    """Ended before its time: what came until then stays."""
    cancelled_by: str = ""


ForwardState: TypeAlias = Literal["waiting", "done", "failing", "lost"]
"""At the SFTP server; `failing` is tried again, `lost` is not: it was purged first, or tried for too long."""


class LogArchive(msgspec.Struct):
    """A file that a device sent."""

    step: str
    name: str
    sha256: str
    size_bytes: int
    received_bytes: int
    is_whole: bool
    forward: ForwardState | None = None
    forward_error: str = ""


class LogDevice(msgspec.Struct):
    """One device of a request; `id` is the device's."""

    id: str
    hostname: str
    practice_id: str
    practice_name: str
    consent: Consent
    state: LogState
    code: str
    """Why it is not `ready`: of its run, or of the step that ended badly."""
    detail: str
    received_bytes: int
    announced_bytes: int
    changed_at: datetime | None
    order_id: str = ""
    archives: list[LogArchive] = []


OnPc: TypeAlias = GoneState | Literal["not_heard"]
"""`sent`: nothing was left on the PC once its archive was here. `purged`: it has removed what it had staged.
`not_heard`: it has not said so yet."""


class LogReceipt(msgspec.Struct):
    """What was purged: its bytes are gone here, and on the PC once it says so. `id` is its number."""

    id: str
    device_id: str
    hostname: str
    name: str
    sha256: str
    size_bytes: int
    received_at: datetime | None
    """`None`: it had not come whole."""
    purged_at: datetime
    purged_by: str
    bytes_removed: bool
    """`False`: the same bytes were sent in another request, which keeps them."""
    on_pc: OnPc = "not_heard"
    gone_at: datetime | None = None
    """Since when it is on the PC no more, by its clock."""


class ArchiveFile(msgspec.Struct):
    """One file of an archive."""

    path: str
    size_bytes: int
    compressed_bytes: int
    modified_at: datetime | None
    about: dict[str, Any] = {}
    """What the PC says of it in its manifest: cut, encoding, what was hidden."""
    number: int = 0
    """Its place among the files of the archive, from 1: what asks for its text, so that its path is in no address."""


class ArchiveListing(msgspec.Struct):
    """What an archive holds."""

    name: str
    sha256: str
    size_bytes: int
    files: list[ArchiveFile]
    is_cut: bool
    """There are more files than are listed."""
    manifest: dict[str, Any] = {}
    """The rest of what the PC says in `manifest.json`."""


class LogLine(msgspec.Struct):
    """One line of a file; a long one is cut."""

    number: int
    """From 1."""
    text: str
    is_cut: bool = False


class ArchiveText(msgspec.Struct):
    """Some lines of a file of an archive."""

    path: str
    lines: list[LogLine]
    next_line: int | None
    """Where to go on."""
    is_binary: bool = False


class SearchArchive(msgspec.Struct):
    """`POST /v1/log-requests/{id}/archives/{device}/search`: what is looked for may be a name, and is in no address."""

    q: str
    """A text, or a regular expression; 1 to 500 characters."""
    regex: bool = False
    case: bool = False
    """Capitals count."""
    path: str = ""
    """In this file of the archive only."""
    limit: int = 200
    """Matches, at most: 1 to 1 000."""
    step: str = ""
    """Of several archives of a device, that of this step."""


class LogMatch(msgspec.Struct):
    """A line that was found, and where in it."""

    path: str
    line: int
    text: str
    start: int
    """First character of the match in `text`, and the one after its last."""
    end: int
    file: int = 0
    """Number of the file, as of `ArchiveFile`."""


class LogMatches(msgspec.Struct):
    """What a search found."""

    matches: list[LogMatch]
    is_cut: bool
    """There may be more: it ended at its limit of matches, of bytes or of time."""
    ended_by: Literal["end", "matches", "bytes", "time"]
    files: int
    """Read."""
    read_bytes: int
    """Once unpacked."""
    seconds: float


class NewLogCode(msgspec.Struct):
    """`POST /v1/log-codes`: a code to dictate to the user of a PC."""

    pipeline: str
    reason: str
    ticket: str
    parameters: dict[str, Scalar] = {}
    budget_bytes: int = 50_000_000
    keep_days: int = 30
    expires_in_s: int = 3_600
    """How long it may be used: 1 minute to 7 days."""
    notify: list[str] = []
    forward: bool = False


class LogCode(msgspec.Struct):
    """A code; good for one PC."""

    id: str
    state: Literal["waiting", "claimed", "expired"]
    ticket: str
    reason: str
    pipeline: str
    created_by: str
    created_at: datetime
    expires_at: datetime
    request_id: str = ""
    """Once it was claimed."""
    device_id: str = ""
    code: str = ""
    """Only in the answer that makes it."""
