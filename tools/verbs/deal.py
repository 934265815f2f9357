"""How `make test` deals the tests out to its workers: a plug-in of pytest.

What shares something that is dear, such as a fleet at work, goes to one worker: the files that hold the same
`xdist_group("…")`, the largest groups first. (`--dist loadgroup` of pytest-xdist 3.8 does not see the marks under
pytest 9.2.) Then the journeys, which are long; then what starts a real service; then the many short ones, so that all
workers end together. Within each the order is random.
"""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

_FIRST = ("journey", "real")
_GROUP = re.compile(r'\bxdist_group\("([\w-]+)"\)')


class Dealer(LoadScopeScheduling):
    """Whole groups, and single tests."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(self.config.rootpath / nodeid.partition("::")[0]) or nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Dealer:
    return Dealer(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: rank([mark.name for mark in item.iter_markers()]))


def rank(marks: Sequence[str]) -> int:
    """Where a test with these marks goes: 0 is first."""
    return next((place for place, name in enumerate(_FIRST) if name in marks), len(_FIRST))


@cache
def group_of(file: Path) -> str:
    """The group of the tests in a file; empty when it has none."""
    found = _GROUP.search(file.read_text())
    return found[1] if found else ""
