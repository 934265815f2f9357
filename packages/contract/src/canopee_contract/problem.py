"""Problem documents (RFC 9457): the body of every answer that is not a success."""

import msgspec

CONTENT_TYPE = "application/problem+json"


class Problem(msgspec.Struct, omit_defaults=True):
    """What went wrong, for a program (`code`, `status`) and for a person (`title`, `detail`)."""

    code: str
    """Stable and dotted, such as `enrolment.token_used`."""
    title: str
    status: int
    """The HTTP status, repeated."""
    detail: str = ""
    """What to do about it."""
    at: str = ""
    """Where in the request: a JSON path such as `$.records[3].body`."""
    retry_after_s: int | None = None
    type: str = "about:blank"
