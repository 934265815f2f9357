"""Presence written behind, when the database takes nothing."""

from collections.abc import Mapping

from psycopg.conninfo import make_conninfo

from canopee_api.live.fleet import LiveFleet
from canopee_api.live.listener import Listener
from canopee_api.live.presence import flush
from canopee_api.postgres.database import Database
from canopee_api.testing import Office


async def _nobody(clones: Mapping[str, int]) -> None:
    assert not clones


async def test_a_standby_takes_no_presence_and_what_was_to_be_written_is_written_after_its_promotion(
    office: Office,
) -> None:
    areas, pc = office.areas, await office.pc()
    await flush(areas.database, areas.fleet, _nobody)
    await pc.check_in(agent_version="1.2.3")
    standby = Database(
        make_conninfo(areas.database.address, options="-c default_transaction_read_only=on"), size=1
    )
    await standby.open()
    try:
        for _ in range(2):
            await flush(standby, areas.fleet, _nobody)
    finally:
        await standby.close()
    await flush(areas.database, areas.fleet, _nobody)
    async with areas.database.transaction() as tx:
        found = await (
            await tx.execute("SELECT agent_version FROM device_presence WHERE device_id = %s", (pc.id,))
        ).fetchone()
    assert found == ("1.2.3",)


async def _nothing() -> None: ...


async def test_a_new_version_of_an_agent_is_known_to_the_other_processes(office: Office) -> None:
    areas, pc, other = office.areas, await office.pc(), LiveFleet()
    await flush(areas.database, areas.fleet, _nobody)
    listener = Listener(areas.database, other, _nothing)
    await listener.load()
    await pc.check_in(agent_version="1.2.3")
    await flush(areas.database, areas.fleet, _nobody)
    await listener.catch_up()
    held = other.get(pc.id)
    assert held is not None
    assert held.agent_version == "1.2.3"
