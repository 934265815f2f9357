"""Orders of which nothing is done: what each step would do on this PC, from the order to its report."""

import hashlib
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from canopee_agent.fake_services import FakeService
from canopee_agent.fakes import FakeMachine
from canopee_agent.ports import Service
from canopee_agent.testing import POLICY, FakeServer
from canopee_contract.order import CampaignRef
from canopee_contract.pipeline import Kind, Step
from canopee_contract.report import Effect, RunReport

ROOT = "C:\\ProgramData\\Cabinet"
LIMITS = f"""
read_roots = ['{ROOT}']
write_roots = ['{ROOT}']
download_hosts = ['updates.example.fr']
services = ['Old']
"""


def _zip() -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as archive:
        archive.writestr("setup.exe", b"MZ" * 100)
        archive.writestr("data/a.txt", b"text")
    return output.getvalue()


ARCHIVE = _zip()
SHA256 = hashlib.sha256(ARCHIVE).hexdigest()
DOWNLOAD = Step(
    id="get", use="download_file", with_={
        "url": "https://updates.example.fr/8.2.zip", "sha256": SHA256, "size_bytes": len(ARCHIVE),
        "to": f"{ROOT}\\8.2.zip",
    },
)  # fmt: skip
UNZIP = Step(id="unzip", use="unzip_archive", with_={"archive": f"{ROOT}\\8.2.zip", "to": f"{ROOT}\\8.2"})
SETUP = Step(id="setup", use="run_program", with_={"argv": ["C:\\Program Files\\setup.exe", "/silent"]})
AFTER = Step(id="after", use="collect_hardware", when={"fact": "steps.setup.exit_code", "op": "eq", "value": 3010})


@pytest.fixture
def server(tmp_path: Path) -> FakeServer:
    """A server, and a PC that lets a good deal be done."""
    server = FakeServer(FakeMachine("windows"), tmp_path)
    (tmp_path / "policy.toml").write_text(POLICY + LIMITS)
    server.machine.programs.install("C:\\Program Files\\setup.exe")
    server.machine.files.write(f"{ROOT}\\old.log", b"a log")
    return server


def dry(server: FakeServer, *steps: Step, kind: Kind = "action", **changes: Any) -> RunReport:  # noqa: ANN401
    """The report of a dry run of these steps."""
    before = server.machine.files.changes
    order_id = server.order(server.publish(*steps, kind=kind), is_dry=True, **changes)
    agent = server.agent()
    agent.round()
    agent.close()
    assert server.machine.files.changes == before
    assert server.machine.programs.runs == []
    assert server.machine.services.commands == []
    assert server.records == []
    return server.reports[order_id]


def told(report: RunReport) -> list[tuple[str, str, str]]:
    return [(step.id, step.state, step.code) for step in report.steps]


def test_what_an_update_would_do_is_told_as_far_as_anybody_can(server: FakeServer) -> None:
    report = dry(server, DOWNLOAD, UNZIP, SETUP, AFTER)
    assert (report.is_dry, report.state) == (True, "done")
    assert told(report) == [
        ("get", "done", "dry.foreseen"),
        ("unzip", "unknown", "dry.depends"),
        ("setup", "done", "dry.foreseen"),
        ("after", "unknown", "dry.depends"),
    ]
    assert report.steps[0].effects == (Effect("download", "https://updates.example.fr/8.2.zip", len(ARCHIVE)),)
    assert report.steps[2].effects == (Effect("run", "C:\\Program Files\\setup.exe", 0, "/silent"),)
    assert "get" in report.steps[1].detail


def test_a_text_that_only_looks_like_a_step_before_depends_on_nothing(server: FakeServer) -> None:
    looks = {"fact": "os.family", "op": "in", "value": ["windows", "steps.get.state", 'x"$output":"get.']}
    report = dry(
        server,
        DOWNLOAD,
        Step(id="setup", use="run_program", with_={"argv": ["C:\\Program Files\\setup.exe", "steps.get.path"]}),
        Step(id="hardware", use="collect_hardware", when=looks),
        Step(
            id="none",
            use="collect_hardware",
            when={"all": [{"not": {"fact": "steps.get.path", "op": "exists", "value": True}}]},
        ),
        Step(id="file", use="read_file", with_={"path": {"$output": "get.path"}}),
    )
    assert [state for _, state, _ in told(report)] == ["done", "done", "done", "unknown", "unknown"]


