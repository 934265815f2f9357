"""Parc: the overview, the table of devices, the page of a device; each list in its states."""

import json
import re

import pytest
from playwright.async_api import Page, Route, expect

from canopee.testing import Installation
from canopee_contract.fleet import TagChange
from tools.browser.accessibility import violations
from tools.browser.chromium import PHONE
from tools.browser.faults import Faults

pytestmark = pytest.mark.xdist_group("ihm")

_LIST = re.compile(r"/v1/devices\?")
_COUNTS = re.compile(r"/v1/devices/facets")
_REFUSED = {"code": "busy", "title": "Too much at once", "status": 503, "detail": "the database does not answer"}
_TOLD = "Failed to load resource"


async def _refuse(route: Route) -> None:
    await route.fulfill(status=503, content_type="application/problem+json", body=json.dumps(_REFUSED))


async def test_from_a_number_of_the_overview_to_the_devices_it_counts(page: Page) -> None:
    await page.goto("/parc")
    online = page.get_by_role("link", name=re.compile(r"^En ligne"))
    await expect(online).to_contain_text(re.compile(r"\d"))
    number = (await online.locator("b").inner_text()).replace("\u200b", "")
    await online.click()
    await expect(page).to_have_url(re.compile(r"/postes\?state=online"))
    await expect(page.get_by_role("heading", name="Postes")).to_be_visible()
    await expect(page.locator(".table-foot")).to_contain_text(f"sur {number}")
    await expect(page.get_by_role("checkbox", name=re.compile("^En ligne"))).to_be_checked()


async def test_filters_narrow_the_list_and_the_address_restores_them(page: Page) -> None:
    await page.goto("/postes")
    facet = page.get_by_role("group", name="Filtres").get_by_role("checkbox", name=re.compile("Windows 10 Pro"))
    await facet.check()
    await expect(page).to_have_url(re.compile(r"os=Windows"))
    await expect(page.get_by_role("row").filter(has_text="Windows 11 Pro")).to_have_count(0)
    async with page.expect_response(re.compile(r"/v1/devices\?.*sort=practice")) as answered:
        await page.get_by_role("button", name="Cabinet", exact=True).click()
    first = (await (await answered.value).json())["items"][0]["hostname"]
    await expect(page.get_by_role("columnheader", name="Cabinet")).to_have_attribute("aria-sort", "ascending")
    await expect(page.get_by_role("row").nth(1)).to_contain_text(first)
    await page.reload()
    await expect(page.get_by_role("row").nth(1)).to_contain_text(first)
    await expect(facet).to_be_checked()
    await page.get_by_role("searchbox", name=re.compile("Poste, cabinet")).fill("aucun poste de ce nom")
    await expect(page.get_by_text("Aucun poste ne correspond à ces filtres.")).to_be_visible()
    await page.get_by_role("button", name="Effacer les filtres").first.click()
    await expect(page.get_by_role("row").nth(1)).to_be_visible()
    await expect(page).to_have_url(re.compile(r"/postes(\?sort=practice)?$"))


async def test_many_devices_are_tagged_at_once_and_the_count_is_told_before(page: Page) -> None:
    await page.goto("/postes?os=Windows+10+Pro")
    await page.get_by_role("checkbox", name="Cocher la page").check()
    chosen = page.locator(".picked")
    await expect(chosen).to_contain_text("sélectionné")
    number = re.sub(r"\D", "", (await chosen.locator("strong").inner_text()))
    await page.get_by_role("button", name="Étiqueter…").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text(f"Étiqueter {number} poste")
    assert await violations(page) == []
    await dialog.get_by_role("button", name="Étiqueter").click()
    await expect(dialog).to_contain_text("Indiquez une étiquette")
    await dialog.get_by_label("Ajouter").fill("pilote e2e")
    await dialog.get_by_role("button", name="Étiqueter").click()
    await expect(dialog).to_be_hidden()
    await expect(page.get_by_role("checkbox", name=re.compile(rf"pilote e2e {number}$"))).to_be_visible()
    await page.goto("/postes?tag=pilote+e2e")
    await expect(page.locator(".table-foot")).to_contain_text(f"sur {number}")
    await page.get_by_role("checkbox", name="Cocher la page").check()
    await page.get_by_role("button", name="Étiqueter…").click()
    await page.get_by_role("dialog").get_by_label("Retirer").fill("pilote e2e")
    await page.get_by_role("dialog").get_by_role("button", name="Étiqueter").click()
    await expect(page.get_by_text("Aucun poste ne correspond à ces filtres.")).to_be_visible()


