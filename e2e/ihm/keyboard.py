"""Somebody without a pointer: goes by Tab from stop to stop, and must see at each where the focus is."""

from playwright.async_api import Locator, Page

_MOST_STOPS = 80
_WHERE = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return '';
  const around = [one];
  while (around.length < 4 && around.at(-1).parentElement) around.push(around.at(-1).parentElement);
  const seen = around.some((box, far) => {
    const look = getComputedStyle(box);
    const isOutlined = look.outlineStyle !== 'none' && parseFloat(look.outlineWidth) >= 2;
    return isOutlined || (far < 2 && look.boxShadow.includes('inset'));
  });
  const { left, right, top, bottom } = one.getBoundingClientRect();
  const inSight = right > 0 && bottom > 0 && left < innerWidth && top < innerHeight;
  const name = one.getAttribute('aria-label') ?? one.labels?.[0]?.textContent ?? one.textContent ?? '';
  const what = `${one.tagName.toLowerCase()} « ${name.trim().slice(0, 60)} »`;
  return seen && inSight ? '' : `${what} has the focus and ${seen ? 'is out of sight' : 'does not show it'}`;
}"""


class Keyboard:
    """The keyboard of one page."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.unseen: list[str] = []
        """Stops at which nobody sees where the focus is."""

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self._page.keyboard.press(key)

    async def type(self, text: str) -> None:
        await self._page.keyboard.type(text)

    async def reach(self, wanted: Locator, *, by: str = "Tab") -> None:
        """Go there from stop to stop.

        Raises:
            AssertionError: it is not among the next stops: out of reach, or the focus is trapped before it.
        """
        await wanted.first.wait_for()
        for _ in range(_MOST_STOPS):
            if await wanted.evaluate_all("all => all.includes(document.activeElement)"):
                return
            await self.press(by)
            unseen = str(await self._page.evaluate(_WHERE))
            if unseen and unseen not in self.unseen:
                self.unseen.append(unseen)
        raise AssertionError(f"{_MOST_STOPS} times {by} does not lead to {wanted}")

    async def do(self, wanted: Locator, *, by: str = "Tab") -> None:
        """Reach a button or a link, and press it."""
        await self.reach(wanted, by=by)
        await self.press("Enter")

    async def choose(self, wanted: Locator, of: Locator) -> None:
        """Choose one of the radio buttons `of` by the arrows, as a browser has it.

        Raises:
            AssertionError: the arrows do not lead there.
        """
        await self.reach(of)
        for _ in range(await of.count()):
            if await wanted.is_checked():
                return
            await self.press("ArrowDown")
        raise AssertionError(f"the arrows do not lead to {wanted}")
