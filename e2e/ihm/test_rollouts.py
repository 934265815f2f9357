"""Deployments on screen: what is said where there is none; `test_whole_story.py` leads one."""

import pytest
from playwright.async_api import Page, expect

from canopee.testing import Installation
from tools.browser.faults import Faults


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
