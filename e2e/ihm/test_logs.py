"""Logs on screen, from a pasted list to the archive itself and its purge; the simulated PCs answer by their number."""

import io
import re
import zipfile
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from canopee.testing import Installation
from tools.browser.accessibility import violations
from tools.browser.faults import Faults

pytestmark = pytest.mark.xdist_group("ihm")
_PATIENCE_MS = 90_000
_SOUGHT = "NullPointerException"


def _simulated(installed: Installation) -> list[str]:
    """With their practice: another fleet of this installation has PCs of the same names."""
    return [f"{one['hostname']};{one['practice_id']}" for one in installed.json("devices") if one["simulated"]]


async def _asked(page: Page, lines: list[str]) -> None:
    """From a list as it was pasted to the request, through what is refused on the way."""
    await page.goto("/journaux")
    await page.get_by_role("main").get_by_role("link", name="Demander des journaux").first.click()
    await page.get_by_role("button", name="Continuer").click()
    await expect(page.get_by_text("Choisissez au moins un poste pour continuer.")).to_be_visible()
    await page.get_by_role("button", name="Coller une liste").click()
    await page.get_by_label("Une ligne par poste ou par cabinet").fill(
        "\n".join([*lines, lines[0], "NULLE-PART-99"])
    )
    await page.get_by_role("button", name="Retrouver les postes").click()
    await expect(page.get_by_text("1 ligne ne correspond à aucun poste")).to_be_visible()
    await expect(page.get_by_text("1 ligne en double")).to_be_visible()
    await expect(page.get_by_text(f"Postes visés ({len(lines)})")).to_be_visible()
    assert await violations(page) == []
    await page.get_by_role("button", name="Les ignorer toutes").click()
    await page.get_by_role("button", name="Continuer").click()
    await page.get_by_role("radio", name=re.compile("Journaux du logiciel")).check()
    await page.get_by_label("Budget total").fill("1")
    await page.get_by_role("button", name="Continuer").click()
    await expect(page.get_by_label("Budget total")).to_be_focused()
    await page.get_by_label("Budget total").fill("5000")
    await expect(page.locator("cnp-log-estimate")).to_contain_text("Volume estimé")
    await page.get_by_role("button", name="Continuer").click()
    await page.get_by_role("button", name="Lancer la collecte").click()
    await expect(page.get_by_label("Ticket")).to_be_focused()
    await expect(page.get_by_text("Indiquez le motif de la demande.")).to_be_visible()
    assert await violations(page) == []
    await page.get_by_label("Ticket").fill("SUP-4711")
    await page.get_by_label("Motif").fill("le module s’arrête à l’ouverture")
    await page.get_by_role("button", name="Lancer la collecte").click()
    await expect(page.get_by_role("heading", name="SUP-4711")).to_be_visible()


async def _searched(page: Page) -> None:
    """A text is found, shown in its context, and is in no address: of the page, or of what it asks of the server."""
    addresses = list[str]()
    page.on("request", lambda request: addresses.append(request.url))
    await page.get_by_role("searchbox", name="Chercher dans l’archive").fill(_SOUGHT)
    await page.keyboard.press("Enter")
    hits = page.get_by_label("Résultats").get_by_role("button")
    await expect(hits.first).to_contain_text(_SOUGHT)
    await hits.first.click()
    line = page.locator(".lines .on")
    await expect(line).to_contain_text(_SOUGHT)
    first = await line.get_attribute("data-line")
    await page.keyboard.press("n")
    await expect(line).not_to_have_attribute("data-line", first or "")
    assert [one for one in addresses if one.endswith("/search")]
    assert not [one for one in (page.url, *addresses) if _SOUGHT in one or "cabinet" in one]
    await page.get_by_role("searchbox", name="Chercher dans l’archive").fill("(")
    await page.get_by_label("Expression régulière").check()
    await page.get_by_role("button", name="Chercher", exact=True).click()
    await expect(page.locator("cnp-log-search").get_by_role("alert")).to_contain_text("not a regular expression")


