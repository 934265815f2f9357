"""`make screens`: every screen of the web interface as a picture, in `docs/screens`.

A screen is an address of a feature: its path, and what its manifest adds in `screens`, as in
`screens: ['/{device}', '?etat=offline']`. `{device}`, `{run}`, `{campaign}`, `{halted}`, `{draft}`, `{pipeline}` and
`{request}` stand for one of each, `{archive}` for a request and one of its PCs.
`_OVER` holds what lies over a screen: dialogs, panels, menus, the palette.
"""

import argparse
import asyncio
import io
import re
import tempfile
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from urllib.parse import quote

import msgspec
from PIL import Image
from playwright.async_api import Browser, Page, ViewportSize, expect

from canopee.home import Credential
from canopee.testing import Installation
from canopee_api.postgres.location import forget
from canopee_client.client import Client
from canopee_contract.codec import decode
from canopee_contract.log_requests import NewLogRequest
from canopee_contract.people import ROLES, NewUser
from canopee_kit.clock import SystemClock
from tools.browser.chromium import DESKTOP, PHONE, Theme, chromium, person, sign_in
from tools.browser.seed import seed

_ROOT = Path(__file__).parents[2]
_FOLDER = _ROOT / "docs" / "screens"
_SOMEBODY = NewUser("camille", "une phrase assez longue", list(ROLES))
_LOOKS: tuple[tuple[ViewportSize, Theme], ...] = (
    (DESKTOP, "light"), (DESKTOP, "dark"), (PHONE, "light"), (PHONE, "dark"),
)  # fmt: skip
_ASKED = partial(
    NewLogRequest, pipeline="product_logs", reason="le module s’arrête à l’ouverture", ticket="SUP-4711"
)
"""Logs that are asked for where nobody has asked yet."""
_TRIES = 120
_COLOURS = 128
_PAUSE_MS, _PATIENCE_MS = 300, 15_000
_OWN = {"connexion": "/connexion", "compte": "/compte", "introuvable": "/nulle-part"}
"""Screens that belong to no feature."""
_OVER = {
    "palette": ("/parc", "key:Control+k"),
    "raccourcis": ("/parc", "key:?"),
    "menu-compte": ("/parc", "css:button.account"),
    "menu-vues": ("/postes", "css:cnp-views-menu button"),
    "panneau-poste": ("/postes", "css:tbody tr:first-child td:last-child"),
    "dialogue-etiqueter": ("/postes/{device}", "css:cnp-page-header button:not(.danger)"),
    "dialogue-revoquer": ("/postes/{device}", "css:cnp-page-header button.danger"),
    "dialogue-essayer": ("/pipelines/inventory_hardware", "css:cnp-page-header button"),
}
"""What lies over a screen: its address, and the key or the element that opens it."""
_PATH = re.compile(r"^\s*path: '([^']*)'", re.MULTILINE)
_SCREENS = re.compile(r"^\s*screens: \[([^\]]*)\]", re.MULTILINE)


class Screen(msgspec.Struct, frozen=True):
    """One picture's address, before its placeholders are filled."""

    name: str
    address: str
    opens: str = ""
    """`key:…` or `css:…`: what opens something over the page."""


def screens(sources: Path = _ROOT / "ihm/src/app/features") -> Iterator[Screen]:
    """Every screen, by the manifests of the features."""
    yield from (Screen(name, address) for name, address in _OWN.items())
    yield from (Screen(name, address, opens) for name, (address, opens) in _OVER.items())
    for manifest in sorted(sources.glob("*/*.feature.ts")):
        text = manifest.read_text("utf-8")
        path = _PATH.search(text)
        if path is None:
            raise ValueError(f"{manifest.name} has no path")
        more = _SCREENS.search(text)
        added = re.findall(r"'([^']*)'", more[1]) if more else []
        for number, rest in enumerate(["", *added]):
            yield Screen(f"{path[1]}{f'-{number}' if number else ''}", f"/{path[1]}{rest}")


async def draw(browser: Browser, url: str, known: Mapping[str, str], folder: Path, only: str) -> list[Path]:
    """Draw every screen in every look; the pictures written."""
    written: list[Path] = []
    for size, theme in _LOOKS:
        context = await person(browser, url, size=size, theme=theme)
        page = await context.new_page()
        for screen in sorted(screens(), key=lambda screen: screen.name != "connexion"):
            if screen.name != "connexion" and not await context.cookies():
                await sign_in(context, _SOMEBODY.login, _SOMEBODY.password)
            if only in screen.name:
                await page.set_viewport_size(DESKTOP if screen.opens else size)
                await show(page, screen, known)
                await page.set_viewport_size(size)
                await _wait(page)
                path = folder / f"{screen.name}-{theme}-{size['width']}.png"
                path.write_bytes(smaller(await page.screenshot()))
                written.append(path)
        await context.close()
    return written


