"""French on a page that is in English: what nobody translated, or what was written without an id."""

import json
import re
import subprocess
from pathlib import Path

from playwright.async_api import Page

_ROOT = Path(__file__).parents[2]
_SHORTEST = 4
"""Letters: shorter words are the same in both languages too often."""
_PLACEHOLDER = re.compile(r"\{\$\w+\}")
_TEXTS = """() => {
  const found = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const holder = walker.currentNode.parentElement;
    if (!holder.closest('[lang=fr], script, style, .cm-editor')) found.add(walker.currentNode.textContent.trim());
  }
  for (const one of document.querySelectorAll('[aria-label], [title], [placeholder], [alt]')) {
    if (one.closest('[lang=fr]')) continue;
    for (const name of ['aria-label', 'title', 'placeholder', 'alt']) found.add((one.getAttribute(name) ?? '').trim());
  }
  found.add(document.title);
  return [...found];
}"""


class French:
    """Every French text of the sources that its English differs from; the first words of a pipeline are data."""

    def __init__(self) -> None:
        listed = subprocess.run(  # noqa: S603  our own script
            [str(_ROOT / "tools/ihm/texts"), "--list"], capture_output=True, text=True, check=True
        )
        french: dict[str, str] = json.loads(listed.stdout)
        english: dict[str, str] = {}
        for path in (_ROOT / "ihm/src/app").rglob("en.json"):
            english |= json.loads(path.read_text("utf-8"))
        known = {text.strip() for text in english.values()}
        self._texts = [
            re.compile(".+".join(re.escape(part) for part in _PLACEHOLDER.split(text.strip())))
            for name, text in french.items()
            if not name.startswith("pipelines.template.") and text.strip() not in known and _has_words(text)
        ]

    async def words_of(self, page: Page) -> list[str]:
        """Texts and labels of the page that are one of these."""
        found: list[str] = await page.evaluate(_TEXTS)
        return sorted(one for one in found if any(text.fullmatch(one) for text in self._texts))


def _has_words(text: str) -> bool:
    """Not a plural, which is cut into its branches, and more than figures around placeholders."""
    return ", plural," not in text and len(re.sub(r"\W", "", _PLACEHOLDER.sub("", text))) >= _SHORTEST