async def test_a_view_is_saved_found_again_and_deleted(page: Page) -> None:
    await page.goto("/postes?os=Windows+10+Pro&columns=hostname,state,tags")
    await page.get_by_role("button", name="Vues").click()
    await page.get_by_role("menuitem", name="Enregistrer cette vue…").click()
    await page.get_by_role("dialog").get_by_label("Nom").fill("Dix à remplacer")
    await page.get_by_role("dialog").get_by_role("button", name="Enregistrer").click()
    await page.goto("/postes")
    await page.get_by_role("button", name="Vues").click()
    await page.get_by_role("menuitem", name="Dix à remplacer").click()
    await expect(page).to_have_url(re.compile(r"columns=hostname"))
    await expect(page.get_by_role("columnheader")).to_have_count(4)
    await page.get_by_role("button", name="Vues").click()
    await page.get_by_role("menuitem", name="Supprimer une vue…").click()
    await page.get_by_role("dialog").get_by_role("button", name="Dix à remplacer").click()
    await page.get_by_role("dialog").get_by_role("button", name="Supprimer").click()
    await expect(page.get_by_text("Vue supprimée : Dix à remplacer")).to_be_visible()


async def test_a_list_that_fails_says_so_keeps_the_filters_and_comes_back(page: Page, faults: Faults) -> None:
    faults.allow(_TOLD)
    await page.route(_LIST, _refuse)
    await page.goto("/postes?os=Windows+10+Pro")
    told = page.get_by_role("main").get_by_role("alert")
    await expect(told).to_contain_text("Vos filtres sont conservés")
    await expect(told).to_contain_text("the database does not answer")
    assert await violations(page) == []
    await page.unroute(_LIST)
    await page.get_by_role("button", name="Réessayer").click()
    await expect(page.get_by_role("row").nth(1)).to_contain_text("Windows 10")


async def test_counts_that_fail_leave_the_list_and_are_blank_not_zero(page: Page, faults: Faults) -> None:
    faults.allow(_TOLD)
    await page.route(_COUNTS, _refuse)
    await page.goto("/postes")
    await expect(page.get_by_role("row").nth(1)).to_be_visible()
    await expect(page.get_by_text("Les nombres des filtres n’ont pas pu être lus")).to_be_visible()
    await expect(page.locator("cnp-facets b").first).to_have_text("")


async def test_while_other_filters_load_their_rows_are_not_taken_for_these(page: Page) -> None:
    await page.goto("/postes")
    await expect(page.get_by_role("row").nth(1)).to_be_visible()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    await page.route(_LIST, hold)
    await (
        page.get_by_role("group", name="Filtres")
        .get_by_role("checkbox", name=re.compile("Windows 10 Pro"))
        .check()
    )
    await expect(page.locator("table.list.stale")).to_be_visible()
    for route in held:
        await route.continue_()
    await page.unroute(_LIST)
    await expect(page.locator("table.list.stale")).to_have_count(0)


async def test_a_device_is_opened_beside_the_list_by_the_pointer_and_left_by_escape(page: Page) -> None:
    await page.goto("/postes")
    await page.get_by_role("row").nth(1).get_by_text("En ligne").click()
    panel = page.get_by_role("dialog")
    await expect(panel).to_contain_text("Dernières exécutions")
    assert await violations(page) == []
    await page.keyboard.press("Escape")
    await expect(panel).to_be_hidden()


async def test_the_page_of_a_device_holds_facts_runs_notes_and_says_what_revoking_does(page: Page) -> None:
    await page.goto("/postes")
    await page.get_by_role("row").nth(1).get_by_role("link").click()
    await expect(page.get_by_text("os.name")).to_be_visible()
    await page.get_by_label("Nouvelle note").fill("Appelé le cabinet.")
    await page.get_by_role("button", name="Ajouter la note").click()
    note = page.get_by_role("listitem").filter(has_text="Appelé le cabinet.")
    await expect(note).to_contain_text("camille")
    await note.get_by_role("button", name="Supprimer la note").click()
    await expect(note).to_have_count(0)
    await page.get_by_role("button", name="Exécutions").click()
    await expect(page.get_by_role("heading", name="Chronologie")).to_be_visible()
    await page.get_by_role("button", name="7 j").click()
    await expect(page.get_by_role("img", name=re.compile("inventory_hardware"))).to_be_visible()
    await page.get_by_role("button", name=re.compile("étape")).first.click()
    await expect(page.locator("tr.steps")).to_be_visible()
    await page.get_by_role("button", name="Révoquer").click()
    await expect(page.get_by_role("dialog")).to_contain_text("Ses ordres en attente sont annulés")
    await page.get_by_role("dialog").get_by_role("button", name="Annuler").click()
    await expect(page.get_by_role("dialog")).to_be_hidden()


