"""Releases of the agent: their bytes, and where the fleet stands."""

from typing import Annotated, Any

from litestar import Request, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from canopee_api.doors.areas import Areas
from canopee_api.doors.people.guard import needs
from canopee_contract.people import Page
from canopee_contract.release_views import MAX_UPLOAD_BYTES, Release, TargetUpload


@get("/v1/releases", opt=needs("read"))
async def releases(areas: NamedDependency[Areas]) -> Page[Release]:
    """Published releases of the agent, and where the fleet stands with each."""
    return Page(await areas.releases.list())


@get("/v1/trust/targets/{sha256:str}", opt=needs("publish"))
async def upload(sha256: FromPath[str], areas: NamedDependency[Areas]) -> TargetUpload:
    """How far the upload of a large target has come."""
    return await areas.target_files.upload(sha256)


@put("/v1/trust/targets/{sha256:str}", opt=needs("publish"), request_max_body_size=MAX_UPLOAD_BYTES)
async def put_part(
    sha256: FromPath[str],
    request: Request[Any, Any, Any],
    areas: NamedDependency[Areas],
    length: Annotated[int, QueryParameter(description="Bytes of the whole file.")],
    offset: Annotated[
        int, QueryParameter(description="Place of the first byte of the body: a multiple of 256 KiB.")
    ],
) -> TargetUpload:
    """Upload a part of a large target; it is named by a publication once it is whole."""
    return await areas.target_files.receive(sha256, length=length, offset=offset, content=await request.body())


ROUTES = [releases, upload, put_part]
