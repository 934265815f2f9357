"""What every screen owes to everybody; a feature is looked at from the day its folder is there."""

from collections.abc import Mapping

import pytest
from playwright.async_api import BrowserContext

from canopee.testing import Installation
from tools.browser.accessibility import is_wider_than_the_screen, violations
from tools.browser.chromium import DESKTOP, PHONE
from tools.browser.screens import Screen, known_objects, screens, settle

SCREENS = [screen for screen in screens() if screen.name != "connexion"]


@pytest.fixture(scope="session")
def known(installed: Installation) -> Mapping[str, str]:
    """One device, one run, one campaign, one pipeline."""
    with installed.client() as client:
        return known_objects(client)


@pytest.mark.parametrize("screen", SCREENS, ids=[screen.name for screen in SCREENS])
async def test_a_screen_is_accessible_in_both_themes_and_fits_a_phone(
    camille: BrowserContext, known: Mapping[str, str], screen: Screen
) -> None:
    page = await camille.new_page()
    await settle(page, screen.address.format_map(known))
    wrong = [f"light: {one}" for one in await violations(page)]
    await page.emulate_media(color_scheme="dark")
    wrong += [f"dark: {one}" for one in await violations(page)]
    await page.set_viewport_size(PHONE)
    wrong += [f"phone: {one}" for one in await violations(page)]
    wrong += ["wider than a phone"] if await is_wider_than_the_screen(page) else []
    await page.set_viewport_size({"width": 1024, "height": DESKTOP["height"]})
    wrong += ["wider than 1024"] if await is_wider_than_the_screen(page) else []
    assert wrong == [], "\n".join(wrong)
