"""What changed, for whoever watches a screen: hints, gathered, at most one a topic and half a second.

They come by three ways. What people write tells it itself, by triggers of `schema.sql`. What the change table holds
each process reads anyway. What PCs write all the time is noted by the process that wrote it (`note`), which tells all
the processes some times a second: a NOTIFY in each of those transactions would make them wait for one another.

Nothing here is durable. A watcher that was away, or whose process lost the database for a moment, hears `all`
and reads again what it shows.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence

import msgspec
import psycopg

from canopee_api.errors import BusyError, ThrottledError
from canopee_api.postgres.changes import WATCHERS_CHANNEL, Change, ChangeKind, tell_watchers
from canopee_api.postgres.database import Database, listening_connection
from canopee_contract.live import LiveEvent, Topic
from canopee_kit.logs import get_logger

_log = get_logger(__name__)
_MOST = 1_000
_MOST_A_PERSON = 50
_MOST_IDS = 100
"""More objects at once are `many`: a screen reads its page again, whichever they are."""
EVERYTHING = "all"
_MOST_PASSED_ON = 50
_TOPICS: dict[ChangeKind, Topic] = {
    "device": "devices", "facts": "devices", "order": "runs", "catalog": "pipelines",
}  # fmt: skip


class Rhythm(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds."""

    gather: float = 0.5
    """Between two events of a topic."""
    silence: float = 15.0
    """After so long without anything, a watcher is given nothing, which shows that the connection lives."""
    look: float = 20.0
    """Between two looks at whether the connection to the database still lives."""
    again: float = 1.0
    """Before the next attempt to connect to the database."""
    pass_on: float = 0.3
    """Between two times that what was noted here is told to the other processes."""


class Watcher:
    """One who watches; `leave` when it goes."""

    def __init__(self, office: "Watchers", login: str, rhythm: Rhythm) -> None:
        self._office, self.login, self._rhythm = office, login, rhythm
        self._pending: dict[str, set[str] | None] = {}
        self._something = asyncio.Event()
        self._free_at = 0.0
        self.is_over = False

    def tell(self, topic: str, ids: list[str]) -> None:
        """Note a change; no id means many."""
        held = self._pending.setdefault(topic, set())
        if held is not None:
            held.update(ids)
            if not ids or len(held) > _MOST_IDS:
                self._pending[topic] = None
        self._something.set()

    def end(self) -> None:
        """Nothing more will come."""
        self.is_over = True
        self._something.set()

    async def ready(self) -> None:
        """Return once every change from now on will be heard of."""
        await self._office.listening.wait()

    async def next(self) -> list[LiveEvent]:
        """What changed since the last time, as soon as something did; nothing after a while, or at the end."""
        try:
            async with asyncio.timeout(self._rhythm.silence):
                await self._something.wait()
        except TimeoutError:
            return []
        time = asyncio.get_running_loop().time
        if not self.is_over and (early := self._free_at - time()) > 0:
            await asyncio.sleep(early)
        self._free_at = time() + self._rhythm.gather
        events = [LiveEvent(topic, None if ids is None else sorted(ids)) for topic, ids in self._pending.items()]
        self._pending.clear()
        if not self.is_over:
            self._something.clear()
        return events

    def leave(self) -> None:
        """Watch no more."""
        self._office.forget(self)


