"""The kit at its edges: modules that break their family, ids of one instant, lines that would forge others."""

import io
import itertools
import json
import logging
import re
import sys
import threading
from collections.abc import Generator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canopee_kit import errors, logs
from canopee_kit.clock import FakeClock, SystemClock
from canopee_kit.discovery import class_name, discover
from canopee_kit.errors import CanopeeError, PermanentError, PluginError, TemporaryError
from canopee_kit.ids import is_id, new_id

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (DEBUG|INFO|WARNING|ERROR) [\w.]+: .*\n")
_numbers = itertools.count()


class Base:
    pass


@pytest.fixture
def family(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[ModuleType, Path]:
    name = f"edge_family_{next(_numbers)}"
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("")
    base = ModuleType("edge_base")
    base.__dict__["Base"] = Base
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setitem(sys.modules, "edge_base", base)
    return __import__(name), tmp_path / name


@pytest.fixture
def stream() -> Generator[io.StringIO]:
    root = logging.getLogger()  # noqa: TID251  the root logger, put back below
    held = (root.handlers[:], root.level)
    yield io.StringIO()
    root.handlers[:], root.level = held[0], held[1]


def _write(folder: Path, module: str, body: str) -> None:
    (folder / f"{module}.py").write_text(f"from edge_base import Base\n{body}\n")


def test_plugins_come_in_alphabetical_order_whatever_the_order_of_the_folder(
    family: tuple[ModuleType, Path],
) -> None:
    package, folder = family
    for name in ("zebra", "apple", "make_10_copies"):
        _write(folder, name, f"class {class_name(name)}(Base): ...")
    assert list(discover(package, Base)) == ["apple", "make_10_copies", "zebra"]


@pytest.mark.parametrize(
    "body",
    [
        "class one(Base): ...", "One = Base", "class _One(Base): ...", "class One: ...",
        "class One(Base): ...\nclass Two(Base): ...", "class One(Base): ...\nclass OneMore(One): ...",
    ],
    ids=["case", "the base itself", "private", "stranger", "two", "and a child"],
)  # fmt: skip
def test_a_module_that_breaks_the_rule_is_named_with_what_it_holds(
    family: tuple[ModuleType, Path], body: str
) -> None:
    package, folder = family
    _write(folder, "one", body)
    with pytest.raises(PluginError, match=r"\.one must hold one Base, One; it holds: ") as broken:
        discover(package, Base)
    assert isinstance(broken.value, PermanentError)


def test_what_a_module_imports_from_a_sibling_is_not_its_own(family: tuple[ModuleType, Path]) -> None:
    package, folder = family
    _write(folder, "one", "class One(Base): ...")
    _write(folder, "two", f"from {package.__name__}.one import One\nclass Two(Base): ...")
    assert [plugin.__name__ for plugin in discover(package, Base).values()] == ["One", "Two"]


def test_a_helper_beside_its_plugin_is_allowed(family: tuple[ModuleType, Path]) -> None:
    package, folder = family
    _write(folder, "one", "class Helper: ...\nclass _Inner(Base): ...\nclass One(Base): ...\nLIMIT = 3")
    assert list(discover(package, Base)) == ["one"]


def test_a_module_that_cannot_be_imported_is_not_left_out_in_silence(family: tuple[ModuleType, Path]) -> None:
    package, folder = family
    _write(folder, "one", "import surely_missing_module")
    with pytest.raises(ModuleNotFoundError):
        discover(package, Base)


def _instant(milliseconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)


INSTANTS = st.integers(0, 200_000_000_000_000).map(_instant)


@given(INSTANTS, INSTANTS)
def test_an_id_tells_its_millisecond_and_sorts_by_it(one: datetime, other: datetime) -> None:
    instants = [one, other]
    ids = [new_id(instant) for instant in instants]
    milliseconds = [int(text.replace("-", "")[:12], 16) for text in ids]
    start = datetime(1970, 1, 1, tzinfo=UTC)
    assert milliseconds == [(instant - start) // timedelta(milliseconds=1) for instant in instants]
    if milliseconds[0] != milliseconds[1]:
        assert (ids[0] < ids[1]) is (milliseconds[0] < milliseconds[1])
    assert all(text[14] == "7" and text[19] in "89ab" and is_id(text) for text in ids)


def test_ids_of_one_instant_are_all_different() -> None:
    assert len({new_id(NOW) for _ in range(2_000)}) == 2_000


def test_an_id_is_that_of_the_instant_whatever_its_zone() -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=9)))
    assert new_id(elsewhere)[:13] == new_id(NOW)[:13]


