"""Codes that are dictated on the telephone."""

import pytest

from canopee_contract.log_codes import ALPHABET, CODE_LENGTH, written


@pytest.mark.parametrize("typed", ["abcd efgh", " ABCD-EFGH\n", "a b c d e f g h", "ABCDEFGH"])
def test_a_code_is_the_same_however_it_is_typed(typed: str) -> None:
    assert written(typed) == "ABCD-EFGH"


@pytest.mark.parametrize(
    "typed", ["", "ABCD-EFG", "ABCD-EFGHJ", "ABCD-EFG0", "ABCD-EFGI", "ÀBCD-EFGH", "ABCD_EFGH"]
)
def test_what_can_be_no_code_is_none(typed: str) -> None:
    assert not written(typed)


def test_a_code_cannot_be_guessed_in_a_day() -> None:
    assert len(ALPHABET) ** CODE_LENGTH > 10**12
    assert len(set(ALPHABET)) == len(ALPHABET)
