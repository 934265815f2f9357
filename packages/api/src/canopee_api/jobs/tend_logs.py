"""Log requests: said to be complete when they are, purged when they have been kept for long enough."""

from collections.abc import Sequence

from canopee_api.doors.areas import Areas
from canopee_api.job import Job, Step


class TendLogs(Job):
    """Everything about log requests that happens without anybody's asking."""

    def steps(self, areas: Areas) -> Sequence[Step]:
        return areas.log_requests.settle, areas.log_purges.purge_expired