class Watchers:
    """Everybody who watches through this process. It listens to the database from the first one on."""

    def __init__(self, database: Database, rhythm: Rhythm | None = None) -> None:
        self._database, self._rhythm = database, rhythm or Rhythm()
        self._watchers: set[Watcher] = set()
        self._wanted = asyncio.Event()
        self.listening = asyncio.Event()
        self._is_closed = self._has_listened = False
        self._noted: defaultdict[Topic, set[str]] = defaultdict(set)
        self._has_noted = asyncio.Event()

    def __len__(self) -> int:
        return len(self._watchers)

    def watch(self, login: str) -> Watcher:
        """A new watcher.

        Raises:
            BusyError: as many as this process has room for, or it stops.
            ThrottledError: too many of one person.
        """
        if self._is_closed or len(self._watchers) >= _MOST:
            raise BusyError("too many watch through this process", retry_after_s=5)
        if sum(one.login == login for one in self._watchers) >= _MOST_A_PERSON:
            raise ThrottledError(f"{_MOST_A_PERSON} streams of {login} are open: close some", retry_after_s=30)
        watcher = Watcher(self, login, self._rhythm)
        self._watchers.add(watcher)
        self._wanted.set()
        return watcher

    def forget(self, watcher: Watcher) -> None:
        """Take a watcher away."""
        self._watchers.discard(watcher)

    def tell(self, payload: str) -> None:
        """Tell everybody here; `payload` as the triggers write it."""
        topic, *ids = payload.split(" ")
        for watcher in self._watchers:
            watcher.tell(topic, ids)

    def take(self, changes: Sequence[Change]) -> None:
        """Tell everybody here what the change table said: each process reads it."""
        if not self._watchers:
            return
        ids: defaultdict[Topic, set[str]] = defaultdict(set)
        for change in changes:
            ids[_TOPICS[change.kind]].update([change.device_id] if change.device_id else [])
        for topic, some in ids.items():
            for watcher in self._watchers:
                watcher.tell(topic, list(some))

    def note(self, topic: Topic, object_id: str) -> None:
        """Note a change that was committed here, and that nothing else tells of; all the processes hear of it soon."""
        held = self._noted[topic]
        if len(held) <= _MOST_PASSED_ON:
            held.add(object_id)
        self._has_noted.set()

    def close(self) -> None:
        """End every stream, and let nobody watch any more."""
        self._is_closed = True
        for watcher in list(self._watchers):
            watcher.end()

    async def run(self, stop: asyncio.Event) -> None:
        """Hear what the database says until `stop`, once somebody watches; a lost connection is opened again."""
        work = [asyncio.create_task(self._follow()), asyncio.create_task(self._pass_on())]
        try:
            await stop.wait()
        finally:
            self.close()
            for one in work:
                one.cancel()
            await asyncio.wait(work)

    async def _pass_on(self) -> None:
        """Tell all the processes what was noted in this one."""
        while True:
            await self._has_noted.wait()
            await asyncio.sleep(self._rhythm.pass_on)
            noted, self._noted = self._noted, defaultdict(set)
            self._has_noted.clear()
            try:
                async with self._database.transaction() as tx:
                    for topic, ids in noted.items():
                        await tell_watchers(tx, topic, () if len(ids) > _MOST_PASSED_ON else sorted(ids))
            except BusyError as error:
                _log.debug("watchers were not told: %s", error)
            except Exception:  # noqa: BLE001  the edge of a loop: without it no run would be told of any more
                _log.exception("watchers were not told")

    async def _follow(self) -> None:
        await self._wanted.wait()
        while True:
            try:
                await self._hear()
            except (psycopg.Error, TimeoutError) as error:
                _log.warning("watchers hear nothing for now, the database is asked again: %s", error)
            except Exception:  # noqa: BLE001  the edge of a loop: without it every screen would stay as it is
                _log.exception("the watchers' listener failed, trying again")
            finally:
                self.listening.clear()
            await asyncio.sleep(self._rhythm.again)

    async def _hear(self) -> None:
        async with asyncio.timeout(self._rhythm.look):
            connection = await listening_connection(self._database.address)
        try:
            async with asyncio.timeout(self._rhythm.look):
                await connection.execute(f"LISTEN {WATCHERS_CHANNEL}")
            if self._has_listened:
                self.tell(EVERYTHING)
            self._has_listened = True
            self.listening.set()
            while True:
                async for one in connection.notifies(timeout=self._rhythm.look):
                    self.tell(one.payload)
                async with asyncio.timeout(self._rhythm.look):
                    await connection.execute("SELECT 1")
        finally:
            await connection.close()
