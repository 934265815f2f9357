"""Tags, notes and saved views: who may, what is refused, what the audit says."""

import pytest

from canopee_api.errors import ApiError, ConflictError, ForbiddenError, InvalidError, NotFoundError
from canopee_api.postgres.accounts import list_audit
from canopee_api.testing import ADMIN, Office
from canopee_contract.fleet import DeviceQuery, NewNote, NewSelection, NewView, TagChange
from canopee_contract.people import NewUser
from canopee_kit.clock import FakeClock
from canopee_kit.ids import new_id


async def _actions(office: Office) -> list[str]:
    async with office.areas.database.transaction() as tx:
        return [row.action for row in await list_audit(tx, after=0, limit=100)]


async def test_tags_are_given_and_taken_once_and_counted(office: Office) -> None:
    one, two = await office.pc(), await office.pc()
    annotations = office.areas.annotations
    first = await annotations.change_tags(
        TagChange(device_ids=[one.id, two.id], add=["pilote", " VIP  1 "]), by="ana"
    )
    assert (first.devices, first.added, first.removed) == (2, 4, 0)
    again = await annotations.change_tags(
        TagChange(device_ids=[one.id], add=["pilote"], remove=["none"]), by="ana"
    )
    assert (again.added, again.removed) == (0, 0)
    await annotations.change_tags(TagChange(device_ids=[two.id], remove=["pilote"]), by="ana")
    assert [(tag.id, tag.devices) for tag in await annotations.tags(after="", limit=10)] == [
        ("VIP 1", 2),
        ("pilote", 1),
    ]
    assert (await office.areas.fleet_table.get(one.id)).tags == ["VIP 1", "pilote"]
    assert (await _actions(office)).count("device.tags") == 2


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (TagChange(add=["a"]), "tags.target"),
        (TagChange(selection="x", device_ids=["y"], add=["a"]), "tags.target"),
        (TagChange(device_ids=["y"]), "tags.none"),
        (TagChange(device_ids=["y"], add=["a"]), "device.id"),
        (TagChange(device_ids=[new_id(FakeClock().now())], add=["a"]), "device.unknown"),
        (TagChange(selection="x", add=["a"]), "selection.unknown"),
        (TagChange(device_ids=["y"], add=["a"], remove=["a"]), "tags.both"),
        (TagChange(device_ids=["y"], add=["x" * 61]), "tag.text"),
        (TagChange(device_ids=["y"], add=["a\u200b\0"]), "tag.text"),
        (TagChange(device_ids=["y"], add=[str(n) for n in range(21)]), "tags.too_many"),
    ],
)
async def test_tags_that_cannot_be_given_are_refused(office: Office, change: TagChange, code: str) -> None:
    with pytest.raises(ApiError) as refused:
        await office.areas.annotations.change_tags(change, by="ana")
    assert refused.value.reason == code


async def test_a_note_is_its_author_s_and_an_administrator_may_take_it_away(
    office: Office, clock: FakeClock
) -> None:
    pc, annotations = await office.pc(), office.areas.annotations
    first = await annotations.write_note(pc.id, NewNote("  Appelé le cabinet.\nRappeler lundi. "), by="ana")
    clock.advance(1)
    second = await annotations.write_note(pc.id, NewNote("Disque changé."), by="ben")
    assert [one.text for one in await annotations.notes(pc.id, after="", limit=10)] == [
        "Disque changé.",
        "Appelé le cabinet.\nRappeler lundi.",
    ]
    with pytest.raises(ForbiddenError):
        await annotations.delete_note(pc.id, second.id, by="ana", may_any=False)
    await annotations.delete_note(pc.id, second.id, by="ana", may_any=True)
    with pytest.raises(NotFoundError):
        await annotations.delete_note((await office.pc()).id, first.id, by="ana", may_any=True)
    assert [one.id for one in await annotations.notes(pc.id, after="", limit=10)] == [first.id]
    assert {"device.note", "device.note_deleted"} <= {*await _actions(office)}
    for text in ("  ", "x" * 2_001, "\0"):
        with pytest.raises(InvalidError):
            await annotations.write_note(pc.id, NewNote(text), by="ana")


