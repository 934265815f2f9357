from typing import Any

import pytest

from canopee_agent.errors import StepError
from canopee_agent.fakes import FakeMachine
from canopee_agent.ports import InstalledProgram
from canopee_agent.step import Ceiling
from canopee_agent.steps.collect_software import (
    MOST_PROGRAMS,
    CollectSoftware,
    CollectSoftwareParameters,
    WantedProgram,
    highest_version,
)


def _collect(
    *installed: InstalledProgram, wanted: tuple[WantedProgram, ...] = ()
) -> tuple[list[Any], dict[str, Any]]:
    machine = FakeMachine("windows")
    machine.system.software_found = installed
    running = CollectSoftware().run(machine, CollectSoftwareParameters(wanted), Ceiling())
    records: list[Any] = []
    while True:
        try:
            records.append(next(running))
        except StopIteration as end:
            return records, end.value.values


def test_programs_are_sorted_whatever_their_case_and_listed_once() -> None:
    twice = InstalledProgram("Cabinet", "8.1", "Éditeur", "x86", "user", "2026-01-31")
    records, outputs = _collect(
        InstalledProgram("zip", "1", ""), twice, twice, InstalledProgram("Cabinet", "8.1", "Éditeur", "x86_64"),
        InstalledProgram("Agenda", "2", ""),
    )  # fmt: skip
    assert [(one.name, one.architecture, one.scope) for one in records] == [
        ("Agenda", "", "machine"), ("Cabinet", "x86", "user"), ("Cabinet", "x86_64", "machine"), ("zip", "", "machine"),
    ]  # fmt: skip
    assert records[1].installed_on == "2026-01-31"
    assert outputs == {"count": 4}


def test_names_are_trimmed_cut_and_made_safe_and_the_nameless_are_left_out() -> None:
    records, _ = _collect(
        InstalledProgram(" a\x00\x1bb ", "\ud800", "p" * 10_000), InstalledProgram("  ", "1", "")
    )
    assert [(one.name, one.version, len(one.publisher)) for one in records] == [("a\ufffd\ufffdb", "\ufffd", 500)]


def test_the_highest_version_of_a_wanted_program_becomes_an_output_and_a_missing_one_gives_none() -> None:
    wanted = WantedProgram("product", "Cabinet( Pro)?"), WantedProgram("other", "Autre.*")
    _, outputs = _collect(
        InstalledProgram("Cabinet", "8.9.4", ""), InstalledProgram("Cabinet Pro", "8.10.0", ""),
        InstalledProgram("Cabinet Démo", "9.0", ""), InstalledProgram("Cabinet", "", ""), wanted=wanted,
    )  # fmt: skip
    assert outputs == {"count": 4, "product": "8.10.0"}


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ((WantedProgram("a", "x"), WantedProgram("a", "y")), "same name"),
        ((WantedProgram("count", "x"),), "count"),
        ((WantedProgram("a", "(unclosed"),), "wanted a: "),
    ],
)
def test_names_given_twice_and_patterns_out_of_the_language_are_refused_before_anything_is_read(
    wanted: tuple[WantedProgram, ...], said: str
) -> None:
    with pytest.raises(StepError, match=said):
        _collect(wanted=wanted)


def test_a_damaged_registry_with_too_many_programs_is_cut_and_counted() -> None:
    many = (InstalledProgram(f"p{number:05d}", "1", "") for number in range(MOST_PROGRAMS + 7))
    records, outputs = _collect(*many)
    assert (len(records), outputs["count"]) == (MOST_PROGRAMS, MOST_PROGRAMS + 7)


def test_versions_that_cannot_be_compared_are_no_version() -> None:
    assert highest_version("x", [InstalledProgram("x", "", ""), InstalledProgram("x", "2024 bêta", "")]) in {
        None,
        "2024 bêta",
    }
    assert highest_version("x", [InstalledProgram("x", "", "")]) is None
