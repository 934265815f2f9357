"""Many simulated devices in one process."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import msgspec

from canopee_kit.clock import Clock
from canopee_swarm.device import SimulatedDevice
from canopee_swarm.fleet import pc
from canopee_swarm.http import Pool
from canopee_swarm.link import Link
from canopee_swarm.repository import SharedRepository
from canopee_swarm.store import Store

_APART_S = 0.01
"""Between the starts of two devices: a fleet does not switch on at once."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to simulate."""

    url: str
    folder: Path
    """Identities and the verified repository."""
    root: bytes
    """The pinned TUF root."""
    devices: int
    tokens: Sequence[str] = ()
    """Enrolment tokens, for the devices that have no identity yet, by increasing number."""
    wait_s: int = 60
    seed: int = 0
    sources: Sequence[str] = ()
    """Local addresses to call from, such as `127.0.0.2`."""


def missing(folder: Path, devices: int) -> list[int]:
    """Numbers of the devices that need an enrolment token."""
    store = Store(folder / "swarm.db")
    try:
        known = store.numbers()
    finally:
        store.close()
    return [number for number in range(devices) if number not in known]


async def simulate(plan: Plan, clock: Clock, stop: asyncio.Event) -> None:
    """Run every device until `stop`."""
    store = Store(plan.folder / "swarm.db")
    pool = Pool(plan.url, limit=plan.devices + 16, sources=plan.sources)
    repository = SharedRepository(plan.folder / "tuf", plan.root, clock)
    tokens = dict(zip(sorted(set(range(plan.devices)) - store.numbers()), plan.tokens, strict=False))
    try:
        async with asyncio.TaskGroup() as group:
            tasks: list[asyncio.Task[None]] = []
            for number in range(plan.devices):
                machine = pc(number, plan.seed)
                device = SimulatedDevice(machine, Link(pool, store, clock, machine), store, repository, clock)
                tasks.append(group.create_task(device.live(tokens.get(number, ""), wait_s=plan.wait_s)))
                await asyncio.sleep(_APART_S)
            await stop.wait()
            for task in tasks:
                task.cancel()
    finally:
        pool.close()
        store.close()
