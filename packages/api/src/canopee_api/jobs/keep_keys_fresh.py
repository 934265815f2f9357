"""Signed metadata: what the API signs itself is renewed in time, what people sign is asked for in time."""

from collections.abc import Sequence

from canopee_api.doors.areas import Areas
from canopee_api.job import Job, Step


class KeepKeysFresh(Job):
    """Renew timestamp and snapshot, and alarm 60, 30 and 14 days before the rest expires."""

    def steps(self, areas: Areas) -> Sequence[Step]:
        return areas.trust.keep_fresh, areas.trust.warn
