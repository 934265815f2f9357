"""What the OpenAPI documents of both doors share: schemas from the contract's structs, and the answers that refuse."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import msgspec

from canopee_contract.problem import CONTENT_TYPE, Problem

Document: TypeAlias = dict[str, Any]
SCHEMAS = "#/components/schemas/"
_REFUSALS = {
    400: "Not acceptable as it stands; `code` and `at` say what is wrong, and where.",
    401: "No credential, or not a good one.",
    403: "A good credential that may not do this.",
    404: "There is no such path or object.",
    405: "The path is called with another method: see `Allow`.",
    409: "In conflict with the state of things.",
    413: "Too many bytes, before or after decompression.",
    416: "The file is shorter than where the range begins.",
    422: "Not signed as it must be.",
    429: "Too many attempts of one caller: come back after `Retry-After`.",
    431: "The request line and the headers are too long, or too many; plain, and the connection is closed.",
    503: "Busy, or stopping: come back after `Retry-After`; nothing was done.",
}


def schemas(kinds: Iterable[Any]) -> Document:
    """The schemas of these structs and of all that they hold, `Problem` included, by name."""
    _, found = msgspec.json.schema_components([*kinds, Problem], ref_template=SCHEMAS + "{name}")
    return dict(sorted(found.items()))


def reference(kind: Any) -> Document:  # noqa: ANN401  a struct, or a generic one
    """A `$ref` to the schema of a struct."""
    (found,), _ = msgspec.json.schema_components([kind], ref_template=SCHEMAS + "{name}")
    return found


def refusals(statuses: Sequence[int]) -> Document:
    """The answers of these statuses, each with its problem document."""
    return {str(status): _refusal(status) for status in sorted(statuses)}


def _refusal(status: int) -> Document:
    answer: Document = {"description": _REFUSALS[status]}
    if status != 431:  # noqa: PLR2004  answered before any door has heard of it
        answer["content"] = {CONTENT_TYPE: {"schema": {"$ref": f"{SCHEMAS}Problem"}}}
    headers = {405: ("Allow", "string"), 429: ("Retry-After", "integer"), 503: ("Retry-After", "integer")}
    if status in headers:
        name, kind = headers[status]
        answer["headers"] = {name: {"schema": {"type": kind}, "required": True}}
    return answer
