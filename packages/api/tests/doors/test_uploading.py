"""A PC sends a file through the agents' door."""

import hashlib

import pytest

from canopee_api.testing import Office, Pc, ReplyError, until
from canopee_contract.codec import decode, encode
from canopee_contract.files import MAX_CHUNK_BYTES, BeginUpload, UploadReply
from canopee_contract.order import Order
from canopee_contract.problem import Problem
from canopee_trust.dsse import payload_of, read_envelope

CONTENT = bytes(range(256)) * 100
SHA256 = hashlib.sha256(CONTENT).hexdigest()


async def order_of(office: Office, pc: Pc) -> str:
    """The id of an order that was given to a PC."""
    await office.publish_pipeline("fetch", "action")
    await office.areas.campaigns.start_signed(office.sign(office.campaign("fetch", {"all": []})), by="test")
    await until(lambda: all(device.order_head for device in office.areas.fleet))
    (delivered,) = await pc.orders()
    return decode(payload_of(read_envelope(bytes(delivered.order))), Order).order_id


async def put(pc: Pc, path: str, content: bytes) -> UploadReply:
    """Send a chunk; raises `ReplyError`."""
    headers = {"authorization": f"Bearer {pc.token}"}
    status, body = await pc.request("PUT", f"/agent/v1/files/{path}", content, headers)
    if status != 200:
        raise ReplyError(decode(body, Problem))
    return decode(body, UploadReply)


def query(offset: int, content: bytes) -> str:
    return f"offset={offset}&sha256={hashlib.sha256(content).hexdigest()}"


async def test_a_file_is_begun_and_sent_by_a_pc(office: Office) -> None:
    pc = await office.pc()
    asked = BeginUpload(await order_of(office, pc), "logs", "logs.zip", len(CONTENT), SHA256)
    begun = await pc.post("files", encode(asked), UploadReply)
    first = await put(pc, f"{begun.upload_id}?{query(0, CONTENT[:300])}", CONTENT[:300])
    assert first.received == 300
    assert (await put(pc, f"{begun.upload_id}?{query(300, CONTENT[300:])}", CONTENT[300:])).state == "complete"
    assert (await pc.post("files", encode(asked), UploadReply)).state == "complete"


@pytest.mark.parametrize(
    "asked",
    [
        "", "offset=0", "offset=0&offset=0", "offset=-1&sha256=x", "offset=1e3&sha256=x", "offset=%C2%B2&sha256=x",
        "offset=9999999999999999&sha256=x", "a&b", "offset=0&sha256=x&more=1", "offset=0&sha256=%00",
    ],
)  # fmt: skip
async def test_a_query_that_says_not_where_the_bytes_belong_is_refused(office: Office, asked: str) -> None:
    pc = await office.pc()
    with pytest.raises(ReplyError, match="400 upload"):
        await put(pc, f"{pc.id}?{asked}", b"x")


async def test_a_chunk_too_large_an_unknown_upload_and_another_method_are_refused(office: Office) -> None:
    pc = await office.pc()
    with pytest.raises(ReplyError, match="413"):
        await put(pc, f"{pc.id}?{query(0, b'x')}", b"x" * (MAX_CHUNK_BYTES + 1))
    with pytest.raises(ReplyError, match=r"404 upload\.unknown"):
        await put(pc, f"{pc.id}?{query(0, b'x')}", b"x")
    status, _ = await pc.request("POST", f"/agent/v1/files/{pc.id}", b"", {"authorization": f"Bearer {pc.token}"})
    assert status == 405


async def test_nobody_sends_a_chunk_without_being_known(office: Office) -> None:
    pc = await office.pc()
    status, _ = await pc.request("PUT", f"/agent/v1/files/{pc.id}?{query(0, b'x')}", b"x", {})
    assert status == 401
