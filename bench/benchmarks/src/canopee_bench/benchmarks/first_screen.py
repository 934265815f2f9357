"""The benchmark `first_screen`."""

import shutil
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import psycopg
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from canopee_bench.benchmark import Benchmark, Figure, Result, Setting, figure
from canopee_bench.installation import Api, api, database
from canopee_contract.people import ROLES, NewUser

_DEVICES = 100_000
_BLANK = "/v1/health"
_SOMEBODY = NewUser("camille", "une phrase assez longue", list(ROLES))
_BURST, _EVERY_S = 100, 0.1
_ROWS = {"/connexion": "form input", "/parc": ".kpi b", "/postes": ".table-foot .num"}
"""What is there when a screen is, and answers."""
_CARRIED_KB = 200
_LAST_S = 10.0
"""For what was asked for before a screen was there, and is still on its way."""
_LATENESS = """() => {
  globalThis.late = []; let last = performance.now();
  globalThis.probe = setInterval(() => { const now = performance.now(); late.push(now - last - 20); last = now; }, 20);
}"""
_NEWS = "SELECT pg_notify('canopee_live', 'devices ' || n) FROM generate_series(1, %s) n"


class FirstScreen(Benchmark):
    """The web interface on 100 000 devices in a real browser: three screens from an empty cache, then under changes.

    A screen is there when its rows are, and it answers. What it carries is all that was asked for before, in bytes on
    the wire: headers, fonts and answers included. Compared with the time that the same browser takes to show an answer
    of 15 bytes of the same server.
    """

    def run(self, setting: Setting) -> Result:
        devices = setting.count(_DEVICES)
        setting.say(f"first_screen: filling a database with {devices} devices")
        shown: dict[str, list[float]] = {path: [] for path in _ROWS}
        carried: dict[str, list[float]] = {path: [] for path in _ROWS}
        blank: list[float] = []
        with database(setting.folder, devices) as held, api(setting.folder, held.address) as served:
            served.client.create_user(_SOMEBODY)
            with _browser() as browser:
                for _ in range(setting.rounds):
                    with _person(browser, served) as context:
                        blank.append(_opened(context.new_page(), _BLANK, "body"))
                    for path, wanted in _ROWS.items():
                        with _person(browser, served, has_session=path != "/connexion") as context:
                            page = context.new_page()
                            bytes_so_far = _bytes(page)
                            shown[path].append(_opened(page, path, wanted))
                            carried[path].append(bytes_so_far() / 1000)
                with _person(browser, served) as context:
                    page = context.new_page()
                    _opened(page, "/postes", _ROWS["/postes"])
                    lateness, click = _under_change(page, held.address, setting.seconds)
        return Result(
            "first_screen",
            figure("table of devices", [one / hand for one, hand in zip(shown["/postes"], blank, strict=True)]),
            "a page of 15 bytes in the same browser",
            (
                figure("overview: rows on screen", shown["/parc"], "s", at_most=2),
                figure("table: rows on screen", shown["/postes"], "s", at_most=2),
                figure("sign-in: on screen", shown["/connexion"], "s", at_most=2),
                figure("overview: carried", carried["/parc"], "kB", at_most=_CARRIED_KB),
                figure("table: carried", carried["/postes"], "kB", at_most=_CARRIED_KB),
                figure("sign-in: carried", carried["/connexion"], "kB", at_most=_CARRIED_KB),
                Figure("longest freeze, 1 000 changes/s", lateness, "ms", 200, "at_most"),
                Figure("a click answered meanwhile", click, "ms", 500, "at_most"),
                Figure("devices", devices),
            ),
        )


@contextmanager
def _browser() -> Generator[Browser]:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        raise FileNotFoundError("there is no Chromium here: run tools/browser/setup")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def _person(browser: Browser, served: Api, *, has_session: bool = True) -> Generator[BrowserContext]:
    """A profile that holds nothing in its cache, and has signed in."""
    context = browser.new_context(base_url=served.url, locale="fr-FR", viewport={"width": 1366, "height": 768})
    try:
        if has_session:
            asked = {"login": _SOMEBODY.login, "password": _SOMEBODY.password}
            reply = context.request.post("/v1/sessions/browser", data=asked)
            if not reply.ok:
                raise PermissionError(reply.text())
        yield context
    finally:
        context.close()


def _opened(page: Page, path: str, wanted: str) -> float:
    """Seconds until an element is there, and the page has drawn it and answers."""
    started = time.perf_counter()
    page.goto(path, wait_until="commit")
    page.locator(wanted).filter(has_text="").first.wait_for()
    page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    return time.perf_counter() - started


def _bytes(page: Page) -> Callable[[], int]:
    """Bytes on the wire, as Chromium counts them, of what has been asked for until the function is called.

    What the worker of the live stream loads for itself is not counted.
    """
    asked: set[str] = set()
    sizes: dict[str, int] = {}

    def began(event: dict[str, Any]) -> None:
        if "/worker-" not in event["request"]["url"]:
            asked.add(event["requestId"])

    def ended(event: dict[str, Any]) -> None:
        sizes[event["requestId"]] = int(event["encodedDataLength"])

    def so_far() -> int:
        before = set(asked)
        until = time.monotonic() + _LAST_S
        while not before <= sizes.keys() and time.monotonic() < until:
            page.wait_for_timeout(20)
        return sum(size for request, size in sizes.items() if request in before)

    devtools = page.context.new_cdp_session(page)
    devtools.on("Network.requestWillBeSent", began)
    devtools.on("Network.loadingFinished", ended)
    devtools.send("Network.enable")  # pyright: ignore[reportUnknownMemberType]  Playwright's own types
    return so_far


def _under_change(page: Page, address: str, seconds: float) -> tuple[float, float]:
    """Longest time, in ms, for which the page did not answer, and that of a click, under 1 000 changes a second."""
    stop = threading.Event()
    teller = threading.Thread(target=_tell, args=(address, stop), daemon=True)
    teller.start()
    try:
        page.evaluate(_LATENESS)
        page.wait_for_timeout(seconds * 1000)
        started = time.perf_counter()
        page.get_by_role("button", name="Colonnes").click()
        page.get_by_role("menu").wait_for()
        click = (time.perf_counter() - started) * 1000
        return float(page.evaluate("Math.max(...late)")), click
    finally:
        stop.set()
        teller.join()


def _tell(address: str, stop: threading.Event) -> None:
    with psycopg.connect(address, autocommit=True) as connection:
        while not stop.wait(_EVERY_S):
            connection.execute(_NEWS, (_BURST,))
