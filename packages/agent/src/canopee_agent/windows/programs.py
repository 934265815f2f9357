"""Running programs on Windows: no shell, no window, one job object a program."""

import os
import subprocess
import threading
from collections.abc import Sequence
from typing import IO

from canopee_agent.errors import DeniedError, MissingError
from canopee_agent.ports import ProgramEnd
from canopee_agent.windows.jobs import Job
from canopee_kit.clock import Clock

_CONTROL_C_EXIT = 0xC000013A
_CHUNK = 65_536
_DRAIN_S = 2.0
_NOT_FOUND = {2, 3}


class WindowsPrograms:
    """`ports.ProgramRunner`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def run(self, argv: Sequence[str], *, timeout_s: float, max_output_bytes: int) -> ProgramEnd:
        """As `ports.ProgramRunner.run`."""
        began = self._clock.monotonic()
        job = Job()
        try:
            process = _start(job, argv)
            output = _Drain(process.stdout, max_output_bytes)
            timed_out = False
            try:
                process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                timed_out = True
                job.kill(_CONTROL_C_EXIT)
            output.join(_DRAIN_S)  # a grandchild may hold the pipe: the end of the program ends the job
            job.kill(1)
            output.join(_DRAIN_S)
            exit_code = process.wait()
        finally:
            job.close()
        return ProgramEnd(
            exit_code=exit_code, timed_out=timed_out, duration_s=self._clock.monotonic() - began,
            output=output.content(), output_bytes=output.total,
        )  # fmt: skip


class _Drain(threading.Thread):
    """Reads a pipe for ever, so that the program never waits; keeps the first and the last half of the cap."""

    def __init__(self, pipe: IO[bytes] | None, limit: int) -> None:
        super().__init__(daemon=True, name="program output")
        self._pipe, self._half = pipe, limit // 2
        self._head, self._tail = bytearray(), bytearray()
        self.total = 0
        self.start()

    def run(self) -> None:
        if self._pipe is None:
            return
        with self._pipe as pipe:
            while chunk := os.read(pipe.fileno(), _CHUNK):
                self.total += len(chunk)
                room = max(0, self._half - len(self._head))
                self._head += chunk[:room]
                self._tail += chunk[room:]
                del self._tail[: -self._half or None]

    def content(self) -> bytes:
        return bytes(self._head + self._tail)


def _start(job: Job, argv: Sequence[str]) -> "subprocess.Popen[bytes]":
    try:
        return job.start(argv)
    except OSError as error:
        if getattr(error, "winerror", None) in _NOT_FOUND:
            raise MissingError(f"{argv[0]} does not exist") from error
        raise DeniedError(f"{argv[0]} cannot be started: {error.strerror}") from error
