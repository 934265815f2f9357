from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canopee_api.devices.tokens import LIFE, Tokens
from canopee_api.errors import UnauthenticatedError

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
DEVICE = "01890a5d-ac96-774b-bcce-b302099a8057"


def test_a_token_says_whose_it_is() -> None:
    tokens = Tokens(b"s" * 32)
    token, expires_at = tokens.make(DEVICE, 3, NOW)
    bearer = tokens.check(token, NOW)
    assert (bearer.device_id, bearer.generation, expires_at) == (DEVICE, 3, NOW + LIFE)


def test_a_token_is_over_after_its_hour() -> None:
    token, _ = Tokens(b"s" * 32).make(DEVICE, 1, NOW)
    with pytest.raises(UnauthenticatedError) as refused:
        Tokens(b"s" * 32).check(token, NOW + LIFE + timedelta(seconds=1))
    assert refused.value.reason == "token.expired"


@pytest.mark.parametrize("form", ["x{}", "{}x", "", "é.é.é.é", "a.b.c.d", "{}" * 3])
def test_a_token_that_was_changed_is_refused(form: str) -> None:
    token, _ = Tokens(b"s" * 32).make(DEVICE, 1, NOW)
    with pytest.raises(UnauthenticatedError):
        Tokens(b"s" * 32).check(form.replace("{}", token), NOW)


def test_a_token_of_another_secret_is_refused() -> None:
    token, _ = Tokens(b"s" * 32).make(DEVICE, 1, NOW)
    with pytest.raises(UnauthenticatedError):
        Tokens(b"t" * 32).check(token, NOW)


@given(st.integers(0, 2**31), st.binary(min_size=32, max_size=32))
def test_every_token_made_is_read_back_by_the_same_secret_only(generation: int, secret: bytes) -> None:
    token, _ = Tokens(secret).make(DEVICE, generation, NOW)
    assert Tokens(secret).check(token, NOW).generation == generation
    with pytest.raises(UnauthenticatedError):
        Tokens(secret[1:] + bytes([secret[0] ^ 1])).check(token, NOW)


def test_no_character_of_a_token_can_be_changed_and_no_end_of_it_cut() -> None:
    tokens = Tokens(b"s" * 32)
    token, _ = tokens.make(DEVICE, 1, NOW)
    spoiled = [
        token[:place] + ("0" if token[place] != "0" else "1") + token[place + 1 :] for place in range(len(token))
    ]
    spoiled += [token[:place] for place in range(len(token))] + [token[place:] for place in range(1, len(token))]
    for one in spoiled:
        with pytest.raises(UnauthenticatedError) as refused:
            tokens.check(one, NOW)
        assert refused.value.reason == "token.malformed"


@given(st.text(max_size=200))
def test_a_text_that_is_no_token_is_refused_and_nothing_else_happens(text: str) -> None:
    with pytest.raises(UnauthenticatedError):
        Tokens(b"s" * 32).check(text, NOW)


def test_a_token_cannot_be_made_longer_lived_or_another_s_by_editing_its_parts() -> None:
    tokens = Tokens(b"s" * 32)
    device, expiry, generation, mac = tokens.make(DEVICE, 1, NOW)[0].split(".")
    other = DEVICE.replace("0", "1")
    for forged in (
        f"{other}.{expiry}.{generation}.{mac}", f"{device}.{int(expiry) + 1}.{generation}.{mac}",
        f"{device}.{expiry}.2.{mac}", f"{device}.{expiry}.{generation}0.{mac}", f"{device}.{expiry}.{mac}",
        f"{device}.{expiry}.{generation}.{mac}=", f"{device}.{expiry}.{generation}.{mac} ",
    ):  # fmt: skip
        with pytest.raises(UnauthenticatedError):
            tokens.check(forged, NOW)


def test_a_server_whose_clock_was_set_back_still_accepts_its_tokens_and_no_longer_than_said() -> None:
    tokens = Tokens(b"s" * 32)
    token, expires_at = tokens.make(DEVICE, 1, NOW)
    assert tokens.check(token, NOW - timedelta(days=1)).device_id == DEVICE
    assert tokens.check(token, expires_at - timedelta(microseconds=1)).device_id == DEVICE
    with pytest.raises(UnauthenticatedError):
        tokens.check(token, expires_at)
