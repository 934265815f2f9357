"""The proof `update`."""

import contextlib
import os
import random
import signal
from typing import ClassVar

from canopee_agent.slots import SlotState
from canopee_kit.clock import SystemClock
from canopee_proofs.proof import Proof, Setting, Verdict
from canopee_proofs.update.computer import Computer, NotSeenError, build_windows
from canopee_proofs.update.prefix import Prefix
from canopee_proofs.update.server import UpdateServer

_GOOD, _CURRENT = ("2.0.0", "2.1.0"), "1.0.0"
_BAD = ("crash", "segv", "mute", "late", "restart")
_LATEST_S = 3.0
_KILLS = ("power", "agent", "launcher", "agent and launcher", "service")


class Update(Proof):
    """Whatever is killed during the switch to another version, and whenever: the PC ends with a version that may run.

    A Windows PC under Wine, with the real launcher as its service and real agents in its slots. A case stages a
    version, good or bad, and cuts the power (`wineserver -k`), kills the agent, the launcher or both (`kill -9`), or
    stops the service, up to three times, at moments drawn from the first seconds of the switch. Then it is left in
    peace: the service runs, exactly one agent runs, it checks in with the server, no trial is left open, and the
    version is the good one that was staged or the one before; a bad one is never the last word.
    """

    usual_cases: ClassVar[int] = 200
    short_cases: ClassVar[int] = 1

    def run(self, setting: Setting) -> Verdict:
        build_windows()
        server, prefix = UpdateServer(setting.folder / "server"), Prefix(f"update-{os.getpid()}")
        server.open()
        violations: list[str] = []
        done = 0
        try:
            prefix.open()
            attempt = _Attempt(Computer(prefix, server.url, server.root), server, setting.random())
            for number in range(setting.cases):
                violations += [f"case {number}: {fault}" for fault in attempt.case()]
                done += 1
                if violations:
                    break
                setting.say(f"case {number}: {attempt.told}")
        finally:
            prefix.close()
            server.close()
        return Verdict(done, tuple(violations))


class _Attempt:
    """The cases, one after the other, on one PC."""

    def __init__(self, computer: Computer, server: UpdateServer, draw: random.Random) -> None:
        self._computer, self._server, self._draw = computer, server, draw
        self._clock = SystemClock()
        self.told = ""
        computer.install()
        computer.limit(probation_s=15)
        for version in _GOOD:
            computer.add(version)
        for behaviour in _BAD:
            computer.add_bad(_name(behaviour), behaviour)

    def case(self) -> list[str]:
        """One switch; what should not have been seen."""
        computer, draw = self._computer, self._draw
        version = draw.choice((*_GOOD, *map(_name, _BAD)))
        computer.put(SlotState(current=_CURRENT))
        computer.mark()
        computer.start()
        try:
            computer.wait_for(f"started {_CURRENT}")
            computer.wait_until_enrolled()
            computer.slots.stage(version)
            kills = [self._kill() for _ in range(draw.choice((1, 1, 2, 3)))]
            self.told = f"{version}, {', '.join(kills)}"
            self._wait_until_settled(version)
        except NotSeenError as error:
            return [f"{self.told}: {error}"]
        finally:
            self._end()
        return []

    def _end(self) -> None:
        """The case's service goes, so that the next case begins alike."""
        self._computer.prefix.cut()
        self._computer.put(SlotState(current=_CURRENT))
        self._computer.prefix.start()
        with contextlib.suppress(NotSeenError):
            self._computer.stop()

    def _kill(self) -> str:
        """Something ends at a moment nobody chose; what does not come back by itself is started again."""
        self._clock.sleep(self._draw.uniform(0, _LATEST_S))
        prefix, what = self._computer.prefix, self._draw.choice(_KILLS)
        if what == "power":
            prefix.cut()
            prefix.start()
            return what
        if what == "service":
            self._computer.stop()
        for name in ("agent", "launcher"):
            if name in what:
                _end_processes(prefix.processes(f"{name}.exe"))
        if what != "agent":
            self._computer.wait_until_gone("launcher.exe")
            self._computer.start()
        return what

    def _wait_until_settled(self, version: str) -> None:
        """Wait for the end of the switch; raises `NotSeenError` when the PC is not as it should be."""
        until = self._clock.monotonic() + 120
        allowed = {_CURRENT, version} if version in _GOOD else {_CURRENT}
        while (fault := self._fault(allowed)) and self._clock.monotonic() < until:
            self._clock.sleep(0.2)
        if fault:
            raise NotSeenError(f"{fault}:\n{self._computer.log()[-4_000:]}")

    def _fault(self, allowed: set[str]) -> str:
        computer = self._computer
        state = computer.slots.state()
        if state.pending:
            return f"a trial is still open: {state}"
        if state.current not in allowed:
            return f"{state.current} is not to run: {state}"
        if len(computer.prefix.processes("launcher.exe")) != 1:
            return "the service does not run"
        running = computer.prefix.processes(f"slots\\{state.current}\\agent.exe")
        if len(running) != 1 or computer.prefix.processes("agent.exe") != running:
            return f"not one agent of {state.current} runs: {computer.prefix.processes('agent.exe')}"
        return self._is_heard()

    def _is_heard(self) -> str:
        before, until = len(self._server.fake.link.requests), self._clock.monotonic() + 20
        while len(self._server.fake.link.requests) == before:
            if self._clock.monotonic() > until:
                return "the agent does not check in"
            self._clock.sleep(0.05)
        return ""


def _name(behaviour: str) -> str:
    """The version of a bad release."""
    return f"3.{_BAD.index(behaviour)}.0"


def _end_processes(pids: list[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
