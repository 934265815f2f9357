"""Many simulated devices in one process."""

import asyncio
from collections.abc import Sequence
from ipaddress import IPv4Address
from pathlib import Path
from random import Random
from time import process_time

import msgspec

from canopee_kit.clock import Clock
from canopee_swarm.device import Manner, SimulatedDevice
from canopee_swarm.fleet import pc
from canopee_swarm.link import Link
from canopee_swarm.measured import MeasuredPool, Report
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
    connections: int = 0
    """At most so many at once; 0: one a device. With fewer than devices, use no long polls."""
    think_s: float = 0.0
    """Between two check-ins of a device, give or take half."""
    failures: float = 0.0
    """Share of the steps that fail, and of the calls that are cut."""
    slow: int = 0
    """Bytes a second of each device's link; 0: no limit."""
    off_every: int = 0
    """One PC in so many is switched off for good once it has enrolled; 0: none."""


def is_switched_off(number: int, every: int) -> bool:
    """Whether PC `number` is one of those that are off, when one in `every` is: 5, 15, 25… of ten."""
    return every > 0 and number % every == every // 2


def missing(folder: Path, devices: int) -> list[int]:
    """Numbers of the devices that need an enrolment token."""
    store = Store(folder / "swarm.db")
    try:
        known = store.numbers()
    finally:
        store.close()
    return [number for number in range(devices) if number not in known]


def addresses(text: str) -> list[str]:
    """`127.0.0.2-9` → its eight addresses; one address is itself, several are separated by commas.

    Raises:
        ValueError: not addresses.
    """
    found: list[str] = []
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        head, _, low = first.rpartition(".")
        found += [str(IPv4Address(f"{head}.{number}")) for number in range(int(low), int(last or low) + 1)]
    return found


async def simulate(plan: Plan, clock: Clock, stop: asyncio.Event) -> Report:
    """Run every device until `stop`; what was measured."""
    started, cpu_started = clock.monotonic(), process_time()
    draw = Random(plan.seed)  # noqa: S311  a load that can be repeated
    store = Store(plan.folder / "swarm.db")
    pool = MeasuredPool(
        plan.url, limit=plan.connections or plan.devices + 16, clock=clock, draw=draw, sources=plan.sources,
        failures=plan.failures, slow=plan.slow,
    )  # fmt: skip
    manner, devices = Manner(draw, plan.failures, plan.think_s), list[SimulatedDevice]()
    repository = SharedRepository(plan.folder / "tuf", plan.root, clock)
    tokens = dict(zip(sorted(set(range(plan.devices)) - store.numbers()), plan.tokens, strict=False))
    try:
        async with asyncio.TaskGroup() as group:
            tasks: list[asyncio.Task[None]] = []
            for number in range(plan.devices):
                machine = pc(number, plan.seed)
                device = SimulatedDevice(
                    machine, Link(pool, store, clock, machine), store, repository, clock, manner
                )
                devices.append(device)
                is_off = is_switched_off(number, plan.off_every)
                life = device.live(tokens.get(number, ""), wait_s=plan.wait_s, is_off=is_off)
                tasks.append(group.create_task(life))
                if stop.is_set():
                    break
                await asyncio.sleep(_APART_S)
            await stop.wait()
            for task in tasks:
                task.cancel()
    finally:
        pool.close()
        store.close()
    by_call, seconds = pool.reports(), max(clock.monotonic() - started, 1e-6)
    return Report(
        seconds=round(seconds, 3), devices=len(devices), by_call=by_call,
        calls=sum(one.calls for one in by_call.values()), errors=sum(one.errors for one in by_call.values()),
        orders_done=sum(device.orders_done for device in devices),
        cpu_share=round((process_time() - cpu_started) / seconds, 3),
    )  # fmt: skip
