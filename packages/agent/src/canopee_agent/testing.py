"""A whole server behind a `FakeServerLink`, with all its keys: shipped, for the tests of whoever runs an agent."""

import hashlib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from canopee_agent.fakes import FakeAsker, FakeMachine, FakeServerLink, json_reply, problem_reply
from canopee_agent.service.agent import Agent
from canopee_agent.service.config import Home
from canopee_agent.service_ports import Reply, Request
from canopee_contract.campaign import Campaign, Ring
from canopee_contract.checkin import CheckIn, CheckInReply
from canopee_contract.codec import encode
from canopee_contract.condition import Scalar
from canopee_contract.enrolment import Enrol, Enrolled, Renewed
from canopee_contract.facts import FactSet, FactsReply
from canopee_contract.order import CampaignRef, DeliveredOrder, Order
from canopee_contract.parameters import ParametersSchema
from canopee_contract.pipeline import Kind, Pipeline, PipelineRef, Step, target_path
from canopee_contract.raw import NULL
from canopee_contract.records import Record, RecordBatch, RecordsReply
from canopee_contract.report import FileGone, RunReport, RunReports, RunsReply, RunVerdict
from canopee_contract.trust_policy import FACT_SOURCES_PATH, TRUST_POLICY_PATH, TrustedKey, TrustPolicy
from canopee_kit.ids import new_id
from canopee_trust.documents import seal_campaign, seal_order
from canopee_trust.dsse import payload_of, read_envelope
from canopee_trust.ed25519 import PrivateKey
from canopee_trust.repository import version_of
from canopee_trust.testing import Publisher

DEVICE = "01890a5d-ac96-774b-bcce-b302099a8057"
POLICY = "accept_lab_keys = false\nprogram_roots = ['C:\\Program Files', \"/usr/bin\"]\n"


