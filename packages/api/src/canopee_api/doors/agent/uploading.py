"""The calls by which a PC sends a file: begun with a message, then sent as bytes, chunk by chunk."""

from urllib.parse import parse_qs

from canopee_api.doors.asgi import Receive, Scope, read_body
from canopee_api.errors import InvalidError
from canopee_api.files.uploads import Uploads
from canopee_api.live.fleet import LiveDevice
from canopee_contract.files import MAX_CHUNK_BYTES, UploadReply

_LONGEST_OFFSET = 15
"""Digits."""


async def take_chunk(
    uploads: Uploads, device: LiveDevice, upload_id: str, scope: Scope, receive: Receive
) -> UploadReply:
    """Store the chunk that is the body; raises what `Uploads.receive` does, and `InvalidError` for the query."""
    try:
        asked = parse_qs(scope["query_string"].decode("ascii"), strict_parsing=True, max_num_fields=2)
        (offset,), (sha256,) = asked["offset"], asked["sha256"]
    except (ValueError, KeyError) as error:
        raise InvalidError("upload.query", "send ?offset=N&sha256=… once each") from error
    if not (offset.isascii() and offset.isdecimal()) or len(offset) > _LONGEST_OFFSET:
        raise InvalidError("upload.query", "the offset is a number of bytes", at="offset")
    content = await read_body(scope, receive, max_bytes=MAX_CHUNK_BYTES)
    return await uploads.receive(device.id, upload_id, offset=int(offset), sha256=sha256, content=content)
