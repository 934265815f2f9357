"""Pages of lists: `?after=<cursor>&limit=<1..1000>`."""

from collections.abc import Callable, Sequence
from typing import Annotated, TypeAlias, TypeVar

from litestar.params import QueryParameter

from canopee_api.errors import InvalidError
from canopee_contract.people import Page
from canopee_kit.ids import is_id

T = TypeVar("T")
Limit: TypeAlias = Annotated[int, QueryParameter(ge=1, le=1000, description="Objects on a page.")]
After: TypeAlias = Annotated[str, QueryParameter(max_length=64, description="Cursor: `next` of the page before.")]


def page(items: Sequence[T], limit: int, cursor: Callable[[T], str]) -> Page[T]:
    """A page, whose cursor is its last object's when it is full."""
    return Page(list(items), cursor(items[-1]) if len(items) == limit else None)


def id_cursor(after: str) -> str:
    """A cursor that is an id, or empty; raises `InvalidError`."""
    if after and not is_id(after):
        raise InvalidError("page.cursor", "pass the `next` of the page before", at="after")
    return after


def number_cursor(after: str) -> int:
    """A cursor that is a number, or 0; raises `InvalidError`."""
    if not after:
        return 0
    if not (after.isascii() and after.isdecimal() and len(after) < 19):  # noqa: PLR2004  fits 64 bits
        raise InvalidError("page.cursor", "pass the `next` of the page before", at="after")
    return int(after)


def id_filter(value: str, name: str) -> str:
    """A filter that is an id, or empty; raises `InvalidError`."""
    if value and not is_id(value):
        raise InvalidError("filter.id", f"{name} is an id, such as 01890a5d-ac96-774b-bcce-b302099a8057", at=name)
    return value