class FakeServer:
    """Signs, serves, and keeps what it receives. `link` is what an agent is given."""

    def __init__(self, machine: FakeMachine, folder: Path) -> None:
        self.machine, self.folder = machine, folder
        self.now: datetime = machine.clock.now()
        self.publisher = Publisher(self.now)
        self.director, self.approvers = PrivateKey.generate(), [PrivateKey.generate(), PrivateKey.generate()]
        self.link = FakeServerLink()
        self.asker = FakeAsker()
        self.orders: list[DeliveredOrder] = []
        self.reports: dict[str, RunReport] = {}
        self.records: list[Record] = []
        self.gone: list[FileGone] = []
        """Receipts of files."""
        self.facts: dict[str, Scalar] = {}
        self.lies: dict[str, Any] = {}
        """Fields of the check-in reply that are not what they should be."""
        self.seq = 0
        """Sequence number of the last order."""
        self._hash = ""
        self.publish_policy()
        self.listen()
        folder.mkdir(parents=True, exist_ok=True)
        self.give_token()
        (folder / "policy.toml").write_text(POLICY)
        (folder / "root.json").write_bytes(self.publisher.root)

    def agent(self) -> Agent:
        """A new process of the agent on its home."""
        return Agent(Home(self.folder), self.machine, self.link, asker=self.asker)

    def give_token(self) -> None:
        """As an administrator does before a PC is enrolled, or enrolled again: a token that has served is gone."""
        text = 'server_url = "http://127.0.0.1:1"\nenrolment_token = "t"\n'
        (self.folder / "agent.toml").write_text(text)

    def publish_policy(self, **changes: Any) -> None:  # noqa: ANN401  fields of TrustPolicy
        """Publish the trust policy, with some fields changed."""
        policy = TrustPolicy(
            spec=1, epoch=1, directors=(_trusted(self.director),),
            approvers=tuple(map(_trusted, self.approvers)), action_approvals=1,
        )  # fmt: skip
        content = encode(msgspec.structs.replace(policy, **changes))
        self.publisher.publish("policy", {TRUST_POLICY_PATH: content})

    def publish(
        self, *steps: Step, kind: Kind = "collect", name: str = "probe", parameters: ParametersSchema | None = None
    ) -> PipelineRef:
        """Publish version 1 of a pipeline; one that collects needs no approval."""
        pipeline = Pipeline(
            spec=1, name=name, version=1, kind=kind, title=name, steps=steps, parameters=parameters or {},
            approval="none" if kind == "collect" else "required",
        )  # fmt: skip
        content, path = encode(pipeline), target_path(kind, name, 1)
        self.publisher.publish(kind, {path: content})
        return PipelineRef(path, name, 1, hashlib.sha256(content).hexdigest(), len(content))

    def publish_facts(self, content: bytes) -> None:
        self.publisher.publish("collect", {FACT_SOURCES_PATH: content})

    def campaign(self, ref: PipelineRef, **changes: Any) -> Campaign:  # noqa: ANN401  fields of Campaign
        """An unsigned campaign for everybody, with some fields changed."""
        campaign = Campaign(
            spec=1, campaign_id=new_id(self.now), name="test", pipeline=ref, parameters={}, condition={"all": []},
            rings=(Ring(10_000, self.now),), not_before=self.now, not_after=self.now + timedelta(days=7),
            max_targets=10, reason="a test", requested_by="test",
        )  # fmt: skip
        return msgspec.structs.replace(campaign, **changes)

    def order(
        self,
        ref: PipelineRef,
        *,
        document: bytes | None = None,
        key: PrivateKey | None = None,
        **changes: Any,  # noqa: ANN401
    ) -> str:
        """Deliver an order at the next check-in; its id."""
        self.seq += 1
        campaign = None
        if document is not None:
            campaign = CampaignRef(hashlib.sha256(payload_of(read_envelope(document))).hexdigest(), 1)
        order = Order(
            spec=1, order_id=new_id(self.now), device_id=DEVICE, generation=1, epoch=1, seq=self.seq,
            issued_at=self.now, not_before=self.now, expires_at=self.now + timedelta(days=1), pipeline=ref,
            parameters={}, campaign=campaign,
        )  # fmt: skip
        order = msgspec.structs.replace(order, **changes)
        envelope = seal_order(order, key or self.director)
        self.orders.append(DeliveredOrder(msgspec.Raw(envelope), msgspec.Raw(document) if document else NULL))
        return order.order_id

    def sign(self, campaign: Campaign, *keys: PrivateKey) -> bytes:
        """The campaign, signed by the first approver, or by `keys`."""
        return seal_campaign(campaign, list(keys) or self.approvers[:1])

    def listen(self) -> None:
        """Answer every call as an honest server does; a test may have put other handlers in their place."""
        prefix = "/agent/v1/"
        handlers = {
            "enrol": self._enrol, "renew": self._renew, "check-in": self._check_in, "facts": self._take_facts,
            "runs": self._take_runs, "records": self._take_records, "tuf/": self._serve,
        }  # fmt: skip
        for call, handler in handlers.items():
            self.link.answer(prefix + call, handler)

    def _enrol(self, request: Request) -> Reply:
        msgspec.json.decode(request.body, type=Enrol)
        now = self.machine.clock.now()
        return json_reply(Enrolled(DEVICE, 1, "C0001", "token", now + timedelta(hours=1), now))

    def _renew(self, _: Request) -> Reply:
        now = self.machine.clock.now()
        return json_reply(Renewed("token", now + timedelta(hours=1), now))

    def _check_in(self, request: Request) -> Reply:
        sent = msgspec.json.decode(request.body, type=CheckIn)
        version = version_of(self.publisher.files["metadata/timestamp.json"])
        reply = CheckInReply(
            server_time=self.machine.clock.now(), orders=tuple(self.orders),
            send_facts=sent.facts_hash != self._hash,
            trust_version=version,
        )  # fmt: skip
        return json_reply(msgspec.structs.replace(reply, **self.lies))

    def _take_facts(self, request: Request) -> Reply:
        sent = msgspec.json.decode(_plain(request), type=FactSet)
        self._hash, self.facts = sent.hash, sent.facts
        return json_reply(FactsReply(sent.hash))

    def _take_runs(self, request: Request) -> Reply:
        sent = msgspec.json.decode(_plain(request), type=RunReports)
        self.reports |= {report.order_id: report for report in sent.reports}
        self.gone += sent.gone
        verdicts = tuple(RunVerdict(report.order_id, "accepted") for report in sent.reports)
        return json_reply(RunsReply(verdicts, max((one.number for one in sent.gone), default=0)))

    def _take_records(self, request: Request) -> Reply:
        sent = msgspec.json.decode(_plain(request), type=RecordBatch)
        self.records += sent.records
        return json_reply(RecordsReply(sent.records[-1].seq, tuple("accepted" for _ in sent.records)))

    def _serve(self, request: Request) -> Reply:
        name = request.path.removeprefix("/agent/v1/tuf/")
        if name not in self.publisher.files:
            return problem_reply(404, "trust.unknown_file")
        return Reply(200, {}, self.publisher.files[name])


def _plain(request: Request) -> bytes:
    if request.headers.get("content-encoding") != "zstd":
        return request.body
    import zstandard  # noqa: PLC0415  only where the agent has it too

    return zstandard.ZstdDecompressor().decompress(request.body)


def _trusted(key: PrivateKey) -> TrustedKey:
    return TrustedKey(key.public.keyid, key.public.base64, "test")
