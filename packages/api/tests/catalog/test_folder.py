import asyncio
import hashlib
from pathlib import Path

import pytest

from canopee_api.errors import ConflictError, InvalidError, NotFoundError
from canopee_api.postgres.accounts import list_audit
from canopee_api.testing import Office
from canopee_contract.catalog import (
    ApplyRequest,
    CatalogFile,
    CatalogOutcome,
    CheckText,
    DraftText,
    PlanRequest,
    ToSign,
)

SAMPLE = Path(__file__).parents[4] / "catalog"
PIPELINE = """# the hardware
type: pipeline
spec: 1
name: one
version: 1
kind: collect
title: One
approval: none
steps: [{id: hardware, use: collect_hardware}]
"""
DATASET = """name: measure
version: 1
title: Measure
purpose: a test
retention_days: 30
fields: [{name: value, type: number, sentence: It.}]
"""


def folder(**files: str) -> list[CatalogFile]:
    places = {"pipeline": "pipelines/one.yaml", "dataset": "datasets/measure.yaml"}
    return [CatalogFile(places.get(name, name), text) for name, text in files.items()]


async def apply(office: Office, files: list[CatalogFile], *, take_over: bool = False) -> CatalogOutcome:
    folders = office.areas.folders
    plan = await folders.plan(PlanRequest(files, take_over))
    assert plan.faults == []
    outcome = await folders.apply(ApplyRequest(files, plan.revision, take_over), by="test")
    assert (outcome.changes, outcome.to_sign) == (plan.changes, plan.to_sign)
    return outcome


async def sign(office: Office, waiting: list[ToSign]) -> None:
    """What `canopee sign` does, with the bytes that the API gives."""
    held = [await office.areas.folders.bytes_to_sign(one.sha256) for one in waiting]
    await office.publish({one.target: one.content.encode() for one in held})


def changes(outcome: CatalogOutcome) -> list[str]:
    return [f"{one.change} {one.id}" for one in outcome.changes]


async def test_a_folder_is_applied_signed_and_then_changes_nothing(office: Office) -> None:
    files = folder(pipeline=PIPELINE, dataset=DATASET)
    first = await apply(office, files)
    assert changes(first) == ["added measure@1", "added one"]
    (waiting,) = first.to_sign
    assert (waiting.id, waiting.command) == ("one@1", f"canopee sign one@1 --sha256 {waiting.sha256}")
    again = await apply(office, files)
    assert changes(again) == ["unchanged measure@1", "unchanged one"]
    assert again.to_sign == [waiting]
    await sign(office, again.to_sign)
    signed = await apply(office, files)
    assert changes(signed) == changes(again)
    assert signed.to_sign == []
    assert office.areas.trust.pipeline("one").ref.sha256 == waiting.sha256


async def test_the_whole_sample_catalog_is_applied_and_its_comments_are_kept(office: Office) -> None:
    paths = sorted(SAMPLE.rglob("*.yaml"))
    files = [CatalogFile(path.relative_to(SAMPLE).as_posix(), path.read_text("utf-8")) for path in paths]
    outcome = await apply(office, files)
    assert {one.kind for one in outcome.changes} == {"dataset", "pipeline", "facts"}
    await sign(office, outcome.to_sign)
    assert (await apply(office, files)).to_sign == []
    text = await office.areas.drafts.text("inventory_hardware", 1)
    assert text.source.startswith("# What each PC")


async def test_a_plan_that_is_old_is_refused_and_changes_nothing(office: Office) -> None:
    files = folder(dataset=DATASET)
    plan = await office.areas.folders.plan(PlanRequest(files))
    await apply(office, folder(pipeline=PIPELINE))
    with pytest.raises(ConflictError, match="plan again"):
        await office.areas.folders.apply(ApplyRequest(files, plan.revision), by="test")
    assert office.areas.datasets.shape("measure", 1) is None


