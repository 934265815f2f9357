"""Files that a PC sends: begun, sent in chunks from where they have come to, whole once their SHA-256 is right.

`POST /agent/v1/files` begins or finds again; `PUT /agent/v1/files/{upload_id}?offset=N&sha256=…` appends one chunk.
Each answer says what is stored for good, whatever is killed afterwards.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

MAX_CHUNK_BYTES = 4 * 2**20
MAX_FILE_BYTES = 4 * 2**30

Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class BeginUpload(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /agent/v1/files`: a file that a step of an order wants to send. Asked twice, it is the same upload."""

    order_id: str
    step: Annotated[str, Meta(min_length=1, max_length=64)]
    """Id of the step that made it."""
    name: Annotated[str, Meta(min_length=1, max_length=120, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    """Such as `logs.zip`."""
    length: Annotated[int, Meta(ge=1, le=MAX_FILE_BYTES)]
    sha256: Sha256


class UploadReply(msgspec.Struct, frozen=True):
    """How far a file has come."""

    upload_id: str
    received: int
    """Bytes that are stored for good: go on there."""
    state: Literal["partial", "complete"]
