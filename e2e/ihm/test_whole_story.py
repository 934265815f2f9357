"""The whole story of a pipeline on one screen: written, previewed, signed, tried, rolled out, halted, mended, ended."""

import asyncio
import re
from collections.abc import Generator

import pytest
from playwright.async_api import Locator, Page, expect

from canopee.testing import Installation
from e2e.ihm.editor import begin, type_at_line
from tools.browser.accessibility import violations
from tools.browser.failing import FailingFleet

pytestmark = pytest.mark.xdist_group("ihm")

_NAME, _IDENTITY = "journey_whole", "journey_whole@1"
_WINDOWS = '{"fact": "os.family", "op": "eq", "value": "windows"}'
_FAILING = 20
"""With the twelve that are well, 60 % of them in the first ring: that less than 8 % fail there happens once in 10⁵."""
_PATIENCE_MS = 90_000


@pytest.fixture(scope="package")
def failing(installed: Installation, tmp_path_factory: pytest.TempPathFactory) -> Generator[FailingFleet]:
    """PCs that make a campaign halt. Mended, they stay: other journeys wait for all to answer."""
    fleet = FailingFleet(installed, tmp_path_factory.mktemp("failing"), _FAILING)
    yield fleet
    fleet.stop()


async def test_a_pipeline_goes_from_its_first_word_to_the_fleet_and_is_halted_there(
    page: Page, installed: Installation, failing: FailingFleet
) -> None:
    windows = [one for one in installed.json("devices") if one["simulated"]]
    await _write(page)
    await _ask_why_not(page, installed)
    await _sign(page, installed)
    await _choose(page, "Thème", "Sombre")
    await _try(page, installed, windows[0])
    await _choose(page, "Compte et langue", "English")
    await _prepare(page, reached=len(installed.json("match", "--condition", _WINDOWS)))
    failing.spoil()
    await _approve_and_start(page, installed)
    await _see_it_halt(page)
    failing.mend()
    await _resume(page)
    await _abort(page)
    ended = next(one for one in installed.json("campaigns") if one["name"] == "Whole story")
    assert (ended["state"], sum(ended["states"].values())) == ("aborted", ended["total"])
    assert not {"pending", "waiting"} & {state for state, count in ended["states"].items() if count}


async def _write(page: Page) -> None:
    """Faults and proposals come as it is typed; whom it reaches is counted all along."""
    await begin(page, _NAME)
    await expect(page.get_by_text("Aucun problème.")).to_be_visible()
    total = page.locator("cnp-preview .total")
    await expect(total).to_have_text(re.compile(r"^\d{2,} postes sur \d{2,}$"))
    await type_at_line(page, "approval: none", "")
    await page.keyboard.press("Shift+Home")
    await page.keyboard.type("approval: requir")
    await page.get_by_role("option", name="required").click()
    await expect(page.locator(".cm-line", has_text="approval: required")).to_have_count(1)
    await type_at_line(page, "timeout_s: 120", "")
    await page.keyboard.press("Enter")
    await page.keyboard.type("- {id: more, use: collect_hardwar}")
    await expect(page.get_by_text("Vouliez-vous dire « collect_hardware » ?")).to_be_visible()
    await expect(page.get_by_role("button", name="Demander la signature")).to_be_disabled()
    assert await violations(page) == []
    await page.get_by_role("button", name=re.compile(r"^Ligne \d+$")).click()
    await page.keyboard.press("Home")
    await page.keyboard.press("Shift+End")
    await page.keyboard.press("Backspace")
    await page.keyboard.press("Backspace")
    await expect(page.get_by_text("Aucun problème.")).to_be_visible()


async def _ask_why_not(page: Page, installed: Installation) -> None:
    """Of the PC of this machine, which no condition on Windows reaches; the condition is changed without its text."""
    here = next(one for one in installed.json("devices") if not one["simulated"])
    await page.get_by_role("combobox", name="Nom d’un poste").fill(here["hostname"])
    await page.locator("cnp-device-picker").get_by_role("option").first.click()
    why = page.locator("cnp-why-not")
    await expect(why).to_contain_text("n’est pas visé.")
    await expect(why).to_contain_text("linux")
    assert await violations(page) == []
    await page.get_by_role("link", name="Condition").click()
    value = page.get_by_label("Valeur").first
    await value.fill("linux")
    await value.press("Tab")
    await expect(page.locator("cnp-preview .total")).to_have_text(re.compile(r"^1 poste sur"))
    await expect(why).to_contain_text("est visé.")
    await value.fill("windows")
    await value.press("Tab")
    await page.get_by_role("link", name="Texte").click()
    await expect(page.locator(".cm-content")).to_contain_text("value: windows")


async def _sign(page: Page, installed: Installation) -> None:
    """What the page says is what is typed; the page shows what came of it by itself."""
    await page.get_by_role("button", name="Enregistrer le brouillon").click()
    await expect(page.get_by_text("Brouillon enregistré.")).to_be_visible()
    await page.get_by_role("button", name="Demander la signature").click()
    await page.get_by_role("dialog").get_by_role("button", name="Demander la signature").click()
    await expect(page.get_by_role("heading", name="La version 1 attend sa signature")).to_be_visible()
    assert await violations(page) == []
    said = await page.get_by_label("Commande de signature").inner_text()
    assert said.startswith(f"canopee sign {_IDENTITY} --sha256 ")
    await _type_in_a_terminal(installed, said)
    await expect(page.get_by_text("version en service : v1")).to_be_visible()
    await expect(page.get_by_role("heading", name="La version 1 attend sa signature")).to_have_count(0)


