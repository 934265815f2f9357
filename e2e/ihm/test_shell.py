"""What surrounds every screen: keyboard, palette, language, theme, live state."""

import asyncio

from playwright.async_api import BrowserContext, Page, expect

from tools.browser.accessibility import is_wider_than_the_screen, violations
from tools.browser.chromium import PHONE


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
    await page.get_by_role("heading", name="Mon compte").wait_for()
    await page.keyboard.press("Control+k")
    await page.keyboard.type("AUDIT")
    await expect(page.get_by_role("option", name="Journal d’audit")).to_have_attribute("aria-selected", "true")
    assert await violations(page) == []
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Journal d’audit")).to_be_visible()
    await page.keyboard.press("Control+k")
    await page.keyboard.type("zzzz")
    await expect(page.get_by_text("Rien de ce nom.")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)


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


async def test_nine_tabs_share_one_stream(camille: BrowserContext) -> None:
    """A browser opens six connections to a server: with a stream each, the seventh tab would load nothing."""
    pages = [await camille.new_page() for _ in range(9)]
    await asyncio.gather(*(page.goto("/compte") for page in pages))
    for page in pages:
        await expect(page.get_by_role("status").filter(has_text="En direct")).to_be_visible()
