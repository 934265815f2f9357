"""The calls about log requests: asked for, followed, opened, purged; codes for the users of PCs."""

from collections.abc import Iterator, Sequence

from canopee_client.link import Link, Values, segment
from canopee_contract import log_requests as logs
from canopee_contract.people import AuditEntry
from canopee_contract.practices import PracticeConsent


class LogCalls(Link):
    """Log requests and what they brought."""

    def log_requests(self, **filters: Values) -> Iterator[logs.LogRequestView]:
        """Newest first; `state`, `q`, `device`, `by`."""
        return self.pages("/v1/log-requests", logs.LogRequestView, filters)

    def log_request(self, request_id: str) -> logs.LogRequestView:
        return self.call("GET", _path(request_id), logs.LogRequestView)

    def resolve_log_devices(self, lines: Sequence[str]) -> logs.Resolved:
        body = logs.ResolveDevices(list(lines))
        return self.call("POST", "/v1/log-requests/resolve", logs.Resolved, body=body)

    def estimate_logs(self, asked: logs.NewLogRequest) -> logs.LogEstimate:
        return self.call("POST", "/v1/log-requests/estimate", logs.LogEstimate, body=asked)

    def request_logs(self, asked: logs.NewLogRequest) -> logs.LogRequestView:
        return self.call("POST", "/v1/log-requests", logs.LogRequestView, body=asked)

    def request_logs_again(self, request_id: str, *, missing: bool = False) -> logs.LogRequestView:
        query = {"missing": str(missing).lower()}
        return self.call("POST", f"{_path(request_id)}/again", logs.LogRequestView, query=query)

    def cancel_logs(self, request_id: str) -> logs.LogRequestView:
        return self.call("POST", f"{_path(request_id)}/cancel", logs.LogRequestView)

    def log_devices(self, request_id: str, **filters: Values) -> Iterator[logs.LogDevice]:
        return self.pages(f"{_path(request_id)}/devices", logs.LogDevice, filters)

    def log_history(self, request_id: str) -> Iterator[AuditEntry]:
        return self.pages(f"{_path(request_id)}/audit", AuditEntry)

    def download_archive(self, request_id: str, device_id: str, *, step: str = "") -> Iterator[bytes]:
        """The bytes of one archive, piece by piece; its SHA-256 is in `log_devices`."""
        return self.stream(f"{_path(request_id)}/archives/{segment(device_id)}", {"step": step} if step else {})

    def download_archives(self, request_id: str) -> Iterator[bytes]:
        """One zip of all that is there, piece by piece."""
        return self.stream(f"{_path(request_id)}/archives.zip", {})

    def archive_files(self, request_id: str, device_id: str, **query: str) -> logs.ArchiveListing:
        return self.call("GET", _archive(request_id, device_id, "files"), logs.ArchiveListing, query=query)

    def archive_text(self, request_id: str, device_id: str, file: int, **query: str) -> logs.ArchiveText:
        """Some lines of a file, by its `number` in `archive_files`: `line`, `count`, `step`."""
        wanted = {**query, "file": str(file)}
        return self.call("GET", _archive(request_id, device_id, "text"), logs.ArchiveText, query=wanted)

    def search_archive(self, request_id: str, device_id: str, wanted: logs.SearchArchive) -> logs.LogMatches:
        """Where a text is found in what a device sent."""
        return self.call("POST", _archive(request_id, device_id, "search"), logs.LogMatches, body=wanted)

    def purge_logs(self, request_id: str, *, device: str = "") -> logs.LogRequestView:
        query = {"device": device} if device else {}
        return self.call("POST", f"{_path(request_id)}/purge", logs.LogRequestView, query=query)

    def log_receipts(self, request_id: str) -> Iterator[logs.LogReceipt]:
        return self.pages(f"{_path(request_id)}/receipts", logs.LogReceipt)

    def make_log_code(self, new: logs.NewLogCode) -> logs.LogCode:
        return self.call("POST", "/v1/log-codes", logs.LogCode, body=new)

    def log_codes(self) -> Iterator[logs.LogCode]:
        return self.pages("/v1/log-codes", logs.LogCode)

    def set_practice_consent(self, wanted: PracticeConsent) -> PracticeConsent:
        return self.call("PUT", "/v1/practice-consent", PracticeConsent, body=wanted)


def _path(request_id: str) -> str:
    return f"/v1/log-requests/{segment(request_id)}"


def _archive(request_id: str, device_id: str, what: str) -> str:
    return f"{_path(request_id)}/archives/{segment(device_id)}/{what}"