async def test_a_device_that_is_not_there_is_said_to_be_unknown(page: Page, faults: Faults) -> None:
    faults.allow(_TOLD)
    await page.goto("/postes/01890a5d-ac96-774b-bcce-b302099a8057")
    await expect(page.get_by_text("Ce poste n’existe pas, ou n’existe plus.")).to_be_visible()


async def test_the_whole_view_is_taken_away_as_a_file(page: Page) -> None:
    await page.goto("/postes?os=Windows+10+Pro")
    await expect(page.get_by_role("row").nth(1)).to_be_visible()
    async with page.expect_download() as awaited:
        await page.get_by_role("link", name="Exporter").click()
    download = await awaited.value
    text = (await download.path()).read_text("utf-8-sig")
    assert re.fullmatch(r"postes-\d{4}-\d\d-\d\d-\d{4}\.csv", download.suggested_filename)
    assert text.startswith("id;hostname;")
    assert all("Windows 10 Pro" in line for line in text.splitlines()[1:])


async def test_on_a_phone_a_device_is_two_lines_and_filters_are_in_a_panel(page: Page) -> None:
    await page.set_viewport_size(PHONE)
    await page.goto("/postes")
    await page.get_by_role("button", name="Filtrer").click()
    await page.get_by_role("dialog").get_by_role("checkbox", name=re.compile("Windows 10 Pro")).check()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Filtrer 1")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth <= 390")


async def test_a_bar_of_a_chart_tells_its_number_and_leads_to_its_devices(page: Page) -> None:
    await page.goto("/parc")
    await page.get_by_role("list", name="Système d’exploitation").get_by_role("button").last.click()
    await expect(page).to_have_url(re.compile(r"/postes\?os="))


async def test_a_bar_of_several_colours_says_what_they_are_to_the_eye_and_to_the_ear(page: Page) -> None:
    await page.goto("/parc")
    bar = page.get_by_role("list", name="Version de l’agent").get_by_role(
        "button", name=re.compile(r"En ligne \d+")
    )
    await bar.first.focus()
    total = await bar.first.locator(".num").inner_text()
    legend = page.locator(".card", has_text="Version de l’agent").locator(".legend li")
    told = [int(text) for text in await legend.locator("b").all_inner_texts()]
    assert sum(told) == int(total), "the legend tells the parts of the bar that has the focus"
    await page.get_by_role("button", name="Afficher les données").first.focus()
    await expect(legend.locator("b")).to_have_count(0)


async def test_a_chart_is_a_table_on_demand_whose_lines_filter_too(page: Page) -> None:
    await page.goto("/parc")
    await page.get_by_role("button", name="Afficher les données").nth(1).click()
    await page.get_by_role("button", name="Windows 10 Pro").click()
    await expect(page).to_have_url(re.compile(r"/postes\?os=Windows"))


async def test_what_changes_elsewhere_shows_by_itself_and_rows_do_not_move_under_the_pointer(
    page: Page, installed: Installation
) -> None:
    await page.goto("/postes?columns=hostname,tags")
    row = page.get_by_role("row").nth(1)
    address = await row.get_by_role("link").get_attribute("href") or ""
    device = address.rpartition("/")[2]
    with installed.client() as client:
        client.change_tags(TagChange(device_ids=[device], add=["vu ailleurs"]))
        await expect(row).to_contain_text("vu ailleurs", timeout=15_000)
        await row.hover()
        client.change_tags(TagChange(device_ids=[device], remove=["vu ailleurs"]))
        await page.get_by_role("button", name="Actualiser").wait_for(timeout=15_000)
        await expect(row).to_contain_text("vu ailleurs")
        await page.mouse.move(5, 5)
        await expect(row).not_to_contain_text("vu ailleurs")


async def test_a_list_that_can_no_longer_be_read_stays_and_says_of_when_it_is(
    page: Page, faults: Faults, installed: Installation
) -> None:
    faults.allow(_TOLD)
    await page.goto("/postes")
    row = page.get_by_role("row").nth(1)
    address = await row.get_by_role("link").get_attribute("href") or ""
    await page.route(_LIST, _refuse)
    with installed.client() as client:
        client.write_note(address.rpartition("/")[2], "une note, pour que la liste se relise")
    await expect(page.get_by_text(re.compile(r"Données de \d\d:\d\d"))).to_be_visible(timeout=15_000)
    await expect(row).to_be_visible()
