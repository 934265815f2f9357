import asyncio
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from canopee_api.audit.chain import first_broken, note
from canopee_api.doors.areas import Areas
from canopee_api.postgres.accounts import AuditRow, list_audit
from canopee_api.testing import Office


async def _links(areas: Areas) -> list[AuditRow]:
    async with areas.database.transaction() as tx:
        return list(reversed(await list_audit(tx, after=0, limit=1000)))


async def _note(areas: Areas, subject: str, **detail: object) -> None:
    async with areas.database.transaction() as tx:
        await note(tx, areas.clock.now(), "test", "thing.do", subject, **detail)


@pytest.fixture
async def links(areas: Areas) -> list[AuditRow]:
    """Six links."""
    for number in range(6):
        await _note(areas, f"object {number}", number=number)
    return await _links(areas)


async def test_what_a_detail_holds_is_hashed_as_it_will_be_read_again(areas: Areas) -> None:
    nested = {"sha256": "0", "a": {"zz": 1, "b": [None, True, -1.5, 'é\n"\\']}, "é": 2**53, "": {}}
    await _note(areas, "ünïcode \N{PILE OF POO}", long_name=nested, b=[], empty="")
    assert first_broken(await _links(areas)) is None


async def test_the_chain_of_a_day_of_work_holds(office: Office) -> None:
    await office.publish_pipeline("repair", "action")
    pc = await office.pc({"os.family": "windows"})
    await office.areas.campaigns.start_signed(office.sign(office.campaign("repair", {"all": []})), by="anne")
    await office.areas.enrolment.revoke(pc.id, by="anne")
    links = await _links(office.areas)
    assert first_broken(links) is None
    actions = [link.action for link in links]
    assert actions == [
        "user.create", "trust.publish", "trust.publish", "enrolment.mint", "device.enrol", "campaign.start",
        "device.revoke",
    ]  # fmt: skip


async def test_links_added_at_once_make_one_chain(areas: Areas) -> None:
    await asyncio.gather(*(_note(areas, f"object {number}") for number in range(12)))
    links = await _links(areas)
    assert [link.n for link in links] == list(range(1, 13))
    assert first_broken(links) is None


async def test_what_was_rolled_back_leaves_neither_a_link_nor_a_gap(areas: Areas, links: list[AuditRow]) -> None:
    async with areas.database.transaction() as tx:
        await note(tx, areas.clock.now(), "test", "thing.do", "undone")
        await tx.rollback()
    await _note(areas, "done")
    after = await _links(areas)
    assert [link.object for link in after[len(links) :]] == ["done"]
    assert first_broken(after) is None


def _other(value: Any) -> Any:  # noqa: ANN401
    match value:
        case datetime():
            return value + timedelta(microseconds=1)
        case bytes():
            return value[:-1] + bytes([value[-1] ^ 1])
        case int():
            return value + 1
        case str():
            return value + "x"
        case _:
            return {**value, "more": 1}


@pytest.mark.parametrize("field", ["at", "actor", "action", "object", "detail", "previous", "sha256", "n"])
def test_a_change_of_any_field_of_any_link_shows(links: list[AuditRow], field: str) -> None:
    for place, link in enumerate(links):
        changed_link = msgspec.structs.replace(link, **{field: _other(getattr(link, field))})
        changed = [*links[:place], changed_link, *links[place + 1 :]]
        assert first_broken(changed) == place + 1, (field, place)


def test_a_link_that_was_taken_away_or_moved_or_given_twice_shows(links: list[AuditRow]) -> None:
    for place in range(len(links) - 1):
        assert first_broken([*links[:place], *links[place + 1 :]]) == place + 1
        swapped = [*links[:place], links[place + 1], links[place], *links[place + 2 :]]
        assert first_broken(swapped) == place + 1
        assert first_broken([*links[: place + 1], *links[place:]]) == place + 2


async def test_two_fields_cannot_be_shifted_into_one_another(areas: Areas) -> None:
    await _note(areas, "ab")
    (link,) = await _links(areas)
    shifted = msgspec.structs.replace(link, action="thing.doa", object="b")
    assert first_broken([shifted]) == 1
