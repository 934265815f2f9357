"""The agents' door: routes, authentication, long poll. No framework: this is the path that 100 000 PCs take."""

import asyncio
import base64
import binascii
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeAlias

from canopee_api.devices import facts
from canopee_api.doors.agent.downloads import Downloads
from canopee_api.doors.agent.uploading import take_chunk
from canopee_api.doors.areas import Areas
from canopee_api.doors.asgi import GoneError, Receive, Scope, Send, header, read_body, respond
from canopee_api.doors.problems import encode_problem, problem_of
from canopee_api.doors.source import source_of
from canopee_api.errors import InvalidError, MethodError, NotFoundError, UnauthenticatedError
from canopee_api.live.fleet import LiveDevice
from canopee_api.orders.delivery import take_reports
from canopee_api.postgres.device_states import ONLINE
from canopee_contract.checkin import MAX_WAIT_S, CheckIn, CheckInReply
from canopee_contract.codec import decode, encode
from canopee_contract.enrolment import SIGNATURE_HEADER, Enrol, Renew
from canopee_contract.facts import FactSet, FactsReply
from canopee_contract.files import BeginUpload
from canopee_contract.log_codes import ClaimCode
from canopee_contract.order import DeliveredOrder
from canopee_contract.report import RunReports

PREFIX = "/agent/v1/"
_TARGETS = f"{PREFIX}tuf/targets/"
_LARGE = f"{_TARGETS}agent/"
_ENROL = f"{PREFIX}enrol"
_FILES = f"{PREFIX}files/"
_IDENTITY = frozenset({_ENROL, f"{PREFIX}renew"})
"""The calls that a signature authenticates, not a token."""
_SIGNATURE = SIGNATURE_HEADER.encode()
_JSON = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
_FILE = [(b"content-type", b"application/octet-stream")]
_AWAY_S = ONLINE.total_seconds()
"""Whoever calls after so long has come back: the screens show it."""

Handler: TypeAlias = Callable[[LiveDevice, bytes], Awaitable[object]]
"""An authenticated call: the device and its body; the answer's message."""


