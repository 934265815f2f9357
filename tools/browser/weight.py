"""What a page carries until its first screen is there, in bytes on the wire: headers, fonts and answers included."""

import asyncio
from typing import Any

from playwright.async_api import Page

FIRST_SCREEN_BYTES = 200_000
"""The most that is promised, for a browser that holds nothing."""
_LAST_S = 30.0
"""For what was asked for before and is still on its way."""
_WATCH = """(wanted) => new MutationObserver((_, itself) => {
  if (document.querySelector(wanted)) { globalThis.thereAt = Date.now(); itself.disconnect(); }
}).observe(document, { childList: true, subtree: true })"""


async def carried(page: Page, path: str, wanted: str) -> dict[str, int]:
    """Bytes by address of all that was asked for before `wanted`, a CSS selector, was on the page.

    Chromium counts them. What the worker of the live stream loads for itself is not counted.
    """
    addresses: dict[str, tuple[str, float]] = {}
    sizes: dict[str, int] = {}
    came = asyncio.Event()

    def asked(event: dict[str, Any]) -> None:
        addresses[event["requestId"]] = event["request"]["url"], event["wallTime"]

    def ended(event: dict[str, Any]) -> None:
        sizes[event["requestId"]] = int(event["encodedDataLength"])
        came.set()

    devtools = await page.context.new_cdp_session(page)
    devtools.on("Network.requestWillBeSent", asked)
    devtools.on("Network.loadingFinished", ended)
    await devtools.send("Network.enable")  # pyright: ignore[reportUnknownMemberType]  Playwright's own types
    await page.add_init_script(f"({_WATCH})({wanted!r})")
    await page.goto(path)
    await page.locator(wanted).first.wait_for()
    there_s = float(await page.evaluate("thereAt")) / 1000
    before = {
        part: url for part, (url, asked_s) in addresses.items() if asked_s < there_s and "/worker-" not in url
    }
    while not before.keys() <= sizes.keys():
        came.clear()
        await asyncio.wait_for(came.wait(), _LAST_S)
    return {url: sizes[part] for part, url in before.items()}
