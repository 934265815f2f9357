import io
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest

from canopee_kit import logs
from canopee_kit.clock import FakeClock, SystemClock
from canopee_kit.discovery import class_name, discover
from canopee_kit.errors import PluginError
from canopee_kit.ids import is_id, new_id

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


class Plugin:
    pass


@pytest.fixture
def family(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[ModuleType, Path]:
    name = f"family_{tmp_path.name}".replace("-", "_")
    folder = tmp_path / name
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setitem(sys.modules, "the_base", _base())
    return __import__(name), folder


def _base() -> ModuleType:
    module = ModuleType("the_base")
    module.__dict__["Plugin"] = Plugin
    return module


def test_the_folder_is_the_list_of_plugins(family: tuple[ModuleType, Path]) -> None:
    package, folder = family
    (folder / "read_file.py").write_text("from the_base import Plugin\nclass ReadFile(Plugin): ...\n")
    (folder / "_private.py").write_text("")
    assert list(discover(package, Plugin)) == ["read_file"]


@pytest.mark.parametrize(
    "text", ["", "from the_base import Plugin\nclass Other(Plugin): ...\n",
             "from the_base import Plugin\nclass ReadFile(Plugin): ...\nclass More(Plugin): ...\n"],
)  # fmt: skip
def test_a_module_that_does_not_hold_one_class_of_its_name_is_a_fault(
    family: tuple[ModuleType, Path], text: str
) -> None:
    package, folder = family
    (folder / "read_file.py").write_text(text)
    with pytest.raises(PluginError, match="must hold one Plugin, ReadFile"):
        discover(package, Plugin)


def test_an_empty_family_is_a_fault_of_the_build(family: tuple[ModuleType, Path]) -> None:
    with pytest.raises(PluginError, match="left out of the build"):
        discover(family[0], Plugin)


def test_a_class_is_named_as_its_module() -> None:
    assert class_name("collect_hardware") == "CollectHardware"


def test_identifiers_sort_by_the_time_they_were_made() -> None:
    ids = [new_id(NOW.replace(second=second)) for second in range(20)]
    assert ids == sorted(ids)
    assert all(is_id(one) and one[14] == "7" for one in ids)


@pytest.mark.parametrize(
    "text", ["", "x", "01890A5D-AC96-774B-BCCE-B302099A8057", "{01890a5d-ac96-774b-bcce-b302099a8057}"]
)
def test_only_the_canonical_form_is_an_identifier(text: str) -> None:
    assert not is_id(text)


def test_a_fake_clock_moves_only_when_told() -> None:
    clock = FakeClock(NOW)
    clock.sleep(60)
    assert (clock.now() - NOW).total_seconds() == clock.monotonic() == 60
    clock.set_wall(NOW)
    assert (clock.now(), clock.monotonic(), clock.slept) == (NOW, 60, [60])


def test_the_system_clock_is_aware_and_never_goes_back() -> None:
    clock = SystemClock()
    before = clock.monotonic()
    clock.sleep(0)
    assert clock.now().tzinfo is UTC
    assert clock.monotonic() >= before


def test_logs_are_one_line_an_event_in_text_or_in_json() -> None:
    root = logs.get_logger("")
    held = (root.handlers[:], root.level)
    try:
        for form in ("text", "json"):
            stream = io.StringIO()
            logs.set_up("INFO", "json" if form == "json" else "text", stream)
            logs.get_logger("canopee.test").info("ready at %s", "é")
            line = stream.getvalue()
            assert line.count("\n") == 1
            assert "ready at é" in line
        assert json.loads(line)["log.level"] == "info"
        logs.get_logger("canopee.test").error("failed", exc_info=ValueError("inside"))
        assert "inside" in json.loads(stream.getvalue().splitlines()[-1])["error.stack_trace"]
    finally:
        root.handlers[:], root.level = held[0], held[1]
