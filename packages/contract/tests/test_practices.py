import pytest
from hypothesis import given
from hypothesis import strategies as st

from canopee_contract.practices import Practice, faults

GOOD = Practice("FR-1", "Cabinet", "Nîmes", "30000", "Europe/Paris", "Dr Martin", "a@b.fr", "+33 4")


@pytest.mark.parametrize(
    ("practice", "field"),
    [
        (Practice("", "x"), "id"), (Practice("x" * 65, "x"), "id"), (Practice(" x", "x"), "id"),
        (Practice("x", ""), "name"), (Practice("x", "a\nb"), "name"), (Practice("x", "x" * 256), "name"),
        (Practice("x", "x", email="a@"), "email"), (Practice("x", "x", email="a b@c"), "email"),
        (Practice("x", "x", time_zone="Paris"), "time_zone"),
        (Practice("x", "x", time_zone="../etc/passwd"), "time_zone"),
    ],
)  # fmt: skip
def test_each_rule_of_a_practice_names_its_field(practice: Practice, field: str) -> None:
    assert [(one.place, one.field) for one in faults([GOOD, practice])] == [(1, field)]


@given(st.lists(st.sampled_from("ABCD"), max_size=8))
def test_every_id_that_comes_again_is_said_at_its_place(ids: list[str]) -> None:
    again = [place for place, one in enumerate(ids) if one in ids[:place]]
    assert [one.place for one in faults([Practice(one, "x") for one in ids])] == again


def test_a_good_list_has_no_faults() -> None:
    assert list(faults([GOOD, Practice("12/345", "É")])) == []
