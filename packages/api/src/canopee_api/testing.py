"""People and PCs at work on a process of the API: shipped, for the tests of whoever speaks to one.

A `Pc` speaks the agents' protocol by calling the ASGI application itself; only the socket is missing.
"""

import asyncio
import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar

import msgspec

from canopee_api.doors.agent.door import AgentDoor
from canopee_api.doors.areas import Areas
from canopee_api.doors.asgi import Scope
from canopee_api.live.presence import flush
from canopee_contract.campaign import Campaign, Ring
from canopee_contract.checkin import CheckIn, CheckInReply
from canopee_contract.codec import decode, encode
from canopee_contract.condition import Scalar
from canopee_contract.enrolment import Enrol, Enrolled, Renew, Renewed, signed_bytes
from canopee_contract.facts import FactSet, facts_hash
from canopee_contract.order import DeliveredOrder
from canopee_contract.parameters import ParametersSchema
from canopee_contract.people import NewEnrolmentTokens, NewUser, Publication
from canopee_contract.pipeline import Kind, Pipeline, Step, target_path
from canopee_contract.problem import Problem
from canopee_contract.records import Record, RecordBatch, RecordsReply
from canopee_contract.release import SignedRelease, release_path
from canopee_contract.release_views import MAX_UPLOAD_BYTES
from canopee_kit.clock import FakeClock, SystemClock
from canopee_kit.ids import new_id
from canopee_trust.ceremony import read_approvers, sign_release, sign_targets
from canopee_trust.documents import seal_campaign
from canopee_trust.ed25519 import PrivateKey
from canopee_trust.repository import TargetInfo

T = TypeVar("T")
Approval: TypeAlias = Literal["required", "none"]
ADMIN = NewUser("admin", "a long enough password", ["admin", "support", "author", "approver"])
_NOTHING: Mapping[str, str] = {}
_LONGEST_LAG_S = 20.0
"""Less than the half minute after which a listener reads what it was not told of."""


