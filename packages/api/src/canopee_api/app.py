"""Wiring: one API process from its settings to its two doors on one port."""

import asyncio
import contextlib
import gc
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager

import uvicorn

from canopee_api.accounts.people import People
from canopee_api.accounts.views import Views
from canopee_api.campaigns.actions import Actions
from canopee_api.campaigns.approvals import CampaignApprovals
from canopee_api.campaigns.campaigns import Campaigns
from canopee_api.campaigns.drafts import CampaignDrafts
from canopee_api.campaigns.freeze_calendar import FreezeCalendar
from canopee_api.campaigns.freezes import Freezes
from canopee_api.campaigns.preview import Previews
from canopee_api.campaigns.progress import Progress
from canopee_api.campaigns.recurring import Recurring
from canopee_api.campaigns.releases import Releases
from canopee_api.campaigns.rings import Rings
from canopee_api.campaigns.standstill import EmergencyStop
from canopee_api.campaigns.targeting import Targeting
from canopee_api.catalog.activity import Activity
from canopee_api.catalog.datasets import Datasets
from canopee_api.catalog.drafts import Drafts
from canopee_api.catalog.folder import Folders
from canopee_api.catalog.online_keys import OnlineKeys
from canopee_api.catalog.target_files import TargetFiles
from canopee_api.catalog.trust import TrustStore
from canopee_api.devices.annotations import Annotations
from canopee_api.devices.approvals import Approvals
from canopee_api.devices.enrolment import Enrolment
from canopee_api.devices.enrolment_tokens import TokenOffice
from canopee_api.devices.fleet_table import FleetTable
from canopee_api.devices.practices import Practices
from canopee_api.devices.selections import Selections
from canopee_api.devices.story import Story
from canopee_api.devices.tokens import Tokens
from canopee_api.doors.agent.door import AgentDoor
from canopee_api.doors.areas import Areas
from canopee_api.doors.asgi import Receive, Scope, Send
from canopee_api.doors.compression import compressing
from canopee_api.doors.people.app import people_app
from canopee_api.doors.protocol import LimitedProtocol, sweep
from canopee_api.doors.web import WebDoor
from canopee_api.errors import ServerError
from canopee_api.files.store import FileStore
from canopee_api.files.uploads import Uploads
from canopee_api.live.fleet import LiveFleet
from canopee_api.live.listener import Listener
from canopee_api.live.presence import flush, write_behind
from canopee_api.live.watchers import Watchers
from canopee_api.logs.archives import Archives
from canopee_api.logs.cancelling import Cancels
from canopee_api.logs.codes import LogCodes
from canopee_api.logs.forwarding import Forwarding
from canopee_api.logs.purging import Purges
from canopee_api.logs.reading import Readers
from canopee_api.logs.requests import LogRequests
from canopee_api.logs.targets import LogTargets
from canopee_api.orders.delivery import Delivery
from canopee_api.orders.epochs import Epochs
from canopee_api.orders.walls import WallClocks
from canopee_api.postgres.database import Database
from canopee_api.postgres.migrate import migrate
from canopee_api.postgres.server import EmbeddedServer
from canopee_api.records.intake import Intake
from canopee_api.records.storage import Storage
from canopee_api.settings import Settings, read_secret
from canopee_api.worker.worker import Worker
from canopee_kit.clock import Clock, SystemClock
from canopee_kit.errors import TemporaryError
from canopee_kit.logs import get_logger

_log = get_logger(__name__)
_STOP_S = 10
_WATCH_S, _REVIVE_AGAIN_S = 0.2, 5.0

Ready = Callable[[str], None]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Around = Callable[[Application, Areas], Application]
"""What a benchmark or a test puts in front of the doors."""


