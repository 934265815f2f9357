"""What log requests brought: downloaded, read, searched, purged."""

import base64
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.response import Stream

from canopee_api.doors.agent.downloads import asked
from canopee_api.doors.areas import Areas
from canopee_api.doors.people.guard import actor_of, needs
from canopee_api.doors.people.pages import After, Limit, number_cursor, page
from canopee_api.logs.archives import file_name
from canopee_api.postgres.log_archives import WholeRow
from canopee_contract.codec import encode
from canopee_contract.log_requests import (
    ArchiveListing,
    ArchiveText,
    LogMatches,
    LogReceipt,
    LogRequestView,
    SearchArchive,
)
from canopee_contract.people import Page
from canopee_contract.problem import CONTENT_TYPE, Problem

_SAFE = {"x-content-type-options": "nosniff", "cache-control": "no-store", "content-security-policy": "sandbox"}
_Step = Annotated[str, QueryParameter(description="Of several archives of a device, that of this step.")]


@get(
    "/v1/log-requests/{request_id:str}/archives/{device_id:str}",
    opt=needs("read_logs"),
    media_type="application/zip",
)
async def download_archive(
    request_id: FromPath[str],
    device_id: FromPath[str],
    request: Request[Any, Any, Any],
    areas: NamedDependency[Areas],
    step: _Step = "",
) -> Stream | Response[bytes]:
    """The archive of a device, or the part of it that `Range` asks for; its SHA-256 is in `ETag` and `Repr-Digest`."""
    row = await areas.log_archives.open(
        request_id, device_id, step=step, by=actor_of(request).login, how="download"
    )
    etag = f'"{row.sha256}"'
    wanted, validator = request.headers.get("range", ""), request.headers.get("if-range", "")
    span = asked(wanted.encode("latin-1"), validator.encode("latin-1"), etag.encode(), row.length)
    if span is None:
        past = Problem("range.unsatisfiable", "Past the end", 416, f"the archive has {row.length} bytes")
        headers = {"content-range": f"bytes */{row.length}"}
        return Response(encode(past), status_code=416, headers=headers, media_type=CONTENT_TYPE)
    headers = {**_head(row), "content-length": str(span.end - span.start), "etag": etag}
    if span.is_part:
        headers["content-range"] = f"bytes {span.start}-{span.end - 1}/{row.length}"
    return Stream(
        areas.log_archives.pieces(row, span.start, span.end), status_code=206 if span.is_part else 200,
        headers=headers, media_type="application/zip" if row.name.endswith(".zip") else "application/octet-stream",
    )  # fmt: skip


@get("/v1/log-requests/{request_id:str}/archives.zip", opt=needs("read_logs"), media_type="application/zip")
async def download_archives(
    request_id: FromPath[str], request: Request[Any, Any, Any], areas: NamedDependency[Areas]
) -> Stream:
    """Every archive that is there, in one zip, with `request.json`; while others come, it holds those of now."""
    name, pieces = await areas.log_archives.open_all(request_id, by=actor_of(request).login)
    headers = {**_SAFE, "content-disposition": f'attachment; filename="{name}"'}
    return Stream(pieces, headers=headers, media_type="application/zip")


@get("/v1/log-requests/{request_id:str}/archives/{device_id:str}/files", opt=needs("read_logs"))
async def archive_files(
    request_id: FromPath[str],
    device_id: FromPath[str],
    request: Request[Any, Any, Any],
    areas: NamedDependency[Areas],
    step: _Step = "",
) -> ArchiveListing:
    """What the archive of a device holds, with what the PC says of it: cut, encoding, what was hidden."""
    return await areas.log_archives.listing(request_id, device_id, step=step, by=actor_of(request).login)


@get("/v1/log-requests/{request_id:str}/archives/{device_id:str}/text", opt=needs("read_logs"))
async def archive_text(  # noqa: PLR0913, PLR0917  query parameters
    request_id: FromPath[str],
    device_id: FromPath[str],
    request: Request[Any, Any, Any],
    areas: NamedDependency[Areas],
    file: Annotated[int, QueryParameter(ge=1, description="Number of the file, as `files` says it.")],
    line: Annotated[int, QueryParameter(ge=1, description="The first.")] = 1,
    count: Annotated[int, QueryParameter(ge=1, le=2_000, description="Lines.")] = 500,
    step: _Step = "",
) -> ArchiveText:
    """Some lines of a file of an archive."""
    return await areas.log_archives.text(
        request_id, device_id, step=step, number=file, first=line, count=count, by=actor_of(request).login
    )


@post("/v1/log-requests/{request_id:str}/archives/{device_id:str}/search", opt=needs("read_logs"), status_code=200)
async def search_archive(
    request_id: FromPath[str],
    device_id: FromPath[str],
    data: JSONBody[SearchArchive],
    request: Request[Any, Any, Any],
    areas: NamedDependency[Areas],
) -> LogMatches:
    """Where a text is found in an archive: file, line and place. It ends after 15 s, with what was found so far."""
    return await areas.log_archives.search(request_id, device_id, data, by=actor_of(request).login)


@post("/v1/log-requests/{request_id:str}/purge", opt=needs("request_logs"), status_code=200)
async def purge_logs(
    request_id: FromPath[str],
    request: Request[Any, Any, Any],
    areas: NamedDependency[Areas],
    device: Annotated[str, QueryParameter(description="Only what came of this device.")] = "",
) -> LogRequestView:
    """Remove what came, here and on the PCs; nothing more of it is taken, and a receipt of each archive stays."""
    return await areas.log_purges.purge(request_id, by=actor_of(request).login, device_id=device)


@get("/v1/log-requests/{request_id:str}/receipts", opt=needs("read"))
async def log_receipts(
    request_id: FromPath[str], areas: NamedDependency[Areas], after: After = "", limit: Limit = 100
) -> Page[LogReceipt]:
    """What was purged: SHA-256, size, when and by whom."""
    found = await areas.log_purges.receipts(request_id, after=number_cursor(after), limit=limit)
    return page(found, limit, lambda one: one.id)


def _head(row: WholeRow) -> dict[str, str]:
    digest = base64.b64encode(bytes.fromhex(row.sha256)).decode()
    return {
        **_SAFE, "accept-ranges": "bytes", "content-disposition": f'attachment; filename="{file_name(row)}"',
        "repr-digest": f"sha-256=:{digest}:", "last-modified": f"{row.received_at:%a, %d %b %Y %H:%M:%S} GMT",
    }  # fmt: skip


ROUTES = [
    download_archive, download_archives, archive_files, archive_text, search_archive, purge_logs, log_receipts,
]  # fmt: skip
