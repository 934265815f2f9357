r"""The versions of an installed agent, and `state\state.ini`: which one runs, which one is to be tried.

    program/launcher.exe  state/state.ini (+ .bak)  slots/<version>/agent.exe

The launcher decides (`deploy/windows/launcher/decide.c` reads and writes the same bytes); the agent only stages a
version that it has unpacked and verified. While one is pending, the file belongs to the launcher.
"""

import os
import re
import shutil
import zlib
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path

import msgspec

from canopee_agent.errors import BusyError, DeniedError, DiskError, ExistsError, MissingError, StateError
from canopee_kit.clock import Clock, SystemClock

BAN_S = 7 * 86_400
"""For so long a version that was returned is not staged again."""
MOST_BANS = 8
LONGEST_VERSION = 40
EXECUTABLES = ("agent.exe", "agent")
_VERSION = re.compile(r"[0-9](?:[.-]?[0-9A-Za-z])*")
_REASON = re.compile(r"[a-z-]{0,23}")
_COUNT, _SECONDS = re.compile(r"0|[1-9][0-9]{0,2}"), re.compile(r"0|[1-9][0-9]{0,11}")
_KEYS = ("current", "previous", "pending", "attempts", "failed", "reason", "banned")
_TRIES, _PAUSE_S = 20, 0.1
"""An antivirus may hold the file for a moment."""


class SlotState(msgspec.Struct, frozen=True, kw_only=True):
    """What `state.ini` says; versions are empty where there is none."""

    current: str
    """The version that runs, or that is returned to."""
    previous: str = ""
    pending: str = ""
    """The version to be tried, or on trial."""
    attempts: int = 0
    """Starts of `pending` so far."""
    failed: str = ""
    """The last version that was returned, until another one is committed."""
    reason: str = ""
    """Why: `attempts`, `unhealthy`, `missing`, `banned` or `crashloop`."""
    banned: Mapping[str, int] = {}
    """Version → when it was returned, in seconds since 1970."""


class Slots:
    """The slots of one installation."""

    def __init__(self, program: Path, clock: Clock | None = None) -> None:
        """`program`: the folder that holds `launcher.exe`, `state` and `slots`."""
        self._program, self._clock = program, clock or SystemClock()
        self._file = program / "state" / "state.ini"

    def folder(self, version: str) -> Path:
        """Where a version has its files, there or not; raises `DeniedError` for what cannot name one."""
        if not is_version(version):
            raise DeniedError(f"{version!r} cannot name a version: digits, letters, '.' and '-', a digit first")
        return self._program / "slots" / version

    def is_usable(self, version: str) -> bool:
        """Whether its program is there."""
        return is_version(version) and any((self.folder(version) / name).is_file() for name in EXECUTABLES)

    def versions(self) -> list[str]:
        """Those whose program is there, in no order that means anything."""
        try:
            names = sorted(one.name for one in (self._program / "slots").iterdir())
        except FileNotFoundError:
            return []
        return [name for name in names if self.is_usable(name)]

    def state(self) -> SlotState:
        """What is to run; from the copy, without its trial, when the file itself is lost or damaged.

        Raises:
            StateError: neither can be read; the launcher repairs them at its next start.
        """
        faults: list[str] = []
        for path in (self._file, self._copy):
            try:
                state = parse(path.read_bytes())
            except (OSError, StateError) as error:
                faults.append(f"{path.name}: {error}")
                continue
            return state if path == self._file else msgspec.structs.replace(state, pending="", attempts=0)
        raise StateError(f"which version runs cannot be read ({'; '.join(faults)}): start the service again")

    def is_banned(self, version: str, now: datetime) -> bool:
        """Whether it was returned less than seven days ago, or from now, by a clock that was wrong."""
        since = self.state().banned.get(version)
        return since is not None and abs(now.timestamp() - since) < BAN_S

    def stage(self, version: str) -> None:
        """Have the launcher try `version` at the next start of the agent.

        Raises:
            BusyError: one is pending or on trial already.
            ExistsError: it is the one that runs.
            MissingError: it is not unpacked.
            DeniedError: it was returned less than seven days ago.
            DiskError: the disk is full.
        """
        state = self.state()
        if state.pending:
            raise BusyError(f"version {state.pending} is on trial: {version} can be staged once that has ended")
        if version == state.current:
            raise ExistsError(f"version {version} is the one that runs")
        if not self.is_usable(version):
            raise MissingError(f"version {version} is not there: {self.folder(version)} holds no agent.exe")
        if self.is_banned(version, self._clock.now()):
            raise DeniedError(
                f"version {version} was returned ({state.reason or 'it failed'}): not for seven days"
            )
        self._write(msgspec.structs.replace(state, pending=version, attempts=0))

    def adopt(self, version: str) -> None:
        """Make `version` the one that runs, without trial, whatever was before: for an installer, service stopped.

        Raises:
            MissingError: it is not unpacked.
            DiskError: the disk is full.
        """
        if not self.is_usable(version):
            raise MissingError(f"version {version} is not there: {self.folder(version)} holds no agent.exe")
        try:
            old = self.state()
        except StateError:  # a first installation, or one that is repaired
            old = SlotState(current="")
        previous = old.current if self.is_usable(old.current) and old.current != version else ""
        banned = {name: since for name, since in old.banned.items() if name != version}
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._write(SlotState(current=version, previous=previous, banned=banned))

    def prune(self, keep: Collection[str] = ()) -> list[str]:
        """Remove what lies in `slots` and is neither current, previous, pending nor kept; the names removed.

        What is still in use stays, unusable, until the next time.

        Raises:
            StateError: `state.ini` cannot be read: nothing is removed.
        """
        state = self.state()
        kept = {state.current, state.previous, state.pending, *keep}
        folder = self._program / "slots"
        names = sorted(one.name for one in folder.iterdir() if one.name not in kept) if folder.is_dir() else []
        return [name for name in names if _remove(folder / name)]

    @property
    def _copy(self) -> Path:
        return self._file.with_name("state.ini.bak")

    def _write(self, state: SlotState) -> None:
        """The file, then its copy, each durably: a cut leaves the old or the new one."""
        try:
            for path in (self._file, self._copy):
                self._replace(path, text_of(state))
        except OSError as error:
            raise DiskError(f"{self._file} cannot be written: {error}") from error

    def _replace(self, path: Path, content: bytes) -> None:
        part = path.with_name(f"{path.name}.agent.tmp")
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        for left in reversed(range(_TRIES)):
            try:
                part.replace(path)
            except PermissionError:
                if not left:
                    raise
                self._clock.sleep(_PAUSE_S)
            else:
                return