def test_a_file_that_is_there_already_is_unpacked_in_thought(server: FakeServer) -> None:
    server.machine.files.write(f"{ROOT}\\8.2.zip", ARCHIVE)
    report = dry(server, DOWNLOAD, UNZIP)
    assert told(report) == [("get", "done", ""), ("unzip", "done", "")]
    assert report.steps[0].effects == ()
    assert report.steps[1].effects == (Effect("write", f"{ROOT}\\8.2", 204),)


def test_what_one_step_moves_the_next_one_finds(server: FakeServer) -> None:
    report = dry(
        server,
        Step(id="one", use="move_path", with_={"from": f"{ROOT}\\old.log", "to": f"{ROOT}\\kept\\a.log"}),
        Step(id="two", use="read_file", with_={"path": f"{ROOT}\\kept\\a.log", "content": True}),
        Step(id="three", use="read_file", with_={"path": f"{ROOT}\\old.log", "on_missing": "fail"}),
    )
    assert told(report) == [("one", "done", ""), ("two", "done", ""), ("three", "failed", "step.missing")]
    assert Effect("move", f"{ROOT}\\old.log", 5, f"{ROOT}\\kept\\a.log") in report.steps[0].effects
    assert [effect.verb for effect in report.steps[1].effects] == ["send"]
    assert report.state == "failed"


def test_a_step_that_would_fail_says_why_and_the_next_ones_are_not_reached(server: FakeServer) -> None:
    denied = Step(id="get", use="download_file", with_={**DOWNLOAD.with_, "url": "https://elsewhere.example/x"})
    report = dry(server, denied, SETUP)
    assert told(report) == [("get", "failed", "step.denied"), ("setup", "skipped", "step.not_reached")]
    assert report.state == "failed"


def test_services_are_stopped_and_deleted_in_thought(server: FakeServer) -> None:
    server.machine.services.add("Old", FakeService(Service("Old", "running", "automatic", "C:\\old.exe")))
    report = dry(
        server,
        Step(id="stop", use="control_service", with_={"service": "Old", "action": "stop"}),
        Step(id="gone", use="control_service", with_={"service": "Old", "action": "delete"}),
    )
    assert told(report) == [("stop", "done", ""), ("gone", "done", "")]
    assert [effect.verb for step in report.steps for effect in step.effects] == ["stop", "delete_service"]


def test_no_value_that_was_read_leaves_the_pc(server: FakeServer) -> None:
    server.machine.files.write(f"{ROOT}\\a.ini", b"[s]\nkey=very secret\n")
    step = Step(
        id="read", use="read_file",
        with_={"path": f"{ROOT}\\a.ini", "values": [{"name": "v", "by": "ini", "section": "s", "at": "key"}]},
    )  # fmt: skip
    report = dry(server, step)
    assert report.steps[0].outputs == {}
    assert "very secret" not in repr(report)


def test_a_pipeline_that_acts_needs_no_campaign_to_be_looked_at_and_one_to_act(server: FakeServer) -> None:
    assert dry(server, SETUP).state == "done"
    order_id = server.order(server.publish(SETUP, kind="action", name="other"))
    agent = server.agent()
    agent.round()
    agent.close()
    assert server.reports[order_id].code == "refused.approval"


def test_a_dry_run_comes_without_campaign_so_that_it_uses_up_no_approval(server: FakeServer) -> None:
    ref = server.publish(SETUP, kind="action")
    document = server.sign(server.campaign(ref))
    dry_id = server.order(ref, document=document, is_dry=True)
    agent = server.agent()
    agent.round()
    assert server.reports[dry_id].code == "refused.dry"
    order_id = server.order(ref, document=document)
    agent.round()
    agent.close()
    assert server.reports[order_id].state == "done"


def test_nor_does_it_name_one(server: FakeServer) -> None:
    assert dry(server, SETUP, campaign=CampaignRef("0" * 64, 1)).code == "refused.dry"


def test_the_local_policy_may_allow_no_dry_run(server: FakeServer) -> None:
    (server.folder / "policy.toml").write_text(POLICY + LIMITS + "dry_runs = false\n")
    assert dry(server, SETUP).code == "refused.policy_dry_run"


def test_a_kind_that_the_policy_forbids_is_not_looked_at_either(server: FakeServer) -> None:
    (server.folder / "policy.toml").write_text(POLICY + 'step_kinds = ["collect_hardware"]\n')
    assert dry(server, SETUP).code == "refused.policy_step_kind"
