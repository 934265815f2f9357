"""Deployments on screen: what is said where there is none; `test_whole_story.py` leads one."""

from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, Route, expect

from canopee.testing import Installation
from tools.browser.accessibility import is_wider_than_the_screen, violations
from tools.browser.chromium import PHONE
from tools.browser.faults import Faults

pytestmark = pytest.mark.xdist_group("ihm")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/deploiements?onglet=a-approuver", "Aucun document n’attend de signature."),
        ("/deploiements/01890a5d-ac96-774b-bcce-b302099a8057", "Ce document n’a pas pu être chargé."),
    ],
)
async def test_nothing_there_is_said_in_its_place(
    page: Page, faults: Faults, installed: Installation, address: str, said: str
) -> None:
    faults.allow("404")  # what is asked for is not there, on purpose
    for one in installed.json("campaign", "pending"):
        installed.run("campaign", "withdraw", one["id"])
    await page.goto(address)
    await expect(page.get_by_text(said)).to_be_visible()


async def test_a_collection_recurs_as_its_wizard_says_and_its_page_tells_each_occurrence(
    page: Page, installed: Installation
) -> None:
    await page.goto("/deploiements/nouveau?pipeline=inventory_hardware&etape=4")
    await page.get_by_role("radio", name="Expression cron").check()
    await page.get_by_label("Expression cron : minute").fill("*/5 6 * * 1-5")
    await page.get_by_role("button", name="Continuer").click()
    await expect(page.get_by_label("Expression cron : minute")).to_be_focused()
    await expect(page.get_by_text("La minute est un seul nombre").first).to_be_visible()
    assert await violations(page) == []
    await page.get_by_role("radio", name="Jours ouvrés").check()
    await expect(page.get_by_text("lundi à vendredi, à 06:00, étalé sur 30 min")).to_be_visible()
    await expect(page.get_by_role("status").get_by_role("listitem").filter(has_text=", 06:00")).to_have_count(4)
    await page.get_by_role("button", name="Continuer").click()
    await page.get_by_role("button", name="Lancer la collecte").click()
    asked = page.get_by_role("dialog")
    await expect(asked).to_contain_text("à chaque occurrence, jusqu’à la fin : lundi à vendredi, à 06:00")
    await asked.get_by_role("button", name="Lancer la collecte").click()
    await expect(page.get_by_text("La première n’est pas encore venue.")).to_be_visible()
    await expect(page.get_by_text("prochaine fois")).to_be_visible()
    installed.run("campaign", "abort", urlsplit(page.url).path.rpartition("/")[2])

    async def two(route: Route) -> None:
        rows = [
            {"id": f"2026-11-{day}T06:00", "total": 30, "states": {"done": 28, "failed": 1, "expired": 1}}
            for day in (27, 26)
        ]
        await route.fulfill(json={"items": rows, "next": None})

    await page.route("**/occurrences*", two)
    await page.emulate_media(color_scheme="dark")
    await page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    await page.reload()
    await expect(page.get_by_text("ven. 27 nov., 06:00")).to_be_visible()
    await expect(page.get_by_text("29 réponses sur 30, 96,6 % de réussite")).to_have_count(2)
    assert await violations(page) == []
    assert not await is_wider_than_the_screen(page)


async def test_a_document_is_tried_on_some_devices_before_anybody_signs_it(
    page: Page, installed: Installation
) -> None:
    await page.goto("/deploiements/nouveau?pipeline=prepare_update&etape=2")
    await page.get_by_role("button", name="Ajouter un pipeline").click()
    await page.get_by_role("button", name="Continuer").click()
    await expect(page.get_by_label("Pipeline déjà réussi sur le poste")).to_be_focused()
    await page.get_by_label("Pipeline déjà réussi sur le poste").select_option("inventory_hardware")
    await page.get_by_role("button", name="Vérification").click()
    needed = page.get_by_text("Seulement une fois réussi sur le poste : inventory_hardware.")
    await expect(needed).to_be_visible()
    await page.get_by_role("button", name="5 au hasard parmi ceux visés").click()
    await page.get_by_role("button", name="Essayer à blanc sur 5 postes").click()
    await expect(page.get_by_role("heading", name="Essayer à blanc sur quelques postes")).to_be_focused()
    await expect(page.get_by_text("5 poste(s) sur 5 ont répondu")).to_be_visible(timeout=30_000)
    assert await violations(page) == []
    await page.get_by_label("Motif").fill("TICKET-9")
    await page.get_by_role("button", name="Préparer le document").click()
    await expect(page.get_by_role("heading", name="Ce qu’il fera, en clair")).to_be_visible()
    await expect(needed).to_be_visible()
    trial = page.locator("cnp-trial")
    with installed.client() as client:
        name = next(one for one in client.devices() if one.simulated).hostname
    await trial.get_by_role("searchbox").fill(name)
    await trial.get_by_role("button", name=name).first.click()
    await trial.get_by_role("button", name="Essayer à blanc").click()
    answered = trial.get_by_text("1 poste(s) sur 1 ont répondu")
    await expect(answered).to_be_visible(timeout=30_000)
    await page.emulate_media(color_scheme="dark")
    await page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    await page.reload()  # what is shown is in the address
    await expect(answered).to_be_visible()
    assert await violations(page) == []
    assert not await is_wider_than_the_screen(page)
    installed.run("campaign", "withdraw", urlsplit(page.url).path.rpartition("/")[2])
