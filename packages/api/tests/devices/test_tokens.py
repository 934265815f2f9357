from datetime import UTC, datetime, timedelta

import pytest

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
