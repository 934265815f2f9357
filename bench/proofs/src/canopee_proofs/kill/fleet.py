"""Light devices at work: streams of records, sent again until acknowledged, and orders."""

import asyncio
import json
import random
from pathlib import Path

import msgspec

from canopee_contract.records import Record, RecordBatch, RecordsReply
from canopee_kit.clock import SystemClock
from canopee_kit.errors import CanopeeError, TemporaryError
from canopee_proofs.kill.notes import Notes, NotingLink
from canopee_swarm.device import SimulatedDevice
from canopee_swarm.fleet import pc
from canopee_swarm.http import Pool
from canopee_swarm.repository import SharedRepository
from canopee_swarm.store import Store

_STREAMS = 2
_LONGEST_BATCH = 8
_STORM = 50
"""Refusals of one kind after which a loop gives up: the proof has failed."""


class Fleet:
    """Several devices in this process."""

    def __init__(self, url: str, folder: Path, root: bytes, notes: Notes, draw: random.Random) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._notes, self._draw, self._clock = notes, draw, SystemClock()
        self._pool, self._store = Pool(url, limit=64), Store(folder / "swarm.db")
        self._repository = SharedRepository(folder / "tuf", root, self._clock)
        self._tasks: list[asyncio.Task[None]] = []
        self._is_ending = False

    async def start(self, tokens: list[str]) -> None:
        """Enrol one device a token, and set them to work."""
        for number, token in enumerate(tokens):
            machine = pc(number)
            link = NotingLink(self._pool, self._store, self._clock, machine)
            link.notes = self._notes
            await link.enrol(token)
            device = SimulatedDevice(machine, link, self._store, self._repository, self._clock)
            self._tasks.append(asyncio.create_task(self._take_orders(device)))
            for stream in range(_STREAMS):
                self._tasks.append(asyncio.create_task(self._send(link, f"proof-{stream}")))

    async def close(self) -> None:
        """End everything."""
        self._is_ending = True
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=30)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._pool.close()
        self._store.close()

    async def _send(self, link: NotingLink, stream: str) -> None:
        """One stream. A batch without answer is sent again, now and then with what came meanwhile."""
        batch: list[Record] = []
        number = refusals = 0
        while (batch or not self._is_ending) and refusals < _STORM:
            if not batch or (self._draw.random() < 0.3 and len(batch) < _LONGEST_BATCH):  # noqa: PLR2004  now and then
                for _ in range(self._draw.randint(1, _LONGEST_BATCH)):
                    number += 1
                    body = msgspec.Raw(json.dumps({"value": number}).encode())
                    batch.append(Record(number, "proof", 1, self._clock.now(), body))
            try:
                await link.call("records", RecordBatch(stream, tuple(batch)), RecordsReply, timeout_s=10)
            except TemporaryError:
                await asyncio.sleep(0.02)
            except CanopeeError as error:
                refusals += 1
                self._notes.violations.append(f"{stream}: records refused: {error}")
                await asyncio.sleep(0.2)
            else:
                batch = []
                await asyncio.sleep(0.01)

    async def _take_orders(self, device: SimulatedDevice) -> None:
        refusals = 0
        while not self._is_ending and refusals < _STORM:
            try:
                await device.round(0)
            except TemporaryError:
                await asyncio.sleep(0.05)
            except CanopeeError as error:
                refusals += 1
                self._notes.violations.append(f"orders refused: {error}")
            await asyncio.sleep(0.1)
