"""What a watcher is told while it watches: that something changed, never what it is now."""

from typing import Literal, TypeAlias

import msgspec

Topic: TypeAlias = Literal["devices", "runs", "campaigns", "pipelines", "enrolments", "practices", "stop", "logs"]


class LiveEvent(msgspec.Struct, frozen=True):
    """`data` of one event of `GET /v1/live`: what is shown of this topic is to be read again."""

    topic: str
    """One of `Topic`, or one that is newer than this program; `all` after a gap: anything may have changed."""
    ids: list[str] | None = None
    """Of the objects that changed; of `runs`, the ids of their devices. `None`: many, or unknown."""
