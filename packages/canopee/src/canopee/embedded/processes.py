"""The children of `canopee up`: each dies with it, and its output goes to a file of its own."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from canopee.errors import FailedError
from canopee_kit.clock import Clock

_PR_SET_PDEATHSIG = 1
_STOP_S = 15.0


class Children:
    """Processes started by this one, stopped in reverse order."""

    def __init__(self, logs: Path, clock: Clock) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        self._logs, self._clock = logs, clock
        self._held: dict[str, subprocess.Popen[bytes]] = {}
        self._commands: dict[str, tuple[Sequence[str], Mapping[str, str]]] = {}

    def start(
        self, name: str, module: str, arguments: Sequence[str], environ: Mapping[str, str] | None = None
    ) -> None:
        """Start `python -m module arguments…`; its output goes to `logs/<name>.log`."""
        self.start_program(name, [sys.executable, "-m", module, *arguments], environ)

    def start_program(self, name: str, argv: Sequence[str], environ: Mapping[str, str] | None = None) -> None:
        """Start a program; its output goes to the end of `logs/<name>.log`."""
        self._commands[name] = (argv, environ or {})
        with (self._logs / f"{name}.log").open("wb" if name not in self._held else "ab") as log:
            self._held[name] = subprocess.Popen(  # noqa: S603  our own module, or nginx
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, **(environ or {})}, start_new_session=True, preexec_fn=_dying_with_parent(),
            )  # fmt: skip

    def revive(self, names: Sequence[str]) -> bool:
        """Start again those of `names` that ended by themselves; whether there were any."""
        ended = [name for name in names if self._held[name].poll() is not None]
        for name in ended:
            self.start_program(name, *self._commands[name])
        return bool(ended)

    def pids(self) -> dict[str, int]:
        return {name: process.pid for name, process in self._held.items()}

    def ended(self) -> str:
        """Name of a child that is not there any more; empty when all are."""
        return next((name for name, process in self._held.items() if process.poll() is not None), "")

    def check(self) -> None:
        """Raises `FailedError` with its last words when a child ended by itself."""
        if name := self.ended():
            raise FailedError(f"{name} stopped by itself:\n{self._last_words(name)}")

    def wait_for_line(self, name: str, prefix: str, timeout_s: float) -> str:
        """The rest of the last line of a child's output that starts with `prefix`."""
        path = self._logs / f"{name}.log"
        until = self._clock.monotonic() + timeout_s
        while self._clock.monotonic() < until:
            self.check()
            lines = path.read_text(errors="replace").splitlines()
            found = [line.removeprefix(prefix).strip() for line in lines if line.startswith(prefix)]
            if found:
                return found[-1]
            self._clock.sleep(0.05)
        raise FailedError(f"{name} is not ready after {timeout_s:.0f} s:\n{self._last_words(name)}")

    def stop(self) -> None:
        """Stop every child, the last one started first; kill what does not obey."""
        for process in reversed(self._held.values()):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(_STOP_S)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        self._held.clear()

    def _last_words(self, name: str) -> str:
        return "\n".join((self._logs / f"{name}.log").read_text(errors="replace").splitlines()[-12:])


def _dying_with_parent():  # noqa: ANN202  a closure for preexec_fn
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return ask
