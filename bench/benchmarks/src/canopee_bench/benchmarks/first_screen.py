"""The benchmark `first_screen`."""

import shutil
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager

import psycopg
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from canopee_bench.benchmark import Benchmark, Figure, Result, Setting, figure
from canopee_bench.installation import Api, api, database
from canopee_contract.people import ROLES, NewUser

_DEVICES = 100_000
_BLANK = "/v1/health"
_SOMEBODY = NewUser("camille", "une phrase assez longue", list(ROLES))
_BURST, _EVERY_S = 100, 0.1
_LATENESS = """() => {
  globalThis.late = []; let last = performance.now();
  globalThis.probe = setInterval(() => { const now = performance.now(); late.push(now - last - 20); last = now; }, 20);
}"""
_NEWS = "SELECT pg_notify('canopee_live', 'devices ' || n) FROM generate_series(1, %s) n"


class FirstScreen(Benchmark):
    """The web interface on 100 000 devices in a real browser: two screens from an empty cache, then under changes.

    A screen is there when its rows are, and it answers. Compared with the time that the same browser takes to show an
    answer of 15 bytes of the same server.
    """

    def run(self, setting: Setting) -> Result:
        devices = setting.count(_DEVICES)
        setting.say(f"first_screen: filling a database with {devices} devices")
        shown: dict[str, list[float]] = {"/parc": [], "/postes": []}
        blank: list[float] = []
        carried: list[float] = []
        with database(setting.folder, devices) as held, api(setting.folder, held.address) as served:
            served.client.create_user(_SOMEBODY)
            with _browser() as browser:
                for _ in range(setting.rounds):
                    with _person(browser, served) as context:
                        blank.append(_opened(context.new_page(), _BLANK, "body"))
                    for path, times in shown.items():
                        with _person(browser, served) as context:
                            page = context.new_page()
                            sizes = _sizes(page)
                            times.append(
                                _opened(page, path, ".table-foot .num" if path == "/postes" else ".kpi b")
                            )
                            carried.append(sum(sizes))
                with _person(browser, served) as context:
                    page = context.new_page()
                    _opened(page, "/postes", ".table-foot .num")
                    lateness, click = _under_change(page, held.address, setting.seconds)
        return Result(
            "first_screen",
            figure("table of devices", [one / hand for one, hand in zip(shown["/postes"], blank, strict=True)]),
            "a page of 15 bytes in the same browser",
            (
                figure("overview: rows on screen", shown["/parc"], "s", at_most=2),
                figure("table: rows on screen", shown["/postes"], "s", at_most=2),
                Figure("carried, first screen", max(carried) / 1000, "kB"),
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
def _person(browser: Browser, served: Api) -> Generator[BrowserContext]:
    """A profile that has signed in and holds nothing in its cache."""
    context = browser.new_context(base_url=served.url, locale="fr-FR", viewport={"width": 1366, "height": 768})
    try:
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


def _sizes(page: Page) -> list[float]:
    """Bytes that come for the page, filled as they come."""
    found: list[float] = []
    page.on("requestfinished", lambda request: found.append(request.sizes()["responseBodySize"]))
    return found


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
