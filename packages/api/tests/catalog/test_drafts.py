import pytest

from canopee_api.errors import ConflictError, InvalidError, NotFoundError
from canopee_api.testing import Office
from canopee_contract.catalog import DraftText
from canopee_contract.codec import decode, encode
from canopee_contract.order import Order
from canopee_contract.people import CollectRequest
from canopee_contract.report import RunReport, RunReports, RunsReply, RunState
from canopee_kit.clock import FakeClock
from canopee_trust.dsse import payload_of, read_envelope

ENDS: tuple[RunState, ...] = ("done", "failed")
TEXT = """type: pipeline
spec: 1
name: one
version: 1
kind: collect
title: One
approval: none
steps: [{id: hardware, use: collect_hardware}]
"""


async def test_a_pipeline_goes_from_draft_to_signature_to_service(office: Office) -> None:
    drafts = office.areas.drafts
    broken = await drafts.save("one", DraftText("name: ["), by="claire")
    assert [one.code for one in broken.faults] == ["yaml.syntax"]
    assert (await drafts.life("one")).state == "draft"
    saved = await drafts.save("one", DraftText(TEXT, broken.revision), by="claire")
    assert saved.faults == []
    asked = await drafts.ask("one", revision=saved.revision, by="claire")
    life = await drafts.life("one")
    assert (life.state, life.in_service, life.draft_by, life.managed_by) == ("awaiting", None, "", "ihm")
    assert office.areas.trust.timestamp_version == 1
    await office.publish({asked.target: asked.content.encode()})
    life = await drafts.life("one")
    assert (life.state, life.in_service, life.versions[0].author) == ("published", 1, "claire")
    assert [one.id for one in await drafts.lives()] == ["one"]


async def test_two_people_who_write_the_same_draft_do_not_lose_the_first_text(office: Office) -> None:
    drafts = office.areas.drafts
    await drafts.save("one", DraftText("a: 1"), by="claire")
    with pytest.raises(ConflictError, match="claire has saved it"):
        await drafts.save("one", DraftText("a: 2"), by="paul")
    with pytest.raises(ConflictError):
        await drafts.ask("one", revision=7, by="paul")
    assert (await drafts.draft("one")).text == "a: 1"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TEXT.replace("collect_hardware", "none"), "line 8"),
        (TEXT.replace("name: one", "name: other"), "the text names other"),
    ],
)
async def test_no_signature_is_asked_for_a_text_with_faults(office: Office, text: str, said: str) -> None:
    await office.areas.drafts.save("one", DraftText(text), by="claire")
    with pytest.raises(InvalidError, match=said):
        await office.areas.drafts.ask("one", revision=1, by="claire")
    assert (await office.areas.drafts.draft("one")).text == text


async def test_a_published_version_is_not_asked_for_again_with_other_bytes(office: Office) -> None:
    await office.publish_pipeline("one", approval="none")
    drafts = office.areas.drafts
    await drafts.save("one", DraftText(TEXT), by="claire")
    with pytest.raises(InvalidError, match="raise it to 2"):
        await drafts.ask("one", revision=1, by="claire")
    await drafts.save("one", DraftText(TEXT.replace("version: 1", "version: 2"), 1), by="claire")
    await drafts.ask("one", revision=2, by="claire")
    assert [one.version for one in (await drafts.life("one")).versions] == [2, 1]


async def test_what_awaits_its_signature_becomes_a_draft_again(office: Office) -> None:
    drafts = office.areas.drafts
    await drafts.save("one", DraftText(TEXT), by="claire")
    await drafts.ask("one", revision=1, by="claire")
    again = await drafts.withdraw("one", 1, by="claire")
    assert (again.text, (await drafts.life("one")).state) == (TEXT, "draft")
    with pytest.raises(NotFoundError):
        await drafts.text("one", 1)


async def test_what_was_published_by_hand_is_shown_as_yaml(office: Office) -> None:
    await office.publish_pipeline("by_hand")
    text = await office.areas.drafts.text("by_hand", 1)
    assert "name: by_hand\n" in text.source
    with pytest.raises(ConflictError, match="does not await"):
        await office.areas.drafts.withdraw("by_hand", 1, by="claire")


@pytest.mark.parametrize("name", ["", "Upper", "update_agent", "a.b", "x" * 64])
async def test_a_name_that_is_none_is_refused(office: Office, name: str) -> None:
    with pytest.raises(InvalidError):
        await office.areas.drafts.save(name, DraftText(TEXT), by="claire")


async def test_a_draft_that_is_not_there_is_not_found(office: Office) -> None:
    for call in (office.areas.drafts.draft, office.areas.drafts.life):
        with pytest.raises(NotFoundError):
            await call("nothing")
    with pytest.raises(NotFoundError):
        await office.areas.drafts.discard("nothing", by="claire")


async def test_facts_come_with_their_types_and_most_frequent_values(office: Office) -> None:
    for os, cores in (("windows", 4), ("windows", 8), ("linux", 4)):
        await office.pc({"os.family": os, "hardware.cores": cores})
    facts = {one.id: one for one in await office.areas.activity.facts()}
    assert (facts["os.family"].types, facts["os.family"].devices) == (["text"], 3)
    assert facts["os.family"].values == ["windows", "linux"]
    assert facts["hardware.cores"].values == [4, 8]
    assert facts["device.id"].values == []


async def test_the_last_seven_days_are_counted_those_without_a_run_too(office: Office, clock: FakeClock) -> None:
    await office.publish_pipeline("one", approval="none")
    assert await office.areas.activity.pipelines() == []
    pcs = [await office.pc({}) for _ in range(3)]
    await office.areas.campaigns.start_collect(CollectRequest("one", {"all": []}), by="test")
    for pc, state in zip(pcs[:2], ENDS, strict=True):
        (delivered,) = await pc.orders()
        order = decode(payload_of(read_envelope(bytes(delivered.order))), Order)
        report = RunReport(order.order_id, order.seq, state, "", "one@1", "0.1.0", clock.now())
        await pc.post("runs", encode(RunReports((report,))), RunsReply)
    assert await office.areas.activity.pipelines() == []  # counted a moment ago
    clock.advance(20)
    (one,) = await office.areas.activity.pipelines()
    assert (one.id, one.targets, len(one.days)) == ("one", 3, 7)
    assert [(day.ended_well, day.ended_badly) for day in one.days] == [(0, 0)] * 6 + [(1, 1)]
