"""A pipeline, from its first word to its first run: written, previewed, signed by the CLI, tried on one device."""

import re

import pytest
from playwright.async_api import BrowserContext, Page, Route, expect

from canopee.testing import Installation
from tools.browser.accessibility import is_wider_than_the_screen, violations
from tools.browser.chromium import PHONE
from tools.browser.faults import Faults

EDITOR = "Texte du pipeline, en YAML"


async def _begin(page: Page, name: str) -> None:
    await page.goto("/pipelines")
    await page.get_by_role("link", name="Nouveau pipeline").first.click()
    await page.get_by_label("Nom", exact=True).fill(name)
    await page.get_by_label("Inventaire").check()
    await page.get_by_role("button", name="Écrire le brouillon").click()
    await expect(page.get_by_role("textbox", name=EDITOR)).to_be_visible()


async def _type_at_line(page: Page, line: str, text: str) -> None:
    """Type at the end of the line that holds `line`."""
    await page.locator(".cm-line", has_text=line).first.click()
    await page.keyboard.press("End")
    await page.keyboard.type(text)


async def test_a_pipeline_is_written_previewed_signed_and_tried_on_one_device(
    page: Page, installed: Installation
) -> None:
    known = len(installed.json("devices"))
    await _begin(page, "journey_inventory")
    await expect(page.get_by_text("Aucun problème.")).to_be_visible()
    total = page.locator("cnp-preview .total")
    await expect(total).to_have_text(re.compile(rf"^\d+ postes sur {known}$"))
    await _type_at_line(page, "timeout_s: 120", "")
    await page.keyboard.press("Enter")
    await page.keyboard.type("- {id: more, use: collect_hardwar}")
    await expect(page.get_by_text("Vouliez-vous dire « collect_hardware » ?")).to_be_visible()
    await expect(page.get_by_role("button", name="Demander la signature")).to_be_disabled()
    assert await violations(page) == []
    await page.get_by_role("button", name=re.compile(r"^Ligne \d+$")).click()
    await page.keyboard.press("Control+z")
    await page.get_by_role("link", name="Condition").click()
    await page.get_by_label("Fait").fill("os.family")
    await page.get_by_label("Valeur").first.fill("linux")
    await page.get_by_label("Valeur").first.press("Tab")
    await expect(total).to_have_text(re.compile(rf"^1 poste sur {known}$"))
    await page.get_by_role("combobox", name="Nom d’un poste").fill("ACCU")
    await page.locator("cnp-device-picker").get_by_role("option").first.click()
    await expect(page.get_by_text("n’est pas visé.")).to_be_visible()
    assert await violations(page) == []
    await page.get_by_role("link", name="Texte").click()
    await expect(page.locator(".cm-content")).to_contain_text("value: linux")
    await page.locator(".cm-line").last.click()
    await page.keyboard.press("Control+End")
    await page.keyboard.press("Shift+Home")
    await page.get_by_role("button", name="Enregistrer le brouillon").click()
    await expect(page.get_by_text("Brouillon enregistré.")).to_be_visible()
    await _ask(page)
    await _sign(page, installed, "journey_inventory@1")
    await _try(page, installed)


async def _ask(page: Page) -> None:
    ask = page.get_by_role("button", name="Demander la signature")
    await expect(ask).to_be_enabled()
    await ask.click()
    await page.get_by_role("dialog").get_by_role("button", name="Demander la signature").click()
    await expect(page.get_by_role("heading", name="La version 1 attend sa signature")).to_be_visible()
    assert await violations(page) == []


async def _sign(page: Page, installed: Installation, identity: str) -> None:
    """What the page says is what is typed; the page shows what came of it by itself."""
    said = await page.get_by_label("Commande de signature").inner_text()
    assert said.startswith(f"canopee sign {identity} --sha256 ")
    installed.run(*said.split()[1:])
    await expect(page.get_by_text("version en service : v1")).to_be_visible()
    await expect(page.get_by_role("heading", name="La version 1 attend sa signature")).to_have_count(0)


async def _try(page: Page, installed: Installation) -> None:
    with installed.client() as client:
        linux = next(one for one in client.devices() if not one.simulated)
    await page.get_by_role("button", name="Essayer sur un poste").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("combobox", name="Nom du poste").fill(linux.hostname)
    await dialog.get_by_role("option").first.click()
    assert await violations(page) == []
    await dialog.get_by_role("button", name="Essayer").click()
    await expect(dialog.get_by_text("Réussi")).to_be_visible(timeout=30_000)


