import os
import sys

import pytest

from canopee_agent.installed import data_folder

assert sys.platform == "win32"

from canopee_agent.windows.folders import program_data, program_files  # noqa: E402


def test_windows_says_where_programs_and_their_data_are() -> None:
    assert (program_data().name, program_files().name) == ("ProgramData", "Program Files")
    assert data_folder() == program_data()


def test_a_variable_that_lies_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "ProgramData", r"C:\users\Public")  # as in a service under Wine
    assert program_data().name == "ProgramData"
