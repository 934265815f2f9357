from pathlib import Path, PureWindowsPath

import pytest

from canopee_agent.installed import find, installed

HOME = Path("/data/Canopee")


@pytest.mark.parametrize("name", ["agent.exe", "AGENT.EXE"])
def test_an_agent_in_a_slot_knows_where_its_things_are(name: str) -> None:
    found = find(PureWindowsPath(r"C:\Program Files\Canopee\slots\1.1.0") / name, HOME)
    assert found is not None
    assert (found.version, found.home, found.logs) == ("1.1.0", HOME, HOME / "logs")
    assert found.slot == Path(r"C:\Program Files\Canopee\slots\1.1.0")
    assert found.policy == Path(r"C:\Program Files\Canopee") / "policy.toml"


@pytest.mark.parametrize(
    "path",
    [r"C:\Python\python.exe", r"C:\x\slots\agent.exe", r"C:\x\slots\..\agent.exe", r"C:\x\other\1.0\agent.exe"],
)
def test_an_agent_elsewhere_is_not_installed(path: str) -> None:
    assert find(PureWindowsPath(path), HOME) is None


def test_this_development_tree_is_no_installation() -> None:
    assert installed() is None
