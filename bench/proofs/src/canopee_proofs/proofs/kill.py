"""The proof `kill`."""

import asyncio
import random
from typing import ClassVar

import psycopg

from canopee_kit.clock import SystemClock
from canopee_proofs.kill import ledger
from canopee_proofs.kill.first_start import first_start
from canopee_proofs.kill.fleet import Fleet
from canopee_proofs.kill.installation import Installation
from canopee_proofs.kill.notes import Notes
from canopee_proofs.kill.processes import StartError, left_behind
from canopee_proofs.proof import Proof, Setting, Verdict

_DEVICES = 3
_LOOK_EVERY = 25
_RECOVERY_S = 40.0
_END_S = 120.0
_LATEST_KILL_S = 0.3
_VICTIMS = {"api": 32, "database": 28, "agent": 28, "api and database": 6, "first start": 6}


class Kill(Proof):
    """Whatever is killed, whenever: nothing acknowledged is lost, nothing is stored or run twice, and all starts again.

    A real API with its PostgreSQL (fsync on), a real agent and three light devices with two streams each are at work on
    records and signed orders. A case kills the API, PostgreSQL, the agent, or two of them (`kill -9`, 0 to 300 ms after
    activity began), or a first start on an empty home in the middle of initdb or of the migrations; then everything
    must go on by itself. Looked at on the way and at the end: every acknowledged record is there once and whole, every
    order has one final run, no program that an order runs left its mark twice, every acknowledged report is there,
    nothing is left running.
    """

    usual_cases: ClassVar[int] = 400
    short_cases: ClassVar[int] = 2

    def run(self, setting: Setting) -> Verdict:
        installation = Installation(setting.folder)
        attempt = _Attempt(installation, setting)
        try:
            installation.open()
            asyncio.run(attempt.go())
        except StartError as error:
            attempt.notes.violations.append(f"a process does not start: {error}")
        finally:
            installation.close()
        attempt.notes.violations += [f"left running: {line}" for line in left_behind(setting.folder)]
        return Verdict(attempt.done, tuple(attempt.notes.violations))


class _Attempt:
    """The cases, one after the other, on one installation."""

    def __init__(self, installation: Installation, setting: Setting) -> None:
        self._all, self._setting = installation, setting
        self._draw: random.Random = setting.random("victims")
        self._clock = SystemClock()
        self.notes, self.done = Notes(), 0
        self._issued: list[asyncio.Task[None]] = []

    async def go(self) -> None:
        fleet = Fleet(
            self._all.api.url,
            self._setting.folder / "fleet",
            self._all.root,
            self.notes,
            self._setting.random("fleet"),
        )
        try:
            await fleet.start(self._all.tokens(_DEVICES))
            for case in range(self._setting.cases):
                victim = self._draw.choices(tuple(_VICTIMS), tuple(_VICTIMS.values()))[0]
                if case == 0:
                    victim = "first start"
                await self._case(case, victim)
                self.done += 1
                if self.notes.violations:
                    return
                if case % _LOOK_EVERY == _LOOK_EVERY - 1:
                    self._setting.say(f"{self.done} kills, {self.notes.acknowledged} records acknowledged")
                    self.notes.violations += ledger.records_against(self._all.address, self.notes)
            await asyncio.gather(*self._issued)
            await self._until_every_order_has_an_end()
        finally:
            for task in self._issued:
                task.cancel()
            await fleet.close()
        self._compare()

    async def _case(self, case: int, victim: str) -> None:
        self._issued.append(asyncio.create_task(asyncio.to_thread(self._all.issue, case)))
        if victim == "first start":
            home = self._setting.folder / f"first-{case}"
            draw = self._setting.random(f"first-{case}")
            self.notes.violations += await asyncio.to_thread(
                first_start, home, self._setting.folder / "keys", draw
            )
            return
        await self._until_acknowledged(f"case {case}: nothing is acknowledged any more")
        if victim == "agent":
            await self._until_something_runs()
        await asyncio.sleep(self._draw.uniform(0, _LATEST_KILL_S))
        await self._kill(victim)
        await self._until_acknowledged(f"case {case}: no recovery from a kill of {victim}")

    async def _kill(self, victim: str) -> None:
        """Kill, and start again what is not started again by itself. The agent would wait for minutes: it goes too."""
        if "database" in victim:
            await asyncio.to_thread(self._all.api.kill_database)
        if "api" in victim:
            self._all.api.kill()
            self._all.api.start()
            await asyncio.to_thread(self._all.api.wait)
        self._all.agent.kill()
        self._all.agent.start()

    async def _until_acknowledged(self, fault: str) -> None:
        before, until = self.notes.acknowledged, self._clock.monotonic() + _RECOVERY_S
        while self.notes.acknowledged == before:
            if self._clock.monotonic() > until or self.notes.violations:
                self.notes.violations.append(fault)
                return
            await asyncio.sleep(0.005)

    async def _until_something_runs(self) -> None:
        """An agent that just started is soon at work on the orders that wait; it may also have none."""
        before, until = self._all.counting.size(), self._clock.monotonic() + 3
        while self._all.counting.size() == before and self._clock.monotonic() < until:  # noqa: ASYNC110  a file
            await asyncio.sleep(0.005)

    async def _until_every_order_has_an_end(self) -> None:
        until = self._clock.monotonic() + _END_S
        while self._clock.monotonic() < until:
            try:
                if not ledger.open_orders(self._all.address):
                    return
            except psycopg.OperationalError:
                pass
            await asyncio.sleep(0.2)

    def _compare(self) -> None:
        address = self._all.address
        executions = self._all.counting.executions()
        self.notes.violations += ledger.records_against(address, self.notes)
        self.notes.violations += ledger.doubled_records(address)
        self.notes.violations += ledger.runs_against(address, self.notes, executions, self._all.agent_id)
        states = ledger.states(address, self._all.agent_id)
        self._setting.say(
            f"{self.notes.acknowledged} records and {len(self.notes.reports)} reports acknowledged; "
            f"{len(executions)} executions; the agent's runs: {states}"
        )
