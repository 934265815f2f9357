"""Debian's Chromium, driven by Playwright."""

import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Literal, TypeAlias

from playwright.async_api import Browser, BrowserContext, ViewportSize, async_playwright

Theme: TypeAlias = Literal["light", "dark"]
DESKTOP: ViewportSize = {"width": 1366, "height": 768}
"""What support people have."""
PHONE: ViewportSize = {"width": 390, "height": 844}
_PATIENCE_MS = 30_000


@asynccontextmanager
async def chromium() -> AsyncGenerator[Browser]:
    """A browser without windows.

    Raises:
        FileNotFoundError: there is none on this machine.
    """
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        raise FileNotFoundError("there is no Chromium here: run tools/browser/setup")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program,
            args=["--no-sandbox", "--disable-dev-shm-usage", "--force-color-profile=srgb"],
        )
        try:
            yield browser
        finally:
            await browser.close()


async def person(
    browser: Browser, url: str, *, size: ViewportSize = DESKTOP, theme: Theme = "light", lang: str = "fr"
) -> BrowserContext:
    """A profile of its own, with the language and the clock of a person in Paris."""
    context = await browser.new_context(
        base_url=url, viewport=size, color_scheme=theme, locale="fr-FR", timezone_id="Europe/Paris",
        reduced_motion="reduce",
    )  # fmt: skip
    context.set_default_timeout(_PATIENCE_MS)
    if lang != "fr":
        await context.add_init_script(
            "if (location.protocol !== 'about:' && !localStorage.getItem('canopee.lang')) "
            f"localStorage.setItem('canopee.lang', '{lang}')"
        )
    return context


async def sign_in(context: BrowserContext, login: str, password: str) -> None:
    """Sign in without a page: the cookie is in the profile afterwards."""
    reply = await context.request.post("/v1/sessions/browser", data={"login": login, "password": password})
    if not reply.ok:
        raise PermissionError(f"{login} cannot sign in: {reply.status} {await reply.text()}")
