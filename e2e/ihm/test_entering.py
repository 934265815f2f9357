"""Signing in, staying, leaving."""

import pytest
from playwright.async_api import BrowserContext, Page, expect

from e2e.ihm.conftest import CAMILLE
from tools.browser.accessibility import violations
from tools.browser.faults import Faults

pytestmark = pytest.mark.xdist_group("ihm")

UNKNOWN = "status of 401"
"""How Chromium reports an answer that says: sign in."""


async def _fill(page: Page, password: str) -> None:
    await page.get_by_label("Identifiant").fill(CAMILLE.login)
    await page.get_by_label("Mot de passe").fill(password)
    await page.get_by_role("button", name="Se connecter").click()


async def test_who_signs_in_arrives_where_the_address_led(stranger: BrowserContext, faults: Faults) -> None:
    faults.allow(UNKNOWN)
    page = await stranger.new_page()
    await page.goto("/compte?vue=1")
    await expect(page.get_by_role("heading", name="Connexion")).to_be_visible()
    assert await violations(page) == []
    await page.emulate_media(color_scheme="dark")
    assert await violations(page) == []
    await _fill(page, "pas le bon")
    await expect(page.locator("form").get_by_role("alert")).to_have_text("Identifiant ou mot de passe incorrect.")
    await _fill(page, CAMILLE.password)
    await expect(page.get_by_role("heading", name="Mon compte")).to_be_visible()
    assert page.url.endswith("/compte?vue=1")
    cookies = await stranger.cookies()
    assert [(one.get("httpOnly"), one.get("sameSite")) for one in cookies] == [(True, "Strict")]
    await page.get_by_role("button", name="Compte et langue").click()
    await page.get_by_role("menuitem", name="Se déconnecter").click()
    await expect(page.get_by_role("heading", name="Connexion")).to_be_visible()
    assert await stranger.cookies() == []


async def test_a_link_that_leads_to_another_site_is_not_followed_after_sign_in(
    stranger: BrowserContext, faults: Faults
) -> None:
    faults.allow(UNKNOWN)
    page = await stranger.new_page()
    await page.goto("/connexion?retour=//example.org/")
    await _fill(page, CAMILLE.password)
    await expect(page.get_by_role("button", name="Compte et langue")).to_be_visible()
    assert "example.org" not in page.url


async def test_a_session_that_ends_is_opened_again_over_the_page_and_what_was_typed_is_kept(
    page: Page, camille: BrowserContext, faults: Faults
) -> None:
    faults.allow(UNKNOWN)
    faults.allow("status of 403")
    await page.goto("/compte")
    await page.get_by_label("Mot de passe actuel").fill("celui d’avant")
    await page.get_by_label("Nouveau mot de passe").fill("une autre phrase, plus longue")
    await page.get_by_label("Encore une fois").fill("une autre phrase, plus longue")
    reply = await camille.request.delete("/v1/sessions/current", headers={"x-canopee": "test"})
    assert reply.ok
    await page.get_by_role("button", name="Changer").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("Votre session a pris fin")
    assert await violations(page) == []
    await expect(dialog.get_by_label("Mot de passe")).to_be_focused()
    await page.keyboard.type(CAMILLE.password)
    await page.keyboard.press("Enter")
    await expect(dialog).to_have_count(0)
    await expect(page.get_by_label("Mot de passe actuel")).to_have_value("celui d’avant")
    await expect(
        page.locator("form").get_by_role("alert")
    ).to_be_visible()  # asked again by itself: the old password was wrong


async def test_what_one_tab_does_with_the_session_the_others_follow(
    page: Page, camille: BrowserContext, faults: Faults
) -> None:
    faults.allow(UNKNOWN)
    other = await camille.new_page()
    for tab in (page, other):
        await tab.goto("/compte")
        await expect(tab.get_by_role("status").filter(has_text="En direct")).to_be_visible()
    await camille.clear_cookies()
    for tab in (page, other):
        await tab.get_by_label("Mot de passe actuel").fill("autre chose")
        await tab.get_by_label("Nouveau mot de passe").fill("une autre phrase, plus longue")
        await tab.get_by_label("Encore une fois").fill("une autre phrase, plus longue")
        await tab.get_by_role("button", name="Changer").click()
        await expect(tab.get_by_role("dialog")).to_contain_text("Votre session a pris fin")
    faults.allow("status of 403")
    await page.get_by_role("dialog").get_by_label("Mot de passe").fill(CAMILLE.password)
    await page.get_by_role("button", name="Se connecter").click()
    for tab in (page, other):
        await expect(tab.get_by_role("dialog")).to_have_count(0)
        await expect(tab.get_by_label("Mot de passe actuel")).to_have_value("autre chose")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("deconnecter")
    await page.keyboard.press("Enter")
    for tab in (page, other):
        await expect(tab.get_by_role("heading", name="Connexion")).to_be_visible()


@pytest.mark.parametrize("headers", [{}, {"origin": "https://example.org"}])
async def test_a_change_asked_for_by_another_site_is_refused(
    camille: BrowserContext, headers: dict[str, str]
) -> None:
    reply = await camille.request.delete("/v1/sessions/current", headers=headers)
    assert reply.status == 403
    assert (await camille.request.get("/v1/me")).ok