async def _try(page: Page, installed: Installation, device: dict[str, str]) -> None:
    """On one PC alone, by the command that the page says; its page tells how it went."""
    await page.get_by_role("button", name="Essayer sur un poste").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("combobox", name="Nom du poste").fill(device["hostname"])
    await dialog.get_by_role("option").first.click()
    said = await dialog.get_by_label("Commande d’essai").inner_text()
    assert said.startswith(f"canopee run {_IDENTITY} --to {device['id']}")
    assert await violations(page) == []
    await dialog.get_by_role("button", name="Fermer").click()
    await _type_in_a_terminal(installed, said)
    runs = installed.json("runs", "--pipeline", _NAME)
    assert [(one["device_id"], one["state"]) for one in runs] == [(device["id"], "done")]
    await page.goto(f"/postes/{device['id']}?onglet=executions")
    await expect(page.get_by_role("row").filter(has_text=_IDENTITY)).to_contain_text("Réussi")


async def _prepare(page: Page, *, reached: int) -> None:
    """Through the wizard, in English and in the dark: what a step lacks is said, and whom it reaches is counted."""
    await page.get_by_role("link", name="Rollouts").first.click()
    await page.get_by_role("link", name="New rollout").first.click()
    await page.get_by_role("button", name="Continue").click()
    await expect(page.get_by_text("Choose a pipeline to go on.")).to_be_visible()
    await page.get_by_role("radio", name=re.compile(_IDENTITY)).check()
    await expect(page.locator("cnp-rollout-preview .big")).to_have_text(str(reached + 1))
    assert await violations(page) == []
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_label("Those that pass these tests").check()
    await page.get_by_label("Fact").fill("os.family")
    await page.get_by_label("Value").fill("windows")
    await expect(page.locator("cnp-rollout-preview .big")).to_have_text(str(reached))
    assert await violations(page) == []
    await page.get_by_role("button", name="Continue").click()
    for label, value in (
        ("Rings, in percent of the fleet", "60, 100"), ("A ring stays alone, in hours", "0"),
        ("Halts above failures, in %", "8"), ("Does not judge before, in runs", "5"),
    ):  # fmt: skip
        await page.get_by_label(label).fill(value)
    assert await violations(page) == []
    await page.get_by_role("button", name="Continue").click()
    await expect(page.get_by_role("heading", name="Times and pace")).to_be_visible()
    assert await violations(page) == []
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_label("Name", exact=True).fill("Whole story")
    await page.get_by_role("button", name="Prepare the document").click()
    await expect(page.get_by_text("Say why")).to_be_visible()
    await expect(page.get_by_label("Reason")).to_be_focused()
    assert await violations(page) == []
    await page.get_by_label("Reason").fill("TICKET-1: a trial")
    await page.get_by_role("button", name="Prepare the document").click()
    await expect(page.get_by_role("heading", name="Whole story")).to_be_visible()


async def _approve_and_start(page: Page, installed: Installation) -> None:
    await expect(page.get_by_text("an approver must still sign")).to_be_visible()
    assert await violations(page) == []
    said = await page.get_by_label("Command to sign", exact=True).inner_text()
    assert said.startswith("canopee campaign approve ")
    assert "max targets" in await _type_in_a_terminal(installed, said)
    await page.get_by_role("button", name="Start").click()
    await expect(page.get_by_role("dialog")).to_contain_text("match now")
    assert await violations(page) == []
    await page.get_by_role("dialog").get_by_role("button", name="Start").click()


async def _see_it_halt(page: Page) -> None:
    """By itself, in its first ring; the reason and the causes are said, and the devices behind a cause are shown."""
    await expect(page.get_by_text("Halted by itself.")).to_be_visible(timeout=_PATIENCE_MS)
    await expect(page.get_by_text(re.compile(r"\d+ of \d+ runs failed .*more than 8")).first).to_be_visible()
    await expect(page.get_by_role("button", name="Pause")).to_have_count(0)
    first, second = _rings(page)
    await expect(first).to_have_class("open")
    await expect(second).not_to_have_class("open")
    await page.get_by_role("button", name="See the devices").first.click()
    await expect(page).to_have_url(re.compile("code=simulated"))
    await expect(page.get_by_role("row").nth(1)).to_contain_text("Failed")
    assert await violations(page) == []


async def _resume(page: Page) -> None:
    await page.get_by_role("button", name="Resume").click()
    await expect(page.get_by_role("dialog")).to_contain_text("count no more in the thresholds")
    await page.get_by_role("dialog").get_by_role("button", name="Resume").click()
    await expect(page.get_by_role("button", name="Pause")).to_be_visible()
    _, second = _rings(page)
    await expect(second).to_have_class("open", timeout=_PATIENCE_MS)


async def _abort(page: Page) -> None:
    await page.get_by_role("button", name="Abort").click()
    await expect(page.get_by_role("dialog")).to_contain_text(f"stay with {_IDENTITY}")
    await page.get_by_role("dialog").get_by_role("button", name="Abort").click()
    await expect(page.get_by_role("heading", name="Whole story")).to_contain_text("Aborted")
    await expect(page.get_by_text("aborted it")).to_be_visible()


def _rings(page: Page) -> tuple[Locator, Locator]:
    track = page.locator("cnp-track ol > li")
    return track.nth(0), track.nth(1)


async def _choose(page: Page, menu: str, choice: str) -> None:
    await page.get_by_role("button", name=menu).click()
    await page.get_by_role("menuitemradio", name=choice).click()


async def _type_in_a_terminal(installed: Installation, said: str) -> str:
    """The command as the screen says it; what it answers."""
    return await asyncio.to_thread(installed.run, *said.split()[1:])
