"""The editor of a pipeline, as a person at work uses it."""

from playwright.async_api import Page, expect

EDITOR = "Texte du pipeline, en YAML"


async def begin(page: Page, name: str) -> None:
    """Begin a pipeline of that name by the template of an inventory."""
    await page.goto("/pipelines")
    await page.get_by_role("link", name="Nouveau pipeline").first.click()
    await page.get_by_label("Nom", exact=True).fill(name)
    await page.get_by_label("Inventaire").check()
    await page.get_by_role("button", name="Écrire le brouillon").click()
    await expect(page.get_by_role("textbox", name=EDITOR)).to_be_visible()


async def type_at_line(page: Page, line: str, text: str) -> None:
    """Type at the end of the line that holds `line`."""
    await page.locator(".cm-line", has_text=line).first.click()
    await page.keyboard.press("End")
    await page.keyboard.type(text)
