import logging
from datetime import timedelta

import pytest

from canopee_api.catalog.key_alarms import KeyAlarms
from canopee_api.testing import Office
from canopee_contract.key_life import KeyLife, KeyState, RoleLife
from canopee_kit.clock import FakeClock


def _life(state: KeyState) -> KeyLife:
    return KeyLife(state, [RoleLife("root", ["ab"], 1, state), RoleLife("targets", ["cd"], 1, "ok")])


def test_each_level_is_said_once_a_day_and_a_new_level_at_once(
    clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    alarms = KeyAlarms()
    for state in ("ok", "soon", "soon", "urgent", "critical", "expired"):
        alarms.tell(_life(state), clock.now())
    levels = [record.levelno for record in caplog.records]
    assert levels == [logging.WARNING, logging.WARNING, logging.ERROR, logging.CRITICAL]
    alarms.tell(_life("expired"), clock.now() + timedelta(hours=23))
    assert len(caplog.records) == 4
    alarms.tell(_life("expired"), clock.now() + timedelta(days=1))
    assert len(caplog.records) == 5


async def test_the_api_alarms_for_what_is_published(
    office: Office, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    assert office.areas.trust.key_life().state == "ok"
    clock.advance(125 * 86_400)
    await office.areas.trust.keep_fresh()
    await office.areas.trust.warn()
    said = [record.getMessage() for record in caplog.records if record.name.endswith("key_alarms")]
    assert len(said) == 4
    assert all("soon" in one and "canopee keys status" in one for one in said)
