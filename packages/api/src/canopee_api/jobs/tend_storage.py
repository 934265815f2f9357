"""Storage: partitions before they are needed, counts, retention, and what nobody came back for."""

from collections.abc import Sequence

from canopee_api.doors.areas import Areas
from canopee_api.job import Job, Step


class TendStorage(Job):
    """Make what will be written to, and delete what is too old."""

    def steps(self, areas: Areas) -> Sequence[Step]:
        return areas.storage.tend, areas.target_files.tend, areas.uploads.sweep, areas.selections.tend
