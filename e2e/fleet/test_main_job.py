"""The main job: devices enrol, get signed orders chosen by their context, and what they collect is stored and seen."""

import json
from pathlib import Path
from typing import Any

import pytest

from canopee.testing import Installation

pytestmark = [pytest.mark.journey, pytest.mark.real, pytest.mark.xdist_group("fleet")]
TO_PREPARE = str(Path(__file__).parents[2] / "catalog" / "conditions" / "to_prepare.yaml")


def test_the_real_agent_and_every_simulated_pc_are_enrolled(installed: Installation) -> None:
    devices = installed.json("devices")
    assert sorted(device["simulated"] for device in devices) == [False] + [True] * 12
    assert {device["state"] for device in devices} == {"online"}


def test_a_signed_collection_ran_everywhere_and_its_records_are_seen(installed: Installation) -> None:
    runs = installed.json("runs", "--pipeline", "inventory_hardware")
    done = {run["device_id"] for run in runs if run["state"] == "done"}
    assert len(done) == 13
    records = installed.json("records", "--dataset", "collect_hardware")
    assert {record["device_id"] for record in records} == done
    assert all(record["body"]["memory_bytes"] > 0 for record in records)


def test_the_action_ran_exactly_on_the_devices_that_match_lists(installed: Installation) -> None:
    ran = {run["device_id"] for run in installed.json("runs", "--pipeline", "prepare_update")}
    assert ran == set(installed.json("match", "--condition", TO_PREPARE))
    assert 0 < len(ran) < 13


def test_one_device_is_shown_with_its_facts(installed: Installation) -> None:
    device = next(device for device in installed.json("devices") if not device["simulated"])
    shown = installed.json("device", device["id"])
    assert shown["facts"]["os.family"] == "linux"
    assert device["id"] in installed.run("device", device["id"])


def test_a_run_asked_for_by_hand_is_awaited_and_shown(installed: Installation) -> None:
    device = next(device["id"] for device in installed.json("devices") if not device["simulated"])
    runs = installed.json("run", "inventory_hardware", "--to", device, "--wait", "30")
    assert [(run["device_id"], run["state"]) for run in runs] == [(device, "done")]


def test_an_action_asked_for_by_hand_is_signed_by_an_approver(installed: Installation) -> None:
    device = next(device["id"] for device in installed.json("devices") if not device["simulated"])
    runs = installed.json("run", "prepare_update", "--to", device, "--param", "channel=pilot", "--wait", "30")
    assert [run["state"] for run in runs] == ["done"]
    records = installed.json("records", "--dataset", "run_program", "--device", device)
    assert records[0]["body"]["output"] == "pilot\n"


def test_parameters_outside_the_signed_schema_are_refused_with_exit_code_3(installed: Installation) -> None:
    installed.run("run", "prepare_update", "--to", "all", "--param", "channel=other", expect=3)
    assert "not one of the values allowed" in installed.errors


def test_one_byte_changed_in_a_campaign_document_is_refused_with_exit_code_3(
    installed: Installation, tmp_path: Path
) -> None:
    pipeline = next(one for one in installed.json("pipelines") if one["ref"]["name"] == "prepare_update")
    campaign: dict[str, Any] = {
        "type": "campaign", "spec": 1, "campaign_id": "01890a5d-ac96-774b-bcce-b302099a8057", "name": "test",
        "pipeline": pipeline["ref"], "parameters": {"channel": "stable"}, "condition": {"any": []},
        "rings": [{"up_to_bp": 10000, "not_before": "2026-01-01T00:00:00Z"}], "not_before": "2026-01-01T00:00:00Z",
        "not_after": "2099-01-01T00:00:00Z", "max_targets": 5, "reason": "a test", "requested_by": "test",
    }  # fmt: skip
    (tmp_path / "campaign.yaml").write_text(json.dumps(campaign))
    signed, spoiled = tmp_path / "signed.json", tmp_path / "spoiled.json"
    installed.run("sign", str(tmp_path / "campaign.yaml"), "--out", str(signed))
    document = json.loads(signed.read_text())
    document["payload"] = document["payload"][:200] + "A" + document["payload"][201:]
    spoiled.write_text(json.dumps(document))
    installed.run("run", "prepare_update", "--to", "all", "--document", str(spoiled), expect=3)
    installed.run("run", "prepare_update", "--to", "all", "--document", str(signed))


def test_a_published_pipeline_cannot_be_changed_under_its_version(installed: Installation, tmp_path: Path) -> None:
    catalog = Path(TO_PREPARE).parents[1]
    changed = (catalog / "pipelines" / "prepare_update.yaml").read_text().replace("'%s\\n'", "'%s '")
    (tmp_path / "changed.yaml").write_text(changed)
    installed.run("publish", str(tmp_path / "changed.yaml"), expect=3)
    assert "raise its version" in installed.errors


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("device", "01890a5d-ac96-774b-bcce-b302099a8057"), 4),
        (("match", "--condition", "nothing.yaml"), 2),
        (("match", "--condition", '{"fact": "a.b", "op": "like", "value": 1}'), 3),
        (("run", "nothing_such", "--to", "all"), 2),
        (("wait", "devices", "--at-least", "9999", "--timeout", "0.1"), 1),
        (("up",), 2),
    ],
)
def test_what_cannot_be_done_is_said_with_its_exit_code(
    installed: Installation, arguments: tuple[str, ...], code: int
) -> None:
    installed.run(*arguments, expect=code)
    assert installed.errors.startswith("canopee: ")


@pytest.mark.parametrize(
    "verb",
    ["devices", "runs", "orders", "records", "rejected", "pipelines", "campaigns", "users", "api-keys", "audit"],
)
def test_every_list_is_a_table_for_people_and_an_array_for_programs(installed: Installation, verb: str) -> None:
    assert isinstance(installed.json(verb), list)
    assert installed.run(verb)
