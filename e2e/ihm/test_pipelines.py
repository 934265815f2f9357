"""Pipelines: the list, drafts that two people write, what is read only; `test_whole_story.py` has the rest."""

import asyncio

import pytest
from playwright.async_api import BrowserContext, Page, Route, expect

from canopee.testing import Installation
from canopee_contract.catalog import DraftText
from e2e.ihm.editor import EDITOR, begin, type_at_line
from tools.browser.accessibility import is_wider_than_the_screen, violations
from tools.browser.chromium import PHONE
from tools.browser.faults import Faults

pytestmark = pytest.mark.xdist_group("ihm")

_PATIENCE_MS = 30_000


async def test_what_needs_no_approval_is_tried_on_one_device_at_once(page: Page, installed: Installation) -> None:
    with installed.client() as client:
        device = next(one for one in client.devices() if not one.simulated)
    await page.goto("/pipelines/inventory_hardware")
    await page.get_by_role("button", name="Essayer sur un poste").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("combobox", name="Nom du poste").fill(device.hostname)
    await dialog.get_by_role("option").first.click()
    assert await violations(page) == []
    await dialog.get_by_role("button", name="Essayer", exact=True).click()
    await expect(dialog.get_by_text("Réussi")).to_be_visible(timeout=_PATIENCE_MS)


async def test_what_was_typed_and_not_saved_is_there_at_the_next_visit(
    page: Page, camille: BrowserContext
) -> None:
    await begin(page, "journey_kept")
    await type_at_line(page, "title:", " deux")
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
    await begin(page, "journey_conflict")
    with installed.client() as client:
        draft = client.draft("journey_conflict")
        text = draft.text.replace("Inventaire du poste", "Le sien")
        client.call("PUT", "/v1/drafts/journey_conflict", type(draft), body={"text": text, "revision": 1})
    await type_at_line(page, "title:", " et le mien")
    await page.keyboard.press("Control+s")
    await expect(page.get_by_text("a enregistré ce brouillon depuis que vous l’écrivez")).to_be_visible()
    assert await violations(page) == []
    await page.get_by_role("button", name="Garder le mien").click()
    await page.keyboard.press("Control+s")
    await page.get_by_role("button", name="Enregistrer le brouillon").click()
    await expect(page.get_by_text("Brouillon enregistré.")).to_be_visible()
    with installed.client() as client:
        assert "et le mien" in client.draft("journey_conflict").text


async def test_what_is_typed_while_the_draft_is_read_again_stays(page: Page, installed: Installation) -> None:
    """The page reads it again at each change of the catalog: here the answer comes when the next words are written."""
    await begin(page, "journey_read_again")
    asked, answer = asyncio.Event(), asyncio.Event()

    async def slowly(route: Route) -> None:
        if route.request.method == "GET":
            asked.set()
            await answer.wait()
        await route.continue_()

    await page.route("**/v1/drafts/journey_read_again", slowly)
    with installed.client() as client:
        draft = client.draft("journey_read_again")
        client.save_draft(
            draft.id, DraftText(draft.text.replace("Inventaire du poste", "Le sien"), draft.revision)
        )
        client.save_draft("journey_news", DraftText(draft.text.replace(draft.id, "journey_news"), 0))
        client.ask_signature("journey_news", revision=1)
        client.withdraw_pipeline("journey_news", 1)
        client.discard_draft("journey_news")
    await asyncio.wait_for(asked.wait(), _PATIENCE_MS / 1_000)
    await type_at_line(page, "title:", " et le mien")
    answer.set()
    await expect(page.get_by_text("a enregistré ce brouillon depuis que vous l’écrivez")).to_be_visible()
    await expect(page.get_by_role("textbox", name=EDITOR)).to_contain_text("Inventaire du poste et le mien")


async def test_what_git_manages_is_read_only_with_the_reason(page: Page) -> None:
    await page.goto("/pipelines/inventory_hardware")
    await expect(page.get_by_text("Ce pipeline est tenu dans git")).to_be_visible()
    editor = page.get_by_role("textbox", name=EDITOR)
    await expect(editor).to_contain_text("name: inventory_hardware")
    await expect(editor).to_have_attribute("aria-readonly", "true")
    await expect(page.get_by_role("button", name="Écrire une nouvelle version")).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_a_draft_is_accessible_and_fits_a_phone(page: Page, theme: str) -> None:
    await begin(page, f"journey_{theme}")
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
