from typing import TypeAlias

import msgspec

from canopee_api.catalog.folder import catalog_kinds
from canopee_api.catalog.kind import Held, Wanted
from canopee_api.catalog.planning import Planned, differences, plan, revision
from canopee_contract.catalog import FieldChange, Owner

Kept: TypeAlias = dict[tuple[str, str], str]
PIPELINE = """type: pipeline
spec: 1
name: one
version: {version}
kind: collect
title: {title}
approval: none
steps: [{{id: hardware, use: collect_hardware}}]
"""
DATASET = """name: measure
version: 1
title: Measure
purpose: a test
retention_days: 30
fields:
- {{name: value, type: number, sentence: It., required: true}}
{more}"""


def pipeline(version: int = 1, title: str = "One", path: str = "pipelines/one.yaml") -> Wanted:
    return catalog_kinds()["pipeline"].read(path, PIPELINE.format(version=version, title=title))


def dataset(more: str = "") -> Wanted:
    return catalog_kinds()["dataset"].read("datasets/measure.yaml", DATASET.format(more=more))


def held(one: Wanted, owner: Owner = "git", state: str = "published") -> Held:
    return Held(
        kind=one.kind, id=one.id, data=one.data, sha256=one.sha256, version=one.version, owner=owner, state=state
    )


def planned(
    wanted: list[Wanted], before: list[Held], *, take_over: bool = False, kept: Kept | None = None
) -> Planned:
    return plan(wanted, before, "git", kinds=catalog_kinds(), kept=kept or {}, take_over=take_over)


def said(result: Planned) -> list[tuple[str, str, bool]]:
    return [(one.id, one.change, one.needs_signature) for one in result.changes]


def test_what_is_new_changed_the_same_and_gone_is_told_apart() -> None:
    gone = msgspec.structs.replace(held(pipeline()), id="gone")
    result = planned([pipeline(2), dataset()], [held(pipeline()), held(dataset()), gone])
    assert said(result) == [
        ("measure@1", "unchanged", False),
        ("gone", "removed", False),
        ("one", "changed", True),
    ]
    assert result.changes[2].fields == [FieldChange("$.version", 1, 2)]


def test_what_awaits_its_signature_may_still_change_but_what_is_published_never() -> None:
    assert said(planned([pipeline(title="Other")], [held(pipeline(), state="awaiting")])) == [
        ("one", "changed", True)
    ]
    (fault,) = planned([pipeline(title="Other")], [held(pipeline())]).faults
    assert (fault.code, fault.line, fault.path) == ("catalog.published", 4, "pipelines/one.yaml")
    (fault,) = planned([pipeline(1)], [held(pipeline(2))]).faults
    assert fault.code == "catalog.older"


def test_what_the_ihm_manages_is_left_alone_unless_it_is_taken_over() -> None:
    theirs = held(pipeline(), owner="ihm")
    assert [one.code for one in planned([pipeline(2)], [theirs]).faults] == ["catalog.owner"]
    taken = planned([pipeline(1)], [theirs], take_over=True)
    assert [one.fields for one in taken.changes] == [[FieldChange("managed_by", "ihm", "git")]]
    assert planned([], [theirs]).changes == []


def test_what_was_published_by_hand_belongs_to_whoever_declares_it_first() -> None:
    result = planned([pipeline()], [held(pipeline(), owner="")])
    assert said(result) == [("one", "changed", False)]
    assert planned([], [held(pipeline(), owner="")]).changes == []


def test_an_object_declared_twice_names_the_other_file() -> None:
    result = planned([pipeline(), pipeline(path="pipelines/two.yaml")], [])
    assert [(one.code, one.path, one.values) for one in result.faults] == [
        ("catalog.twice", "pipelines/two.yaml", {"other": "pipelines/one.yaml"})
    ]


def test_every_field_that_old_agents_could_not_follow_is_said() -> None:
    after = dataset(
        "- {name: a, type: text, sentence: A., required: true}\n- {name: b, type: text, sentence: B.}\n"
    )
    assert [(one.code, one.line) for one in planned([after], [held(dataset())]).faults] == [
        ("dataset.incompatible", 8)
    ]
    after = catalog_kinds()["dataset"].read(
        "datasets/measure.yaml", DATASET.format(more="").replace("number", "text").replace("value", "weight")
    )
    assert {one.code for one in planned([after], [held(dataset())]).faults} == {"dataset.incompatible"}


def test_nothing_goes_while_a_file_cannot_be_read() -> None:
    """The file that cannot be read may be the one that declares what would go."""
    broken = catalog_kinds()["pipeline"].read("pipelines/one.yaml", "name: [")
    result = planned([broken], [held(pipeline())])
    assert result.changes == []
    assert [one.code for one in result.faults] == ["yaml.syntax"]


def test_what_cannot_go_is_kept_with_its_reason() -> None:
    (change,) = planned([], [held(dataset())], kept={("dataset", "measure@1"): "records are held"}).changes
    assert (change.change, change.note) == ("kept", "records are held")


def test_the_revision_changes_with_bytes_owner_and_state_and_with_no_order() -> None:
    one, other = held(pipeline()), held(dataset())
    assert revision([one, other]) == revision([other, one])
    changed = [{"owner": "ihm"}, {"state": "awaiting"}, {"sha256": "0" * 64}]
    others = {revision([msgspec.structs.replace(one, **change), other]) for change in changed}
    assert len(others | {revision([one, other])}) == 4


def test_steps_are_told_apart_by_their_id_not_by_their_place() -> None:
    before = {"steps": [{"id": "a", "s": 1}, {"id": "b", "s": 2}]}
    after = {"steps": [{"id": "new"}, {"id": "a", "s": 1}, {"id": "b", "s": 3}]}
    assert list(differences(before, after)) == [
        FieldChange("$.steps[b].s", 2, 3),
        FieldChange("$.steps[new]", None, {"id": "new"}),
    ]
    swapped = {"steps": before["steps"][::-1]}
    assert [one.at for one in differences(before, swapped)] == ["$.steps (order)"]
    assert [one.at for one in differences({"on": True}, {"on": 1})] == ["$.on"]
