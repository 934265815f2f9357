"""Everything once without a pointer: signed in, a pipeline written, previewed, signed, rolled out, paused, ended."""

import asyncio
import re

import pytest
from playwright.async_api import BrowserContext, Page, expect

from canopee.testing import Installation
from e2e.ihm.conftest import CAMILLE
from e2e.ihm.editor import EDITOR
from e2e.ihm.keyboard import Keyboard
from tools.browser.accessibility import violations
from tools.browser.faults import Faults

pytestmark = pytest.mark.xdist_group("ihm")

_NAME = "journey_keyboard"
_LINES_BEFORE_APPROVAL = 7
"""In the template of an inventory."""


async def test_a_pipeline_is_written_and_rolled_out_without_a_pointer(
    stranger: BrowserContext, faults: Faults, installed: Installation
) -> None:
    faults.allow("status of 401")  # nobody has signed in yet
    page = await stranger.new_page()
    keyboard = Keyboard(page)
    await _enter(page, keyboard)
    await _write(page, keyboard)
    await _preview(page, keyboard, installed)
    await _ask_for_the_signature(page, keyboard, installed)
    await _prepare(page, keyboard)
    await _start(page, keyboard, installed)
    await _pause_and_end(page, keyboard)
    assert keyboard.unseen == []


async def _enter(page: Page, keyboard: Keyboard) -> None:
    """The first field has the focus; the skip link leads to the content, Ctrl+K anywhere."""
    await page.goto("/")
    await expect(page.get_by_label("Identifiant")).to_be_focused()
    await keyboard.type(CAMILLE.login)
    await keyboard.press("Tab")
    await keyboard.type(CAMILLE.password)
    await keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Vue d’ensemble du parc")).to_be_visible()
    await keyboard.do(page.get_by_role("link", name="Aller au contenu"))
    await expect(page.get_by_role("main")).to_be_focused()
    await keyboard.press("Control+k")
    await expect(page.get_by_role("combobox", name="Aller à…")).to_be_focused()
    await keyboard.type("pipelines")
    await expect(page.get_by_role("option", name="Pipelines").first).to_have_attribute("aria-selected", "true")
    await keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Pipelines")).to_be_visible()


async def _write(page: Page, keyboard: Keyboard) -> None:
    """What is proposed is taken by Enter; Escape then Tab leaves the text, in which Tab indents."""
    await keyboard.do(page.get_by_role("link", name="Nouveau pipeline"))
    await keyboard.reach(page.get_by_label("Nom", exact=True))
    await keyboard.type(_NAME)
    await keyboard.choose(page.get_by_label("Inventaire"), of=page.get_by_role("radio"))
    await keyboard.do(page.get_by_role("button", name="Écrire le brouillon"))
    editor = page.get_by_role("textbox", name=EDITOR)
    await keyboard.reach(editor)
    await keyboard.press("Control+Home", *["ArrowDown"] * _LINES_BEFORE_APPROVAL, "End", "Shift+Home")
    await keyboard.type("approval: requir")
    await expect(page.get_by_role("option", name="required")).to_have_attribute("aria-selected", "true")
    assert await violations(page) == []
    await keyboard.press("Enter")
    await expect(editor).to_contain_text("approval: required")
    await keyboard.press("Tab")
    await expect(editor).to_be_focused()
    await keyboard.press("Shift+Tab", "Escape", "Tab")
    await expect(editor).not_to_be_focused()
    await expect(page.get_by_text("Aucun problème.")).to_be_visible()


async def _preview(page: Page, keyboard: Keyboard, installed: Installation) -> None:
    here = next(one for one in installed.json("devices") if not one["simulated"])
    await expect(page.locator("cnp-preview .total")).to_have_text(re.compile(r"^\d+ postes sur \d+$"))
    await keyboard.reach(page.get_by_role("combobox", name="Nom d’un poste"))
    await keyboard.type(here["hostname"])
    await expect(page.locator("cnp-device-picker").get_by_role("option").first).to_be_visible()
    await keyboard.press("Enter")
    await expect(page.locator("cnp-why-not")).to_contain_text("n’est pas visé.")


async def _ask_for_the_signature(page: Page, keyboard: Keyboard, installed: Installation) -> None:
    await keyboard.reach(page.get_by_role("textbox", name=EDITOR), by="Shift+Tab")
    await keyboard.press("Control+s")
    await expect(page.get_by_text("Brouillon enregistré.")).to_be_visible()
    await keyboard.press("Escape")
    await keyboard.do(page.get_by_role("button", name="Demander la signature"), by="Shift+Tab")
    dialog = page.get_by_role("dialog")
    await keyboard.do(dialog.get_by_role("button", name="Demander la signature"))
    await expect(dialog).to_have_count(0)
    said = await page.get_by_label("Commande de signature").inner_text()
    await asyncio.to_thread(installed.run, *said.split()[1:])
    await expect(page.get_by_text("version en service : v1")).to_be_visible()


async def _prepare(page: Page, keyboard: Keyboard) -> None:
    await keyboard.press("g", "d")
    await expect(page.get_by_role("heading", name="Déploiements")).to_be_visible()
    await keyboard.do(page.get_by_role("link", name="Nouveau déploiement"))
    pipelines = page.get_by_role("radiogroup", name="Pipeline à déployer").get_by_role("radio")
    await keyboard.choose(page.get_by_role("radio", name=re.compile(f"{_NAME}@1")), of=pipelines)
    for title in ("Postes", "Paliers et seuils", "Horaires et cadence", "Vérification"):
        await keyboard.do(page.get_by_role("button", name="Continuer"))
        await expect(page.get_by_role("heading", name=title, exact=True)).to_be_focused()
    await keyboard.do(page.get_by_role("button", name="Préparer le document"))
    await expect(page.get_by_label("Motif")).to_be_focused()
    await keyboard.type("TICKET-2 : sans souris")
    await keyboard.press("Shift+Tab")
    await keyboard.type("Sans souris")
    await keyboard.do(page.get_by_role("button", name="Préparer le document"))
    await expect(page.get_by_role("heading", name="Sans souris")).to_be_visible()


async def _start(page: Page, keyboard: Keyboard, installed: Installation) -> None:
    said = await page.get_by_label("Commande pour signer", exact=True).inner_text()
    await asyncio.to_thread(installed.run, *said.split()[1:])
    await keyboard.do(page.get_by_role("button", name="Démarrer"))
    dialog = page.get_by_role("dialog")
    await keyboard.do(dialog.get_by_role("button", name="Démarrer"))
    await expect(page.get_by_role("heading", name="Sans souris")).to_contain_text("En cours")


async def _pause_and_end(page: Page, keyboard: Keyboard) -> None:
    """Escape leaves all as it was, and gives the focus back."""
    pause, dialog = page.get_by_role("button", name="Mettre en pause"), page.get_by_role("dialog")
    await keyboard.do(pause)
    await expect(dialog).to_be_visible()
    await keyboard.press("Escape")
    await expect(pause).to_be_focused()
    await keyboard.do(page.get_by_role("button", name="Arrêter"))
    await keyboard.do(dialog.get_by_role("button", name="Arrêter"))
    await expect(page.get_by_role("heading", name="Sans souris")).to_contain_text("Arrêté")