async def test_what_was_typed_and_not_saved_is_there_at_the_next_visit(
    page: Page, camille: BrowserContext
) -> None:
    await _begin(page, "journey_kept")
    await _type_at_line(page, "title:", " deux")
    await page.get_by_role("link", name="Pipelines").first.click()
    await expect(page.get_by_role("heading", name="Pipelines")).to_be_visible()
    again = await camille.new_page()
    await again.goto("/pipelines/journey_kept")
    await expect(again.get_by_text("pas encore enregistré, a été repris.")).to_be_visible()
    await expect(again.locator(".cm-content")).to_contain_text("Inventaire du poste deux")
    await again.get_by_role("button", name="L’abandonner").click()
    await expect(again.locator(".cm-content")).not_to_contain_text("deux")


async def test_two_people_on_one_draft_hear_of_each_other(
    page: Page, installed: Installation, faults: Faults
) -> None:
    faults.allow("status of 409")
    await _begin(page, "journey_conflict")
    with installed.client() as client:
        draft = client.draft("journey_conflict")
        text = draft.text.replace("Inventaire du poste", "Le sien")
        client.call("PUT", "/v1/drafts/journey_conflict", type(draft), body={"text": text, "revision": 1})
    await _type_at_line(page, "title:", " et le mien")
    await page.keyboard.press("Control+s")
    await expect(page.get_by_text("a enregistré ce brouillon depuis que vous l’écrivez")).to_be_visible()
    assert await violations(page) == []
    await page.get_by_role("button", name="Garder le mien").click()
    await page.keyboard.press("Control+s")
    await page.get_by_role("button", name="Enregistrer le brouillon").click()
    await expect(page.get_by_text("Brouillon enregistré.")).to_be_visible()
    with installed.client() as client:
        assert "et le mien" in client.draft("journey_conflict").text


async def test_what_git_manages_is_read_only_with_the_reason(page: Page) -> None:
    await page.goto("/pipelines/inventory_hardware")
    await expect(page.get_by_text("Ce pipeline est tenu dans git")).to_be_visible()
    editor = page.get_by_role("textbox", name=EDITOR)
    await expect(editor).to_contain_text("name: inventory_hardware")
    await expect(editor).to_have_attribute("aria-readonly", "true")
    await expect(page.get_by_role("button", name="Écrire une nouvelle version")).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_a_draft_is_accessible_and_fits_a_phone(page: Page, theme: str) -> None:
    await _begin(page, f"journey_{theme}")
    await page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    for size in ({"width": 1366, "height": 768}, PHONE):
        await page.set_viewport_size({"width": size["width"], "height": size["height"]})
        for view in ("Texte", "Condition", "Versions"):
            await page.get_by_role("navigation", name="Vues du pipeline").get_by_role("link", name=view).click()
            assert await violations(page) == [], view
            assert not await is_wider_than_the_screen(page), view


async def test_the_list_has_its_states(page: Page, faults: Faults) -> None:
    await page.goto("/pipelines?q=zzzz")
    await expect(page.get_by_text("Rien ne correspond à ces filtres.")).to_be_visible()
    await page.get_by_role("button", name="Effacer les filtres").click()
    await expect(page.get_by_role("link", name="Inventaire matériel")).to_be_visible()
    faults.allow("status of 500")

    async def fails(route: Route) -> None:
        await route.fulfill(status=500, content_type="text/plain", body="")

    async def nothing(route: Route) -> None:
        await route.fulfill(json={"items": [], "next": None})

    await page.route("**/v1/catalog/activity", fails)
    await page.goto("/pipelines")
    await expect(page.get_by_text("L’activité des 7 derniers jours n’a pas pu être chargée.")).to_be_visible()
    await expect(page.get_by_role("link", name="Inventaire matériel")).to_be_visible()
    assert await violations(page) == []
    await page.route("**/v1/catalog/pipelines", nothing)
    await page.goto("/pipelines")
    await expect(page.get_by_text("Aucun pipeline encore.")).to_be_visible()
    assert await violations(page) == []
    await page.route("**/v1/catalog/pipelines", fails)
    await page.goto("/pipelines")
    await expect(page.get_by_text("La liste des pipelines n’a pas pu être chargée.")).to_be_visible()
    assert await violations(page) == []


async def test_a_pipeline_is_found_and_opened_with_the_keyboard_alone(page: Page) -> None:
    await page.goto("/compte")
    await page.get_by_role("heading", name="Mon compte").wait_for()
    await page.keyboard.press("g")
    await page.keyboard.press("i")
    await expect(page.get_by_role("heading", name="Pipelines")).to_be_visible()
    await page.keyboard.press("/")
    await page.keyboard.type("materiel")
    await expect(page.get_by_role("row")).to_have_count(2)
    await page.keyboard.press("Control+k")
    await page.keyboard.type("logiciels")
    await expect(page.get_by_role("option", name="Inventaire des logiciels")).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Inventaire des logiciels")).to_be_visible()
