import pytest

from canopee_api.doors.source import source_of


def _source(peer: str | None, *forwarded: str | None) -> str:
    headers = [(b"x-forwarded-for", one.encode("latin-1")) for one in forwarded if one is not None]
    return source_of({"type": "http", "client": None if peer is None else (peer, 1), "headers": headers})


@pytest.mark.parametrize(
    ("forwarded", "expected"),
    [
        (None, "127.0.0.1"), ("192.0.2.7", "192.0.2.7"), ("10.0.0.1, 192.0.2.7", "192.0.2.7"),
        ("2001:DB8::1", "2001:db8::1"), ("::ffff:192.0.2.7", "192.0.2.7"), ("unknown", ""), ("\xe9", ""),
        ("192.0.2.7:51234", "192.0.2.7"), ("[2001:db8::1]:443", "2001:db8::1"), ("[2001:db8::1]", "2001:db8::1"),
        ("192.0.2.7:1:2", ""), ("[", ""),
    ],
)  # fmt: skip
def test_the_proxy_of_this_machine_says_whom_it_saw(forwarded: str | None, expected: str) -> None:
    assert _source("127.0.0.1", forwarded) == expected


def test_a_proxy_that_adds_a_header_of_its_own_is_believed_and_not_the_caller_s() -> None:
    assert _source("127.0.0.1", "10.0.0.1", "192.0.2.7") == "192.0.2.7"
    assert _source("127.0.0.1", "10.0.0.1", "") == "127.0.0.1"


@pytest.mark.parametrize(
    ("peer", "expected"), [("192.0.2.9", "192.0.2.9"), ("fe80::1%eth0", "fe80::1"), (None, "")]
)
def test_a_caller_from_elsewhere_cannot_pretend_to_be_another(peer: str | None, expected: str) -> None:
    assert _source(peer, "10.0.0.1") == expected
