"""The order in which the tests are dealt out: what is long begins first."""

import pytest

from tools.verbs.deal import rank


def test_journeys_are_before_real_services_and_these_before_the_rest() -> None:
    assert rank(["asyncio", "real", "journey"]) < rank(["real"]) < rank(["asyncio"]) == rank([])


def test_no_test_of_a_fleet_is_without_a_group(pytestconfig: pytest.Config) -> None:
    for path in (pytestconfig.rootpath / "e2e" / "fleet").glob("test_*.py"):
        assert 'xdist_group("fleet")' in path.read_text(), f"{path.name} would start a fleet in every worker"