async def serve(
    settings: Settings,
    *,
    ready: Ready,
    stop: asyncio.Event,
    clock: Clock | None = None,
    around: Around | None = None,
) -> None:
    """Run one API process until `stop`; `ready` is called with its address once it answers.

    Call it in the main thread: the embedded PostgreSQL, if it is used, dies with that thread.

    Raises:
        ServerError: the database, the keys or the configuration cannot be used.
    """
    with _database(settings) as (address, embedded):
        for name in migrate(address):
            _log.info("migration %s applied", name)
        async with running(settings, address, clock or SystemClock()) as areas:
            application = around(_doors(areas), areas) if around else _doors(areas)
            server = _Server(_config(settings, application))
            serving, watching = asyncio.create_task(server.serve()), asyncio.create_task(_watch(embedded))
            sweeping = asyncio.create_task(sweep(server.server_state.connections))
            try:
                await _started(server, serving)
                host = f"[{settings.host}]" if ":" in settings.host else settings.host
                ready(f"http://{host}:{server.port}")
                await _first(asyncio.create_task(stop.wait()), serving)
            finally:
                watching.cancel()
                areas.fleet.close()
                areas.watchers.close()
                sweeping.cancel()
                server.should_exit = True
                await serving


async def work(
    settings: Settings, *, ready: Callable[[], None], stop: asyncio.Event, clock: Clock | None = None
) -> None:
    """Do the work behind the doors until `stop`, in a process that has none; `ready` is called once it is at it.

    Raises:
        ServerError: the database, the keys or the configuration cannot be used.
    """
    address = settings.database_url
    for name in migrate(address):
        _log.info("migration %s applied", name)
    async with running(settings, address, clock or SystemClock(), has_doors=False):
        ready()
        await stop.wait()


@asynccontextmanager
async def running(
    settings: Settings, address: str, clock: Clock, *, has_doors: bool = True
) -> AsyncGenerator[Areas]:
    """The areas of one process with their background tasks, before any door is opened; a worker never opens one."""
    keys, secret = OnlineKeys.read(settings.keys), read_secret(settings.secret_file)
    database = Database(address, size=settings.pool_size)
    await database.open()
    stop = asyncio.Event()
    tasks: list[asyncio.Task[None]] = []
    areas = wire(database, keys, secret, clock, settings)
    try:
        listener = Listener(
            database, areas.fleet, lambda: _reload(areas), on_changes=areas.watchers.take, has_devices=has_doors
        )
        await _prepare(areas)
        await listener.load()
        work = [listener.run(stop)]
        if has_doors:
            work += [
                areas.watchers.run(stop),
                write_behind(database, areas.fleet, areas.enrolment.suspect_clones, stop),
                areas.intake.run(stop),
            ]
        if settings.worker or not has_doors:
            work.append(Worker(areas, database.address).run(stop))
        tasks = [asyncio.create_task(one) for one in work]
        gc.freeze()  # a million devices are not looked at again and again
        yield areas
    finally:
        stop.set()
        await asyncio.gather(*tasks)
        await flush(database, areas.fleet, areas.enrolment.suspect_clones)
        await database.close()