async def test_a_view_of_one_s_own_is_nobody_else_s_until_it_is_shared(office: Office) -> None:
    views = office.areas.views
    await office.areas.people.create_user(NewUser("ben", ADMIN.password, ["reader"]), by="test")
    mine = await views.save(NewView(name="Labo", query="os=Windows+7&sort=-last_seen"), by="admin", may_share=True)
    assert await views.list("ben", page="devices", after="", limit=10) == []
    with pytest.raises(NotFoundError):
        await views.delete(mine.id, by="ben", may_any=True)
    shared = NewView(name="Labo", query="os=Windows+10", shared=True)
    await views.save(shared, by="admin", may_share=True, view_id=mine.id)
    [seen] = await views.list("ben", page="", after="", limit=10)
    assert (seen.id, seen.query, seen.owner, seen.shared) == (mine.id, "os=Windows+10", "admin", True)
    with pytest.raises(ForbiddenError):
        await views.save(shared, by="ben", may_share=True, view_id=mine.id)
    with pytest.raises(ForbiddenError):
        await views.save(shared, by="ben", may_share=False)
    with pytest.raises(ForbiddenError):
        await views.delete(mine.id, by="ben", may_any=False)
    with pytest.raises(ConflictError):
        await views.save(NewView(name=" Labo "), by="admin", may_share=True)
    await views.save(NewView(name="Labo"), by="ben", may_share=False)
    await views.delete(mine.id, by="admin", may_any=False)
    assert [one.owner for one in await views.list("ben", page="devices", after="", limit=10)] == ["ben"]


@pytest.mark.parametrize(
    "new",
    [NewView(name=" "), NewView(name="x" * 81), NewView(name="a", page=""), NewView(name="a", query="x" * 8_001)],
)
async def test_a_view_that_cannot_be_one_is_refused(office: Office, new: NewView) -> None:
    with pytest.raises(InvalidError):
        await office.areas.views.save(new, by="admin", may_share=True)


@pytest.mark.parametrize(
    ("new", "code"),
    [
        (NewSelection(), "selection.target"),
        (NewSelection(query=DeviceQuery(), device_ids=["x"]), "selection.target"),
        (NewSelection(device_ids=["x"]), "selection.ids"),
        (NewSelection(query=DeviceQuery(q="nobody")), "selection.empty"),
        (NewSelection(query=DeviceQuery(condition={"a": 1})), "condition.malformed"),
    ],
)
async def test_a_selection_of_nothing_is_refused(office: Office, new: NewSelection, code: str) -> None:
    with pytest.raises(ApiError) as refused:
        await office.areas.selections.freeze(new, by="ana")
    assert refused.value.reason == code


async def test_facts_carry_the_instant_of_their_last_change(office: Office, clock: FakeClock) -> None:
    pc = await office.pc({"os.name": "Windows 10", "hardware.cores": 4})
    begun = await office.areas.story.facts(pc.id)
    assert begun.first_at == clock.now()
    clock.advance(60)
    await pc.send_facts({"os.name": "Windows 11", "hardware.cores": 4})
    facts = {one.name: one for one in (await office.areas.story.facts(pc.id)).facts}
    assert (facts["os.name"].value, facts["os.name"].changed_at) == ("Windows 11", clock.now())
    assert facts["hardware.cores"].changed_at is None


async def test_the_diagnosis_of_a_device_counts_what_waits_for_it(office: Office) -> None:
    await office.publish_pipeline("inventory", approval="none")
    pc, twin = await office.pc({"os.name": "x"}), await office.pc()
    found = await office.areas.story.diagnosis(pc.id)
    assert (found.facts, found.orders_pending, found.orders_delivered, found.same_hardware) == (2, 0, 0, [twin.id])
    for unknown in ("x", new_id(FakeClock().now())):
        with pytest.raises(NotFoundError):
            await office.areas.story.diagnosis(unknown)
