"""The table of devices: what a filter shows is what its count says, in every order, page after page."""

import csv
import io
import itertools
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any, TypeAlias

import httpx
import msgspec
import pytest

from canopee_api.devices.csv_lines import BOM
from canopee_api.doors.areas import Areas
from canopee_api.doors.people.app import people_app
from canopee_api.live.presence import flush
from canopee_api.testing import ADMIN, Office, Pc
from canopee_contract.codec import decode, encode
from canopee_contract.fleet import DeviceQuery, NewSelection, TagChange, Watch
from canopee_contract.order import Order
from canopee_contract.people import CollectRequest
from canopee_contract.practices import Practice, PracticesImport
from canopee_contract.report import RunReport, RunReports, RunsReply, RunState
from canopee_kit.clock import FakeClock
from canopee_trust.dsse import payload_of, read_envelope

Http: TypeAlias = httpx.AsyncClient
_FLEET: list[tuple[str, str, dict[str, Any]]] = [
    ("ACCUEIL-1", "FR-1", {"os.name": "Windows 11", "product.version": "8.10.0", "hardware.memory_bytes": 8}),
    ("accueil-2", "FR-1", {"os.name": "Windows 10", "product.version": "8.9.1", "hardware.memory_bytes": 16}),
    ("SECRÉTARIAT", "FR-2", {"os.name": "Windows 11", "product.version": "8.9.1"}),
    ("LABO", "FR-3", {"os.name": "Windows 7", "agent.update_failed": "2.0.0 no contact", "odd": "=1+1"}),
]


@pytest.fixture
async def http(office: Office) -> AsyncGenerator[Http]:
    transport = httpx.ASGITransport(people_app(office.areas))  # pyright: ignore[reportArgumentType]  names its scopes
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
        reply = await client.post("/v1/sessions", json={"login": ADMIN.login, "password": ADMIN.password})
        client.headers["authorization"] = f"Bearer {reply.json()['token']}"
        yield client


@pytest.fixture
async def fleet(office: Office, clock: FakeClock) -> dict[str, Pc]:
    """Four PCs in three practices, one of which is known by name; by their names."""
    practices = PracticesImport([Practice("FR-1", "Pôle santé Voltaire", city="Nantes")])
    await office.areas.practices.take_in(practices, by="test")
    found: dict[str, Pc] = {}
    for name, practice, facts in _FLEET:
        clock.advance(1)  # ids in this order
        pc = await office.pc(facts, practice=practice)
        async with office.areas.database.transaction() as tx:
            await tx.execute("UPDATE devices SET hostname = %s WHERE id = %s", (name, pc.id))
        found[name] = pc
    return found


async def _names(areas: Areas, *, sort: str = "hostname", limit: int = 100, **filters: object) -> list[str]:
    page = await areas.fleet_table.page(msgspec.convert(filters, DeviceQuery), sort=sort, after="", limit=limit)
    return [one.hostname for one in page.items]


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"q": "accueil"}, ["ACCUEIL-1", "accueil-2"]),
        ({"q": "secretariat"}, ["SECRÉTARIAT"]),
        ({"q": "Secrétariat fr-2"}, ["SECRÉTARIAT"]),
        ({"q": "pole sante"}, ["ACCUEIL-1", "accueil-2"]),
        ({"q": "voltaire 2"}, ["accueil-2"]),
        ({"q": "nantes"}, ["ACCUEIL-1", "accueil-2"]),
        ({"q": "accueil_1"}, []),
        ({"q": "%"}, []),
        ({"practice": ["FR-2", "FR-3"]}, ["LABO", "SECRÉTARIAT"]),
        ({"os": ["Windows 11"], "product": ["8.9.1"]}, ["SECRÉTARIAT"]),
        ({"product": [""]}, ["LABO"]),
        ({"watch": ["update_failed"]}, ["LABO"]),
        ({"condition": {"fact": "product.version", "op": "version_ge", "value": "8.9.2"}}, ["ACCUEIL-1"]),
        (
            {"condition": {"not": {"fact": "os.name", "op": "eq", "value": "Windows 11"}}, "practice": ["FR-1"]},
            ["accueil-2"],
        ),
    ],
)
async def test_a_filter_shows_those_and_only_those(
    office: Office, fleet: dict[str, Pc], filters: dict[str, Any], names: list[str]
) -> None:
    assert set(fleet) > set(names)
    assert await _names(office.areas, **filters) == names
    assert (await office.areas.fleet_table.facets(DeviceQuery(**filters))).total == len(names)


