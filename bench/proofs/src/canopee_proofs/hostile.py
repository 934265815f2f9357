"""The world that an attack of the proof `evil` finds: a true agent on an in-memory machine, and its server's keys.

What was done offline (publish, approve) was done before; the attacker holds every online key: director, snapshot,
timestamp, and all that the API answers.
"""

import contextlib
import hashlib
import math
import random
import shutil
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from canopee_agent.errors import StateError
from canopee_agent.fakes import FakeMachine, FakeProgram
from canopee_agent.service.agent import Agent
from canopee_agent.service.config import Home
from canopee_agent.service_ports import Reply, Request, ServerLink
from canopee_agent.testing import FakeServer
from canopee_contract.campaign import Campaign
from canopee_contract.codec import encode
from canopee_contract.order import DeliveredOrder
from canopee_contract.parameters import ParameterSchema
from canopee_contract.pipeline import Pipeline, PipelineRef, Step, target_path
from canopee_contract.raw import NULL
from canopee_kit.errors import CanopeeError, TemporaryError
from canopee_trust.ed25519 import PrivateKey
from canopee_trust.repository import make_snapshot, make_timestamp, version_of

PROGRAM = r"C:\Program Files\Cabinet\repair.exe"
KEY = r"HKLM\SOFTWARE\Cabinet"
MOST_REQUESTS = 400
"""In one round: more is a conversation that does not end."""
LONGEST_PAUSE_S = 7_200.0
GIVEN = {"label": "abc", "wait_s": 5}
SCHEMA = {
    "label": ParameterSchema("string", pattern=r"[a-z\-]{1,8}", max_length=8),
    "wait_s": ParameterSchema("integer", minimum=0, maximum=60),
}


Repair: TypeAlias = Callable[[], object]
"""What the operator does after an attack, before the agent must obey again."""


class BrokenError(Exception):
    """The agent did what it must not do, or cannot do any more what it must."""


class _Counted:
    """A link on which a round may not talk for ever."""

    def __init__(self, link: ServerLink) -> None:
        self._link, self.left = link, MOST_REQUESTS

    def send(self, request: Request) -> Reply:
        self.left -= 1
        if self.left < 0:
            raise BrokenError("a round does not end: too many requests")
        return self._link.send(request)

    def interrupt(self) -> None:
        self._link.interrupt()


