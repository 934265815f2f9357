"""How `make test` deals the tests out to its workers: a plug-in of pytest.

What shares something that is dear, such as a fleet at work, is marked `xdist_group` and goes to one worker, the largest
groups first. Then the journeys, which are long; then what starts a real service; then the many short ones, so that
all workers end together. Within each the order is random.
"""

from collections.abc import Sequence

import pytest

_FIRST = ("journey", "real")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: rank([mark.name for mark in item.iter_markers()]))


def rank(marks: Sequence[str]) -> int:
    """Where a test with these marks goes: 0 is first."""
    return next((place for place, name in enumerate(_FIRST) if name in marks), len(_FIRST))
