"""The sample pipeline `replace_predecessor`, signed and ordered, on PCs where the old tool is in every condition."""

import hashlib
from pathlib import Path

import msgspec
import pytest
import yaml

from canopee_agent.fake_services import FakeService
from canopee_agent.fakes import FakeMachine, FakeProgram
from canopee_agent.ports import Service
from canopee_agent.testing import FakeServer
from canopee_contract.codec import encode
from canopee_contract.facts import FactSources
from canopee_contract.pipeline import Pipeline, PipelineRef, target_path
from canopee_contract.report import RunReport

CATALOG = Path(__file__).parents[4] / "catalog"
NAME = "EditeurTelemaintenance"
FOLDER = r"C:\Program Files\Éditeur\Télémaintenance"
INI = r"C:\ProgramData\Éditeur\Télémaintenance\agent.ini"
KEY = r"HKLM\SOFTWARE\Éditeur\Télémaintenance"
UNINSTALL = rf"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\{NAME}"
SERVICE = rf"HKLM\SYSTEM\CurrentControlSet\Services\{NAME}"
POLICY = f"""services = ["{NAME}"]
program_roots = ['{FOLDER}']
read_roots = ['C:\\ProgramData\\Éditeur\\Télémaintenance']
"""


class OldPc:
    """A PC with the old tool on it, and the server that is to replace it."""

    def __init__(self, folder: Path) -> None:
        self.machine = FakeMachine("windows")
        self.server = FakeServer(self.machine, folder)
        (folder / "policy.toml").write_text(POLICY, "utf-8")
        sources = yaml.safe_load((CATALOG / "facts.yaml").read_text("utf-8"))
        self.server.publish_facts(encode(msgspec.convert(sources, FactSources)))
        self.agent = self.server.agent()
        self.machine.registry.set(r"HKLM\SOFTWARE", "", "")

    def install(self, *, identity: str = "TM-0042") -> None:
        found = Service("Télémaintenance", "running", "automatic", rf"{FOLDER}\service.exe")
        self.machine.services.add(NAME, FakeService(found, takes_s=2))
        self.machine.registry.set(SERVICE, "ImagePath", rf"{FOLDER}\service.exe")
        self.machine.registry.set(UNINSTALL, "DisplayVersion", "4.1")
        self.machine.registry.set(UNINSTALL, "UninstallString", rf"{FOLDER}\uninstall.exe")
        if identity:
            self.machine.registry.set(KEY, "MachineId", identity)
        self.uninstaller(FakeProgram(effect=lambda _: self.machine.services.remove(NAME)))

    def uninstaller(self, program: FakeProgram) -> None:
        self.machine.programs.install(rf"{FOLDER}\uninstall.exe", program)

    def replace(self) -> RunReport:
        """Order the pipeline; the report of its run."""
        text = (CATALOG / "pipelines" / "replace_predecessor.yaml").read_text("utf-8")
        pipeline = msgspec.convert(yaml.safe_load(text), Pipeline)
        content, path = encode(pipeline), target_path("action", pipeline.name, 1)
        self.server.publisher.publish("action", {path: content})
        ref = PipelineRef(path, pipeline.name, 1, hashlib.sha256(content).hexdigest(), len(content))
        order_id = self.server.order(ref, document=self.server.sign(self.server.campaign(ref)))
        self.agent.round()
        self.server.orders.clear()
        return self.server.reports[order_id]

    def states(self, report: RunReport) -> dict[str, str]:
        return {step.id: step.state for step in report.steps}


@pytest.fixture
def pc(tmp_path: Path) -> OldPc:
    return OldPc(tmp_path / "home")


def test_the_identifier_is_kept_and_the_tool_is_disabled_stopped_uninstalled_and_gone(pc: OldPc) -> None:
    pc.install()
    report = pc.replace()
    assert (report.state, pc.states(report)["identity_file"]) == ("done", "skipped")
    assert {state for step, state in pc.states(report).items() if step != "identity_file"} == {"done"}
    assert pc.machine.services.commands == [("disable", NAME), ("stop", NAME)]
    assert pc.machine.programs.runs == [(rf"{FOLDER}\uninstall.exe", "/S")]
    kept = [msgspec.json.decode(record.body) for record in pc.server.records if record.dataset == "predecessor"]
    assert {one["name"]: one["value"] for one in kept}["machine_id"] == "TM-0042"
    assert pc.server.facts["predecessor.machine_id"] == "TM-0042"


