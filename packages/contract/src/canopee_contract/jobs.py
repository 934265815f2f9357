"""Work behind the doors: `GET /v1/jobs`, and what `GET /v1/status` says of it."""

from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

JobState: TypeAlias = Literal["waiting", "running", "retrying", "done", "failed", "dropped"]
"""`retrying`: failed, and waits to be tried again. `dropped`: its worker died, and the next one of its kind waited."""
WorkState: TypeAlias = Literal["ok", "failing", "stopped"]
"""`stopped`: no worker has been alive for three rounds. `failing`: a job is tried again, or has failed for good."""


class JobView(msgspec.Struct):
    """One job. Of those done, the last of each name is listed."""

    id: str
    name: str
    queue: str
    state: JobState
    attempts: int
    """Ended so far, well or badly."""
    changed_at: datetime
    next_at: datetime | None = None
    """When it is tried; of a job done, when the next one is due."""
    error: str = ""
    """Why the last attempt that failed did."""
    failed_at: datetime | None = None


class Work(msgspec.Struct):
    """How the work behind the doors goes."""

    state: WorkState
    workers: int
    """Alive: they say so every 10 s."""
    silent_s: float
    """Since the last sign of life of any worker."""
    waiting: int
    retrying: int
    failed: int
    """For good, in the last 30 days."""
