"""How the tests are dealt out: what shares a fleet to one worker, what is long first."""

import pytest

from tools.verbs.deal import group_of, rank


def test_journeys_are_before_real_services_and_these_before_the_rest() -> None:
    assert rank(["asyncio", "real", "journey"]) < rank(["real"]) < rank(["asyncio"]) == rank([])


@pytest.mark.parametrize("folder", ["e2e/fleet", "e2e/ihm"])
def test_no_test_of_a_fleet_is_without_a_group(pytestconfig: pytest.Config, folder: str) -> None:
    tests = list((pytestconfig.rootpath / folder).glob("test_*.py"))
    assert tests
    assert [path.name for path in tests if not group_of(path)] == []


def test_a_test_that_shares_nothing_is_dealt_out_alone(pytestconfig: pytest.Config) -> None:
    assert group_of(pytestconfig.rootpath / "e2e" / "test_stops.py") == ""
