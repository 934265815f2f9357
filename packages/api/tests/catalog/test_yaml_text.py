import pytest

from canopee_api.catalog.yaml_text import Place, read_yaml


def test_every_key_and_value_has_its_place() -> None:
    text = read_yaml("# about\nname: one\nsteps:\n  - {id: a, use: b}\n")
    assert text.document == {"name": "one", "steps": [{"id": "a", "use": "b"}]}
    assert text.place(("name",)) == Place(2, 7, 2, 10)
    assert text.place(("steps", 0, "use")) == Place(4, 18, 4, 19)
    assert text.place(("steps", 0, "use"), key=True) == Place(4, 13, 4, 16)


def test_what_is_missing_is_shown_at_what_should_hold_it() -> None:
    assert read_yaml("a: 1\nb:\n  c: 2\n").place(("b", "nothing")).line == 2


@pytest.mark.parametrize(
    ("source", "code", "line"),
    [
        ("a: [1,\nb: 2", "yaml.syntax", 2),
        ("a: 1\nb: 2\na: 3\n", "yaml.duplicate_key", 3),
        ("a: .nan\n", "yaml.number", 1),
        ("b: 1\na: 99999999999999999999\n", "yaml.number", 2),
        ("a: !!binary aGVsbG8=\n", "yaml.tag", 1),
        ("- one\n", "yaml.not_a_mapping", 1),
        ("# nothing\n", "yaml.empty", 1),
        ("a: !!python/object:os.system x\n", "yaml.syntax", 1),
        ("a: &a [*a]\n", "yaml.too_much", 1),
        ('a: "\\0"\n', "yaml.character", 1),
        ("? [a, b]\n: 1\n", "yaml.key", 1),
        ("a: 1\n---\nb: 2\n", "yaml.syntax", 2),
    ],
)
def test_what_is_no_json_value_is_refused_at_its_line(source: str, code: str, line: int) -> None:
    assert [(fault.code, fault.line) for fault in read_yaml(source).faults] == [(code, line)]


def test_a_text_that_stands_for_gigabytes_is_refused_at_once() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    assert [fault.code for fault in read_yaml("\n".join(lines)).faults] == ["yaml.too_much"]


def test_dates_stay_texts_and_merges_are_merged() -> None:
    text = read_yaml("base: &base {a: 1}\nheir: {<<: *base, on: 2026-11-26}\n")
    assert text.document == {"base": {"a": 1}, "heir": {"a": 1, "on": "2026-11-26"}}
    assert not text.faults
