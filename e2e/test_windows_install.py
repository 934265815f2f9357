"""An installed agent on Windows, from its set-up to its removal: the cases of `make wine`."""

from pathlib import Path

import pytest

from canopee_kit.discovery import discover
from tools.wine import cases
from tools.wine.case import Case, Setting

pytestmark = [pytest.mark.journey, pytest.mark.real, pytest.mark.windows]
CASES = {name: case for name, case in discover(cases, Case).items() if not case.is_long}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", sorted(CASES))
def test_the_case_goes_as_it_should(name: str, tmp_path: Path) -> None:
    CASES[name]().run(Setting(tmp_path, print))
