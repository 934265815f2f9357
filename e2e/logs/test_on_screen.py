"""The logs of this PC, from the wizard to the line that a person reads, the file that was downloaded, and the purge."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from canopee_contract.people import ROLES, NewUser
from e2e.logs.archive import MARKER, check_against_this_pc, piece_of
from e2e.logs.desk import Desk
from tools.browser.accessibility import violations
from tools.browser.chromium import chromium, person, sign_in
from tools.browser.faults import Faults

pytestmark = [pytest.mark.journey, pytest.mark.real, pytest.mark.xdist_group("logs")]
CAMILLE = NewUser("camille", "une phrase assez longue", list(ROLES))
_PATIENCE_MS = 60_000


async def test_support_asks_a_real_pc_reads_a_line_of_its_log_opens_the_file_and_purges_both_sides(
    desk: Desk, tmp_path: Path
) -> None:
    expect.set_options(timeout=15_000)
    with desk.installed.client() as client:
        client.create_user(CAMILLE)
        url, name = client.url, next(one.hostname for one in client.devices() if one.id == desk.pc)
    faults = Faults(url)
    faults.allow("status of 4")  # the archive that is no more
    async with chromium() as browser:
        context = await person(browser, url)
        faults.watch(context)
        await sign_in(context, CAMILLE.login, CAMILLE.password)
        page = await context.new_page()
        await _ask(page, name)
        await expect(page.locator("cnp-status[beside]")).to_contain_text("Terminée", timeout=_PATIENCE_MS)
        request_id = page.url.rpartition("/")[2]
        async with page.expect_download() as begun:
            await page.get_by_role("link", name=f"Télécharger l’archive de {name}").click()
        await (await begun.value).save_as(tmp_path / "one.zip")
        content = (tmp_path / "one.zip").read_bytes()
        check_against_this_pc(content, desk.logs)
        await _read(page, name)
        desk.wait_for_forwards(request_id, 1)
        archive = page.url
        await _purge(page)
        assert desk.holding(piece_of(content)) == []
        await page.goto(archive)
        await expect(page.get_by_role("main")).to_contain_text("Cette archive a été purgée.")
    faults.check()


async def _ask(page: Page, name: str) -> None:
    """The three steps: the PC looked for, its logs, why; and sent on."""
    await page.goto("/journaux/nouveau")
    await page.get_by_role("searchbox", name="Poste, cabinet, ville, identifiant").fill(name)
    await page.get_by_role("button", name=f"Ajouter {name}").click()
    await expect(page.get_by_text("Postes visés (1)")).to_be_visible()
    await page.get_by_role("button", name="Continuer").click()
    await page.get_by_role("radio", name=re.compile("Journaux du logiciel")).check()
    await page.get_by_role("button", name="Continuer").click()
    await page.get_by_label("Ticket").fill("SUP-77")
    await page.get_by_label("Motif").fill("le lecteur de cartes ne répond plus")
    await page.get_by_label(re.compile("SFTP")).check()
    assert await violations(page) == []
    await page.get_by_role("button", name="Lancer la collecte").click()
    await expect(page.get_by_role("heading", name="SUP-77")).to_be_visible()


async def _read(page: Page, name: str) -> None:
    """A line that this PC wrote, with what is hidden in it, found in the archive."""
    await page.get_by_role("link", name=f"Ouvrir l’archive de {name}").click()
    await page.get_by_role("searchbox", name="Chercher dans l’archive").fill(f"{MARKER} 299 ")
    await page.keyboard.press("Enter")
    await page.get_by_label("Résultats").get_by_role("button").first.click()
    line = page.locator(".lines .on")
    await expect(line).to_contain_text(f"{MARKER} 299 ")
    await expect(line).to_contain_text("[email_address]")
    assert await line.get_attribute("data-line") == "300"
    assert await violations(page) == []


async def _purge(page: Page) -> None:
    await page.get_by_role("main").get_by_role("link", name="SUP-77").click()
    await page.get_by_role("button", name="Purger", exact=True).click()
    asked = page.get_by_role("dialog")
    await expect(asked).to_contain_text("envoyé au serveur SFTP, n’est pas effacé")
    await asked.get_by_role("button", name="Purger").click()
    await expect(page.locator("cnp-log-receipts tbody tr")).to_have_count(1)