ID = "01890a5d-ac96-774b-bcce-b302099a8057"


@pytest.mark.parametrize(
    "text", ["0" * 32, f"urn:uuid:{ID}", f"{ID}\n", f" {ID}", ID.replace("-", ""), "g" * 36, ID[:-1], f"{ID}0", "\0"]
)  # fmt: skip
def test_any_other_writing_of_an_id_is_none(text: str) -> None:
    assert not is_id(text)


@pytest.mark.parametrize(
    "hostile", ["a\n2026-11-24T08:00:00Z ERROR root: forged", "a\r\x1b[2Kforged", "\x1b]0;title\x07", "\0", "\u2028x",
                "\x85x"],
)  # fmt: skip
def test_a_message_from_elsewhere_cannot_forge_a_line_nor_command_a_terminal(
    stream: io.StringIO, hostile: str
) -> None:
    """What a server says goes into the agent's log: it could write lines of its own there."""
    logs.set_up("INFO", "text", stream)
    logs.get_logger("canopee.test").warning("the server says: %s", hostile)
    line = stream.getvalue()
    assert LINE.fullmatch(line)
    assert line[:-1].isprintable()


@given(st.text(max_size=50))
def test_every_event_is_one_line_in_both_forms(text: str) -> None:
    root = logging.getLogger()  # noqa: TID251  put back below
    held = (root.handlers[:], root.level)
    try:
        for form in ("text", "json"):
            stream = io.StringIO()
            logs.set_up("INFO", "json" if form == "json" else "text", stream)
            logs.get_logger("canopee.test").info("%s", text)
            assert stream.getvalue().count("\n") == 1
        assert json.loads(stream.getvalue())["message"] == text
    finally:
        root.handlers[:], root.level = held[0], held[1]


def test_accents_are_left_as_they_are(stream: io.StringIO) -> None:
    logs.set_up("INFO", "text", stream)
    logs.get_logger("canopee.test").info("prêt : %s", "Éditeur")
    assert stream.getvalue().endswith("prêt : Éditeur\n")


def test_the_level_is_kept_and_a_second_set_up_replaces_the_first(stream: io.StringIO) -> None:
    first = io.StringIO()
    logs.set_up("DEBUG", "text", first)
    logs.set_up("ERROR", "text", stream)
    logs.get_logger("canopee.test").warning("unheard")
    logs.get_logger("canopee.test").error("heard")
    assert (first.getvalue(), stream.getvalue().count("heard")) == ("", 1)


def test_a_fault_is_shown_with_its_trace(stream: io.StringIO) -> None:
    logs.set_up("INFO", "text", stream)
    try:
        int("inside")
    except ValueError:
        logs.get_logger("canopee.test").exception("outside")
    assert "Traceback" in stream.getvalue()
    assert "ValueError: invalid literal" in stream.getvalue()


def _errors() -> list[type[CanopeeError]]:
    return [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, CanopeeError)]


def test_every_error_has_a_code_of_its_own_and_is_named_in_the_tree() -> None:
    kinds = _errors()
    assert len({kind.code for kind in kinds}) == len(kinds)
    assert all(kind.__name__ in (errors.__doc__ or "") for kind in kinds)


def test_an_error_is_its_message_and_a_temporary_one_says_when() -> None:
    assert str(PermanentError("change this")) == PermanentError("change this").message == "change this"
    assert TemporaryError("later").retry_after_s is None
    assert TemporaryError("later", retry_after_s=5).retry_after_s == 5


def test_a_fake_clock_is_one_clock_for_every_thread_and_never_waits() -> None:
    clock = FakeClock(NOW)
    threads = [threading.Thread(target=clock.sleep, args=(3_600,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert clock.slept == [3_600] * 3


def test_setting_the_date_of_a_pc_does_not_move_its_monotonic_clock() -> None:
    clock = FakeClock(NOW)
    clock.set_wall(NOW - timedelta(days=3_650))
    clock.advance(10)
    assert clock.now() == NOW - timedelta(days=3_650) + timedelta(seconds=10)
    assert clock.monotonic() == 10


def test_the_clock_of_the_system_tells_the_present() -> None:
    assert abs(SystemClock().now() - datetime.now(UTC)) < timedelta(seconds=60)  # noqa: TID251  the other reader
