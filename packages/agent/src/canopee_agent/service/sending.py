"""Files on their way to the server: a few seconds' worth of chunks at a time, so that check-ins go on.

Each chunk is checked by its SHA-256 and stored for good when it is answered; after a cut the server says where to go
on. Nothing is read twice into memory: a chunk is all that there is of a file of any size.
"""

import hashlib

from canopee_agent.engine.outbox import Outbox, Outgoing
from canopee_agent.errors import RejectedError, RevokedError, UnreachableError
from canopee_agent.service.server import Server
from canopee_contract.files import MAX_CHUNK_BYTES, BeginUpload, UploadReply
from canopee_contract.report import GoneState
from canopee_kit.clock import Clock
from canopee_kit.ids import is_id
from canopee_kit.logs import get_logger

_log = get_logger(__name__)
_LEAST_CHUNK = 64 * 1024
_MOVED = "upload.offset"
_PURGED = "upload.purged"
_FOR_GOOD = frozenset({"upload.order", "upload.taken", "upload.budget", "upload.cancelled", _PURGED})
"""What the server will never take, whatever is sent again."""
_SPOILED = 3
"""A file that arrives with another SHA-256 so many times is given up."""


class Sending:
    """What waits in the outbox, sent with the bandwidth that the local policy leaves."""

    def __init__(self, server: Server, outbox: Outbox, clock: Clock, *, bytes_per_s: int) -> None:
        """`bytes_per_s`: 0 for no limit."""
        self._server, self._outbox, self._clock, self._bytes_per_s = server, outbox, clock, bytes_per_s
        self._chunk = max(_LEAST_CHUNK, min(MAX_CHUNK_BYTES, bytes_per_s or MAX_CHUNK_BYTES))
        self._at: dict[int, UploadReply] = {}
        self._spoiled: dict[int, int] = {}

    def go_on(self, seconds: float) -> bool:
        """Send for so long; whether something is left.

        Raises:
            UnreachableError: the server cannot be reached, or takes nothing now; nothing is lost.
            RevokedError: this enrolment is over.
        """
        until = self._clock.monotonic() + seconds
        while (one := self._outbox.first()) is not None:
            if self._clock.monotonic() >= until:
                return True
            try:
                self._step(one)
            except RevokedError:
                raise
            except RejectedError as error:
                self._refused(one, error)
        return False

    def _step(self, one: Outgoing) -> None:
        """Begin a file, or send its next chunk; it is forgotten once the server has it all."""
        reply = self._at.get(one.id)
        if reply is None:
            asked = BeginUpload(one.order_id, one.step, one.name, one.length, one.sha256)
            self._at[one.id] = reply = self._sound(one, self._server.begin_upload(asked))
        if reply.state == "complete":
            self._done(one, "sent")
            return
        content = self._read(one, reply.received)
        if not content:
            _log.error("%s is gone or was cut on this PC: it is not sent", one.name)
            self._done(one, "lost")
            return
        began = self._clock.monotonic()
        digest = hashlib.sha256(content).hexdigest()
        after = self._sound(one, self._server.send_chunk(reply.upload_id, reply.received, digest, content))
        if after.state == "partial" and after.received <= reply.received:
            self._count_spoiled(one)
        self._at[one.id] = after
        self._slow_down(len(content), self._clock.monotonic() - began)

    def _read(self, one: Outgoing, offset: int) -> bytes:
        try:
            with one.path.open("rb") as stream:
                stream.seek(offset)
                return stream.read(min(self._chunk, one.length - offset))
        except OSError as error:
            raise UnreachableError(f"{one.path.name} cannot be read now: {error.strerror}") from error

    def _slow_down(self, size: int, taken_s: float) -> None:
        if self._bytes_per_s and (rest_s := size / self._bytes_per_s - taken_s) > 0:
            self._clock.sleep(rest_s)

    def _refused(self, one: Outgoing, error: RejectedError) -> None:
        self._at.pop(one.id, None)  # begun again, the server says where to go on
        if error.problem.code in _FOR_GOOD:
            _log.error("the server will never take %s: %s", one.name, error)
            self._done(one, "purged" if error.problem.code == _PURGED else "refused")
        elif error.problem.code != _MOVED:
            self._count_spoiled(one)

    def _count_spoiled(self, one: Outgoing) -> None:
        self._spoiled[one.id] = self._spoiled.get(one.id, 0) + 1
        if self._spoiled[one.id] >= _SPOILED:
            _log.error("%s arrived spoiled %d times: it is not sent", one.name, _SPOILED)
            self._done(one, "lost")

    def _done(self, one: Outgoing, state: GoneState) -> None:
        self._outbox.forget(one, state)
        self._at.pop(one.id, None)
        self._spoiled.pop(one.id, None)

    def _sound(self, one: Outgoing, reply: UploadReply) -> UploadReply:
        """The reply, once it is one that a server could mean: its offset is where we seek."""
        if not 0 <= reply.received <= one.length or not is_id(reply.upload_id):
            raise UnreachableError("the answer is not what was expected: no such place in the file")
        return reply
