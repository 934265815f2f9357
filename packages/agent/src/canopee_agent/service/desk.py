r"""The desk: two folders by which whoever uses this PC, without any right on the agent, asks it for something.

    asks       everybody may leave a file, and read, list or change none (Linux: 1733)
    answers    only the agent writes; a file is read by who knows its name, which nobody can list (Linux: 0711)

An ask is one line of JSON in a file of a name that its writer has drawn; the answer has the same name. What lies in
`asks` may be anything: it is never followed, plain small files alone are opened, whatever is foreign is removed, and
so many asks a minute are taken.
"""

import os
import re
import sys
from collections import deque
from contextlib import suppress
from itertools import islice
from math import inf
from pathlib import Path

import msgspec

from canopee_agent.errors import DeniedError, StateError, StepError
from canopee_agent.ports import Files
from canopee_agent.service.desk_words import Ask, DeskAnswer
from canopee_contract.codec import encode
from canopee_kit.clock import Clock
from canopee_kit.errors import TemporaryError
from canopee_kit.logs import get_logger

_log = get_logger(__name__)
ASKS, ANSWERS = "asks", "answers"
MAX_BYTES = 4_096
"""Of an ask."""
MOST_A_MINUTE = 20
"""Asks that are taken; the others wait."""
KEPT_S = 120.0
"""How long an ask waits to be taken, and an answer to be read."""
_MINUTE_S = 60.0
_MOST_WAITING = 100
_MOST_SEEN, _MOST_REMOVED = 20_000, 1_000
"""At each look: what is more waits for the next one."""
_PATIENCE = 5
"""Looks at a file that is still written, or held, before it is removed."""
_NAME = re.compile(r"[0-9a-f]{32}\.ask")
_DECODER = msgspec.json.Decoder(Ask)


