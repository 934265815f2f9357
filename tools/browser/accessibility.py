"""axe-core on a page: WCAG 2.2 A and AA, and its best practices."""

from pathlib import Path
from typing import Any

from playwright.async_api import Error, Page

_AXE = Path(__file__).parents[2] / "ihm/node_modules/axe-core/axe.min.js"
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_RUN = """async (tags) => (await axe.run(
  {include: [document], exclude: ['[aria-busy=true]', '.stale']}, {
    runOnly: {type: 'tag', values: tags},
    rules: {region: {enabled: !document.querySelector('.cdk-overlay-container [role=menu]')}},
  }
)).violations"""
_IS_WIDER = """async () => {
  const wider = () => document.documentElement.scrollWidth > document.documentElement.clientWidth;
  for (let frame = 0; frame < 60 && wider(); frame++) await new Promise(requestAnimationFrame);
  return wider();
}"""
_TRIES = 3


async def violations(page: Page) -> list[str]:
    """One line a violation, with the elements that have it; the content policy stays in force.

    What is being read again is faded for a moment, and is left out. An open menu belongs to its button, though it is
    drawn outside of every landmark: that one advice waits until it is closed.
    """
    if not await page.evaluate("'axe' in globalThis"):
        await page.evaluate(_AXE.read_text("utf-8"))
    found = await _found(page)
    return [f"{one['id']} ({one['impact']}): {one['help']}: {_where(one)}" for one in found]


async def is_wider_than_the_screen(page: Page) -> bool:
    """Whether a person has to scroll sideways (WCAG 1.4.10), once what follows the size of the screen has done so."""
    return bool(await page.evaluate(_IS_WIDER))


async def _found(page: Page) -> list[dict[str, Any]]:
    for _ in range(_TRIES - 1):
        try:
            return await page.evaluate(_RUN, _TAGS)
        except Error as error:  # what it was looking at has just been drawn again
            if "TypeError" not in str(error):
                raise
    return await page.evaluate(_RUN, _TAGS)


def _where(violation: dict[str, Any]) -> str:
    return " · ".join(str(node["html"])[:160] for node in violation["nodes"][:4])
