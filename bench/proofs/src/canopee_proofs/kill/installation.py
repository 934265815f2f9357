"""A whole small installation: keys, API, agent, the signed pipeline that counts."""

import base64
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import msgspec

from canopee.approval import approve, newest
from canopee.embedded.preparation import make_administrator
from canopee.home import Credential, Home
from canopee.publishing import publish_first
from canopee_api.postgres.location import forget
from canopee_api.postgres.server import EmbeddedServer
from canopee_client.client import Client
from canopee_client.errors import NoAnswerError
from canopee_contract.codec import encode
from canopee_contract.dataset import Dataset, Field
from canopee_contract.parameters import ParameterSchema
from canopee_contract.people import NewCampaign, NewEnrolmentTokens
from canopee_contract.pipeline import Pipeline, Step, target_path
from canopee_kit.clock import SystemClock
from canopee_proofs.kill.counting import Counting
from canopee_proofs.kill.processes import Api, Child, StartError, free_port
from canopee_trust.ceremony import make_lab_keys, read_approvers, sign_targets
from canopee_trust.documents import seal_campaign

_CLOCK = SystemClock()
_AGENT = ("canopee_agent", "--log-level", "WARNING")
_PAUSE_S = "0.03"
_ENROLLED_S = 240
_LIFE_S = int(timedelta(days=1).total_seconds())
_DATASETS = (
    Dataset("proof", 1, "Proof", "A proof.", 30, (Field("value", "integer", "Its number.", required=True),)),
    Dataset(
        "run_program", 1, "Program", "A proof.", 30,
        (
            Field("exit_code", "integer", "Code."), Field("timed_out", "boolean", "Killed."),
            Field("duration_s", "number", "Length."), Field("output", "text", "Output."),
            Field("output_bytes", "integer", "Bytes."), Field("is_cut", "boolean", "Cut."),
        ),
    ),
)  # fmt: skip


class Installation:
    """Built in an empty folder, with its first administrator; `close` leaves nothing running."""

    def __init__(
        self, folder: Path, *, api: Sequence[str] = ("canopee", "api"), agent: Sequence[str] = _AGENT
    ) -> None:
        """`api`, `agent`: the modules that are run, and their arguments."""
        self.folder, self._home, self._program = folder, Home(folder), agent
        make_lab_keys(self._home.keys, _CLOCK.now())
        self.root = (self._home.keys / "root.json").read_bytes()
        self.api = Api(folder / "server", self._home.keys, free_port(), api)
        self.counting = Counting(folder)
        self.agent = self.child(self._home.agent)
        self.agent_id = ""

    @property
    def address(self) -> str:
        """Of the database."""
        return EmbeddedServer.find(self.api.home / "postgres")

    def open(self) -> None:
        """Start the API, publish, enrol the agent and start it; raises `StartError`."""
        self.api.start()
        self.api.wait()
        make_administrator(self.address, self.api.url, self._home, _CLOCK)
        credential = msgspec.json.decode(self._home.credential.read_bytes(), type=Credential)
        self.client = Client(credential.url, credential.api_key)
        for dataset in _DATASETS:
            self.client.apply_dataset(dataset)
        publish_first(self.client, self._home.keys)
        self._publish_count()
        self.pipeline = newest(self.client, "count")
        self.agent_id = self.enrol(self.agent, self._home.agent)

    def tokens(self, number: int) -> list[str]:
        return self.client.mint_tokens(NewEnrolmentTokens(number, "C1", simulated=True)).tokens

    def issue(self, number: int) -> None:
        """A signed campaign for every device, asked for until the API answers."""
        campaign = approve(
            self.pipeline,
            {"all": []},
            _CLOCK,
            parameters={"n": str(number)},
            expires_in_s=_LIFE_S,
            name=str(number),
        )
        approver = read_approvers(self._home.keys / "offline")[0]
        wanted = NewCampaign(document=msgspec.Raw(seal_campaign(campaign, [approver.key])))
        while True:
            try:
                self.client.start_campaign(wanted)
            except NoAnswerError:
                _CLOCK.sleep(0.05)
            else:
                return

    def close(self) -> None:
        """End every process, and remove what lies outside the folder."""
        self.agent.kill()
        self.api.kill()
        EmbeddedServer(self.api.home / "postgres").wait_until_free()
        forget(self.api.home / "postgres")

    def child(self, home: Path) -> Child:
        """An agent, not started."""
        arguments = [*self._program[1:], "run", "--home", str(home)]
        return Child(self._program[0], arguments, self.folder / f"{home.name}.log")

    def enrol(self, agent: Child, home: Path) -> str:
        """Make the home of an agent and start it; its id once it is enrolled. Raises `StartError`."""
        home.mkdir(parents=True)
        token = self.client.mint_tokens(NewEnrolmentTokens(practice_id="C1")).tokens[0]
        (home / "agent.toml").write_text(f'server_url = "{self.api.url}"\nenrolment_token = "{token}"\n')
        (home / "root.json").write_bytes(self.root)
        (home / "policy.toml").write_text(f'accept_lab_keys = true\nprogram_roots = ["{self.counting.folder}"]\n')
        agent.start()
        until = _CLOCK.monotonic() + _ENROLLED_S
        while not (home / "state" / "identity.json").is_file():
            agent.line("\0")  # raises when it ended
            if _CLOCK.monotonic() > until:
                raise StartError("the agent does not enrol")
            _CLOCK.sleep(0.05)
        identity: dict[str, str] = msgspec.json.decode((home / "state" / "identity.json").read_bytes())
        return identity["device_id"]

    def publish(self, pipeline: Pipeline) -> None:
        """Sign and publish it."""
        roles = {role: base64.b64decode(raw) for role, raw in self.client.trust().roles.items()}
        target = {target_path(pipeline.kind, pipeline.name, pipeline.version): encode(pipeline)}
        self.client.publish(sign_targets(roles, target, self._home.keys / "offline", _CLOCK.now()))

    def _publish_count(self) -> None:
        steps = tuple(
            Step(
                id=name, use="run_program", timeout_s=30,
                with_={
                    "argv": [
                        str(self.counting.program), str(self.counting.effects), name, {"$param": "n"}, _PAUSE_S
                    ]
                },
            )
            for name in ("first", "second")
        )  # fmt: skip
        schema = ParameterSchema(type="string", pattern="[0-9]{1,9}")
        pipeline = Pipeline(
            spec=1, name="count", version=1, kind="action", title="Count", steps=steps, parameters={"n": schema}
        )
        self.publish(pipeline)