def is_version(name: str) -> bool:
    """Whether `name` may name a version: `1.8.0`, `1.8.0-3fa9c2d1`; no path, no device, nothing Windows trims."""
    return len(name) <= LONGEST_VERSION and _VERSION.fullmatch(name) is not None and name.isascii()


def text_of(state: SlotState) -> bytes:
    """The bytes of `state.ini`: the last line is the CRC-32 of what is above it."""
    latest = sorted(state.banned.items(), key=lambda item: (item[1], item[0]))[-MOST_BANS:]
    banned = ",".join(f"{version}@{since}" for version, since in latest)
    values = (state.current, state.previous, state.pending, state.attempts, state.failed, state.reason, banned)
    lines = ["[state]", *(f"{key}={value}" for key, value in zip(_KEYS, values, strict=True)), ""]
    text = "\r\n".join(lines).encode("ascii")
    return text + b"check=%08x\r\n" % zlib.crc32(text)


def parse(content: bytes) -> SlotState:
    """What the bytes of `state.ini` say, to the letter.

    Raises:
        StateError: damaged, cut, or written by something else.
    """
    text, mark, check = content.rpartition(b"check=")
    if not mark or check != b"%08x\r\n" % zlib.crc32(text):
        raise StateError("it is damaged")
    lines = text.decode("ascii", "replace").split("\r\n")
    pairs = [line.partition("=") for line in lines[1:-1]]
    if lines[0] != "[state]" or lines[-1] or tuple(key for key, _, _ in pairs) != _KEYS:
        raise StateError("it does not hold the keys that it should")
    current, previous, pending, attempts, failed, reason, banned = (value for _, _, value in pairs)
    is_sound = all(not name or is_version(name) for name in (current, previous, pending, failed))
    if not is_sound or not _COUNT.fullmatch(attempts) or not _REASON.fullmatch(reason):
        raise StateError("a value is not one of a version, a count or a reason")
    return SlotState(
        current=current, previous=previous, pending=pending, attempts=int(attempts), failed=failed, reason=reason,
        banned=_bans(banned),
    )  # fmt: skip


def _bans(text: str) -> dict[str, int]:
    bans: dict[str, int] = {}
    for entry in text.split(",") if text else ():
        version, _, since = entry.partition("@")
        if not is_version(version) or not _SECONDS.fullmatch(since):
            raise StateError("a ban is not VERSION@SECONDS")
        bans[version] = int(since)
    if len(bans) > MOST_BANS:
        raise StateError("it holds too many bans")
    return bans


def _remove(path: Path) -> bool:
    """Take away what could be started first: half a slot must not look whole."""
    try:
        if not path.is_dir() or path.is_symlink():
            path.unlink()
            return True
        for name in EXECUTABLES:
            (path / name).unlink(missing_ok=True)
        shutil.rmtree(path)
    except OSError:
        return False
    return True
