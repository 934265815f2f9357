"""The agents' protocol, version 1, as an agent speaks it (docs/explanation/protocol.md)."""

import base64
import os
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import msgspec

from canopee_agent.errors import CutLinkError, RejectedError, RevokedError, StateError, UnreachableError
from canopee_agent.ports import Platform
from canopee_agent.service.identity import Identity, IdentityStore
from canopee_agent.service_ports import Request, ServerLink
from canopee_contract.checkin import CheckIn, CheckInReply
from canopee_contract.codec import encode
from canopee_contract.enrolment import SIGNATURE_HEADER, Enrol, Enrolled, Renew, Renewed, signed_bytes
from canopee_contract.facts import FactSet, FactsReply
from canopee_contract.files import BeginUpload, UploadReply
from canopee_contract.log_codes import ClaimCode, CodeClaimed
from canopee_contract.problem import Problem
from canopee_contract.records import RecordBatch, RecordsReply
from canopee_contract.report import RunReports, RunsReply
from canopee_kit.clock import Clock
from canopee_kit.ids import is_id
from canopee_trust.client import NotServedError

try:
    import zstandard
except ImportError:  # a PC without the wheel sends its bodies as they are
    zstandard = None

T = TypeVar("T")
_PREFIX = "/agent/v1/"
_COMPRESSED_FROM = 1_024
_RENEW_BEFORE = timedelta(minutes=5)
_SKEWED = "clock.skewed"
_CHUNK_S = 120.0
_LEAST_WAIT_S, LONGEST_WAIT_S = 1, 3_600
_LONGEST_TOKEN = 4_096
_LONGEST_WHY = 300
_MOST_GENERATIONS = 2**31
_SANE = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC))
"""A server that says another time is not believed: dates beyond these cannot be computed with."""
_FOREIGN = (msgspec.DecodeError, RecursionError)
"""What msgspec raises for a body that is not of the API."""


