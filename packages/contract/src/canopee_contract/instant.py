"""A moment, with its time zone: one without is refused as it is read, since it could be compared with nothing."""

from datetime import datetime
from typing import Annotated, TypeAlias

import msgspec

Instant: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]