async def test_of_people_who_apply_at_once_one_is_first_and_the_others_hear_of_it(office: Office) -> None:
    folders = office.areas.folders
    each = [folder(dataset=DATASET.replace("title: Measure", f"title: By {n}")) for n in range(4)]
    plans = [await folders.plan(PlanRequest(files)) for files in each]
    answers = await asyncio.gather(
        *(folders.apply(ApplyRequest(f, p.revision), by="test") for f, p in zip(each, plans, strict=True)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, CatalogOutcome) for one in answers) == 1
    assert sum(isinstance(one, ConflictError) for one in answers) == 3


async def test_one_fault_leaves_everything_as_it_was(office: Office) -> None:
    files = folder(dataset=DATASET, pipeline=PIPELINE.replace("collect_hardware", "collect_hardwar"))
    plan = await office.areas.folders.plan(PlanRequest(files))
    assert [(one.path, one.line) for one in plan.faults] == [("pipelines/one.yaml", 9)]
    with pytest.raises(InvalidError, match="did you mean collect_hardware"):
        await office.areas.folders.apply(ApplyRequest(files, plan.revision), by="test")
    assert office.areas.datasets.shape("measure", 1) is None


async def test_a_new_version_replaces_the_one_that_waited_and_the_old_stays_in_service(office: Office) -> None:
    await sign(office, (await apply(office, folder(pipeline=PIPELINE))).to_sign)
    second = PIPELINE.replace("version: 1", "version: 2")
    await apply(office, folder(pipeline=second))
    third = await apply(office, folder(pipeline=PIPELINE.replace("version: 1", "version: 3")))
    assert [one.id for one in third.to_sign] == ["one@3"]
    life = await office.areas.drafts.life("one")
    assert [(one.version, one.state) for one in life.versions] == [(3, "awaiting"), (1, "published")]
    assert (life.in_service, life.state) == (1, "awaiting")
    assert office.areas.trust.pipeline("one").ref.version == 1


async def test_what_leaves_the_folder_is_forgotten_but_what_is_published_stays(office: Office) -> None:
    await sign(office, (await apply(office, folder(pipeline=PIPELINE, dataset=DATASET))).to_sign)
    outcome = await apply(office, [])
    assert changes(outcome) == ["removed measure@1", "removed one"]
    assert office.areas.datasets.shape("measure", 1) is None
    assert office.areas.trust.pipeline("one").ref.version == 1
    assert (await apply(office, [])).changes == []


async def test_what_the_ihm_writes_git_does_not_touch_and_the_reverse(office: Office) -> None:
    drafts = office.areas.drafts
    await drafts.save("one", DraftText(PIPELINE), by="claire")
    await drafts.ask("one", revision=1, by="claire")
    second = folder(pipeline=PIPELINE.replace("version: 1", "version: 2"))
    plan = await office.areas.folders.plan(PlanRequest(second))
    assert [one.code for one in plan.faults] == ["catalog.owner"]
    assert (await apply(office, [])).changes == []
    await apply(office, second, take_over=True)
    assert (await drafts.life("one")).managed_by == "git"
    async with office.areas.database.transaction() as tx:
        (entry,) = [row for row in await list_audit(tx, after=0, limit=100) if row.action == "catalog.apply"]
    assert entry.detail["taken_over"] == ["pipeline one"]
    with pytest.raises(ConflictError, match="managed by git"):
        await drafts.save("one", DraftText(PIPELINE), by="claire")


async def test_bytes_that_nobody_awaits_are_not_given(office: Office) -> None:
    with pytest.raises(NotFoundError):
        await office.areas.folders.bytes_to_sign("0" * 64)
    (waiting,) = (await apply(office, folder(pipeline=PIPELINE))).to_sign
    held = await office.areas.folders.bytes_to_sign(waiting.sha256)
    assert hashlib.sha256(held.content.encode()).hexdigest() == waiting.sha256
    await sign(office, [waiting])
    with pytest.raises(NotFoundError):
        await office.areas.folders.bytes_to_sign(waiting.sha256)


def test_a_file_of_no_kind_says_which_there_are(office: Office) -> None:
    with pytest.raises(InvalidError, match=r"facts\.yaml"):
        office.areas.folders.check(CheckText("other/x.yaml", "a: 1"))