async def test_logs_are_asked_for_followed_opened_searched_and_purged(
    page: Page, installed: Installation, faults: Faults, tmp_path: Path
) -> None:
    faults.allow("status of 4")  # a regular expression that is none, an archive that is no more
    lines = _simulated(installed)
    await _asked(page, lines)
    await expect(page.locator("cnp-status[beside]")).to_contain_text("Terminée", timeout=_PATIENCE_MS)
    with installed.client() as client:
        request = client.log_request(page.url.rpartition("/")[2])
    ready = request.states["ready"]
    assert sum(request.states.values()) == len(lines)
    assert 0 < ready < len(lines)  # some have nothing, too much, or refuse
    assert await violations(page) == []
    async with page.expect_download() as begun:
        await page.get_by_role("link", name="Tout télécharger").click()
    await (await begun.value).save_as(tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as every:
        inner = [name for name in every.namelist() if name.endswith(".zip")]
        assert len(inner) == ready
        with zipfile.ZipFile(io.BytesIO(every.read(inner[0]))) as one:
            assert "manifest.json" in one.namelist()
    await page.get_by_role("link", name="Ouvrir l’archive de").first.click()
    await page.get_by_role("link", name="cabinet.log", exact=False).first.click()
    await expect(page.locator(".lines")).to_be_visible()
    await _searched(page)
    assert await violations(page) == []
    archive = page.url
    await page.get_by_role("main").get_by_role("link", name="SUP-4711").click()
    await expect(page.locator("cnp-log-history")).to_contain_text("a ouvert l’archive de")
    await page.get_by_role("button", name="Purger", exact=True).click()
    asked = page.get_by_role("dialog")
    await expect(asked).to_contain_text(f"Archives effacées pour de bon, ici et sur les postes : {ready}")
    await asked.get_by_role("button", name="Purger").click()
    await expect(page.locator("cnp-log-receipts tbody tr")).to_have_count(ready)
    await expect(page.get_by_role("link", name="Tout télécharger")).to_have_count(0)
    assert await violations(page) == []
    await page.goto(archive)
    await expect(page.get_by_role("main")).to_contain_text("Cette archive a été purgée.")


async def test_a_code_to_dictate_is_shown_once_and_listed(
    page: Page, installed: Installation, faults: Faults
) -> None:
    faults.allow("status of 4")  # more days than the collection takes
    await page.goto("/journaux/codes")
    await expect(page.get_by_label("Journaux", exact=True)).to_have_value(re.compile("product_logs"))
    await page.get_by_role("button", name="Créer un code").click()
    await expect(page.get_by_label("Ticket")).to_be_focused()
    await page.get_by_label("Ticket").fill("SUP-12")
    await page.get_by_label("Motif").fill("l’impression s’arrête")
    await page.get_by_label("days").fill("40")
    await page.get_by_role("button", name="Créer un code").click()
    await expect(page.get_by_text("days: more than 31")).to_be_visible()
    await page.get_by_label("days").fill("7")
    await page.get_by_role("button", name="Créer un code").click()
    code = page.locator(".code")
    await expect(code).to_have_text(re.compile("^[A-HJ-NP-Z2-9]{4}-[A-HJ-NP-Z2-9]{4}$"))
    assert await violations(page) == []
    with installed.client() as client:
        assert [one.state for one in client.log_codes() if one.ticket == "SUP-12"] == ["waiting"]
    await page.reload()
    await expect(page.locator("cnp-log-codes tbody tr").filter(has_text="SUP-12")).to_contain_text("En attente")
    await expect(code).to_have_count(0)


async def test_a_device_and_a_selection_of_devices_lead_to_the_request_of_their_logs(page: Page) -> None:
    await page.goto("/postes")
    for place in (0, 1):
        await page.locator("tbody tr").nth(place).get_by_role("checkbox").check()
    await page.get_by_role("button", name="Demander des journaux").click()
    await expect(page.get_by_text("Postes visés (2)")).to_be_visible()
    await page.goto("/postes")
    await page.locator("tbody tr").first.get_by_role("link").first.click()
    await page.get_by_role("link", name="Demander des journaux").click()
    await expect(page.get_by_text("Postes visés (1)")).to_be_visible()
