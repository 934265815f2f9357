"""The pattern language: the same answers as `re` where both exist, and a bound on everything."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canopee_contract.errors import PatternError
from canopee_contract.pattern import MAX_VALUE, compile_pattern, matches
from canopee_contract.pattern_language import MAX_PATTERN

ATOMS = st.sampled_from(["a", "b", "c", ".", "[ab]", "[^a]", "[a-c]", r"\.", r"\d", r"[\]x]", "[b-]"])


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    groups = inner.map("({})".format)
    repeated = st.builds("{}{}".format, groups, st.sampled_from(["*", "+", "?", "{2}", "{0,2}", "{1,3}"]))
    joined = st.lists(inner, min_size=1, max_size=3).map("".join)
    chosen = st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({'|'.join(parts)})")
    return repeated | joined | chosen


PATTERNS = st.recursive(ATOMS, _grown, max_leaves=6).filter(lambda pattern: len(pattern) <= MAX_PATTERN)
VALUES = st.text(alphabet="abcx.]-1\n", max_size=8)


@given(PATTERNS, VALUES)
def test_the_answer_is_that_of_a_backtracking_matcher(pattern: str, value: str) -> None:
    assert matches(pattern, value) is (re.fullmatch(pattern, value, re.DOTALL) is not None)


@given(st.text(alphabet="ab01()[]{}|*+?^$.,-\\d", max_size=12), VALUES)
def test_any_text_is_either_a_pattern_or_refused(pattern: str, value: str) -> None:
    try:
        matches(pattern, value)
    except PatternError as refused:
        assert refused.message  # noqa: PT017  either outcome is right; anything else raised is not


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("a" * (MAX_PATTERN + 1), "at most 200 characters"), ("(a{64}){64}", "too large"), ("a{65}", "≤ 64"),
        ("a{3,2}", "m ≤ n"), ("a{,2}", "repetition is"), ("a{2,}", "repetition is"), ("a{1", "repetition is"),
        ("a**", "not expected"), ("a+?", "not expected"), ("^a", "not expected"), ("a$", "not expected"),
        ("]", "not expected"), ("()(", "not closed"), ("[]", "empty"), ("[a", "ends too early"),
        ("\\", "ends too early"), (r"\w", "not part of"), (r"\é", "not part of"),
        ("[[]", "write \\["), ("[z-a]", "not a range"), (r"[a-\d]", "not a range"),
        ("(?:a)", "not expected"),
    ],
)  # fmt: skip
def test_a_refusal_says_what_is_wrong(pattern: str, said: str) -> None:
    with pytest.raises(PatternError) as refused:
        compile_pattern(pattern)
    assert said in refused.value.message


def test_a_digit_is_one_of_ten() -> None:
    assert matches(r"\d+", "0123456789")
    assert not matches(r"\d", "٣")


def test_a_value_is_read_up_to_its_bound() -> None:
    assert matches("a*", "a" * MAX_VALUE)
    assert not matches("a*", "a" * (MAX_VALUE + 1))


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "pattern",
    ["(a*)*b", "((a|a)*|a?)*b", "(a?){30}a{30}b", "(.*.*.*.*)*b", "((a{0,9}){0,9}){0,9}b", "(" * 66 + "a*" + ")*" * 66],
)  # fmt: skip
def test_no_pattern_makes_a_long_value_slow(pattern: str) -> None:
    assert not matches(pattern, "a" * (MAX_VALUE - 1) + "c")


@given(st.text(max_size=30))
def test_a_text_whose_punctuation_is_escaped_matches_itself_only(text: str) -> None:
    pattern = "".join(f"\\{char}" if char.isascii() and not char.isalnum() else char for char in text)
    assert matches(pattern, text)
    assert not matches(pattern, text + "x")
    assert not matches(pattern, "x" + text)


@given(PATTERNS, PATTERNS, VALUES)
def test_an_alternative_is_the_union_and_a_group_changes_nothing(one: str, two: str, value: str) -> None:
    if len(one) + len(two) < MAX_PATTERN - 8:
        assert matches(f"({one})|({two})", value) is (matches(one, value) or matches(two, value))
    assert matches(f"({one})", value) is matches(one, value)


@given(st.integers(0, 6), st.integers(0, 6), st.integers(0, 8))
def test_a_repetition_counts(low: int, more: int, length: int) -> None:
    assert matches(f"a{{{low},{low + more}}}", "a" * length) is (low <= length <= low + more)
    assert matches(f"a{{{low}}}", "a" * length) is (length == low)


def test_a_matcher_gives_the_same_answer_when_its_memory_of_steps_is_full() -> None:
    compiled = compile_pattern("[^z]*z")
    seen = "".join(chr(0x4E00 + number) for number in range(5_000))
    for start in range(0, 5_000, 500):
        assert compiled.matches(seen[start : start + 500] + "z")
        assert not compiled.matches(seen[start : start + 500])


@pytest.mark.parametrize("value", ["\n", "\0", "\ud800", "\U0001f600", "e\u0301"])
def test_any_character_is_one_character(value: str) -> None:
    assert matches("." * len(value), value)
    assert not matches("." * (len(value) + 1), value)


def test_anchors_are_characters_once_escaped_and_a_value_is_matched_as_a_whole_over_lines() -> None:
    assert matches(r"\^a\$", "^a$")
    assert not matches("a", "a\n")
    assert not matches("a", "b\na")
    assert matches("a.b", "a\nb")
