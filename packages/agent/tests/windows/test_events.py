import sys

import pytest

assert sys.platform == "win32"

from canopee_agent.errors import StepError  # noqa: E402
from canopee_agent.windows.events import WindowsEvents  # noqa: E402


def test_a_log_that_cannot_be_opened_is_an_error_of_the_step() -> None:
    with pytest.raises(StepError):
        next(WindowsEvents().read("Canopee-No-Such-Log", "*"))


def test_events_of_a_log_are_xml_where_the_system_gives_any() -> None:
    try:
        event = next(WindowsEvents().read("Application", "*"), None)
    except StepError:
        return  # Wine has no event logs
    assert event is None or event.xml.startswith("<Event")
