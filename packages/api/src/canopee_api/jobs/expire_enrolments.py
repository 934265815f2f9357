"""Enrolment requests that nobody asked about any more end."""

from collections.abc import Sequence

from canopee_api.doors.areas import Areas
from canopee_api.job import Job, Step


class ExpireEnrolments(Job):
    """Forget the PCs that have not asked for as long as the rules say."""

    def steps(self, areas: Areas) -> Sequence[Step]:
        return (areas.approvals.expire,)
