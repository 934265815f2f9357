import pytest

from canopee_api.doors.source import source_of


def _source(peer: str | None, forwarded: str | None = None) -> str:
    headers = [] if forwarded is None else [(b"x-forwarded-for", forwarded.encode("latin-1"))]
    return source_of({"type": "http", "client": None if peer is None else (peer, 1), "headers": headers})


@pytest.mark.parametrize(
    ("forwarded", "expected"),
    [
        (None, "127.0.0.1"), ("192.0.2.7", "192.0.2.7"), ("10.0.0.1, 192.0.2.7", "192.0.2.7"),
        ("2001:DB8::1", "2001:db8::1"), ("::ffff:192.0.2.7", "192.0.2.7"), ("unknown", ""), ("\xe9", ""),
    ],
)  # fmt: skip
def test_the_proxy_of_this_machine_says_whom_it_saw(forwarded: str | None, expected: str) -> None:
    assert _source("127.0.0.1", forwarded) == expected


@pytest.mark.parametrize(
    ("peer", "expected"), [("192.0.2.9", "192.0.2.9"), ("fe80::1%eth0", "fe80::1"), (None, "")]
)
def test_a_caller_from_elsewhere_cannot_pretend_to_be_another(peer: str | None, expected: str) -> None:
    assert _source(peer, "10.0.0.1") == expected
