from datetime import timedelta

import pytest

from canopee_contract.key_life import KeyState
from canopee_kit.clock import FakeClock
from canopee_trust.lives import key_life, state_of
from canopee_trust.testing import Publisher

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("left", "state"),
    [
        (61 * DAY, "ok"), (60 * DAY, "soon"), (31 * DAY, "soon"), (30 * DAY, "urgent"), (15 * DAY, "urgent"),
        (14 * DAY, "critical"), (timedelta(seconds=1), "critical"), (timedelta(0), "expired"), (-DAY, "expired"),
    ],
)  # fmt: skip
def test_a_role_alarms_at_60_30_and_14_days(left: timedelta, state: KeyState) -> None:
    assert state_of("root", left) == state_of("policy", left) == state


def test_an_online_role_alarms_only_when_the_api_no_longer_signs_it_again() -> None:
    assert state_of("timestamp", 3 * DAY) == "ok"
    assert state_of("timestamp", DAY) == "critical"
    assert state_of("snapshot", 15 * DAY) == "ok"
    assert state_of("snapshot", timedelta(0)) == "expired"


def test_the_worst_role_gives_the_state_of_all(publisher: Publisher, clock: FakeClock) -> None:
    assert key_life(publisher.metadata, None, clock.now()).state == "ok"
    clock.advance(150 * 86_400)
    life = key_life(publisher.metadata, None, clock.now())
    states = {role.role: role.state for role in life.roles}
    assert (states["root"], states["targets"], states["collect"], life.state) == ("ok", "ok", "urgent", "urgent")
    clock.advance(31 * 86_400)
    life = key_life(publisher.metadata, None, clock.now())
    assert life.state == "expired"
    assert next(role.days_left for role in life.roles if role.role == "policy") == -1.0


def test_before_the_first_publication_only_the_root_is_known(publisher: Publisher, clock: FakeClock) -> None:
    life = key_life({"root": publisher.root}, None, clock.now())
    assert [(role.role, role.threshold, len(role.keyids)) for role in life.roles] == [("root", 1, 1)]
