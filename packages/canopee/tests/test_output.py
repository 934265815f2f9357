import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from canopee.output import print_list, print_object

ID = "01890a5d-ac96-774b-bcce-b302099a8057"


class Thing(msgspec.Struct):
    """What a list shows."""

    id: str = ID
    name: str = "ACCUEIL-01"
    states: dict[str, Any] = {}
    at: datetime | None = None
    simulated: bool = False


@pytest.fixture(autouse=True)
def _narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def _list(capsys: pytest.CaptureFixture[str], *things: Thing, columns: tuple[str, ...]) -> str:
    print_list(things, columns, as_json=False)
    return capsys.readouterr().out


def test_counts_are_read_as_words_and_never_cut_into_broken_json(capsys: pytest.CaptureFixture[str]) -> None:
    thing = Thing(states={"done": 201, "failed": 3})
    assert "done 201 · failed 3" in _list(capsys, thing, columns=("id", "states"))
    print_object(Thing(states={"done": 201}), as_json=False)
    assert "states done" in capsys.readouterr().out


def test_an_id_is_on_one_line_at_eighty_columns_whatever_stands_beside_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    thing = Thing(name="x" * 200, states={"delivered": 12_345, "pending": 54_321})
    printed = _list(capsys, thing, columns=("id", "name", "states", "at", "simulated"))
    assert ID in printed
    assert max(map(len, printed.splitlines())) <= 80


@pytest.mark.parametrize(
    "name", ["[bold]PC[/bold]", "[/]", "[red", "[link=http://evil]x[/link]", ":smile:", "\\[x]"]
)
def test_markup_in_the_name_of_a_pc_is_shown_as_it_is(capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert name in _list(capsys, Thing(name=name), columns=("name",))
    print_object(Thing(name=name), as_json=False)
    assert name in capsys.readouterr().out


@pytest.mark.parametrize("name", ["\x1b[2Jx", "\x1b]0;owned\x07x", "a\rb", "a\nb", "\x9b31mx", "\u202egpj.exe"])
def test_what_a_pc_sent_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str], name: str) -> None:
    printed = _list(capsys, Thing(name=name), columns=("name",))
    assert [one for one in printed if not one.isprintable() and one != "\n"] == []
    assert len(printed.splitlines()) == 2


def test_programs_get_one_json_array_with_everything_and_people_a_count(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_list([Thing(name="\x1b[2J"), Thing()], ("id",), as_json=True)
    printed = capsys.readouterr()
    assert [one["name"] for one in json.loads(printed.out)] == ["\x1b[2J", "ACCUEIL-01"]
    assert printed.err == ""
    print_list([Thing(), Thing()], ("id",), as_json=False)
    assert "2 in all" in capsys.readouterr().err


def test_an_empty_list_is_an_empty_array(capsys: pytest.CaptureFixture[str]) -> None:
    print_list([], ("id",), as_json=True)
    assert json.loads(capsys.readouterr().out) == []


def test_absence_instants_and_answers_are_written_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    at = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
    printed = _list(capsys, Thing(), Thing(at=at, simulated=True), columns=("at", "simulated"))
    assert [line.split()[-1] for line in printed.splitlines()[1:]] == ["no", "yes"]
    assert at.astimezone().strftime("%Y-%m-%d %H:%M:%S") in printed
    assert "-" in printed.splitlines()[1]


def test_a_map_that_is_no_count_stays_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert '{"a":"b"}' in _list(capsys, Thing(states={"a": "b"}), columns=("states",))