async def show(page: Page, screen: Screen, known: Mapping[str, str]) -> None:
    """Go to a screen, and open what lies over it."""
    await settle(page, screen.address.format_map(known))
    how, _, what = screen.opens.partition(":")
    if how == "key":
        await page.keyboard.press(what)
    elif how == "css":
        await page.locator(what).first.click()
    if how:
        await page.locator("[role=dialog], [role=menu]").first.wait_for()
        await _wait(page)


async def settle(page: Page, address: str) -> None:
    """Go there, and wait until everything is drawn."""
    await page.goto(address)
    await page.locator("h1").first.wait_for()
    await _wait(page)


async def _wait(page: Page) -> None:
    for _ in range(2):  # what comes first may ask for more
        await page.wait_for_timeout(_PAUSE_MS)
        await expect(page.locator("[aria-busy=true], .skeleton")).to_have_count(0, timeout=_PATIENCE_MS)
    await page.evaluate("document.fonts.ready.then(() => true)")


def smaller(png: bytes) -> bytes:
    """The same picture with a palette: a third of the bytes."""
    held = io.BytesIO()
    image = Image.open(io.BytesIO(png)).convert("RGB")
    image.quantize(_COLOURS, dither=Image.Dither.NONE).save(held, "PNG", optimize=True)
    return held.getvalue()


def known_objects(client: Client) -> dict[str, str]:
    """What the placeholders of an address stand for."""
    runs, campaigns, pipelines = list(client.runs()), list(client.campaigns()), list(client.pipelines())
    device = next((one.device_id for one in runs), next(iter(client.devices())).id)
    well = next((one for one in campaigns if one.state == "running"), campaigns[0])
    halted = next((one for one in campaigns if one.state == "halted"), campaigns[0])
    draft = next((one.id for one in client.campaign_drafts()), "")
    archive = _archive(client)
    found = {
        "device": device, "run": runs[0].id, "campaign": well.id, "pipeline": pipelines[0].id,
        "halted": halted.id, "draft": draft, "request": archive[0],
    }  # fmt: skip
    return {"archive": "/".join(archive), **{name: quote(value, safe="") for name, value in found.items()}}


def _archive(client: Client) -> tuple[str, str]:
    """A log request and one of its PCs that has sent its archive; asked for where nobody has asked yet."""
    clock, asked = SystemClock(), False
    for _ in range(_TRIES):
        for request in client.log_requests():
            if ready := next(client.log_devices(request.id, state="ready"), None):
                return request.id, ready.id
        if not asked:
            asked = client.request_logs(_ASKED(devices=[one.id for one in islice(client.devices(), 5)])).total > 0
        clock.sleep(1)
    raise TimeoutError("no PC has sent its logs: look at `canopee logs list`")


async def _main(devices: int, only: str, at: str) -> int:
    _FOLDER.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="canopee-screens-"))
    installation, failing = Installation(Path(at) if at else folder / "home"), None
    try:
        if not at:
            installation.up("--devices", str(devices))
            installation.run("wait", "runs", "--at-least", str(devices), "--timeout", "120")
            failing = seed(installation, folder)
        with installation.client() as client:
            if all(user.id != _SOMEBODY.login for user in client.users()):
                client.create_user(_SOMEBODY)
            known = known_objects(client)
        url = decode(installation.home.credential.read_bytes(), Credential).url
        async with chromium() as browser:
            written = await draw(browser, url, known, _FOLDER, only)
        total = sum(path.stat().st_size for path in written)
        print(f"screens: {len(written)} pictures in {_FOLDER.relative_to(_ROOT)}, {total / 1e6:.1f} MB")
    finally:
        if failing:
            failing.stop()
        if not at:
            installation.run("down", expect=None)
            forget(installation.home.folder / "postgres")
    return 0


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=60, help="simulated PCs")
    parser.add_argument("--only", default="", help="part of the names of the screens to draw")
    parser.add_argument("--home", default="", help="folder of a `canopee up` that runs, instead of one of its own")
    arguments = parser.parse_args()
    return asyncio.run(_main(arguments.devices, arguments.only, arguments.home))


if __name__ == "__main__":
    raise SystemExit(main())
