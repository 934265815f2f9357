import logging

import pytest

from canopee_api.catalog.key_alarms import tell
from canopee_api.testing import Office
from canopee_contract.key_life import KeyLife, KeyState, RoleLife
from canopee_kit.clock import FakeClock


def _life(state: KeyState, version: int = 1) -> KeyLife:
    return KeyLife(state, [RoleLife("root", ["ab"], 1, state, version), RoleLife("targets", ["cd"], 1, "ok")])


async def test_each_level_of_each_version_is_said_once_whoever_asks_and_however_often(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    lives = [_life(state) for state in ("ok", "soon", "soon", "urgent", "critical", "expired")]
    for life in (
        *lives,
        *lives,
        _life("soon", version=2),
    ):  # a second process, or a second start, says nothing more
        async with office.areas.database.transaction() as tx:
            await tell(tx, life, office.areas.clock)
    levels = [record.levelno for record in caplog.records if record.name.endswith("key_alarms")]
    assert levels == [logging.WARNING, logging.WARNING, logging.ERROR, logging.CRITICAL, logging.WARNING]


async def test_the_api_alarms_for_what_is_published(
    office: Office, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    assert office.areas.trust.key_life().state == "ok"
    clock.advance(125 * 86_400)
    await office.areas.trust.keep_fresh()
    await office.areas.trust.warn()
    await office.areas.trust.warn()
    said = [record.getMessage() for record in caplog.records if record.name.endswith("key_alarms")]
    assert len(said) == 4
    assert all("soon" in one and "canopee keys status" in one for one in said)
