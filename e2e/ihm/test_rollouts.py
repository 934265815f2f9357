"""Deployments on screen: what the keyboard does to one, and what is said where there is none."""

import pytest
from playwright.async_api import Page, expect

from canopee.testing import Installation
from tools.browser.faults import Faults


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
