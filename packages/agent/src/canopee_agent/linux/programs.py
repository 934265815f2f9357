"""Running programs on Linux: no shell, a session of its own, the whole tree killed at the limit and at our death.

A program that starts a session of its own leaves the process group; the subreaper attribute makes its orphans our
children, so that they are found and killed too.
"""

import contextlib
import ctypes
import os
import selectors
import signal
import subprocess
from collections.abc import Sequence
from typing import IO

import psutil

from canopee_agent.errors import DeniedError, MissingError
from canopee_agent.ports import ProgramEnd
from canopee_kit.clock import Clock

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_CHUNK = 65_536
_LOOK_S = 0.2


class LinuxPrograms:
    """`ports.ProgramRunner`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._prctl = ctypes.CDLL(None).prctl

    def run(self, argv: Sequence[str], *, timeout_s: float, max_output_bytes: int) -> ProgramEnd:
        """As `ports.ProgramRunner.run`."""
        self._prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        began, before = self._clock.monotonic(), _descendants()
        process = self._start(argv)
        output = _Capped(max_output_bytes)
        timed_out = False
        try:
            timed_out = not self._wait(process, output, began + timeout_s)
        finally:
            _kill_tree(process, before)
        if process.stdout is not None:
            process.stdout.close()
        return ProgramEnd(
            exit_code=process.returncode, timed_out=timed_out, duration_s=self._clock.monotonic() - began,
            output=output.content(), output_bytes=output.total,
        )  # fmt: skip

    def _start(self, argv: Sequence[str]) -> "subprocess.Popen[bytes]":
        prctl, parent = self._prctl, os.getpid()

        def die_with_parent() -> None:
            prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)

        try:
            return subprocess.Popen(  # noqa: S603  the path was checked against the local policy
                list(argv), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                start_new_session=True, cwd="/", preexec_fn=die_with_parent,
            )  # fmt: skip
        except FileNotFoundError as error:
            raise MissingError(f"{argv[0]} does not exist") from error
        except OSError as error:
            raise DeniedError(f"{argv[0]} cannot be started: {error.strerror}") from error

    def _wait(self, process: "subprocess.Popen[bytes]", output: "_Capped", until: float) -> bool:
        """Read what it writes until it ends; `False` when the time is over first."""
        stream: IO[bytes] | None = process.stdout
        if stream is None:  # pragma: no cover  a pipe was asked for
            return True
        os.set_blocking(stream.fileno(), False)
        with selectors.DefaultSelector() as selector:
            selector.register(stream, selectors.EVENT_READ)
            while self._clock.monotonic() < until:
                for _ in selector.select(min(_LOOK_S, max(0.0, until - self._clock.monotonic()))):
                    if not _read(stream, output):
                        selector.unregister(stream)
                if process.poll() is not None:
                    _read(stream, output)  # what is left; a grandchild may keep the pipe open for ever
                    return True
        return False


class _Capped:
    """The first and the last half of what is written."""

    def __init__(self, limit: int) -> None:
        self._half, self._first = limit // 2, limit - limit // 2
        self._head, self._tail = bytearray(), bytearray()
        self.total = 0

    def write(self, chunk: bytes) -> None:
        self.total += len(chunk)
        room = self._first - len(self._head)
        self._head += chunk[:room]
        self._tail += chunk[room:] if room > 0 else chunk
        del self._tail[: -self._half or None]

    def content(self) -> bytes:
        return bytes(self._head + self._tail)


def _read(stream: IO[bytes], output: _Capped) -> bool:
    """Read all there is now; `False` at the end of the stream."""
    while True:
        try:
            chunk = os.read(stream.fileno(), _CHUNK)
        except BlockingIOError:
            return True
        if not chunk:
            return False
        output.write(chunk)


def _descendants() -> set[psutil.Process]:
    return set(psutil.Process().children(recursive=True))


def _kill_tree(process: "subprocess.Popen[bytes]", before: set[psutil.Process]) -> None:
    """Kill whatever descends from us and was not there before the program, and wait until it is gone."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    while left := {one for one in _descendants() - before if one.pid != process.pid}:
        for member in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
        psutil.wait_procs(list(left), timeout=_LOOK_S)
    process.wait()
