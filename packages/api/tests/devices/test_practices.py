"""Imports of practices: all or nothing, the same twice, and what each counts."""

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canopee_api.devices.practices import Practices
from canopee_api.errors import InvalidError, NotFoundError
from canopee_api.postgres.database import Database
from canopee_api.testing import Office
from canopee_contract.codec import encode
from canopee_contract.errors import MalformedError
from canopee_contract.practices import Practice, PracticesImport, PracticesImported
from canopee_kit.clock import FakeClock

LISTS = st.dictionaries(st.sampled_from(["A", "B", "C", "D"]), st.sampled_from(["Un", "Deux"]), max_size=4)


@pytest.fixture
def practices(database: Database, clock: FakeClock) -> Practices:
    return Practices(database, clock)


def _list(names: dict[str, str]) -> list[Practice]:
    return [Practice(one, name, city="Lyon") for one, name in names.items()]


async def _take(
    practices: Practices, names: dict[str, str], *, dry_run: bool = False, deactivate: bool = False
) -> PracticesImported:
    return await practices.take_in(PracticesImport(_list(names), dry_run, deactivate), by="test")


async def _kept(practices: Practices) -> dict[str, tuple[str, str]]:
    return {one.id: (one.name, one.state) for one in await practices.list(search="", after="", limit=100)}


async def test_the_same_list_again_changes_nothing(practices: Practices, clock: FakeClock) -> None:
    names = {"FR-1": "Un", "FR-2": "Deux"}
    first = await _take(practices, names)
    assert (first.created, first.changed, first.unchanged, first.missing) == (2, 0, 0, 0)
    before = await practices.get("FR-1")
    clock.advance(60)
    again = await _take(practices, names)
    assert (again.created, again.changed, again.unchanged) == (0, 0, 2)
    assert await practices.get("FR-1") == before


async def test_a_dry_run_says_what_would_change_and_changes_nothing(practices: Practices) -> None:
    await _take(practices, {"A": "Un", "B": "Un"})
    said = await _take(practices, {"B": "Deux", "C": "Un"}, dry_run=True, deactivate=True)
    assert (said.created, said.changed, said.missing, said.missing_ids, said.deactivated) == (1, 1, 1, ["A"], 0)
    assert await _kept(practices) == {"A": ("Un", "active"), "B": ("Un", "active")}


async def test_practices_that_are_missing_stay_active_unless_that_is_asked_for(practices: Practices) -> None:
    await _take(practices, {"A": "Un", "B": "Un"})
    assert (await _take(practices, {"A": "Un"})).missing == 1
    assert (await _kept(practices))["B"] == ("Un", "active")
    assert (await _take(practices, {"A": "Un"}, deactivate=True)).deactivated == 1
    assert (await _kept(practices))["B"] == ("Un", "inactive")
    back = await _take(practices, {"A": "Un", "B": "Un"})
    assert (back.changed, back.missing) == (1, 0)
    assert (await _kept(practices))["B"] == ("Un", "active")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(imports=st.lists(st.tuples(LISTS, st.booleans(), st.booleans()), min_size=1, max_size=5))
async def test_any_imports_leave_what_a_dictionary_would_hold_and_count_it(
    practices: Practices, imports: Sequence[tuple[dict[str, str], bool, bool]]
) -> None:
    kept = await _kept(practices)
    for names, dry_run, asked in imports:
        deactivate = asked and bool(names)
        taken = await _take(practices, names, dry_run=dry_run, deactivate=deactivate)
        wanted = {one: (name, "active") for one, name in names.items()}
        missing = sorted(one for one, (_, state) in kept.items() if state == "active" and one not in names)
        assert taken.created == len(set(wanted) - set(kept))
        assert taken.changed == sum(one in kept and kept[one] != wanted[one] for one in wanted)
        assert taken.unchanged == sum(kept.get(one) == wanted[one] for one in wanted)
        assert (taken.missing, taken.missing_ids) == (len(missing), missing)
        if not dry_run:
            kept |= wanted
            kept |= {one: (kept[one][0], "inactive") for one in missing if deactivate}
        assert await _kept(practices) == kept


async def test_one_bad_practice_and_nothing_is_taken(practices: Practices) -> None:
    bad = [
        Practice("A", "Un"),
        Practice("A", "Deux"),
        Practice("B", ""),
        Practice("C", "x", time_zone="Europe/Lyon"),
    ]
    with pytest.raises(InvalidError) as refused:
        await practices.take_in(PracticesImport(bad), by="test")
    assert refused.value.at == "$.practices[1].id"
    assert "practices[2].name: must not be empty" in refused.value.message
    assert "practices[3].time_zone" in refused.value.message
    assert await _kept(practices) == {}


async def test_an_empty_list_never_deactivates_everything(practices: Practices) -> None:
    with pytest.raises(InvalidError, match="name those that stay"):
        await _take(practices, {}, deactivate=True)


async def test_a_body_that_is_no_import_is_refused(practices: Practices) -> None:
    for body in (b"", b"[]", b'{"practices":[{"id":"A","name":"x","nmae":"y"}]}'):
        with pytest.raises(MalformedError):
            await practices.take(body, by="test")


async def test_a_hundred_thousand_practices_are_taken_and_one_more_is_refused(practices: Practices) -> None:
    many = [Practice(f"FR-{n:06}", f"Cabinet {n}", "Lyon", "69002", "Europe/Paris") for n in range(100_001)]
    with pytest.raises(InvalidError, match="at most 100000"):
        await practices.take_in(PracticesImport(many), by="test")
    taken = await practices.take(encode(PracticesImport(many[:-1])), by="test")
    assert (taken.created, taken.unchanged) == (100_000, 0)


async def test_an_id_keeps_its_slashes_and_what_is_not_there_is_said(practices: Practices) -> None:
    await _take(practices, {"12/345": "Un"})
    assert (await practices.get("12/345")).name == "Un"
    with pytest.raises(NotFoundError, match="no practice x"):
        await practices.get("x")


async def test_practices_are_searched_by_id_name_and_city_and_their_living_pcs_counted(office: Office) -> None:
    practices = office.areas.practices
    rows = [Practice("FR-1", "Cabinet Bellecour", "Lyon"), Practice("FR-2", "100% santé", "Nîmes")]
    await practices.take_in(PracticesImport(rows), by="test")
    pc = await office.pc(practice="FR-1")
    await office.pc(practice="FR-1")
    await office.areas.enrolment.revoke(pc.id, by="test")
    for search, found in (
        ("belle", ["FR-1"]),
        ("fr-", ["FR-1", "FR-2"]),
        ("nîm", ["FR-2"]),
        ("0%", ["FR-2"]),
        ("_", []),
    ):
        assert [one.id for one in await practices.list(search=search, after="", limit=9)] == found
    assert [one.id for one in await practices.list(search="", after="FR-1", limit=9)] == ["FR-2"]
    assert [(await practices.get(one)).devices for one in ("FR-1", "FR-2")] == [1, 0]