class Desk:
    """The agent's side of one desk; used by one thread."""

    def __init__(self, folder: Path, files: Files, clock: Clock) -> None:
        self._folder, self._files, self._clock = folder, files, clock
        self._taken_at: deque[float] = deque()
        self._unfinished: dict[str, int] = {}
        self._stuck: set[str] = set()
        self._answered: dict[str, float] = {}
        self._warns_from = -inf

    def open(self) -> None:
        """Make the folders, or make them again what they should be; answers of an earlier agent go.

        Raises:
            StateError: they cannot be made.
        """
        try:
            _prepare(self._folder, self._folder / ASKS, self._folder / ANSWERS)
            self._folder = Path(os.path.realpath(self._folder))
            for path in (self._folder / ANSWERS).iterdir():
                path.unlink()
        except OSError as error:
            raise StateError(f"{self._folder} cannot be made: {error}") from error

    def take(self) -> list[tuple[str, Ask]]:
        """What is asked now, by its name, each of it once; the file is gone."""
        self._forget_answers()
        names, taken = self._names(), list[tuple[str, Ask]]()
        self._unfinished = {name: looks for name, looks in self._unfinished.items() if name in names}
        for name in names:
            if self._is_full():
                break
            if (ask := self._ask(name)) is None:
                continue
            if not _is_removed(self._path(name)):  # somebody holds it: it would be taken again
                self._wait_for(name)
                continue
            self._taken_at.append(self._clock.monotonic())
            taken.append((name.removesuffix(".ask"), ask))
        return taken

    def answer(self, name: str, answer: DeskAnswer) -> None:
        """Answer an ask; raises `OSError`."""
        path = self._folder / ANSWERS / f"{name}.answer"
        part = path.with_suffix(".part")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o644)
        with os.fdopen(descriptor, "wb") as file:
            if hasattr(os, "fchmod"):
                os.fchmod(descriptor, 0o644)  # whatever the umask of the service
            file.write(encode(answer))
        part.replace(path)
        self._answered[name] = self._clock.monotonic()

    def _names(self) -> list[str]:
        """Files that may be asks; what has another name is removed, and what is too much."""
        with os.scandir(_exact(self._folder / ASKS)) as entries:
            found = [entry.name for entry in islice(entries, _MOST_SEEN)]
        self._stuck &= {*found}
        new = [name for name in found if name not in self._stuck]
        asks = [name for name in new if _NAME.fullmatch(name)]
        foreign = [name for name in new if not _NAME.fullmatch(name)]
        if foreign and self._clock.monotonic() >= self._warns_from:
            self._warns_from = self._clock.monotonic() + _MINUTE_S
            _log.warning("the desk: %d files there are no asks, and go", len(foreign))
        for name in (foreign + asks[_MOST_WAITING:])[:_MOST_REMOVED]:
            self._drop(name)
        return asks[:_MOST_WAITING]

    def _is_full(self) -> bool:
        now = self._clock.monotonic()
        while self._taken_at and now - self._taken_at[0] >= _MINUTE_S:
            self._taken_at.popleft()
        return len(self._taken_at) >= MOST_A_MINUTE

    def _ask(self, name: str) -> Ask | None:
        """The content of a file, if it is an ask; what never will be one is removed."""
        try:
            content = self._content(name)
        except (DeniedError, OverflowError):
            self._drop(name)
            return None
        except (StepError, TemporaryError, OSError):  # gone, or held by somebody
            content = b""
        if not content.endswith(b"\n"):
            self._wait_for(name)
            return None
        try:
            return _DECODER.decode(content)
        except (msgspec.DecodeError, RecursionError):
            _log.warning("the desk: an ask that cannot be read is removed")
            self._drop(name)
            return None

    def _content(self, name: str) -> bytes:
        """Of a plain, small, recent file; raises `OverflowError` for one that is not, and what `Files` raises."""
        path = str(self._folder / ASKS / name)
        found = self._files.look(path)
        age_s = self._clock.now().timestamp() - found.modified_ns / 1e9
        if found.kind != "file" or found.size > MAX_BYTES or abs(age_s) > KEPT_S:
            raise OverflowError
        with self._files.open(path) as stream:
            content = stream.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise OverflowError
        return content

    def _wait_for(self, name: str) -> None:
        self._unfinished[name] = self._unfinished.get(name, 0) + 1
        if self._unfinished[name] >= _PATIENCE:
            self._drop(name)

    def _drop(self, name: str) -> None:
        """Remove what is foreign, or pass it over from now on."""
        if not _is_removed(self._path(name)):
            self._stuck.add(name)

    def _path(self, name: str) -> str:
        return _exact(self._folder / ASKS / name)

    def _forget_answers(self) -> None:
        now = self._clock.monotonic()
        for name in [name for name, at in self._answered.items() if now - at >= KEPT_S]:
            with suppress(OSError):
                (self._folder / ANSWERS / f"{name}.answer").unlink(missing_ok=True)
            del self._answered[name]


def _prepare(folder: Path, asks: Path, answers: Path) -> None:
    if sys.platform == "win32":
        from canopee_agent.windows.acl import hold  # noqa: PLC0415  exists for one platform
        from canopee_agent.windows.sddl import DROP, PRIVATE, UNLISTED  # noqa: PLC0415  exists for one platform

        for one, descriptor in ((folder, PRIVATE), (asks, DROP), (answers, UNLISTED)):
            hold(one, descriptor)
        return
    for one, mode in ((folder, 0o711), (asks, 0o1733), (answers, 0o711)):
        one.mkdir(parents=True, exist_ok=True)
        if one.is_symlink() or one.lstat().st_uid != os.geteuid():
            raise StateError(f"{one} is not this agent's: remove it")
        one.chmod(mode)


def _is_removed(path: str) -> bool:
    """Remove what is at `path`, never what it leads to; a folder that is not empty stays."""
    with suppress(OSError):
        Path(path).unlink()
        return True
    with suppress(OSError):
        Path(path).rmdir()
        return True
    return not os.path.lexists(path)


def _exact(path: Path) -> str:
    r"""Letter for letter: on Windows, `asks\CON` is a device and `asks\a.` is `asks\a` for anything else."""
    return f"\\\\?\\{path}" if sys.platform == "win32" else str(path)
