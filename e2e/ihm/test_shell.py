"""What surrounds every screen: keyboard, palette, language, theme, live state."""

import asyncio
import re
import time

import psycopg
import pytest
from playwright.async_api import BrowserContext, Page, Route, expect

from canopee.testing import Installation
from canopee_api.postgres.server import EmbeddedServer
from e2e.ihm.conftest import CAMILLE
from tools.browser.accessibility import is_wider_than_the_screen, violations
from tools.browser.chromium import PHONE, sign_in
from tools.browser.faults import Faults
from tools.browser.weight import FIRST_SCREEN_BYTES, carried

pytestmark = pytest.mark.xdist_group("ihm")


async def test_everything_is_reached_with_the_keyboard_alone(page: Page) -> None:
    await page.goto("/compte")
    await expect(page.get_by_role("heading", name="Mon compte")).to_be_visible()
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Aller au contenu")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("main")).to_be_focused()
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Raccourcis clavier")).to_be_visible()
    assert await violations(page) == []
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("main")).to_be_focused()
    await page.keyboard.press("g")
    await page.keyboard.press("a")
    await expect(page.get_by_role("heading", name="Journal d’audit")).to_be_visible()
    assert page.url.endswith("/audit")


async def test_single_letters_can_be_turned_off(page: Page) -> None:
    await page.goto("/compte")
    await page.get_by_label("Raccourcis d’une seule lettre").uncheck()
    await page.get_by_role("heading", name="Mon compte").click()
    await page.keyboard.press("?")
    await page.keyboard.press("Control+k")
    await expect(page.get_by_role("dialog")).to_have_count(1)
    await expect(page.get_by_role("combobox", name="Aller à…")).to_be_focused()


