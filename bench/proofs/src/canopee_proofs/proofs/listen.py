"""The proof `listen`."""

import asyncio
import sys
from pathlib import Path
from typing import ClassVar

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from canopee_api.catalog.datasets import Datasets
from canopee_api.live.fleet import LiveFleet
from canopee_api.live.listener import CANCEL_S, Listener, Periods
from canopee_api.postgres.database import LISTENER, Database
from canopee_api.postgres.devices import LiveRow, NewDevice, insert_device, live_rows
from canopee_kit.clock import SystemClock
from canopee_kit.ids import new_id
from canopee_proofs.database import own_server
from canopee_proofs.listen.proxy import Proxy
from canopee_proofs.proof import Proof, Setting, Verdict

_DEVICES = 2_000
_PERIODS = Periods(every=0.5, longest=0.5, again=0.1, absence=3_600)
_MARGIN_S = 4.0
"""For a busy machine."""
_BOUND_S = _PERIODS.every + 2 * _PERIODS.longest + _PERIODS.again + CANCEL_S + _MARGIN_S
_CUTS = {"terminated": 4, "reset": 3, "refused": 2, "swallowed": 2, "forgotten": 2, "none": 1}


class Listen(Proof):
    """Orders, revocations and changes of the catalog that another process writes are soon in force in this one.

    The listener's connection is cut again and again: its backend is terminated, its network is reset, lets nobody in,
    swallows everything for a while, or for ever without a word. A case is one cut, while transactions of another
    process commit in a drawn order; within the listener's own periods (here some seconds, in production below 60 s)
    the memory must be what the database says. Nothing may be applied backwards meanwhile: no number of an order, no
    generation, no revocation.
    """

    usual_cases: ClassVar[int] = 200
    short_cases: ClassVar[int] = 8

    def run(self, setting: Setting) -> Verdict:
        with own_server(setting.folder / "postgres") as server:
            return asyncio.run(_Attempt(server.address, setting).go())


class _Attempt:
    """Every cut, with one listener."""

    def __init__(self, address: str, setting: Setting) -> None:
        self._address, self._setting = address, setting
        self._clock, self._draw = SystemClock(), setting.random()
        self._fleet = LiveFleet()
        self._slowest_s = 0.0
        self.violations: list[str] = []

    async def go(self) -> Verdict:
        parts = conninfo_to_dict(self._address)
        proxy = Proxy(Path(str(parts["host"])) / ".s.PGSQL.5432")
        far = make_conninfo(self._address, host="127.0.0.1", port=await proxy.start(), sslmode="disable")
        direct, database = Database(self._address, size=2), Database(far, size=3)
        stop = asyncio.Event()
        await direct.open()
        await database.open()
        await self._make_devices(direct)
        datasets = Datasets(database, self._clock)
        listener = Listener(database, self._fleet, datasets.reload, _PERIODS)
        await listener.load()
        tasks = [asyncio.create_task(listener.run(stop)), asyncio.create_task(self._watch(stop))]
        try:
            await self._cases(direct, proxy, datasets)
        finally:
            stop.set()
            await asyncio.gather(*tasks)
            await database.close()
            await direct.close()
            await proxy.close()
        self._setting.say(f"the slowest change was in force after {self._slowest_s:.2f} s")
        return Verdict(self._setting.cases, tuple(self.violations))

    async def _cases(self, direct: Database, proxy: Proxy, datasets: Datasets) -> None:
        writer = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "canopee_proofs.listen.writer", self._address, f"{self._setting.seed}",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            for case in range(self._setting.cases):
                if self.violations:
                    return
                kind = self._draw.choices(tuple(_CUTS), tuple(_CUTS.values()))[0]
                await self._case(f"case {case} ({kind})", kind, direct, proxy, writer)
                await self._compare(f"case {case} ({kind})", direct, datasets)
        finally:
            writer.kill()
            await writer.wait()

    async def _case(
        self, name: str, kind: str, direct: Database, proxy: Proxy, writer: asyncio.subprocess.Process
    ) -> None:
        cut = asyncio.create_task(self._cut(kind, direct, proxy))
        await asyncio.sleep(self._draw.uniform(0, 0.05))
        if writer.stdin is None or writer.stdout is None:
            raise RuntimeError(name)
        writer.stdin.write(f"{self._draw.randint(1, 12)}\n".encode())
        if not await writer.stdout.readline():
            raise RuntimeError(f"{name}: the writer ended")
        await cut

    async def _cut(self, kind: str, direct: Database, proxy: Proxy) -> None:
        if kind == "terminated":
            async with direct.transaction() as tx:
                await tx.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s",
                    (LISTENER,),
                )
        elif kind == "reset":
            proxy.reset()
        elif kind == "refused":
            await proxy.refuse(self._draw.uniform(0, 0.3))
        elif kind == "forgotten":
            proxy.forget()
        elif kind == "swallowed":
            await proxy.swallow(self._draw.uniform(0.2, 1.0))

    async def _compare(self, name: str, direct: Database, datasets: Datasets) -> None:
        """Until the memory is what the database says; not longer than the bound."""
        started, difference = self._clock.monotonic(), "nothing was compared"
        async with direct.transaction() as tx:
            wanted = [row async for rows in live_rows(tx) for row in rows]
            found = await tx.execute("SELECT name FROM datasets")
            names = {row[0] for row in await found.fetchall()}
        while self._clock.monotonic() - started < _BOUND_S:
            difference = _difference(wanted, self._fleet, names - {one.name for one in datasets.list()})
            if not difference:
                self._slowest_s = max(self._slowest_s, self._clock.monotonic() - started)
                return
            await asyncio.sleep(0.002)
        self.violations.append(f"{name}: after {_BOUND_S:.1f} s {difference}")

    async def _watch(self, stop: asyncio.Event) -> None:
        """Nothing goes backwards."""
        seen: dict[str, tuple[int, int, bool]] = {}
        while not stop.is_set():
            for device in self._fleet:
                now = (device.generation, device.order_head, device.state == "revoked")
                if any(new < old for new, old in zip(now, seen.get(device.id, now), strict=True)):
                    self.violations.append(f"device {device.id} went from {seen[device.id]} back to {now}")
                seen[device.id] = now
            await asyncio.sleep(0.02)

    async def _make_devices(self, database: Database) -> None:
        async with database.transaction() as tx:
            for number in range(_DEVICES):
                now = self._clock.now()
                await insert_device(
                    tx,
                    NewDevice(
                        id=new_id(now), public_key=number.to_bytes(32, "big"), hostname="PC", practice_id="C1",
                        platform="windows", fingerprint="f", simulated=True, agent_version="0", enrolled_at=now,
                    ),
                )  # fmt: skip


def _difference(wanted: list[LiveRow], fleet: LiveFleet, missing: set[str]) -> str:
    if missing:
        return f"the datasets {sorted(missing)[:5]} are not known"
    for row in wanted:
        held = fleet.get(row.id)
        if held is None or (held.generation, held.state, held.order_head) != (
            row.generation,
            row.state,
            row.order_head,
        ):
            return f"{held} is held instead of {row}"
    return ""