class AgentDoor:
    """One ASGI application; everything it needs is given to it."""

    def __init__(self, areas: Areas) -> None:
        self._areas, self._database, self._fleet, self._clock = areas, areas.database, areas.fleet, areas.clock
        self._downloads = Downloads(areas.target_files)
        self._calls: dict[str, Handler] = {
            f"{PREFIX}check-in": self._check_in,
            f"{PREFIX}facts": self._facts,
            f"{PREFIX}runs": self._runs,
            f"{PREFIX}records": self._records,
            f"{PREFIX}files": self._begin_upload,
            f"{PREFIX}claim-log-code": self._claim_log_code,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if (large := await self._large(scope)) is not None:
                await self._downloads.send(large, scope, receive, send)
                return
            status, headers, body = 200, *await self._answer(scope, receive)
        except (GoneError, asyncio.CancelledError):
            return
        except Exception as error:  # noqa: BLE001  the edge: whatever happens, the agent gets a problem document
            status, headers, body = encode_problem(problem_of(error), getattr(error, "allowed", ""))
        await respond(send, status, headers, body)

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[list[tuple[bytes, bytes]], bytes]:
        path, method = scope["path"], scope["method"]
        if method == "POST" and (call := self._calls.get(path)):
            device = await self._device(scope)
            return _JSON, encode(await call(device, await read_body(scope, receive)))
        if method == "POST" and path in _IDENTITY:
            return _JSON, encode(await self._identity(scope, await read_body(scope, receive)))
        if method == "PUT" and path.startswith(_FILES):
            device, upload_id = await self._device(scope), path.removeprefix(_FILES)
            return _JSON, encode(await take_chunk(self._areas.uploads, device, upload_id, scope, receive))
        if method == "GET" and path.startswith(f"{PREFIX}tuf/"):
            await self._device(scope)
            return _FILE, await self._file(path.removeprefix(f"{PREFIX}tuf/"))
        raise self._refusal(path)

    async def _large(self, scope: Scope) -> str | None:
        """The SHA-256 of the large target that is asked for; `None` for any other request."""
        path = scope["path"]
        if scope["method"] != "GET" or not path.startswith(_LARGE) or not path.isprintable():
            return None
        await self._device(scope)
        return await self._areas.trust.large_target(path.removeprefix(_TARGETS))

    def _refusal(self, path: str) -> MethodError | NotFoundError:
        """No such call; nothing of the request is repeated in the answer."""
        if path in self._calls or path in _IDENTITY:
            return MethodError("POST")
        if path.startswith(f"{PREFIX}tuf/"):
            return MethodError("GET")
        if path.startswith(_FILES):
            return MethodError("PUT")
        return NotFoundError("route.unknown", "not a call of the agents' protocol: see /v1/openapi/agent.json")

    async def _identity(self, scope: Scope, body: bytes) -> object:
        path, signature = scope["path"], _signature(scope)
        if path == _ENROL:
            return await self._areas.enrolment.enrol(
                decode(body, Enrol), path=path, body=body, signature=signature, address=source_of(scope)
            )
        return await self._areas.enrolment.renew(decode(body, Renew), path=path, body=body, signature=signature)

    async def _check_in(self, device: LiveDevice, body: bytes) -> CheckInReply:
        sent, now = decode(body, CheckIn), self._clock.now()
        if now.timestamp() - device.last_seen > _AWAY_S:
            self._areas.watchers.note("devices", device.id)
        if not self._fleet.see(
            device, counter=sent.counter, agent_version=sent.agent_version, now=now.timestamp()
        ):
            await self._areas.enrolment.suspect(device, sent.counter)
        if sent.wait_s <= 0 and not self._has_orders(device, sent):  # in memory only: the path of most calls
            return self._reply(device, sent, now)
        return await self._long_poll(device, sent)

    async def _long_poll(self, device: LiveDevice, sent: CheckIn) -> CheckInReply:
        reply, was_stopped = await self._news(device, sent), self._fleet.is_stopped
        until = self._clock.monotonic() + min(sent.wait_s, MAX_WAIT_S)
        while self._is_quiet(sent, reply) and (left_s := until - self._clock.monotonic()) > 0:
            is_replaced = False
            if not self._has_orders(device, sent):  # announced while it was looked for, it is looked for again
                is_replaced = await self._fleet.wait(device.id, left_s)
                device.last_seen = max(device.last_seen, self._clock.now().timestamp())
            reply = await self._news(device, sent)
            if is_replaced or self._fleet.is_closing or self._fleet.is_stopped != was_stopped:
                break
        return reply

    def _is_quiet(self, sent: CheckIn, reply: CheckInReply) -> bool:
        return not (reply.orders or reply.send_facts or self._fleet.trust_version > sent.trust_version)

    def _has_orders(self, device: LiveDevice, sent: CheckIn) -> bool:
        return device.order_head > sent.order_seq and device.state == "active"

    async def _news(self, device: LiveDevice, sent: CheckIn) -> CheckInReply:
        orders = await self._areas.delivery.orders_for(device, after=sent.order_seq)
        if orders:
            self._areas.watchers.note("runs", device.id)
        return self._reply(device, sent, self._clock.now(), orders)

    def _reply(
        self, device: LiveDevice, sent: CheckIn, now: datetime, orders: tuple[DeliveredOrder, ...] = ()
    ) -> CheckInReply:
        return CheckInReply(
            server_time=now,
            orders=orders,
            send_facts=device.facts_hash != sent.facts_hash,
            trust_version=self._fleet.trust_version,
            next_in_s=self._fleet.come_back_s(),
            is_stopped=self._fleet.is_stopped,
        )

    async def _facts(self, device: LiveDevice, body: bytes) -> object:
        sent = decode(body, FactSet)
        if await facts.store(self._database, self._clock, device, sent):
            await self._areas.campaigns.reconsider(device.id)
        return FactsReply(sent.hash)

    async def _runs(self, device: LiveDevice, body: bytes) -> object:
        reports = decode(body, RunReports)
        return await take_reports(self._database, self._clock, device, reports, self._areas.watchers)

    async def _records(self, device: LiveDevice, body: bytes) -> object:
        return await self._areas.intake.accept(device, body)

    async def _begin_upload(self, device: LiveDevice, body: bytes) -> object:
        return await self._areas.uploads.begin(device.id, decode(body, BeginUpload))

    async def _claim_log_code(self, device: LiveDevice, body: bytes) -> object:
        return await self._areas.log_codes.claim(device.id, decode(body, ClaimCode).code)

    async def _file(self, name: str) -> bytes:
        kind, _, rest = name.partition("/")
        if not name.isprintable():  # PostgreSQL refuses a NUL, and no file has such a name
            raise NotFoundError("trust.unknown_file", "not the name of a file")
        if kind == "metadata":
            return await self._areas.trust.metadata_file(rest)
        if kind == "targets":
            return await self._areas.trust.target_file(rest)
        raise NotFoundError("trust.unknown_file", f"{name[:80]} is not served")

    async def _device(self, scope: Scope) -> LiveDevice:
        """The device of the bearer token."""
        authorization = header(scope, b"authorization")
        if authorization[:7].lower() != b"bearer ":
            raise UnauthenticatedError("token.missing", "send Authorization: Bearer <token>")
        bearer = self._areas.tokens.check(authorization[7:].decode("latin-1"), self._clock.now())
        device = self._fleet.get(bearer.device_id)
        if device is None or device.generation < bearer.generation:  # the token is of a process that knows more
            device = await self._areas.enrolment.learn(bearer.device_id)
        if device is None or device.state == "revoked" or device.generation != bearer.generation:
            raise UnauthenticatedError("device.revoked", "this enrolment is over")
        return device


def _signature(scope: Scope) -> bytes:
    try:
        return base64.b64decode(header(scope, _SIGNATURE), validate=True)
    except binascii.Error as error:
        raise InvalidError("signature.malformed", f"the header {SIGNATURE_HEADER} is not base64") from error
