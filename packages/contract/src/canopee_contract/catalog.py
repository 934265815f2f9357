"""The catalog as people write it: checking a text, planning and applying a folder, drafts, what awaits a signature.

A folder is a set of files, each with its path inside it (`pipelines/inventory.yaml`). What a signed kind (pipelines,
facts) declares is not in force when it is applied: it awaits a signature of these exact bytes, made offline.
"""

from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta

from canopee_contract.pipeline import Kind

Owner: TypeAlias = Literal["git", "ihm", ""]
"""Where an object is changed; empty: it was published by hand, and belongs to whoever declares it first."""
MAX_TEXT_BYTES = 262_144
MAX_FILES = 2_000
MAX_FOLDER_BYTES = 8 * 2**20


class Fault(msgspec.Struct):
    """What is wrong at one place of a text; lines and columns start at 1, and the end is after the last character."""

    code: str
    """Stable, such as `schema.unknown_key`."""
    message: str
    line: int = 1
    column: int = 1
    end_line: int = 1
    end_column: int = 1
    at: str = "$"
    """The same place in the document, as in `$.steps[0].with`."""
    path: str = ""
    """The file, when there are several."""
    severity: Literal["error", "warning"] = "error"
    """A warning refuses nothing."""
    values: dict[str, str] = {}
    """What the message names, for whoever says it in another language."""


class CheckText(msgspec.Struct):
    """`POST /v1/catalog/check`: everything that is wrong with one text."""

    path: str
    """Where it would be in a catalog folder: says its kind."""
    text: str


class Checked(msgspec.Struct):
    """Every fault of a text; `document` when it can be read at all."""

    faults: list[Fault]
    document: dict[str, Any] | None = None
    target: str = ""
    """Path in the repository, of a signed kind without errors."""
    sha256: str = ""
    """Of the exact bytes to sign."""


class CatalogFile(msgspec.Struct):
    """One file of a catalog folder."""

    path: Annotated[str, Meta(max_length=400)]
    """From the folder, with `/`."""
    text: str


class PlanRequest(msgspec.Struct):
    """`POST /v1/catalog/plan`: what would applying this folder change? Nothing is changed."""

    files: list[CatalogFile]
    take_over: bool = False
    """Also change what is managed in the IHM, which then is managed by git."""
    partial: bool = False
    """What the folder does not declare stays, instead of being removed."""


class ApplyRequest(msgspec.Struct):
    """`POST /v1/catalog/apply`: all of the plan, or nothing of it."""

    files: list[CatalogFile]
    revision: str
    """`revision` of the plan that was read: refused when the catalog has changed since."""
    take_over: bool = False
    partial: bool = False


class FieldChange(msgspec.Struct):
    """One value that differs; `null` where it is absent."""

    at: str
    """As in `$.steps[prepare].timeout_s`: what has an id or a name is called by it."""
    old: Any = None
    new: Any = None


class CatalogChange(msgspec.Struct):
    """What becomes of one object."""

    kind: str
    id: str
    change: Literal["added", "changed", "removed", "unchanged", "kept"]
    """`kept`: the folder no longer declares it, and it cannot go: `note` says why."""
    path: str = ""
    """File that declares it."""
    fields: list[FieldChange] = []
    needs_signature: bool = False
    """Until it is signed, what is in force stays in force."""
    note: str = ""


class ToSign(msgspec.Struct):
    """Bytes that await a signature."""

    kind: str
    id: str
    """`name@version`."""
    target: str
    sha256: str
    length: int
    command: str
    """Signs exactly these bytes, where the offline keys are."""


class SignableBytes(msgspec.Struct):
    """`GET /v1/catalog/awaiting/{sha256}`: the exact bytes, which are UTF-8, and where they go."""

    kind: str
    id: str
    target: str
    sha256: str
    content: str


class CatalogPlan(msgspec.Struct):
    """What applying a folder changes; with `faults`, it cannot be applied."""

    revision: str
    """SHA-256 of what is held: kind, id, hash, owner and state of every object."""
    changes: list[CatalogChange]
    faults: list[Fault] = []
    ignored: list[str] = []
    """Files that are of no kind of the catalog."""
    to_sign: list[ToSign] = []
    """What awaits a signature once the folder is applied."""


class CatalogOutcome(msgspec.Struct):
    """What was applied."""

    revision: str
    changes: list[CatalogChange]
    to_sign: list[ToSign] = []


class DraftText(msgspec.Struct):
    """`PUT /v1/drafts/{name}`."""

    text: str
    revision: int = 0
    """That of the draft that was read, 0 for a new one: refused when somebody has saved another since."""


class Draft(msgspec.Struct):
    """A pipeline that is being written; `id` is its name."""

    id: str
    text: str
    author: str
    changed_at: datetime
    revision: int
    faults: list[Fault] = []


class PipelineVersion(msgspec.Struct):
    """One version of a pipeline, from the day its signature is asked for; `id` is `name@version`."""

    id: str
    version: int
    state: Literal["awaiting", "published", "withdrawn"]
    kind: Kind
    title: str
    approval: str
    sha256: str
    length: int
    target: str
    managed_by: Owner
    author: str = ""
    """Who asked for its signature; empty when it was published by hand."""
    asked_at: datetime | None = None
    published_at: datetime | None = None


class PipelineText(msgspec.Struct):
    """A version as it was written, and as it is signed."""

    id: str
    source: str
    """YAML; made from the signed bytes when it was published by hand."""
    content: str
    """The exact bytes that are signed, which are UTF-8."""
    sha256: str
    length: int
    target: str
    command: str


class PipelineLife(msgspec.Struct):
    """A pipeline with every version of it; `id` is its name."""

    id: str
    title: str
    kind: Kind | Literal[""]
    """Empty while there is only a draft."""
    approval: str
    managed_by: Owner
    state: Literal["draft", "awaiting", "published", "withdrawn"]
    """`awaiting`: a version newer than the one in service, if any, awaits its signature."""
    in_service: int | None
    """The newest published version."""
    versions: list[PipelineVersion] = []
    """Newest first; in a list, only those that are published or awaited."""
    draft_by: str = ""
    draft_at: datetime | None = None


class DayOfRuns(msgspec.Struct):
    """Runs that ended on one day of UTC."""

    day: str
    ended_well: int
    ended_badly: int


class PipelineActivity(msgspec.Struct):
    """What became of a pipeline these last days; `id` is its name."""

    id: str
    targets: int
    """Devices of its campaigns that are under way."""
    days: list[DayOfRuns]
    """The last seven, oldest first; a day without runs is there."""


class KnownFact(msgspec.Struct):
    """A fact that devices have: what a condition may be about."""

    id: str
    types: list[Literal["text", "number", "boolean"]]
    devices: int
    values: list[str | int | float | bool] = []
    """The most frequent ones."""


class CatalogApplied(msgspec.Struct):
    """`PUT /v1/catalog/datasets/{name}`."""

    name: str
    version: int
    change: Literal["created", "updated", "unchanged"]
