"""JSON values kept as their exact bytes. (msgspec reads `Raw | None` as null only: hence null as a value)."""

import msgspec

NULL = msgspec.Raw(b"null")
"""The value of a field that is absent."""


def absent() -> msgspec.Raw:
    """As a default: a JSON schema can be made of it, which a `Raw` prevents."""
    return NULL


def present(raw: msgspec.Raw) -> bytes | None:
    """The bytes of a value; `None` when it is null."""
    content = bytes(raw)
    return None if content == b"null" else content