async def test_the_beginning_of_an_id_finds_its_device(office: Office, fleet: dict[str, Pc]) -> None:
    assert await _names(office.areas, q=fleet["LABO"].id.upper()) == ["LABO"]


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("hostname", ["ACCUEIL-1", "accueil-2", "LABO", "SECRÉTARIAT"]),
        ("-hostname", ["SECRÉTARIAT", "LABO", "accueil-2", "ACCUEIL-1"]),
        ("fact:hardware.memory_bytes", ["ACCUEIL-1", "accueil-2", "SECRÉTARIAT", "LABO"]),
        ("-fact:hardware.memory_bytes", ["accueil-2", "ACCUEIL-1", "SECRÉTARIAT", "LABO"]),
        ("fact:product.version", ["accueil-2", "SECRÉTARIAT", "ACCUEIL-1", "LABO"]),
        ("-fact:product.version", ["ACCUEIL-1", "accueil-2", "SECRÉTARIAT", "LABO"]),
        ("practice", ["SECRÉTARIAT", "LABO", "ACCUEIL-1", "accueil-2"]),
        *((sort, None) for sort in ("id", "-id", "platform", "-agent_version", "state", "-last_seen", "enrolled")),
    ],
)
async def test_pages_of_any_order_hold_every_device_once_and_in_that_order(
    office: Office, fleet: dict[str, Pc], clock: FakeClock, sort: str, names: list[str] | None
) -> None:
    clock.advance(700)
    await fleet["accueil-2"].check_in()
    await flush(office.areas.database, office.areas.fleet, office.areas.enrolment.suspect_clones)
    whole = await _names(office.areas, sort=sort)
    assert sorted(whole) == sorted(fleet)
    assert names is None or whole == names
    for limit in (1, 3):
        after, found = "", list[str]()
        for _ in itertools.repeat(None, 6):
            page = await office.areas.fleet_table.page(DeviceQuery(), sort=sort, after=after, limit=limit)
            found += [one.hostname for one in page.items]
            after = page.next or ""
            if not after:
                break
        assert found == whole


async def test_row_filter_and_facet_agree_on_the_state_at_every_age(
    office: Office, fleet: dict[str, Pc], clock: FakeClock
) -> None:
    await office.areas.enrolment.revoke(fleet["LABO"].id, by="test")
    seen: set[str] = set()
    for seconds in (0, 599, 2, 23 * 3_600, 3_600, 7 * 86_400):
        clock.advance(seconds)
        facets = await office.areas.fleet_table.facets(DeviceQuery())
        overview = await office.areas.fleet_table.overview()
        states = {one.value: one.devices for one in facets.facets["state"]}
        assert states == {name: number for name, number in overview.states.items() if number}
        assert sum(states.values()) == facets.total == facets.fleet == overview.devices == len(fleet)
        for state, devices in states.items():
            asked = msgspec.convert({"state": [state]}, DeviceQuery)
            page = await office.areas.fleet_table.page(asked, sort="id", after="", limit=10)
            assert [one.state for one in page.items] == [state] * devices
            assert (await office.areas.fleet_table.get(page.items[0].id)).state == state
        seen |= states.keys()
    assert seen == {"online", "late", "offline", "revoked"}


