"""Messages of the people's door about releases of the agent: their bytes on the way, and where the fleet stands."""

from datetime import datetime
from typing import Literal

import msgspec

from canopee_contract.people import CampaignView

MAX_UPLOAD_BYTES = 4 * 2**20
"""Of one part of an upload."""


class TargetUpload(msgspec.Struct):
    """`PUT /v1/trust/targets/{sha256}`: a large target on its way; go on at `received`."""

    sha256: str
    length: int
    received: int
    """Bytes that are stored for good."""
    state: Literal["partial", "complete"]


class ReleaseFailure(msgspec.Struct):
    """PCs that came back to the version before, and why."""

    reason: str
    devices: int


class Release(msgspec.Struct):
    """A published release of the agent and where the fleet stands; `id` is `<platform>/<version>`."""

    id: str
    version: str
    platform: str
    release_seq: int
    min_release_seq: int
    path: str
    sha256: str
    length: int
    published_at: datetime
    state: Literal["standing", "stopped", "waiting"]
    """`standing`: a campaign gives it to the PCs that come; `waiting`: none ever did."""
    reach_bp: int
    """Basis points of the fleet that its standing campaign reaches; 0 when there is none."""
    on_version: int
    """PCs of its platform that run it."""
    waiting: int
    """PCs of its platform that the standing campaign reaches and that have not ended its order."""
    failed: int
    """PCs whose update to it was refused, failed or was returned."""
    failures: list[ReleaseFailure] = []
    """The same by reason, the most frequent first."""
    campaigns: list[CampaignView] = []
    """Those that gave it, newest first."""
