"""CSV files of customer systems: encodings, separators, headings, and every bad line by its number."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canopee.enrolling.practices_file import read_practices
from canopee.errors import UsageError
from canopee_contract.practices import Practice

TEXTS = st.text(st.characters(codec="cp1252", categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=12)


def _file(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "practices.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_file_is_read_however_it_was_saved(tmp_path: Path, encoding: str, delimiter: str, ending: str) -> None:
    lines = [
        ["Code client", "Raison sociale", "VILLE", "code_postal", "Fuseau horaire", "Téléphone"],
        ["FR-69-00012", '"Cabinet ""Bellecour"", Lyon; 2e"', "Nîmes", "30000", "Europe/Paris", "04"],
        ["", "", "", "", "", ""],
        ["FR-2", "Été", "", "", "", ""],
    ]
    text = ending.join(delimiter.join(line) for line in lines) + ending
    held = read_practices(_file(tmp_path, text, encoding))
    assert (held.faults, held.ignored) == ([], [])
    assert held.practices == [
        Practice("FR-69-00012", 'Cabinet "Bellecour", Lyon; 2e', "Nîmes", "30000", "Europe/Paris", phone="04"),
        Practice("FR-2", "Été"),
    ]


def test_every_bad_line_is_said_by_its_number_also_after_a_value_of_two_lines(tmp_path: Path) -> None:
    text = (
        "id;name;email;dossier\n"  # 1
        'A;Un;a@b.fr;"sur\ndeux lignes"\n'  # 2, 3
        "\n"  # 4
        "A;Deux;;x\n"  # 5: the id comes twice
        "B;;not an address;x\n"  # 6: two things
        "C;Trois\n"  # 7: too few
        "D;Quatre;;x;y\n"  # 8: too many
        "E;Cinq;;x\n"
    )
    held = read_practices(_file(tmp_path, text))
    assert [line for line, _ in held.faults] == [5, 6, 6, 7, 8]
    assert [message for _, message in held.faults][3] == "2 values for 4 columns"
    assert held.ignored == ["dossier"]


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(TEXTS, max_size=5), encoding=st.sampled_from(["utf-8", "cp1252"]))
def test_any_names_come_out_as_they_went_in(tmp_path: Path, names: list[str], encoding: str) -> None:
    quoted = ['"' + name.replace('"', '""') + '"' for name in names]
    text = "\n".join(["id;name", *(f"{n};{name}" for n, name in enumerate(quoted))])
    held = read_practices(_file(tmp_path, text, encoding), encoding)
    assert [one.name for one in held.practices] == [name.strip() for name in names]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no column id and no column name"), ("id;ville\nA;x\n", "no column name in the first line"),
        ("id;name;code\n", "two columns are id"), ('id;name\nA;"x\n', "line 2"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_list_of_practices_is_refused_with_what_it_lacks(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        read_practices(_file(tmp_path, text))


def test_another_encoding_than_the_one_asked_for_is_said_with_its_place(tmp_path: Path) -> None:
    path = _file(tmp_path, "id;name\nA;Nîmes\n", "cp1252")
    with pytest.raises(UsageError, match=r"not utf-8-sig \(byte 11\): save it as UTF-8, or see --encoding"):
        read_practices(path, "utf-8")
    with pytest.raises(UsageError, match="No such file"):
        read_practices(tmp_path / "missing.csv")