def test_a_pc_without_the_old_tool_skips_before_any_step(pc: OldPc) -> None:
    report = pc.replace()
    assert (report.state, report.code, report.steps) == ("skipped", "condition_false", ())


def test_a_second_run_finds_nothing_to_do_also_while_the_facts_are_still_the_old_ones(pc: OldPc) -> None:
    pc.install()
    pc.replace()
    pc.machine.registry.deny(UNINSTALL)
    commands, runs = list(pc.machine.services.commands), list(pc.machine.programs.runs)
    report = pc.replace()
    assert report.state == "done"
    assert pc.states(report)["uninstall"] == pc.states(report)["stop"] == "skipped"
    assert (pc.machine.services.commands, pc.machine.programs.runs) == (commands, runs)


def test_an_identifier_in_the_old_settings_file_is_as_good(pc: OldPc) -> None:
    pc.install(identity="")
    pc.machine.files.write(INI, "[Agent]\r\nMachineId=TM-0007\r\n".encode("utf-16"))
    report = pc.replace()
    assert report.state == "done"
    kept = next(record for record in pc.server.records if record.dataset == "read_file")
    assert msgspec.json.decode(kept.body)["values"][0]["value"] == "TM-0007"


@pytest.mark.parametrize("content", [None, b"", b"[Agent]\nOther=1\n", b"[Other]\nMachineId=1\n"])
def test_without_an_identifier_nothing_is_touched_and_the_run_does_not_succeed(
    pc: OldPc, content: bytes | None
) -> None:
    pc.install(identity="")
    if content is not None:
        pc.machine.files.write(INI, content)
    report = pc.replace()
    assert report.state in {"failed", "timed_out"}
    assert (pc.machine.services.commands, pc.machine.programs.runs) == ([], [])
    assert pc.machine.services.look(NAME).state == "running"


def test_a_service_that_its_uninstaller_forgets_is_deleted(pc: OldPc) -> None:
    pc.install()
    pc.uninstaller(FakeProgram())
    assert pc.replace().state == "done"
    assert pc.machine.services.commands[-1] == ("delete", NAME)


def test_a_service_without_uninstaller_is_stopped_and_deleted(pc: OldPc) -> None:
    pc.install()
    pc.machine.registry.deny(UNINSTALL)
    report = pc.replace()
    assert (report.state, pc.machine.programs.runs) == ("done", [])
    assert pc.machine.services.commands == [("disable", NAME), ("stop", NAME), ("delete", NAME)]


@pytest.mark.parametrize(
    ("program", "state"), [(FakeProgram(exit_code=1), "failed"), (FakeProgram(duration_s=400), "timed_out")]
)
def test_an_uninstaller_that_fails_leaves_a_stopped_disabled_tool_and_says_so(
    pc: OldPc, program: FakeProgram, state: str
) -> None:
    pc.install()
    pc.uninstaller(program)
    report = pc.replace()
    assert (report.state, report.detail.partition(":")[0]) == (state, "uninstall")
    found = pc.machine.services.look(NAME)
    assert (found.state, found.start) == ("stopped", "disabled")


@pytest.mark.parametrize("line", ["services", "program_roots"])
def test_a_local_policy_that_does_not_open_it_lets_nothing_be_removed(
    pc: OldPc, tmp_path: Path, line: str
) -> None:
    closed = "".join(one + "\n" for one in POLICY.splitlines() if not one.startswith(line))
    (tmp_path / "home" / "policy.toml").write_text(closed, "utf-8")
    pc.agent.close()
    pc.agent = pc.server.agent()
    pc.install()
    report = pc.replace()
    assert (report.state, report.code) == ("failed", "step.denied")
    assert pc.machine.services.look(NAME).program
