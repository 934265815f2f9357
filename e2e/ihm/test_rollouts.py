"""A campaign led on screen: prepared, signed by the command line, started, halted by failures, resumed, ended."""

import re
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from canopee.home import Credential
from canopee.testing import Installation
from canopee_contract.codec import decode
from canopee_contract.people import NewEnrolmentTokens
from tools.browser.accessibility import violations
from tools.browser.faults import Faults

_PATIENCE_MS = 90_000
_BROKEN, _FAILURES = 14, 0.4
"""That none of them fails happens once in a thousand."""


@pytest.fixture
def broken(installed: Installation, tmp_path: Path) -> Generator[str]:
    """More PCs, whose steps fail often, as their calls do."""
    with installed.client() as client:
        minted = client.mint_tokens(
            NewEnrolmentTokens(count=1, uses=_BROKEN, simulated=True, practice_id="BROKEN-1")
        )
    tokens = tmp_path / "tokens"
    tokens.write_text("\n".join(minted.tokens * _BROKEN))
    url = decode(installed.home.credential.read_bytes(), Credential).url
    before = len(installed.json("devices"))
    command = [
        str(Path(sys.executable).with_name("canopee-swarm")), "--url", url, "--folder", str(tmp_path / "swarm"),
        "--root", str(installed.home.keys / "root.json"), "--tokens", str(tokens), "--devices", str(_BROKEN),
        "--failures", str(_FAILURES),
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as swarm:
        installed.run("wait", "devices", "--at-least", str(before + _BROKEN), "--timeout", "60")
        yield "BROKEN-1"
        swarm.terminate()


async def _prepared(page: Page) -> str:
    """Through the wizard to the document that waits; its id."""
    await page.goto("/deploiements")
    await page.get_by_role("link", name="Nouveau déploiement").first.click()
    await page.get_by_role("button", name="Continuer").click()
    await expect(page.get_by_text("Choisissez un pipeline pour continuer.")).to_be_visible()
    await page.get_by_role("radio", name=re.compile("prepare_update@1")).check()
    await page.get_by_role("button", name="Continuer").click()
    await expect(page.get_by_text("postes visés")).to_be_visible()
    assert await violations(page) == []
    await page.get_by_role("button", name="Continuer").click()
    await page.get_by_label("Paliers, en pourcentage du parc").fill("100")
    await page.get_by_label("S’interrompt au-delà d’échecs, en %").fill("0")
    await page.get_by_label("Ne juge pas avant, en exécutions").fill("2")
    await page.get_by_role("button", name="Continuer").click()
    await page.get_by_label("Nom", exact=True).fill("Essai sur écran")
    await page.get_by_role("button", name="Préparer le document").click()
    await expect(page.get_by_text("Indiquez le motif")).to_be_visible()
    await expect(page.get_by_label("Motif")).to_be_focused()
    await page.get_by_label("Motif").fill("TICKET-1 : essai")
    await page.get_by_role("button", name="Préparer le document").click()
    await expect(page.get_by_role("heading", name="Essai sur écran")).to_be_visible()
    await expect(page.get_by_text("un approbateur doit encore signer")).to_be_visible()
    return page.url.rpartition("/")[2]


async def test_a_campaign_is_prepared_signed_started_halted_resumed_and_ended_on_screen(
    page: Page, installed: Installation, broken: str
) -> None:
    assert broken
    document = await _prepared(page)
    assert await violations(page) == []
    assert "max targets" in installed.run("campaign", "approve", document)
    await expect(page.get_by_text("Prêt à démarrer")).to_be_visible()
    await page.get_by_role("button", name="Démarrer").click()
    await expect(page.get_by_role("dialog")).to_contain_text("y correspondent maintenant")
    await page.get_by_role("dialog").get_by_role("button", name="Démarrer").click()

    await expect(page.get_by_text("S’est interrompu de lui-même.")).to_be_visible(timeout=_PATIENCE_MS)
    await expect(page.get_by_text("ont échoué").first).to_be_visible()
    await expect(page.get_by_role("button", name="Mettre en pause")).to_have_count(0)
    await page.get_by_role("button", name="Voir les postes").first.click()
    await expect(page).to_have_url(re.compile("code=simulated"))
    await expect(page.get_by_role("row").nth(1)).to_contain_text("Échec")
    assert await violations(page) == []

    await page.get_by_role("button", name="Reprendre").click()
    await expect(page.get_by_role("dialog")).to_contain_text("ne compteront plus dans les seuils")
    await page.get_by_role("dialog").get_by_role("button", name="Reprendre").click()
    await expect(page.get_by_role("button", name="Mettre en pause")).to_be_visible()
    await page.get_by_role("button", name="Arrêter").click()
    await expect(page.get_by_role("dialog")).to_contain_text("restent en prepare_update@1")
    await page.get_by_role("dialog").get_by_role("button", name="Arrêter").click()
    await expect(page.get_by_role("heading", name="Essai sur écran")).to_contain_text("Arrêté")
    await expect(page.get_by_text("a arrêté le déploiement")).to_be_visible()


async def test_the_keyboard_alone_pauses_a_campaign_and_an_escape_leaves_it_as_it_was(
    page: Page, installed: Installation
) -> None:
    found = next(one for one in installed.json("campaign", "list") if one["state"] == "running")
    await page.goto(f"/deploiements/{found['id']}")
    pause = page.get_by_role("button", name="Mettre en pause")
    await pause.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(pause).to_be_focused()
    assert installed.json("campaign", "status", found["id"])["state"] == "running"


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
