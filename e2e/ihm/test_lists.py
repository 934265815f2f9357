"""Every list in each of its states, as a person sees it: provoked for real, or else on the way to the API."""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast

import psycopg
import pytest
from playwright.async_api import Browser, Locator, Page, Route, expect

from canopee.testing import Installation
from canopee_api.postgres.server import EmbeddedServer
from canopee_contract.people import NewUser
from e2e.ihm.lists import ELSEWHERE, LISTS, Listed, bare_tables, names
from tools.browser.accessibility import violations
from tools.browser.chromium import person, sign_in
from tools.browser.faults import Faults
from tools.browser.screens import known_objects
from tools.browser.seed import draft_id

_BUSY = {"code": "busy", "title": "Too much at once", "status": 503, "detail": "the database does not answer"}
_CLOSED = {"code": "accounts.right_missing", "title": "No", "status": 403, "detail": "you may not"}
pytestmark = pytest.mark.xdist_group("ihm-lists")
_PATIENCE_MS = 15_000
_AGED = re.compile(r"\d\d:\d\d.*(relues|interrompue)|sont ceux de \d\d:\d\d")
_SOMETHING = "01890a5d-ac96-774b-bcce-b302099a8057"
_TOLD = "Failed to load resource"


@pytest.fixture(scope="package")
def known(installed: Installation, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """One object of each kind, and one document that waits for its signatures."""
    draft = draft_id(installed, tmp_path_factory.mktemp("draft"))
    with installed.client() as client:
        return {**known_objects(client), "draft": draft}


def test_every_list_of_a_template_is_looked_at_in_its_states() -> None:
    expected = {name.partition(",")[0] for name in LISTS} | ELSEWHERE.keys()
    found = dict(names())
    assert "" not in found, f"{found['']}: a <cnp-shown> has no name"
    assert sorted(found.keys() - expected) == [], "lists that lists.py does not know"
    assert sorted(expected - found.keys()) == [], "lists that lists.py knows, and that no template has"
    assert list(bare_tables()) == [], "tables that tell no state: put each in a <cnp-shown>"


@pytest.mark.parametrize("name", LISTS)
async def test_a_list_loads_fails_comes_back_ages_and_may_be_forbidden(
    page: Page, faults: Faults, installed: Installation, known: Mapping[str, str], name: str
) -> None:
    faults.allow(_TOLD)
    listed = LISTS[name]
    place = _place(page, name)
    await _loads_then_fails(page, place, listed, listed.address.format_map(known))
    await page.get_by_role("main").get_by_role("button", name="Réessayer").first.click()
    await _is_there(page, listed)
    if listed.topic:
        await _ages(page, installed, listed)
    if listed.may_be_forbidden:
        async with _answered(page, listed, _refused(403, _CLOSED)):
            await page.reload()
            await expect(place).to_contain_text("n’a pas le droit « ", timeout=_PATIENCE_MS)
            assert await violations(page) == []


@pytest.mark.parametrize("name", [name for name, listed in LISTS.items() if listed.empty])
async def test_a_list_without_anything_says_so_and_never_takes_nothing_found_for_nothing_there(
    page: Page, known: Mapping[str, str], name: str
) -> None:
    listed = LISTS[name]
    async with _answered(page, listed, _emptied):
        await page.goto(listed.address.format_map(known))
        await expect(page.get_by_role("main")).to_contain_text(listed.empty, timeout=_PATIENCE_MS)
        assert await violations(page) == []
    if listed.filtered:
        address, words = listed.filtered
        await page.goto(address.format_map(known))
        await expect(_place(page, name)).to_contain_text(words)
        await expect(page.get_by_role("main")).not_to_contain_text(listed.empty)
        assert await violations(page) == []
        await page.get_by_role("main").get_by_role("button", name="Effacer les filtres").last.click()
        await _is_there(page, listed)


async def test_who_may_not_is_told_which_right_is_missing(
    browser: Browser, url: str, installed: Installation, faults: Faults
) -> None:
    reader = NewUser("lou", "une phrase assez longue", ["reader"])
    with installed.client() as client:
        client.create_user(reader)
    context = await person(browser, url)
    faults.watch(context)
    await sign_in(context, reader.login, reader.password)
    page = await context.new_page()
    for address, words in (
        ("/audit", "n’a pas le droit « administer »"),
        ("/pipelines/-nouveau", "n’a pas le droit « publish »"),
        ("/deploiements/nouveau", "demande le droit « run_collect »"),
        ("/journaux/nouveau", "exige le droit « request_logs »"),
    ):
        await page.goto(address)
        await expect(page.get_by_role("main")).to_contain_text(words)
        assert await violations(page) == []
    await expect(page.get_by_role("link", name="Journal d’audit")).to_have_count(0)
    await context.close()


async def test_the_palette_says_where_it_could_not_look(page: Page, faults: Faults) -> None:
    faults.allow(_TOLD)
    await page.goto("/compte")
    await expect(page.get_by_role("heading", name="Mon compte")).to_be_visible()
    await page.route(re.compile(r"/v1/devices\?"), _refused(503, _BUSY))
    await page.keyboard.press("Control+k")
    await page.keyboard.type("inventaire")
    palette = page.get_by_role("dialog")
    await expect(palette).to_contain_text("La recherche n’a pas abouti dans : Postes.")
    await expect(palette.get_by_role("option", name="Inventaire matériel").first).to_be_visible()
    assert await violations(page) == []
    await page.keyboard.press("Control+a")
    await page.unroute(re.compile(r"/v1/devices\?"))
    await page.keyboard.type("zzzz")
    await expect(palette).to_contain_text("Rien de ce nom.")


async def test_saved_views_that_cannot_be_read_are_not_said_to_be_none(page: Page, faults: Faults) -> None:
    faults.allow(_TOLD)
    views = re.compile(r"/v1/views\?")
    await page.route(views, _refused(503, _BUSY))
    await page.goto("/postes")
    await page.get_by_role("button", name="Vues").click()
    failed = page.get_by_role("menuitem", name="Vos vues n’ont pas pu être lues : réessayer")
    await expect(failed).to_be_visible()
    assert await violations(page) == []
    await page.unroute(views)
    await failed.click()
    await page.get_by_role("button", name="Vues").click()
    await expect(failed).to_have_count(0)


async def _loads_then_fails(page: Page, place: Locator, listed: Listed, address: str) -> None:
    """While nothing has come a person reads that it loads; when it fails: what failed, why, and how to try again."""
    is_seen = asyncio.Event()

    async def refuse_late(route: Route) -> None:
        await is_seen.wait()
        await _refused(503, _BUSY)(route)

    async with _answered(page, listed, refuse_late):
        await page.goto(address)
        await expect(page.get_by_role("main").locator("[aria-busy=true], .skeleton").first).to_be_attached()
        await expect(place.get_by_role("alert")).to_have_count(0)
        is_seen.set()
        told = place.get_by_role("alert")
        await expect(told).to_contain_text(listed.failed, timeout=_PATIENCE_MS)
        await expect(told).to_contain_text("the database does not answer")
        assert await violations(page) == []


async def _is_there(page: Page, listed: Listed) -> None:
    if listed.there:
        await expect(page.get_by_role("main").locator(listed.there).first).to_be_visible(timeout=_PATIENCE_MS)
    else:
        await expect(page.get_by_role("main")).not_to_contain_text(listed.failed, timeout=_PATIENCE_MS)


async def _ages(page: Page, installed: Installation, listed: Listed) -> None:
    """What can no longer be read stays, under the time when it was last known to be so."""
    main = page.get_by_role("main")
    await expect(page.get_by_role("status").filter(has_text="En direct")).to_be_visible()
    await page.mouse.move(5, 5)  # rows do not move under the pointer
    async with _answered(page, listed, _refused(503, _BUSY)):
        await _change(installed, listed.topic)
        await expect(main.get_by_text(_AGED).first).to_be_visible(timeout=_PATIENCE_MS)
        await _is_there(page, listed)
        assert await violations(page) == []


async def _change(installed: Installation, topic: str) -> None:
    """What the API tells those who watch, when something of this topic changed."""
    address = EmbeddedServer.find(installed.home.folder / "postgres")
    async with await psycopg.AsyncConnection.connect(address, autocommit=True) as database:
        await database.execute("SELECT pg_notify('canopee_live', %s)", (f"{topic} {_SOMETHING}",))


def _place(page: Page, name: str) -> Locator:
    return page.locator(f"[data-list={name.partition(',')[0]}]").first


Answering = Callable[[Route], Any]


@asynccontextmanager
async def _answered(page: Page, listed: Listed, answer: Answering) -> AsyncGenerator[None]:
    """Meanwhile, what the list reads is answered so."""
    reads = re.compile(rf"/v1/{listed.reads}(\?|$)")
    await page.route(reads, answer)
    yield
    await page.unroute(reads)


def _refused(status: int, problem: Mapping[str, Any]) -> Answering:
    async def refuse(route: Route) -> None:
        await route.fulfill(status=status, content_type="application/problem+json", json=problem)

    return refuse


async def _emptied(route: Route) -> None:
    """The real answer, without anything in it."""
    reply = await route.fetch()
    await route.fulfill(response=reply, json=_without(await reply.json()))


def _without(answer: Any) -> Any:  # noqa: ANN401  any answer of the API
    if isinstance(answer, dict):
        held = cast("dict[str, Any]", answer)
        return {key: _without(value) for key, value in held.items()}
    return (
        []
        if isinstance(answer, list)
        else 0
        if isinstance(answer, int) and not isinstance(answer, bool)
        else answer
    )
