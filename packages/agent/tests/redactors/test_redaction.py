"""Texts of any length, redacted whatever the parts they come in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canopee_agent import redactors
from canopee_agent.redaction import LOCAL_PATTERN, Redaction, told
from canopee_agent.redactor import LONGEST_SPAN, Redactor
from canopee_kit.discovery import discover

NUMBER = "1 85 05 78 006 084 91"
LINE = "2026-11-26 08:15:16,123 INFO started in 0.345 s port 8080 path C:\\ProgramData\\Cabinet\\x.log\n"
KINDS = sorted(discover(redactors, Redactor))


@pytest.mark.parametrize("kind", KINDS)
def test_a_log_without_anybodys_data_leaves_as_it_is(kind: str) -> None:
    spans = discover(redactors, Redactor)[kind]().spans(LINE * 3, (LINE * 3).lower())
    assert list(spans) == []


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_text_and_one_that_only_looks_hopeful_are_no_trouble(kind: str) -> None:
    redactor = discover(redactors, Redactor)[kind]()
    for text in ("", "nom", "@", "pid|", "né le", "\\users\\", "nir", "^", "0", "+", "(0010,", "m. ", "İ" * 9):
        assert list(redactor.spans(text, text.lower()[: len(text)])) == []


def test_what_overlaps_is_hidden_once_under_the_name_of_the_longest() -> None:
    redaction = Redaction()
    assert redaction.clean(f"PID|1|{NUMBER}|DUPONT^JEAN\r") == "PID|[medical_segment]\r"
    assert told(redaction.counts) == {"medical_segment": 1}


def test_counts_add_up_over_texts_and_never_hold_a_value() -> None:
    redaction = Redaction()
    for _ in range(3):
        redaction.clean(f"NIR {NUMBER}, tel 0612345678")
    assert told(redaction.counts) == {"phone_number": 3, "social_security_number": 3}
    assert "006" not in repr(redaction.counts)


def test_patterns_of_the_local_policy_are_found_whatever_their_case() -> None:
    redaction = Redaction([r"dossier \d+", "z*"])
    assert redaction.clean("DOSSIER 42 ouvert") == f"[{LOCAL_PATTERN}] ouvert"
    assert told(redaction.counts) == {LOCAL_PATTERN: 1}


def test_letters_that_become_two_in_small_letters_move_nothing() -> None:
    assert Redaction().clean(f"İİİİ NIR {NUMBER} İ") == "İİİİ NIR [social_security_number] İ"


@given(
    st.lists(
        st.sampled_from(
            [LINE, f"NIR {NUMBER}\n", "Nom :\nDUPONT\n", "a@b.fr ", "x", "é", "PID|1|2|" + "y" * 300 + "\r"]
        ),
        max_size=30,
    ),
    st.integers(1, 700),
    st.integers(1, 900),
)
def test_the_parts_and_windows_of_a_text_change_nothing(pieces: list[str], part: int, window: int) -> None:
    text = "".join(pieces)
    whole = Redaction()
    clean = whole.clean(text)
    streamed = Redaction()
    parts = [text[at : at + part] for at in range(0, len(text), part)]
    assert "".join(streamed.stream(parts, window)) == clean
    assert streamed.counts == whole.counts


def test_a_text_of_one_endless_line_is_handed_on_as_it_comes() -> None:
    handed = Redaction().stream(("a" * 50_000 for _ in range(20)), window=10_000)
    assert len(next(handed)) == 10_000
    assert sum(map(len, handed)) == 20 * 50_000 - 10_000


def test_a_segment_longer_than_a_span_leaves_nothing_of_its_patient() -> None:
    fields = "|".join(f"DUPONT{number}" for number in range(LONGEST_SPAN // 4))
    clean = "".join(Redaction().stream([f"PID|1|{fields}\r", LINE * 400], window=1_000))
    assert "DUPONT1|" not in clean
    assert len(fields) > LONGEST_SPAN
    assert "DUPONT" not in clean
