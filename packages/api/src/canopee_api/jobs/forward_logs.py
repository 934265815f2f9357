"""Archives that were asked for elsewhere go there; who asked to be told is."""

from collections.abc import Sequence

from canopee_api.doors.areas import Areas
from canopee_api.job import Job, Step


class ForwardLogs(Job):
    """What leaves this installation: it may take long, and waits for other machines."""

    def steps(self, areas: Areas) -> Sequence[Step]:
        return areas.log_forwarding.tell, areas.log_forwarding.forward