async def test_a_facet_ignores_its_own_filter_and_no_other(office: Office, fleet: dict[str, Pc]) -> None:
    assert fleet
    found = await office.areas.fleet_table.facets(DeviceQuery(os=["Windows 11"], product=["8.9.1"], tag=["none"]))
    assert found.total == 0
    found = await office.areas.fleet_table.facets(DeviceQuery(os=["Windows 11"], product=["8.9.1"]))
    assert {one.value: one.devices for one in found.facets["os"]} == {"Windows 11": 1, "Windows 10": 1}
    assert {one.value: one.devices for one in found.facets["product"]} == {"8.9.1": 1, "8.10.0": 1}
    assert [(one.value, one.devices, one.label) for one in found.facets["practice"]] == [("FR-2", 1, "")]
    for facet in ("os", "product", "platform", "agent_version"):
        assert all(sum(one.states.values()) == one.devices for one in found.facets[facet])
    everywhere = await office.areas.fleet_table.facets(DeviceQuery())
    first = everywhere.facets["practice"][0]
    assert (first.value, first.devices, first.label) == ("FR-1", 2, "Pôle santé Voltaire")


async def test_a_value_that_is_filtered_by_stays_in_its_facet_when_nothing_has_it(office: Office) -> None:
    found = await office.areas.fleet_table.facets(DeviceQuery(os=["Windows 3.11"]))
    assert [(one.value, one.devices) for one in found.facets["os"]] == [("Windows 3.11", 0)]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("sort=nothing", "sort.unknown"),
        ("sort=fact:", "sort.unknown"),
        ("after=zzz", "page.cursor"),
        ("after=bm90IGpzb24", "page.cursor"),
        ("condition=%7B", "condition.malformed"),
        ("condition=%7B%22fact%22%3A1%7D", "condition.malformed"),
        ("state=asleep", "message.bad_shape"),
        ("watch=nothing", "message.bad_shape"),
        ("q=" + "x" * 201, "filter.too_long"),
    ],
)
async def test_what_cannot_be_asked_is_refused_and_says_why(http: Http, query: str, code: str) -> None:
    for path in ("/v1/devices", "/v1/devices/export"):
        if path.endswith("export") and query.startswith("after"):
            continue
        reply = await http.get(f"{path}?{query}")
        assert (reply.status_code, reply.json()["code"]) == (400, code), path


async def test_a_page_of_another_order_is_refused(http: Http, fleet: dict[str, Pc]) -> None:
    assert fleet
    following = (await http.get("/v1/devices?sort=hostname&limit=2")).json()["next"]
    assert (await http.get(f"/v1/devices?sort=hostname&limit=2&after={following}")).status_code == 200
    reply = await http.get(f"/v1/devices?sort=-hostname&after={following}")
    assert reply.json()["code"] == "page.cursor"
    forged = following[:-8] + "AAAAAAAA"
    assert (await http.get(f"/v1/devices?sort=hostname&after={forged}")).status_code == 400


async def test_filters_of_the_door_are_repeated_for_several_values(http: Http, fleet: dict[str, Pc]) -> None:
    assert fleet
    reply = await http.get("/v1/devices?practice=FR-2&practice=FR-3&sort=hostname")
    assert [one["hostname"] for one in reply.json()["items"]] == ["LABO", "SECRÉTARIAT"]


async def test_each_watch_counts_what_its_filter_shows(
    office: Office, fleet: dict[str, Pc], clock: FakeClock
) -> None:
    await office.publish_pipeline("inventory", approval="none")
    await office.release(b"zip", "9.0.0")
    table = office.areas.fleet_table
    clock.advance(8 * 86_400)
    await fleet["LABO"].renew()
    await fleet["LABO"].check_in()
    await fleet["LABO"].send_facts({"os.family": "windows", "os.arch": "x86_64", "agent.update_failed": "x"})
    await flush(office.areas.database, office.areas.fleet, office.areas.enrolment.suspect_clones)
    counted = {one.watch: one.devices for one in (await table.overview()).watch}
    assert counted == {"update_failed": 1, "silent": 3, "outdated": 1}
    for watch, devices in counted.items():
        asked = msgspec.convert({"watch": [watch]}, DeviceQuery)
        found = await table.page(asked, sort="id", after="", limit=10)
        assert len(found.items) == devices
    both: list[Watch] = ["silent", "outdated"]
    assert (await table.facets(DeviceQuery(watch=both))).total == 4
    await office.areas.enrolment.revoke(fleet["LABO"].id, by="test")
    assert {one.watch for one in (await table.overview()).watch} == {"silent"}


