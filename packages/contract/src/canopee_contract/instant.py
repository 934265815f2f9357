"""An instant on the wire: RFC 3339 with its offset. A local time compares with nothing, so it is refused."""

from datetime import datetime
from typing import Annotated, TypeAlias

from msgspec import Meta

Instant: TypeAlias = Annotated[datetime, Meta(tz=True)]
