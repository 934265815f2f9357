"""What every screen owes to everybody, with what lies over it; a feature is looked at once its folder is there."""

from collections.abc import Mapping

import pytest
from playwright.async_api import Browser, BrowserContext, ViewportSize

from canopee.testing import Installation
from e2e.ihm.conftest import CAMILLE
from tools.browser.accessibility import is_wider_than_the_screen, violations
from tools.browser.chromium import DESKTOP, PHONE, Theme, person, sign_in
from tools.browser.faults import Faults
from tools.browser.french import French
from tools.browser.screens import Screen, known_objects, screens, show
from tools.browser.seed import draft_id

pytestmark = pytest.mark.xdist_group("ihm-screens")
SCREENS = [screen for screen in screens() if screen.name != "connexion"]
_TABLET: ViewportSize = {"width": 1024, "height": 768}
_LOOKED_AT = (DESKTOP, PHONE)
_THEMES: tuple[Theme, ...] = ("light", "dark")
_TRIAL = "Essai de "
"""How the campaign is called that somebody who works in French made, in another journey: data, no words of ours."""


@pytest.fixture(scope="package")
def known(installed: Installation, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """One object of each kind, and one document that waits for its signatures."""
    draft = draft_id(installed, tmp_path_factory.mktemp("draft"))
    with installed.client() as client:
        return {**known_objects(client), "draft": draft}


@pytest.fixture(scope="session")
def french() -> French:
    """Every French text of the sources."""
    return French()


@pytest.mark.parametrize("screen", SCREENS, ids=[screen.name for screen in SCREENS])
async def test_a_screen_is_accessible_in_both_themes_and_fits_a_phone(
    camille: BrowserContext, known: Mapping[str, str], screen: Screen
) -> None:
    page = await camille.new_page()
    await show(page, screen, known)
    wrong: list[str] = []
    for size in (DESKTOP, _TABLET, PHONE):
        await page.set_viewport_size(size)
        wrong += [f"wider than {size['width']}"] if await is_wider_than_the_screen(page) else []
        for theme in _THEMES if size in _LOOKED_AT else ():
            await page.emulate_media(color_scheme=theme)
            wrong += [f"{theme}, {size['width']}: {one}" for one in await violations(page)]
    assert wrong == [], "\n".join(wrong)


@pytest.mark.parametrize("screen", SCREENS, ids=[screen.name for screen in SCREENS])
async def test_a_screen_in_english_has_no_word_of_french(
    browser: Browser, url: str, faults: Faults, known: Mapping[str, str], french: French, screen: Screen
) -> None:
    context = await person(browser, url, lang="en")
    faults.watch(context)
    await sign_in(context, CAMILLE.login, CAMILLE.password)
    page = await context.new_page()
    await show(page, screen, known)
    assert await page.evaluate("document.documentElement.lang") == "en"
    words = await french.words_of(page)
    assert [one for one in words if not one.startswith(_TRIAL)] == []
    await context.close()
    faults.check()