async def test_the_palette_goes_to_a_page_whatever_its_accents(page: Page) -> None:
    await page.goto("/compte")
    await page.get_by_label("Mot de passe actuel").click()
    await page.mouse.move(683, 240)  # where lines of the palette will be: the mouse that rests chooses nothing
    await page.keyboard.press("Control+k")
    await page.keyboard.type("AUDIT")
    await expect(page.get_by_role("option", name="Journal d’audit")).to_have_attribute("aria-selected", "true")
    await expect(page.get_by_label("Mot de passe actuel")).to_have_value("")
    assert await violations(page) == []
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Journal d’audit")).to_be_visible()
    await page.keyboard.press("Control+k")
    await page.keyboard.type("zzzz")
    await expect(page.get_by_text("Rien de ce nom.")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_the_palette_finds_a_device_and_a_pipeline(page: Page, installed: Installation) -> None:
    device, pipeline = installed.json("devices")[0], "inventory_hardware"
    await page.goto("/compte")
    await expect(page.get_by_role("heading", name="Mon compte")).to_be_visible()
    for text, link in ((device["hostname"], "/postes/"), (pipeline, "/pipelines/")):
        await page.keyboard.press("Control+k")
        await page.keyboard.type(text)
        await page.get_by_role("option").filter(has_text=text).first.click()
        await expect(page).to_have_url(re.compile(re.escape(link)))


async def test_what_changes_is_shown_without_anything_being_asked_for(page: Page, installed: Installation) -> None:
    await page.goto("/postes")
    await expect(page.get_by_role("status").filter(has_text="En direct")).to_be_visible()
    await expect(page.get_by_role("row").nth(1)).to_be_visible()
    async with page.expect_response(lambda reply: "/v1/" in reply.url and "devices" in reply.url):
        await asyncio.to_thread(installed.run, "run", "inventory_hardware", "--to", "all", "--wait", "30")


async def test_language_and_theme_are_kept(page: Page, camille: BrowserContext) -> None:
    await page.goto("/compte")
    await page.get_by_role("button", name="Thème").click()
    await page.get_by_role("menuitemradio", name="Sombre").click()
    dark = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    await page.get_by_role("button", name="Compte et langue").click()
    await page.get_by_role("menuitemradio", name="English").click()
    await expect(page.get_by_role("heading", name="My account")).to_be_visible()
    assert await page.evaluate("document.documentElement.lang") == "en"
    assert await violations(page) == []
    other = await camille.new_page()
    await other.goto("/compte")
    await expect(other.get_by_role("heading", name="My account")).to_be_visible()
    assert await other.evaluate("getComputedStyle(document.body).backgroundColor") == dark
    assert sum(int(part) for part in dark.strip("rgb()").split(",")) < 120


async def test_a_page_that_is_not_there_says_so(page: Page) -> None:
    await page.goto("/nulle-part")
    await expect(page.get_by_role("heading", name="Page introuvable")).to_be_visible()
    assert await violations(page) == []


async def test_on_a_phone_the_menu_is_a_drawer(page: Page) -> None:
    await page.set_viewport_size(PHONE)
    await page.goto("/compte")
    await page.get_by_role("button", name="Ouvrir le menu").click()
    drawer = page.get_by_role("dialog", name="Menu principal")
    assert await violations(page) == []
    await drawer.get_by_role("link", name="Journal d’audit").click()
    await expect(drawer).to_have_count(0)
    await expect(page.get_by_role("heading", name="Journal d’audit")).to_be_visible()
    assert not await is_wider_than_the_screen(page)


async def test_a_part_that_is_no_longer_on_the_server_asks_to_load_the_page_again(
    page: Page, faults: Faults
) -> None:
    faults.allow("dynamically imported module")
    faults.allow("NG0750")
    faults.allow("status of 404")
    await page.goto("/compte")
    await expect(page.get_by_role("heading", name="Mon compte")).to_be_visible()
    await page.route("**/chunk-*.js", lambda route: route.fulfill(status=404))
    await page.get_by_role("link", name="Journal d’audit").click()
    await expect(page.get_by_text("Canopée a été mis à jour")).to_be_visible()
    assert await violations(page) == []
    await page.unroute("**/chunk-*.js")
    await page.get_by_role("button", name="Recharger").click()
    await expect(page.get_by_role("heading", name="Mon compte")).to_be_visible()


@pytest.mark.parametrize(
    ("path", "wanted"), [("/connexion", "form input"), ("/parc", ".kpi b"), ("/postes", "tbody tr .mono")]
)
async def test_what_is_loaded_first_is_light(path: str, wanted: str, stranger: BrowserContext) -> None:
    if path != "/connexion":
        await sign_in(stranger, CAMILLE.login, CAMILLE.password)
    parts = await carried(await stranger.new_page(), path, wanted)
    assert 100_000 < sum(parts.values()) < FIRST_SCREEN_BYTES - 10_000, parts  # a large fleet says a little more


async def test_a_menu_that_is_asked_for_before_its_code_has_come_opens_by_itself(camille: BrowserContext) -> None:
    page = await camille.new_page()
    await page.goto("/compte")
    await page.get_by_role("button", name="Thème").focus()
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_role("menuitemradio", name="Comme le système")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Thème")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("menuitemradio", name="Comme le système")).to_be_focused()


async def test_what_is_typed_while_the_palette_comes_is_in_it(camille: BrowserContext) -> None:
    page, held = await camille.new_page(), asyncio.Event()

    async def late(route: Route) -> None:
        await held.wait()
        await route.continue_()

    await page.goto("/compte")
    await expect(page.get_by_role("heading", name="Mon compte")).to_be_visible()
    await page.route("**/chunk-*.js", late)
    await page.keyboard.press("Control+k")
    await page.keyboard.type("audit")
    held.set()
    await expect(page.get_by_role("combobox", name="Aller à…")).to_have_value("audit")
    await expect(page.get_by_role("option", name="Journal d’audit")).to_be_visible()


async def test_thousands_of_changes_a_second_do_not_hold_the_page_up(page: Page, installed: Installation) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto("/postes")
    await expect(page.get_by_role("row").nth(1)).to_be_visible()
    await expect(page.get_by_role("status").filter(has_text="En direct")).to_be_visible()
    asked.clear()
    started = time.monotonic()
    address = EmbeddedServer.find(installed.home.folder / "postgres")
    async with await psycopg.AsyncConnection.connect(address, autocommit=True) as database:
        for burst in range(10):
            await database.execute(
                "SELECT pg_notify('canopee_live', 'devices ' || n || %s) FROM generate_series(1, 1000) n", (burst,)
            )
            await page.get_by_role("button", name="Thème").click(timeout=2_000)
            await page.keyboard.press("Escape")
    reads = sum("/v1/devices" in url for url in asked)
    assert reads <= 6 * (2 + (time.monotonic() - started) / 0.7), f"{reads} reads of a page that shows one list"


async def test_nine_tabs_share_one_stream(camille: BrowserContext) -> None:
    """A browser opens six connections to a server: with a stream each, the seventh tab would load nothing."""
    pages = [await camille.new_page() for _ in range(9)]
    await asyncio.gather(*(page.goto("/compte") for page in pages))
    for page in pages:
        await expect(page.get_by_role("status").filter(has_text="En direct")).to_be_visible()
