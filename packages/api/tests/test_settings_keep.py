import pytest

from canopee_api.errors import ServerError
from canopee_api.settings import Settings


def test_how_long_things_are_kept_is_read_from_the_environment() -> None:
    keep = Settings.from_env({"CANOPEE_KEEP_ORDERS_DAYS": "30"}).keep
    assert (keep.orders, keep.rejected) == (30, 90)


@pytest.mark.parametrize("text", ["0", "-3", "ten", "1.5", "999999"])
def test_a_length_that_makes_no_sense_is_refused_with_its_variable(text: str) -> None:
    with pytest.raises(ServerError, match="CANOPEE_KEEP_REJECTED_DAYS"):
        Settings.from_env({"CANOPEE_KEEP_REJECTED_DAYS": text})
