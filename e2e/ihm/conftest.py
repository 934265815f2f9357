"""A real browser before the whole system: one browser a worker, one profile a test."""

import inspect
from collections.abc import AsyncGenerator, Generator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, expect

from canopee.home import Credential
from canopee.testing import Installation
from canopee_contract.codec import decode
from canopee_contract.people import ROLES, NewUser
from e2e.conftest import fleet
from tools.browser.chromium import chromium, person, sign_in
from tools.browser.faults import Faults

expect.set_options(timeout=15_000)  # a machine that does much else is no fault of a page
CAMILLE = NewUser("camille", "une phrase assez longue", list(ROLES))
"""Whoever is at work in the journeys; holds every role."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The browser lives as long as its worker: so does the loop that speaks to it."""
    for item in items:
        if "/e2e/ihm/" in item.path.as_posix():
            if inspect.iscoroutinefunction(getattr(item, "function", None)):
                item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
            item.add_marker(pytest.mark.journey)


@pytest.fixture(scope="package")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Generator[Installation]:
    """A fleet of the journeys' own: they enrol more PCs and give them orders, in any order. It ends with the last."""
    with fleet(tmp_path_factory.mktemp("home")) as installation:
        yield installation


@pytest.fixture(scope="package")
def url(installed: Installation) -> str:
    """Address of the interface: two API processes behind nginx. Camille has an account there."""
    with installed.client() as client:
        client.create_user(CAMILLE)
    return decode(installed.home.credential.read_bytes(), Credential).url


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncGenerator[Browser]:
    """The browser of this worker."""
    async with chromium() as browser:
        yield browser


@pytest.fixture
def faults(url: str) -> Faults:
    """What the pages of the test did wrong: looked at when it ends."""
    return Faults(url)


@pytest_asyncio.fixture(loop_scope="session")
async def stranger(browser: Browser, url: str, faults: Faults) -> AsyncGenerator[BrowserContext]:
    """The profile of somebody who has not signed in."""
    context = await person(browser, url)
    faults.watch(context)
    yield context
    await context.close()
    faults.check()


@pytest_asyncio.fixture(loop_scope="session")
async def camille(stranger: BrowserContext) -> BrowserContext:
    """The profile of Camille, who has signed in."""
    await sign_in(stranger, CAMILLE.login, CAMILLE.password)
    return stranger


@pytest_asyncio.fixture(loop_scope="session")
async def page(camille: BrowserContext) -> Page:
    """A page of Camille's."""
    return await camille.new_page()
