"""The kind of task `report_status`."""

from pathlib import Path
from typing import ClassVar

import msgspec

from canopee_client.client import Client
from canopee_contract.codec import encode
from canopee_scheduler.task import TaskKind


class ReportStatusOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where to write."""

    file: str


class ReportStatus(TaskKind[ReportStatusOptions]):
    """Writes the state of the fleet to a JSON file, for a monitoring tool: whole, or not at all.

    Example:
        [[task]]
        use = "report_status"
        file = "/var/lib/monitoring/canopee.json"
    """

    Options: ClassVar[type[msgspec.Struct]] = ReportStatusOptions

    def run(self, client: Client, options: ReportStatusOptions) -> str:
        status = client.status()
        path = Path(options.file)
        part = path.with_name(f"{path.name}.part")
        try:
            part.write_bytes(encode(status) + b"\n")
            part.replace(path)
        except OSError:
            part.unlink(missing_ok=True)
            raise
        return f"{status.devices} devices, {status.devices_online} online, written to {path}"
