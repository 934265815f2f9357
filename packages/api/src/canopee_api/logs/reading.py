"""Archives are read by processes of their own, a few at a time, killed when they take too long."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TypeVar

import msgspec

from canopee_api.errors import InvalidError
from canopee_api.logs.reader import Failed, Task

LONGEST_S = 15.0
_AT_ONCE = 2
_LONGEST_LINE = 32 * 2**20
_TOO_MUCH = Failed("it needs too much memory or time: download it")
T = TypeVar("T", bound=msgspec.Struct)
U = TypeVar("U", bound=msgspec.Struct)


class Readers:
    """The readers of one process of the API."""

    def __init__(self, *, longest_s: float = LONGEST_S) -> None:
        self._room, self._longest_s = asyncio.Semaphore(_AT_ONCE), longest_s

    async def ask(self, task: Task, kind: type[T]) -> T:
        """The one answer to a task.

        Raises:
            InvalidError: the archive cannot be read, or not within the time.
        """
        async with self._process(task) as process, self._in_time():
            line = await _line(process)
        return _answer(line, kind)

    async def gather(self, task: Task, kind: type[T], last: type[U]) -> tuple[list[T], U | None]:
        """Everything that was found within the time, and the last line, when it came so far.

        Raises:
            InvalidError: the archive cannot be read.
        """
        found = list[T]()
        async with self._process(task) as process:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._longest_s):
                    while line := await _line(process):
                        try:
                            found.append(msgspec.json.decode(line, type=kind))
                        except msgspec.ValidationError:
                            return found, _answer(line, last)
        return found, None

    @asynccontextmanager
    async def _in_time(self) -> AsyncGenerator[None]:
        try:
            async with asyncio.timeout(self._longest_s):
                yield
        except TimeoutError as error:
            message = f"the archive is not read within {self._longest_s:g} s: download it"
            raise InvalidError("logs.slow", message) from error

    @asynccontextmanager
    async def _process(self, task: Task) -> AsyncGenerator[asyncio.subprocess.Process]:
        async with self._room:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "canopee_api.logs.reader", stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL, limit=_LONGEST_LINE,
            )  # fmt: skip
            try:
                if process.stdin is not None:
                    process.stdin.write(msgspec.json.encode(task))
                    process.stdin.close()
                yield process
            finally:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()


async def _line(process: asyncio.subprocess.Process) -> bytes:
    """The next line; empty at the end, and where it is too long to be one."""
    if process.stdout is None:
        return b""
    try:
        return await process.stdout.readline()
    except ValueError:
        return b""


def _answer(line: bytes, kind: type[T]) -> T:
    try:
        failed = msgspec.json.decode(line, type=Failed) if line else _TOO_MUCH
    except msgspec.ValidationError:
        return msgspec.json.decode(line, type=kind)
    raise InvalidError("logs.unreadable", failed.failed)
