"""Files of a simulated PC on their way to the server, by the protocol of the real one."""

import asyncio
import hashlib

from canopee_contract.files import BeginUpload, UploadReply
from canopee_contract.report import FileGone, GoneState, RunReports, RunsReply
from canopee_kit.clock import Clock
from canopee_kit.logs import get_logger
from canopee_swarm.errors import AnswerError
from canopee_swarm.link import Link

_log = get_logger(__name__)
_CHUNK = 64 * 1024
_PIECES, _PIECE_S = 12, 2.0
"""Chunks of a slow PC, and seconds between two of them."""


class Waiting:
    """The files of one simulated PC that the server has not all of."""

    def __init__(self) -> None:
        self._files = list[tuple[BeginUpload, bytes, bool]]()

    def add(self, asked: BeginUpload, content: bytes, *, is_slow: bool) -> None:
        """It is sent with the next ones."""
        self._files.append((asked, content, is_slow))

    async def send(self, link: Link, clock: Clock) -> None:
        """Send all of them, each with its receipt; what a busy server or a cut stopped waits for the next time.

        Raises:
            TemporaryError: the server cannot be reached, or takes nothing now.
        """
        while self._files:
            asked, content, is_slow = self._files[0]
            state = await send_file(link, asked, content, is_slow=is_slow)
            gone = FileGone(
                1, asked.order_id, asked.step, asked.name, asked.sha256, asked.length, state, clock.now()
            )
            await link.call("runs", RunReports((), (gone,)), RunsReply)
            del self._files[0]


async def send_file(link: Link, asked: BeginUpload, content: bytes, *, is_slow: bool = False) -> GoneState:
    """Send a file, from where the server says; what it will not take is forgotten, as a real PC does.

    What became of it.
    """
    chunk = max(1, -(-len(content) // _PIECES)) if is_slow else _CHUNK
    try:
        reply = await link.call("files", asked, UploadReply)
        while reply.state == "partial":
            part = content[reply.received : reply.received + chunk]
            if is_slow:
                await asyncio.sleep(_PIECE_S)
            digest = hashlib.sha256(part).hexdigest()
            reply = await link.put(
                f"files/{reply.upload_id}?offset={reply.received}&sha256={digest}", part, UploadReply
            )
    except AnswerError as error:
        _log.info("the server takes no %s: %s", asked.name, error)
        return await _refused(link, asked)
    return "sent"


async def _refused(link: Link, asked: BeginUpload) -> GoneState:
    """Why: who purges takes what has come away, and only a file that is begun again is told."""
    try:
        await link.call("files", asked, UploadReply)
    except AnswerError as error:
        return "purged" if error.problem.code == "upload.purged" else "refused"
    return "refused"
