import re

import pytest

from canopee_agent.windows.sddl import DROP, PRIVATE, READABLE, UNLISTED, is_kept, is_trusted, owner


@pytest.mark.parametrize(
    ("descriptor", "found"),
    [
        (PRIVATE, "BA"),
        ("O:S-1-5-21-1-2-3-1001G:BAD:", "S-1-5-21-1-2-3-1001"),
        ("O:SYD:P(A;;FA;;;SY)", "SY"),
        ("D:P(A;;FA;;;SY)", ""),
        ("", ""),
    ],
)
def test_the_owner_is_read_from_the_text(descriptor: str, found: str) -> None:
    assert owner(descriptor) == found


def test_only_system_and_administrators_are_trusted() -> None:
    assert is_trusted("SY") and is_trusted("S-1-5-32-544")  # noqa: PT018  one fact
    assert not any(map(is_trusted, ("", "BU", "WD", "S-1-5-21-1-2-3-1001", "S-1-5-32-545")))


@pytest.mark.parametrize(
    "as_windows_says_it",
    [
        "O:BAG:SYD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)",
        "O:BAD:PAI(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)",
        "O:SYD:PAI(A;OICI;0x1f01ff;;;S-1-5-18)(A;OICI;FA;;;S-1-5-32-544)",
    ],
)
def test_a_list_that_says_the_same_in_other_words_is_kept(as_windows_says_it: str) -> None:
    assert is_kept(as_windows_says_it, PRIVATE)


@pytest.mark.parametrize(
    "changed",
    [
        "O:BAG:SYD:(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)",  # what is above is inherited
        "O:BAG:SYD:AI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)",
        "O:S-1-5-21-1-2-3-1001G:SYD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)",  # an owner may change the list
        "O:BAG:SYD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FR;;;BU)",
        "O:BAG:SYD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICIIO;GA;;;CO)",
        "O:BAG:SYD:P(A;OICI;FA;;;SY)",
        "O:BAG:SYD:P(A;OICI;FA;;;SY)(A;;FA;;;BA)",
        "O:BAG:SYD:P(D;OICI;FA;;;SY)(A;OICI;FA;;;BA)",
        "O:BAG:SYD:P(A;OICI;FA;;;SY)(XA;OICI;FA;;;BA;(x))",
        "O:BAG:SYD:P(OA;OICI;FA;0-0;;SY)(A;OICI;FA;;;BA)",
        "O:BAD:NO_ACCESS_CONTROL",
        "O:BA",
        "",
    ],
)  # fmt: skip
def test_any_other_list_is_not(changed: str) -> None:
    assert not is_kept(changed, PRIVATE)


def test_readers_are_asked_for_or_refused_by_what_is_wanted() -> None:
    said = "O:BAG:SYD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;S-1-5-32-545)"
    assert is_kept(said, READABLE)
    assert not is_kept(said, PRIVATE)
    assert not is_kept(PRIVATE, READABLE)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (
            DROP,
            "O:BAG:SYD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;;0x1000a2;;;S-1-5-32-545)(A;OIIO;0x110082;;;S-1-3-0)",
        ),
        (UNLISTED, "O:BAG:SYD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;;0x1000a0;;;BU)(A;OIIO;0x120089;;;BU)"),
    ],
)
def test_the_desk_is_kept_in_other_words_and_not_with_another_right(wanted: str, said: str) -> None:
    assert is_kept(said, wanted)
    assert not is_kept(said.replace("0x1000a", "0x1200a"), wanted)  # users would list it
    assert not is_kept(said + "(A;;0x1000a3;;;BU)", wanted)


@pytest.mark.parametrize("descriptor", [DROP, UNLISTED])
def test_users_are_given_no_right_to_list_to_read_asks_or_to_write_answers(descriptor: str) -> None:
    rights = {
        (flags, int(mask, 16))
        for flags, mask in re.findall(r"\(A;([A-Z]*);(0x[0-9a-f]+);;;(?:BU|CO)\)", descriptor)
    }
    assert rights
    listing, subfolder, child, owner_of = 0x1, 0x4, 0x40, 0xC0000
    assert all(not mask & (listing | subfolder | child | owner_of) for _, mask in rights)