class Server:
    """The API, for one device. Times sent are the server's: the PC's clock may be years off."""

    def __init__(self, link: ServerLink, store: IdentityStore, clock: Clock) -> None:
        self._link, self._store, self._clock = link, store, clock
        self._identity = store.read()
        self._offset = timedelta()
        self._compressor = zstandard.ZstdCompressor(level=3) if zstandard else None

    @property
    def identity(self) -> Identity:
        """Who we are; raises `StateError` before enrolment."""
        if self._identity is None:
            raise StateError("this PC is not enrolled")
        return self._identity

    @property
    def is_enrolled(self) -> bool:
        return self._identity is not None

    def now(self) -> datetime:
        """The present by the server's clock, as far as it is known."""
        return self._clock.now() + self._offset

    def enrol(
        self, token: str, platform: Platform, *, agent_version: str, fingerprint: str, practice_id: str = ""
    ) -> None:
        """Become a device; asked again with the same key, it is the same one.

        Raises:
            StateError: there is no token.
            UnreachableError: somebody must approve this PC first: ask again later.
            RejectedError: the server refused; its problem says why.
        """
        if not token:
            raise StateError("this PC is not enrolled, and agent.toml holds no enrolment_token")
        request = Enrol(
            token=token, public_key=self._store.key().public.base64, hostname=platform.hostname[:255],
            platform=platform.family, agent_version=agent_version, fingerprint=fingerprint, sent_at=self.now(),
            nonce=os.urandom(12).hex(), practice_id=practice_id,
        )  # fmt: skip
        enrolled = self._signed("enrol", request, Enrolled)
        self._keep(
            Identity(
                enrolled.device_id, enrolled.generation, enrolled.practice_id, enrolled.token,
                enrolled.token_expires_at,
            )
        )  # fmt: skip

    def check_in(self, message: CheckIn) -> CheckInReply:
        """One check-in; the counter is given here, another one when the connection was cut."""
        try:
            reply = self._counted_check_in(message)
        except CutLinkError:
            reply = self._counted_check_in(message)
        self._hear(reply.server_time)
        return reply

    def _counted_check_in(self, message: CheckIn) -> CheckInReply:
        counted = msgspec.structs.replace(message, counter=self._store.next_counter())
        return self._call("check-in", counted, CheckInReply, timeout_s=60.0 + message.wait_s, is_counted=True)

    def send_facts(self, facts: FactSet) -> FactsReply:
        return self._call("facts", facts, FactsReply)

    def send_reports(self, reports: RunReports) -> RunsReply:
        return self._call("runs", reports, RunsReply)

    def send_records(self, batch: RecordBatch) -> RecordsReply:
        return self._call("records", batch, RecordsReply)

    def begin_upload(self, asked: BeginUpload) -> UploadReply:
        return self._call("files", asked, UploadReply)

    def send_chunk(self, upload_id: str, offset: int, sha256: str, content: bytes) -> UploadReply:
        """The bytes of a file from `offset` on; what the server has of it then."""
        path = f"{_PREFIX}files/{upload_id}?offset={offset}&sha256={sha256}"
        headers = {"content-type": "application/octet-stream"}
        return _decoded(self._authenticated(Request("PUT", path, headers, content, _CHUNK_S)), UploadReply)

    def claim_log_code(self, code: str) -> CodeClaimed:
        """Use up a code that support dictated; no counter is used, nothing renewed: the agent itself is at work."""
        headers = {"content-type": "application/json"}
        request = Request("POST", f"{_PREFIX}claim-log-code", headers, encode(ClaimCode(code)))
        return _decoded(self._send(self._with_token(request)), CodeClaimed)

    def bearer(self) -> str:
        """The token for a request that goes by another connection; raises as every call does."""
        self._renew_in_time()
        return self.identity.token

    def fetch(self, name: str) -> bytes:
        """A file of the TUF repository; raises `NotServedError`, `RevokedError` and `UnreachableError`."""
        try:
            return self._authenticated(Request("GET", f"{_PREFIX}tuf/{name}"))
        except RevokedError:
            raise
        except RejectedError as error:
            raise NotServedError(name) from error

    def _call(
        self, call: str, message: object, kind: type[T], *, timeout_s: float = 60.0, is_counted: bool = False
    ) -> T:
        headers, body = {"content-type": "application/json"}, encode(message)
        if self._compressor is not None and len(body) >= _COMPRESSED_FROM:
            headers["content-encoding"], body = "zstd", self._compressor.compress(body)
        return _decoded(
            self._authenticated(Request("POST", _PREFIX + call, headers, body, timeout_s, is_counted)), kind
        )

    def _authenticated(self, request: Request) -> bytes:
        """Send with the bearer token, renewed when it is about to expire, or when the server says so."""
        self._renew_in_time()
        try:
            return self._send(self._with_token(request))
        except RejectedError as error:
            if error.problem.code not in {"token.expired", "token.malformed"}:
                raise
        self._renew()
        return self._send(self._with_token(request))

    def _renew_in_time(self) -> None:
        if self.now() + _RENEW_BEFORE >= self.identity.token_expires_at:
            self._renew()

    def _with_token(self, request: Request) -> Request:
        headers = {**request.headers, "authorization": f"Bearer {self.identity.token}"}
        return msgspec.structs.replace(request, headers=headers)

    def _renew(self) -> None:
        held = self.identity
        request = Renew(
            held.device_id, held.generation, self._store.next_counter(), self.now(), os.urandom(12).hex()
        )
        renewed = self._signed("renew", request, Renewed)
        self._keep(msgspec.structs.replace(held, token=renewed.token, token_expires_at=renewed.token_expires_at))

    def _signed(self, call: str, message: Enrol | Renew, kind: type[T]) -> T:
        """A call signed by the device's key; sent again once with the server's time when ours is too far off."""
        try:
            return self._send_signed(call, message, kind)
        except RejectedError as error:
            if error.problem.code != _SKEWED:
                raise
            self._hear(_instant(error))
        again = msgspec.structs.replace(message, sent_at=self.now())
        if isinstance(again, Renew):
            again = msgspec.structs.replace(again, counter=self._store.next_counter())
        return self._send_signed(call, again, kind)

    def _send_signed(self, call: str, message: Enrol | Renew, kind: type[T]) -> T:
        path, body = _PREFIX + call, encode(message)
        signature = base64.b64encode(self._store.key().sign(signed_bytes(path, body))).decode()
        headers = {"content-type": "application/json", SIGNATURE_HEADER: signature}
        request = Request("POST", path, headers, body, is_counted=isinstance(message, Renew))
        return _decoded(self._send(request), kind)

    def _hear(self, told: datetime) -> None:
        """Follow the server's clock, within reason."""
        if not _SANE[0] <= told <= _SANE[1]:
            raise UnreachableError(f"the server says that it is {told}: that is not believed")
        self._offset = told - self._clock.now()

    def _keep(self, identity: Identity) -> None:
        """Store an identity; refuse one that could not be used, or would spoil what is stored beside it."""
        token = identity.token
        is_sound = is_id(identity.device_id) and 0 < identity.generation < _MOST_GENERATIONS
        if not is_sound or not token.isascii() or not token.isprintable() or len(token) > _LONGEST_TOKEN:
            raise UnreachableError("the answer is not what was expected: no such identity can be used")
        self._store.write(identity)
        self._identity = identity

    def _send(self, request: Request) -> bytes:
        """The body of a success; raises `RejectedError`, `RevokedError`, `UnreachableError`."""
        reply = self._link.send(request)
        if reply.status == 200:  # noqa: PLR2004  success
            return reply.body
        try:
            problem = msgspec.json.decode(reply.body, type=Problem)
        except _FOREIGN as error:
            if reply.status != 404:  # noqa: PLR2004  a file that is not there needs no words
                raise UnreachableError(
                    f"answer {reply.status} is not the API's: is there a proxy or a portal in between?",
                    retry_after_s=_wait_s(None, reply.headers.get("retry-after", "")),
                ) from error
            problem = Problem("server.not_ours", "not an answer of the API", reply.status)
        if reply.status in {429, 502, 503, 504} or reply.status >= 500:  # noqa: PLR2004  server's fault
            wait_s = _wait_s(problem, reply.headers.get("retry-after", ""))
            why = f"{problem.code} ({problem.detail[:_LONGEST_WHY]})" if problem.detail else problem.code
            raise UnreachableError(f"the server asks to wait: {why}", retry_after_s=wait_s)
        if problem.code in {"device.revoked", "device.unknown"}:
            raise RevokedError(problem)
        raise RejectedError(problem)


def _wait_s(problem: Problem | None, header: str) -> float | None:
    """What the server asks, within bounds: it may not make a PC hammer it, nor fall silent for ever."""
    asked = problem.retry_after_s if problem else None
    if header.isascii() and header.isdecimal():
        asked = int(header[:9])
    return None if asked is None else float(min(max(asked, _LEAST_WAIT_S), LONGEST_WAIT_S))


def _instant(error: RejectedError) -> datetime:
    """The server's time, as a problem tells it; raises `error` when it does not."""
    try:
        instant = datetime.fromisoformat(error.problem.detail)
    except ValueError:
        raise error from None
    if instant.tzinfo is None:
        raise error
    return instant


def _decoded(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except _FOREIGN as error:
        raise UnreachableError(f"the answer is not what was expected: {error}") from error
