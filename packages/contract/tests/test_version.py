"""Product versions: a total order that SQL and the PC must share, and nothing read that is not a version."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canopee_contract.condition import evaluate, parse_condition
from canopee_contract.version import PARTS, PATTERN, VersionKey, version_key

NUMBERS = st.lists(st.integers(0, 999_999_999), min_size=1, max_size=PARTS)
SUFFIXES = st.text("0123456789abcXYZ.-", min_size=1, max_size=12)


def _text(numbers: list[int], pre: str, build: str) -> str:
    return ".".join(map(str, numbers)) + (f"-{pre}" if pre else "") + (f"+{build}" if build else "")


VERSIONS = st.builds(_text, NUMBERS, st.just("") | SUFFIXES, st.just("") | SUFFIXES)


def _key(text: str) -> VersionKey:
    key = version_key(text)
    assert key is not None, text
    return key


def _holds(op: str, left: str, right: str) -> bool:
    return evaluate(parse_condition({"fact": "v", "op": op, "value": right}), {"v": left})


@given(VERSIONS)
def test_whatever_follows_the_grammar_is_a_version(text: str) -> None:
    assert version_key(text) is not None


@given(VERSIONS, VERSIONS)
def test_exactly_one_of_less_equal_and_greater_holds(left: str, right: str) -> None:
    answers = [_holds(f"version_{op}", left, right) for op in ("lt", "eq", "gt")]
    assert answers.count(True) == 1
    assert _holds("version_le", left, right) is (answers[0] or answers[1])
    assert _holds("version_ge", left, right) is (answers[2] or answers[1])


@given(VERSIONS, VERSIONS, VERSIONS)
def test_the_order_is_transitive(one: str, two: str, three: str) -> None:
    low, middle, high = sorted([one, two, three], key=_key)
    assert _holds("version_le", low, middle)
    assert _holds("version_le", middle, high)
    assert _holds("version_le", low, high)


@given(st.lists(st.integers(0, 999), min_size=1, max_size=3), st.integers(0, PARTS - 3))
def test_missing_numbers_are_zeros(numbers: list[int], zeros: int) -> None:
    text = ".".join(map(str, numbers))
    assert version_key(text) == version_key(text + ".0" * zeros)


@given(NUMBERS, SUFFIXES)
def test_a_pre_release_ranks_just_before_its_version_and_build_metadata_does_not_count(
    numbers: list[int], suffix: str
) -> None:
    text = ".".join(map(str, numbers))
    below = ".".join(map(str, [*numbers[:-1], numbers[-1] - 1])) if numbers[-1] else None
    assert _key(f"{text}-{suffix}") < _key(text)
    assert below is None or _key(below) < _key(f"{text}-{suffix}")
    assert _key(f"{text}+{suffix}") == _key(text)


def test_suffixes_compare_as_text_by_code_point() -> None:
    mixed = ["8.2", "8.2-rc1", "8.2-beta", "8.2-9", "8.2-RC1", "8.2-10", "8.2-1"]
    assert sorted(mixed, key=_key) == ["8.2-1", "8.2-10", "8.2-9", "8.2-RC1", "8.2-beta", "8.2-rc1", "8.2"]


@given(st.text("0123456789.-+av \n٣é", max_size=12))
def test_a_text_is_a_version_exactly_when_it_follows_the_published_pattern(text: str) -> None:
    assert (version_key(text) is not None) is (re.fullmatch(PATTERN, text) is not None)


@pytest.mark.parametrize(
    "text", ["1" * 10, "1.2-", "1.2+", "1.2-" + "a" * 41, "-1", "1.-2", "1.2_3", "1.2-é", " 1"]
)
def test_what_lies_just_beyond_the_grammar_is_no_version(text: str) -> None:
    assert version_key(text) is None


@pytest.mark.parametrize("op", ["version_eq", "version_lt", "version_le", "version_gt", "version_ge"])
@pytest.mark.parametrize("fact", ["", "latest", 8, 8.1, True])
def test_what_is_no_version_compares_with_nothing(op: str, fact: str | float) -> None:
    assert not evaluate(parse_condition({"fact": "v", "op": op, "value": "8.1"}), {"v": fact})
