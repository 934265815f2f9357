"""`canopee match` and `canopee device`, against an API that answers as told."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from canopee_contract.matching import Matched, TestCount, TestOnDevice, Why
from canopee_contract.people import FactChange, FactsChange, Page

CONDITION = '{"fact": "os.family", "op": "eq", "value": "linux"}'
Answers = dict[str, object]


def test_match_shows_people_the_counts_and_programs_the_ids(answers: Answers, run: Callable[..., str]) -> None:
    tests = [TestCount("$", 'os.family eq "linux"', 2)]
    answers["/v1/match"] = Matched(2, ["id-1", "id-2"], fleet=300, tests=tests)
    shown = run("match", "--condition", CONDITION)
    assert 'os.family eq "linux"' in shown
    assert "2 of 300 PCs" in shown
    assert json.loads(run("match", "--condition", CONDITION, "--json")) == ["id-1", "id-2"]
    assert run("match", "--condition", CONDITION, "--ids") == "id-1\nid-2\n"


def test_why_shows_what_the_device_has_and_what_stands_in_the_way(
    answers: Answers, run: Callable[..., str]
) -> None:
    tests = [
        TestOnDevice("$.all[0]", 'os.family eq "linux"', holds=False, fact="windows"),
        TestOnDevice("$.all[1]", 'a.b matches "[a-z]+"', holds=False, fact=None),
    ]
    answers["/v1/match/why"] = Why("id-1", holds=False, tests=tests, obstacle="device.revoked")
    lines = run("match", "--condition", CONDITION, "--why", "id-1").splitlines()
    assert lines[1].split() == ["$.all[0]", "os.family", "eq", '"linux"', "no", "windows"]
    assert lines[2].split() == ["$.all[1]", "a.b", "matches", '"[a-z]+"', "no", "-"]
    assert lines[3:] == ["the condition does not hold for id-1", "orders never reach it: device.revoked"]
    answer: dict[str, Any] = json.loads(run("match", "--condition", CONDITION, "--why", "id-1", "--json"))
    assert (answer["holds"], answer["tests"][1]["fact"]) == (False, None)


def test_the_history_of_a_device_has_a_line_a_fact(answers: Answers, run: Callable[..., str]) -> None:
    changes = {"a.a": FactChange("8.1", "8.2"), "b.b": FactChange(None, new=True)}
    answers["/v1/devices/id-1/facts-history"] = Page(
        [FactsChange("7", datetime(2026, 11, 25, tzinfo=UTC), changes)], None
    )
    lines = [line.split()[2:] for line in run("device", "id-1", "--history").splitlines()[1:]]
    assert lines == [["a.a", "8.1", "8.2"], ["b.b", "-", "yes"]]
    assert json.loads(run("device", "id-1", "--history", "--json"))[0]["changes"]["b.b"] == {
        "old": None,
        "new": True,
    }