def wire(database: Database, keys: OnlineKeys, secret: bytes, clock: Clock, settings: Settings) -> Areas:
    """The areas of one process that has heard of nothing yet."""
    fleet, tokens = LiveFleet(), Tokens(secret)
    trust, datasets = TrustStore(database, keys, clock), Datasets(database, clock)
    freezes = Freezes(wall := WallClocks(settings.time_zone, clock), clock)
    rings = Rings(database, trust, freezes, clock)
    calendar = FreezeCalendar(database, rings, wall, clock)
    campaigns = Campaigns(database, trust, rings, clock)
    selections = Selections(database, table := FleetTable(database, trust, clock), clock)
    store, watchers = FileStore(settings.files_folder), Watchers(database)
    log_requests = LogRequests(database, campaigns, clock)
    waiting, targeting = CampaignDrafts(database, trust, campaigns, clock), Targeting(database)
    return Areas(
        clock=clock,
        database=database,
        fleet=fleet,
        watchers=watchers,
        people=People(database, clock),
        views=Views(database, clock),
        tokens=tokens,
        enrolment=Enrolment(database, fleet, tokens, clock),
        token_office=TokenOffice(database, clock),
        approvals=Approvals(database, clock),
        practices=Practices(database, clock),
        fleet_table=table,
        selections=selections,
        annotations=Annotations(database, selections, clock),
        story=Story(database, fleet, clock),
        datasets=datasets,
        folders=Folders(database, datasets, clock),
        drafts=Drafts(database, clock),
        activity=Activity(database, clock),
        trust=trust,
        target_files=TargetFiles(database, clock),
        campaigns=campaigns,
        campaign_approvals=CampaignApprovals(database, trust, clock),
        epochs=Epochs(database, trust, clock),
        rings=rings,
        recurring=Recurring(database, trust, rings, wall, clock),
        emergency_stop=EmergencyStop(database, fleet, clock),
        freezes=calendar,
        releases=Releases(database, trust, campaigns),
        targeting=targeting,
        campaign_drafts=waiting,
        actions=Actions(database, trust, campaigns, rings, waiting, clock),
        previews=Previews(database, trust, targeting, calendar, freezes, clock),
        progress=Progress(database, clock),
        delivery=Delivery(database, fleet, wall, clock),
        intake=Intake(database, datasets, clock),
        storage=Storage(database, datasets, clock, settings.keep),
        tick_s=settings.tick_s,
        uploads=Uploads(database, store, clock, watchers.note),
        log_requests=log_requests,
        log_targets=LogTargets(database, clock),
        log_archives=Archives(database, store, Readers(), clock),
        log_forwarding=Forwarding(database, store, log_requests, clock, settings.sftp, settings.mail),
        log_codes=LogCodes(database, campaigns, log_requests, clock),
        log_cancels=Cancels(database, store, log_requests, clock),
        log_purges=Purges(database, store, log_requests, clock),
    )


async def _prepare(areas: Areas) -> None:
    """Partitions before the first record; while a table is busy, the default one takes what comes."""
    try:
        await areas.storage.make_partitions()
    except TemporaryError as error:
        _log.warning("the partitions are made later: %s", error)


async def _reload(areas: Areas) -> None:
    await areas.datasets.reload()
    await areas.trust.reload()
    areas.fleet.raise_trust(areas.trust.timestamp_version)
    await areas.emergency_stop.reload()


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: our caller decides when to stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield

    @property
    def port(self) -> int:
        port: int = self.servers[0].sockets[0].getsockname()[1]
        return port


def _doors(areas: Areas) -> Application:
    agents, people, web = AgentDoor(areas), compressing(people_app(areas)), WebDoor()  # pyright: ignore[reportArgumentType]  Litestar names the scopes

    async def doors(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        door = agents if path.startswith("/agent/") else people if path.startswith("/v1") else web
        await door(scope, receive, send)

    return doors


def _config(settings: Settings, application: Application) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        host=settings.host,
        port=settings.port,
        http=LimitedProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",  # what others send wrong is answered, and does not fill the log
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=2048,
        timeout_keep_alive=330,
        timeout_graceful_shutdown=_STOP_S,
    )


async def _started(server: _Server, serving: "asyncio.Task[None]") -> None:
    while not server.started and not serving.done():  # noqa: ASYNC110  uvicorn has only a flag to look at
        await asyncio.sleep(0.01)
    if serving.done():
        await serving


async def _first(*tasks: "asyncio.Task[object]") -> None:
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    tasks[0].cancel()


@contextlib.contextmanager
def _database(settings: Settings) -> Generator[tuple[str, EmbeddedServer | None]]:
    if settings.database_url:
        yield settings.database_url, None
        return
    server = EmbeddedServer(settings.home / "postgres")
    try:
        yield server.start(), server
    finally:
        server.stop()


async def _watch(server: EmbeddedServer | None) -> None:
    """Start the embedded PostgreSQL again when it died; without it nothing can be answered, so nothing else runs."""
    while server is not None:
        try:
            server.revive()
        except ServerError as error:
            _log.error("PostgreSQL cannot be started again now: %s", error)
            await asyncio.sleep(_REVIVE_AGAIN_S)
        await asyncio.sleep(_WATCH_S)