class World:
    """One PC, enrolled, with two signed pipelines: `repair` acts with an approval, `probe` collects without."""

    def __init__(self, folder: Path, draw: random.Random) -> None:
        self.machine = FakeMachine("windows")
        self.machine.programs.install(PROGRAM, FakeProgram(output=b"repaired"))
        self.machine.registry.set(KEY, "Version", "8.1.0")
        self.server, self.draw, self.folder = FakeServer(self.machine, folder), draw, folder
        self.publisher, self.director = self.server.publisher, self.server.director
        program = Step("repair", "run_program", {"argv": [PROGRAM, {"$param": "label"}, "5"]})
        reading = {"values": [{"name": {"$param": "label"}, "key": KEY, "value": "Version"}]}
        self.repair = self.publish(program, kind="action", name="repair", parameters=SCHEMA)
        self.probe = self.publish(Step("probe", "read_registry", reading), name="probe", parameters=SCHEMA)
        self.epoch, self.generation = 1, 1
        self._link: ServerLink = self.server.link
        self.agent = self._start()
        self.round()
        self._seen = self._done()

    def publish(self, *steps: Step, kind: Any = "collect", name: str, **fields: Any) -> PipelineRef:  # noqa: ANN401
        """Sign version 1 of a pipeline, offline, as its role; one that collects asks for no approval."""
        approval = "none" if kind == "collect" else "required"
        pipeline = Pipeline(spec=1, name=name, version=1, kind=kind, title=name, steps=steps, approval=approval)
        return self.publish_as(kind, msgspec.structs.replace(pipeline, **fields))

    def publish_as(self, role: str, pipeline: Pipeline, path: str = "") -> PipelineRef:
        """Sign a pipeline as a role, maybe at a path that is not its own."""
        path = path or target_path(pipeline.kind, pipeline.name, pipeline.version)
        content = encode(pipeline)
        self.publisher.publish(role, {path: content})
        return self.reference(path, content)

    def reference(self, path: str, content: bytes) -> PipelineRef:
        """How an order names some bytes at a path."""
        pipeline = msgspec.json.decode(content, type=Pipeline)
        digest = hashlib.sha256(content).hexdigest()
        return PipelineRef(path, pipeline.name, pipeline.version, digest, len(content))

    def content(self, ref: PipelineRef) -> bytes:
        """The bytes of a pipeline that was published."""
        return self.publisher.files[self.file_of(ref)]

    def file_of(self, ref: PipelineRef) -> str:
        """The name under which they are served."""
        folder, _, name = ref.path.rpartition("/")
        return f"targets/{folder}/{ref.sha256}.{name}"

    def lose(self, *names: str) -> None:
        """Files of the agent's state are lost while it is stopped; it starts again, with a token to enrol with."""
        self.agent.close()
        self.server.give_token()
        for name in names:
            path = self.folder / "state" / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        self.reopen()

    def spoil(self, name: str, change: Callable[[bytes], bytes]) -> None:
        """A file of the agent's state is changed while it is stopped; it starts again."""
        self.agent.close()
        path = self.folder / "state" / name
        path.write_bytes(change(path.read_bytes()))
        self.reopen()

    def read_state(self, name: str) -> bytes:
        """A file of the agent's state, as it is on the disk."""
        return (self.folder / "state" / name).read_bytes()

    def sql(self, name: str, statement: str, *values: object) -> None:
        """Change a database of the agent's state, while it is stopped."""
        with contextlib.closing(sqlite3.connect(self.folder / "state" / name)) as db, db:
            db.execute(statement, values)

    def count(self, table: str) -> int:
        """Rows of a table of the agent's journal."""
        with contextlib.closing(sqlite3.connect(self.folder / "state" / "journal.db")) as db:
            return db.execute(f"select count(*) from {table}").fetchone()[0]  # noqa: S608  a name of ours

    def reopen(self) -> None:
        """Start the agent, which was stopped."""
        try:
            self.agent = self._start()
        except CanopeeError as error:
            raise BrokenError(f"the agent does not start: {error}") from error

    def campaign(self, **changes: Any) -> Campaign:  # noqa: ANN401  fields of Campaign
        """An unsigned campaign of `repair` for everybody."""
        return self.server.campaign(changes.pop("pipeline", self.repair), **{"parameters": GIVEN, **changes})

    def approved(self, *keys: PrivateKey, **changes: Any) -> bytes:  # noqa: ANN401  fields of Campaign
        """A campaign of `repair`, signed by an approver (or by `keys`)."""
        return self.server.sign(self.campaign(**changes), *keys)

    def order(self, document: bytes | None, ref: PipelineRef | None = None, **changes: Any) -> str:  # noqa: ANN401
        """Have the stolen director sign an order, of `repair` or of `ref`, and deliver it; its id."""
        changes = {"parameters": GIVEN, "epoch": self.epoch, "generation": self.generation, **changes}
        return self.server.order(ref or self.repair, document=document, **changes)

    def collect(self, **changes: Any) -> str:  # noqa: ANN401  fields of Order
        """Have the stolen director order `probe`, which needs no approval."""
        return self.order(None, self.probe, **changes)

    def deliver(self, order: bytes, document: bytes | None = None) -> None:
        """Deliver bytes as they are."""
        self.server.orders.append(DeliveredOrder(msgspec.Raw(order), msgspec.Raw(document) if document else NULL))

    def order_bytes(self, place: int = -1) -> bytes:
        """The envelope of an order delivered."""
        return bytes(self.server.orders[place].order)

    def answer(self, call: str, status: int, body: bytes, **headers: str) -> None:
        """Answer a call of the agents' protocol with bytes as they are."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.server.link.answer(f"/agent/v1/{call}", lambda _: Reply(status, named, body))

    def serve_online(
        self, versions: dict[str, int] | None = None, *, version: int = 0, timestamp: int = 0
    ) -> None:
        """Sign a snapshot of some versions, and a timestamp of it, with the stolen keys."""
        publisher = self.publisher
        listed = {role: version_of(raw) for role, raw in publisher.metadata.items() if role != "root"}
        number = version or publisher.version + 1
        snapshot = make_snapshot(
            listed if versions is None else versions, version=number, key=publisher.keys["snapshot"],
            now=publisher.now,
        )  # fmt: skip
        stamp = make_timestamp(
            number, version=timestamp or number, key=publisher.keys["timestamp"], now=publisher.now
        )
        publisher.files[f"metadata/{number}.snapshot.json"] = snapshot
        publisher.files["metadata/timestamp.json"] = stamp

    def round(self) -> None:
        """One round of the agent, which may fail in the ways it declares."""
        counted = _Counted(self._link)
        self._counted = counted
        self._gate.link = counted
        try:
            pause = self.agent.round()
        except StateError as error:
            raise BrokenError(f"the agent cannot go on: {error}") from error
        except TemporaryError as error:
            pause = error.retry_after_s or 0.0
        except CanopeeError:
            pause = 0.0
        if not math.isfinite(pause) or not 0 <= pause <= LONGEST_PAUSE_S:
            raise BrokenError(f"the agent would wait {pause} s")

    def restart(self) -> None:
        """A new process of the agent on its files."""
        self.agent.close()
        self.agent = self._start()

    def stop(self) -> None:
        """End the agent."""
        with contextlib.suppress(Exception):
            self.agent.close()

    def through(self, link: ServerLink) -> None:
        """Talk through another link from now on."""
        self._link = link

    def forgive(self) -> None:
        """What ran until now was allowed."""
        self._seen = self._done()

    def check_untouched(self) -> None:
        """Raises `BrokenError` when a step has run."""
        if (done := self._done()) != self._seen:
            raise BrokenError(f"steps ran: programs and records were {self._seen}, and are {done}")

    def check_obeys(self) -> None:
        """The server is honest again, and publishes: raises `BrokenError` when its order is not carried out."""
        server, publisher = self.server, self.publisher
        self.through(server.link)
        server.listen()
        server.lies.clear()
        server.orders.clear()
        server.now = publisher.now = self.machine.clock.now()
        server.seq += 1_000
        publisher.version += 100
        ref = self.publish(Step("repair", "run_program", {"argv": [PROGRAM]}), kind="action", name="afterwards")
        before = len(self.machine.programs.runs)
        order_id = self.order(self.approved(pipeline=ref, parameters={}), ref, parameters={})
        for _ in range(3):
            self.round()
            if order_id in server.reports:
                break
        report, ran = server.reports.get(order_id), len(self.machine.programs.runs) - before
        if ran != 1 or report is None or report.state != "done":
            what = f"{report.state} {report.code} {report.detail[:200]}" if report else "no report"
            raise BrokenError(f"the agent does not obey any more: {ran} runs, {what}")
        server.orders.clear()

    def later(self, **spans: float) -> None:
        """Let time pass, for the PC and for the server."""
        self.machine.clock.advance(timedelta(**spans).total_seconds())

    def _start(self) -> Agent:
        self._gate = _Gate(self._link)
        return Agent(Home(self.folder), self.machine, self._gate)

    def _done(self) -> tuple[int, int]:
        records = [record for record in self.server.records if record.order_id]
        return len(self.machine.programs.runs), len(records)


class _Gate:
    """The one link that an agent was given, whatever is behind it."""

    def __init__(self, link: ServerLink) -> None:
        self.link = link

    def send(self, request: Request) -> Reply:
        return self.link.send(request)

    def interrupt(self) -> None:
        self.link.interrupt()
