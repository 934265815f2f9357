"""Integers with their bounds: what PostgreSQL and every reader of JSON can hold."""

from typing import Annotated, TypeAlias

from msgspec import Meta

Int64: TypeAlias = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
"""A whole number of 64 bits."""