async def test_the_export_holds_every_row_and_fact_and_no_formula(http: Http, fleet: dict[str, Pc]) -> None:
    reply = await http.get("/v1/devices/export?sort=hostname")
    assert reply.headers["content-type"] == "text/csv; charset=utf-8"
    assert reply.headers["content-disposition"].startswith('attachment; filename="postes-')
    rows = list(csv.DictReader(io.StringIO(reply.text, newline="")))
    assert [row["hostname"] for row in rows] == ["ACCUEIL-1", "accueil-2", "LABO", "SECRÉTARIAT"]
    assert {row["id"] for row in rows} == {pc.id for pc in fleet.values()}
    assert rows[2]["odd"] == "'=1+1"
    assert rows[0]["hardware.memory_bytes"] == "8"
    assert rows[0]["practice_name"] == "Pôle santé Voltaire"
    filtered = await http.get("/v1/devices/export?os=Windows 7&excel=true")
    assert filtered.text.startswith(BOM + "id;hostname;")
    assert len(filtered.text.splitlines()) == 2


async def test_a_selection_does_not_change_with_the_fleet(office: Office, fleet: dict[str, Pc]) -> None:
    areas = office.areas
    made = await areas.selections.freeze(
        NewSelection(query=DeviceQuery(os=["Windows 11"]), excluded=[fleet["SECRÉTARIAT"].id]), by="ana"
    )
    assert (made.count, [one.hostname for one in made.sample]) == (1, ["ACCUEIL-1"])
    await fleet["ACCUEIL-1"].send_facts({"os.name": "Windows 12"})
    assert (await areas.selections.get(made.id)).count == 1
    held = await areas.selections.condition(made.id)
    assert held.condition == {"fact": "device.id", "op": "in", "value": [fleet["ACCUEIL-1"].id]}
    changed = await areas.annotations.change_tags(TagChange(selection=made.id, add=["pilote"]), by="ana")
    assert (changed.devices, changed.added) == (1, 1)
    assert await _names(areas, tag=["pilote"]) == ["ACCUEIL-1"]


async def test_a_selection_is_forgotten_after_a_week(
    office: Office, fleet: dict[str, Pc], clock: FakeClock
) -> None:
    made = await office.areas.selections.freeze(NewSelection(device_ids=[fleet["LABO"].id]), by="ana")
    clock.advance(timedelta(days=7).total_seconds())
    await office.areas.selections.tend()
    with pytest.raises(Exception, match="expired"):
        await office.areas.selections.get(made.id)


async def _ran(office: Office, pc: Pc, state: RunState) -> str:
    """Order the pipeline `inventory` to a PC, which reports how it ended; the order's id."""
    only = {"fact": "device.id", "op": "eq", "value": pc.id}
    await office.areas.campaigns.start_collect(CollectRequest("inventory", only), by="test")
    order = decode(payload_of(read_envelope(bytes((await pc.orders())[0].order))), Order)
    report = RunReport(order.order_id, order.seq, state, "", "inventory@1", "0.1.0", office.areas.clock.now())
    await pc.post("runs", encode(RunReports((report,))), RunsReply)
    pc.order_seq = order.seq
    return order.order_id


async def test_the_last_run_is_that_of_the_newest_order(
    office: Office, fleet: dict[str, Pc], clock: FakeClock
) -> None:
    await office.publish_pipeline("inventory", approval="none")
    for state in ("done", "failed"):
        clock.advance(1)
        await _ran(office, fleet["LABO"], state)
    [device] = (await office.areas.fleet_table.page(DeviceQuery(q="labo"), sort="id", after="", limit=5)).items
    assert device.last_run is not None
    assert (device.last_run.pipeline, device.last_run.state) == ("inventory@1", "failed")
    assert await _names(office.areas, watch=["failed"]) == ["LABO"]
    timeline = await office.areas.story.timeline(fleet["LABO"].id, 24)
    assert [(one.pipeline, [span.state for span in one.spans]) for one in timeline.lanes] == [
        ("inventory", ["done", "failed"])
    ]
    clock.advance(86_401)
    assert await _names(office.areas, watch=["failed"]) == []
    assert (await office.areas.story.timeline(fleet["LABO"].id, 24)).lanes == []
