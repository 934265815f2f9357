"""The wizard of campaigns, step by step; the stop of everything, on every page; the freeze calendar."""

import re

import pytest
from playwright.async_api import Page, expect

from canopee.testing import Installation
from tools.browser.accessibility import violations

pytestmark = pytest.mark.xdist_group("ihm")


async def _watched(page: Page) -> None:
    """A signal that is not whole is told at its field; then one that never halts anything."""
    await page.get_by_role("button", name="Ajouter un signal").click()
    await page.get_by_role("button", name="Continuer").click()
    await expect(page.get_by_text("Complétez le test du signal").first).to_be_visible()
    signal = page.get_by_role("group", name="Signal 1")
    await signal.get_by_label("Fait", exact=True).fill("os.family")
    await signal.get_by_label("Valeur", exact=True).fill("beos")
    await expect(page.get_by_text("Complétez le test du signal")).to_have_count(0)


async def _timed(page: Page) -> None:
    """Windows past midnight, said in words and refused without a day; then none, a pace, a life too short."""
    await page.get_by_role("radio", name="Seulement dans des plages de la semaine").check()
    await expect(page.get_by_text("lundi à vendredi, de 20:00 à 06:00 le lendemain")).to_be_visible()
    await expect(page.get_by_text("50 heures ouvertes par semaine")).to_be_visible()
    await page.get_by_role("button", name="Ajouter une plage").click()
    await page.get_by_role("button", name="Continuer").click()
    await expect(page.get_by_text("Choisissez au moins un jour.").first).to_be_visible()
    await expect(page.get_by_role("heading", name="Horaires et cadence")).to_be_visible()
    await page.get_by_role("radio", name="À tout moment").check()
    await page.get_by_label("Cadence").fill("600")
    await page.get_by_label("Durée de vie").fill("0")
    await page.get_by_role("button", name="Continuer").click()
    await expect(page.get_by_label("Durée de vie")).to_be_focused()
    await page.get_by_label("Durée de vie").fill("30")


async def test_the_wizard_says_what_lacks_at_its_field_and_in_plain_words_what_will_happen(page: Page) -> None:
    await page.goto("/pipelines/prepare_update")
    await page.get_by_role("link", name="Déployer").click()
    await expect(page.get_by_role("radio", name=re.compile("prepare_update@1"))).to_be_checked()
    await page.get_by_role("button", name="Continuer").click()
    await expect(page.get_by_text("postes visés, sur")).to_be_visible()
    await page.get_by_role("button", name="Continuer").click()
    await _watched(page)
    assert await violations(page) == []
    await page.get_by_role("button", name="Continuer").click()
    await _timed(page)
    assert await violations(page) == []
    await page.get_by_role("button", name="Continuer").click()
    await expect(page.get_by_text('Signal « os.family eq "beos" »')).to_be_visible()
    await expect(page.get_by_text("Au plus 600 ordres par minute.")).to_be_visible()
    await expect(page.get_by_text("Un approbateur doit signer")).to_be_visible()
    assert await violations(page) == []


async def test_a_stop_of_everything_is_seen_on_every_open_page_and_so_is_its_end(
    page: Page, installed: Installation
) -> None:
    elsewhere = await page.context.new_page()
    await elsewhere.goto("/postes")
    await page.goto("/deploiements")
    await page.get_by_role("button", name="Tout arrêter").click()
    asked = page.get_by_role("dialog")
    await expect(asked).to_contain_text("ne commenceront plus rien")
    await asked.get_by_role("button", name="Tout arrêter").click()
    await expect(asked.get_by_text("Indiquez le motif.")).to_be_visible()
    await asked.get_by_label("Motif").fill("la 8.2 casse l’impression")
    await asked.get_by_role("button", name="Tout arrêter").click()
    await expect(asked.get_by_text("Écrivez exactement ARRÊTER.")).to_be_visible()
    assert await violations(page) == []
    try:
        await asked.get_by_label("Pour confirmer, écrivez ARRÊTER").fill("arreter")
        await asked.get_by_role("button", name="Tout arrêter").click()
        banner = elsewhere.get_by_role("alert").filter(has_text="Tout est arrêté")
        await expect(banner).to_contain_text("par camille. Motif : la 8.2 casse l’impression")
        assert await violations(elsewhere) == []
        await page.get_by_role("button", name="Tout reprendre").click()
        await expect(asked).to_contain_text("par camille")
        await asked.get_by_role("button", name="Tout reprendre").click()
        await expect(banner).to_have_count(0)
        await expect(page.get_by_role("button", name="Tout arrêter")).to_be_visible()
    finally:
        if installed.json("status")["standstill"]:
            installed.run("resume-everything")


async def test_a_freeze_is_entered_on_screen_and_removed(page: Page, installed: Installation) -> None:
    await page.goto("/deploiements/gels")
    await page.get_by_role("button", name="Ajouter un gel").click()
    await page.get_by_role("button", name="Ajouter un gel").click()
    await expect(page.get_by_text("Indiquez le jour.")).to_be_visible()
    await expect(page.get_by_label("Du", exact=True)).to_be_focused()
    await page.get_by_label("Du", exact=True).fill("2027-12-24")
    await page.get_by_label("Au", exact=True).fill("2027-12-26")
    await page.get_by_label("Motif").fill("fêtes")
    await page.get_by_role("button", name="Ajouter un gel").click()
    await expect(page.get_by_text("du 24 déc. 2027 au 26 déc. 2027 inclus")).to_be_visible()
    assert [one["reason"] for one in installed.json("freeze", "list")] == ["fêtes"]
    assert await violations(page) == []
    await page.get_by_role("button", name="Retirer le gel").click()
    await page.get_by_role("dialog").get_by_role("button", name="Retirer le gel").click()
    await expect(page.get_by_text("Aucun gel n’est prévu")).to_be_visible()