class ReplyError(Exception):
    """The API answered with a problem document."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.status} {problem.code}: {problem.detail}")
        self.problem = problem


class Office:
    """Whoever administers, publishes and approves."""

    def __init__(self, areas: Areas, keys: Path) -> None:
        self.areas, self.keys = areas, keys

    async def open(self) -> None:
        """Make the administrator, and publish the first metadata."""
        await self.areas.people.create_user(ADMIN, by="test")
        first = decode((self.keys / "publication.json").read_bytes(), Publication)
        await self.areas.trust.publish(first, by="test")

    async def publish_pipeline(
        self,
        name: str,
        kind: Kind = "collect",
        *,
        approval: Approval = "required",
        parameters: ParametersSchema | None = None,
    ) -> Pipeline:
        """Publish version 1 of a small pipeline."""
        use = "collect_hardware" if kind == "collect" else "run_program"
        pipeline = Pipeline(
            spec=1, name=name, version=1, kind=kind, title=name, steps=(Step(id="only", use=use),), approval=approval,
            parameters=parameters or {},
        )  # fmt: skip
        await self.publish({target_path(kind, name, 1): encode(pipeline)})
        return pipeline

    async def publish(self, targets: Mapping[str, bytes]) -> None:
        """Sign and publish targets."""
        newest = await self.areas.trust.newest()
        metadata = {role: base64.b64decode(raw) for role, raw in newest.roles.items()}
        publication = sign_targets(metadata, targets, self.keys / "offline", self.areas.clock.now())
        await self.areas.trust.publish(publication, by="test")

    async def upload(self, content: bytes) -> str:
        """Upload a large target in parts; its SHA-256."""
        sha256, files = hashlib.sha256(content).hexdigest(), self.areas.target_files
        for at in range(0, len(content), MAX_UPLOAD_BYTES):
            part = content[at : at + MAX_UPLOAD_BYTES]
            await files.receive(sha256, length=len(content), offset=at, content=part)
        return sha256

    async def release(self, content: bytes, version: str = "1.1.0", **changes: Any) -> TargetInfo:  # noqa: ANN401
        """Upload and publish a release of the agent, with some fields of what is signed about it changed."""
        signed = SignedRelease(version, "win-x64", len(self.areas.trust.releases()) + 1)
        custom = msgspec.to_builtins(msgspec.structs.replace(signed, **changes))
        path, sha256 = release_path("win-x64", version), await self.upload(content)
        info = TargetInfo(path, len(content), sha256, custom)
        newest = await self.areas.trust.newest()
        metadata = {role: base64.b64decode(raw) for role, raw in newest.roles.items()}
        publication = sign_release(metadata, info, self.keys / "offline", self.areas.clock.now())
        await self.areas.trust.publish(publication, by="test")
        return info

    def campaign(self, pipeline: str, condition: dict[str, Any], **changes: Any) -> Campaign:  # noqa: ANN401
        """An unsigned campaign document for the whole fleet, with some fields changed."""
        now = self.areas.clock.now()
        campaign = Campaign(
            spec=1, campaign_id=new_id(now), name="test", pipeline=self.areas.trust.pipeline(pipeline).ref,
            parameters={}, condition=condition, rings=(Ring(10_000, now),), not_before=now,
            not_after=now + timedelta(days=7), max_targets=1000, reason="a test", requested_by="test",
        )  # fmt: skip
        return msgspec.structs.replace(campaign, **changes)

    def sign(self, campaign: Campaign, approvers: int = 1) -> bytes:
        """The document, signed by approvers."""
        names = ("approver-1", "approver-2")[:approvers]
        return seal_campaign(campaign, [one.key for one in read_approvers(self.keys / "offline", names)])

    async def pc(self, facts: Mapping[str, Scalar] | None = None, *, practice: str = "C0001") -> "Pc":
        """A PC that has enrolled and sent its facts."""
        minted = await self.areas.token_office.mint(NewEnrolmentTokens(practice_id=practice), by="test")
        pc = Pc(AgentDoor(self.areas), self.areas)
        await pc.enrol(minted.tokens[0])
        await pc.send_facts(facts or {})
        return pc


async def until(is_so: Callable[[], bool]) -> None:
    """Return as soon as the listeners have brought it about; an `AssertionError` after some seconds."""
    clock = SystemClock()
    end = clock.monotonic() + _LONGEST_LAG_S
    while not is_so():
        if clock.monotonic() > end:
            raise AssertionError(f"not so after {_LONGEST_LAG_S:g} s")
        await asyncio.sleep(0.005)


class Pair:
    """Two processes of the API on one database: `office` works through the first; `other` is the second."""

    def __init__(self, office: Office, other: Areas, clock: FakeClock) -> None:
        self.office, self.other, self.clock = office, other, clock
        self.both = (office.areas, other)

    async def turn(self, pc: "Pc") -> None:
        """Let a device speak to the second process, once that one has heard of all that the first knows of it."""
        here, there = self.office.areas.fleet, self.other.fleet

        def is_heard() -> bool:
            mine, theirs = here.get(pc.id), there.get(pc.id)
            is_same = mine is not None and theirs is not None and mine.facts_hash == theirs.facts_hash
            return is_same and there.trust_version == self.office.areas.trust.timestamp_version

        await until(is_heard)
        pc.turn_to(self.other)

    async def flush(self, *processes: Areas) -> None:
        """Write presence now: of both, in the order given."""
        for areas in processes or self.both:
            await flush(areas.database, areas.fleet, areas.enrolment.suspect_clones)


class Pc:
    """A device, as far as the API can tell."""

    def __init__(self, door: AgentDoor, areas: Areas) -> None:
        self._door, self._areas = door, areas
        self.key = PrivateKey.generate()
        self.id, self.token, self.generation, self.counter, self.order_seq = "", "", 0, 0, 0
        self.facts: dict[str, Scalar] = {}
        self.address = "192.0.2.10"
        """Where its calls come from."""

    def turn_to(self, areas: Areas) -> None:
        """Speak to another process from now on, as a proxy may decide at every call."""
        self._door, self._areas = AgentDoor(areas), areas

    async def enrol(self, token: str, **changes: Any) -> Enrolled:  # noqa: ANN401
        """Enrol, and keep the identity received."""
        request = Enrol(
            token=token, public_key=self.key.public.base64, hostname="ACCUEIL-01", platform="windows",
            agent_version="0.1.0", fingerprint="f" * 64, sent_at=self._areas.clock.now(), nonce="n",
        )  # fmt: skip
        body = encode(msgspec.structs.replace(request, **changes))
        enrolled = await self.post("enrol", body, Enrolled, signed=True)
        self.id, self.token, self.generation = enrolled.device_id, enrolled.token, enrolled.generation
        return enrolled

    async def renew(self, **changes: Any) -> Renewed:  # noqa: ANN401
        """Renew the bearer token."""
        self.counter += 1
        request = Renew(self.id, self.generation, self.counter, self._areas.clock.now(), "n")
        renewed = await self.post(
            "renew", encode(msgspec.structs.replace(request, **changes)), Renewed, signed=True
        )
        self.token = renewed.token
        return renewed

    async def check_in(self, **changes: Any) -> CheckInReply:  # noqa: ANN401
        """One check-in, with the next counter."""
        self.counter += 1
        sent = CheckIn(self.counter, "0.1.0", facts_hash(self.facts) if self.facts else "", self.order_seq)
        return await self.post("check-in", encode(msgspec.structs.replace(sent, **changes)), CheckInReply)

    async def orders(self) -> tuple[DeliveredOrder, ...]:
        """The orders that wait, or the first that come."""
        return (await self.check_in(wait_s=20, trust_version=self._areas.fleet.trust_version)).orders

    async def send_facts(self, facts: Mapping[str, Scalar]) -> None:
        """Send facts, to which the identity is added."""
        self.facts = {"device.id": self.id, **facts}
        await self.post("facts", encode(FactSet(facts_hash(self.facts), self.facts)), dict)

    async def send_records(self, *records: Record, stream: str = "main") -> RecordsReply:
        return await self.post("records", encode(RecordBatch(stream, records)), RecordsReply)

    async def post(
        self, call: str, body: bytes, kind: type[T], *, signed: bool = False, headers: Mapping[str, str] = _NOTHING
    ) -> T:
        """One POST to the agents' door; raises `ReplyError`."""
        path = f"/agent/v1/{call}"
        sent = {"authorization": f"Bearer {self.token}", **headers}
        if signed:
            sent["canopee-signature"] = base64.b64encode(self.key.sign(signed_bytes(path, body))).decode()
        status, content = await self.request("POST", path, body, sent)
        if status != 200:  # noqa: PLR2004  success
            raise ReplyError(msgspec.json.decode(content, type=Problem))
        return msgspec.json.decode(content, type=kind)

    async def request(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """One call of the ASGI application; status and body."""
        sent = await self.exchange(method, path, body, headers)
        return sent[0]["status"], b"".join(one["body"] for one in sent[1:])

    async def exchange(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> list[Any]:
        """One call of the ASGI application; every message that it sent."""
        sent: list[Any] = []
        waiting = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Any:  # noqa: ANN401
            return waiting.pop() if waiting else await asyncio.Event().wait()  # as long as the device stays

        async def send(message: Any) -> None:  # noqa: ANN401
            sent.append(message)

        path, _, query = path.partition("?")
        scope: Scope = {
            "type": "http", "method": method, "path": path, "client": (self.address, 50_000),
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()],
        }  # fmt: skip
        await self._door(scope, receive, send)
        return sent


def a_record(seq: int, body: object, *, dataset: str = "gap", at: Any = None) -> Record:  # noqa: ANN401
    """A record of version 1."""
    return Record(seq, dataset, 1, at, msgspec.Raw(json.dumps(body).encode()))
