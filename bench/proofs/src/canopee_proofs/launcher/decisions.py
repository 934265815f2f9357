"""`deploy/windows/launcher/decide.c`, compiled for this machine and called by ctypes: the very code that ships."""

import ctypes
import subprocess
from collections.abc import Iterable
from enum import IntEnum
from pathlib import Path

from canopee_agent.slots import SlotState

ROOT = Path(__file__).parents[5]
_SOURCES = ROOT / "deploy" / "windows" / "launcher"
_NAME, _REASON, _BANS, _SLOTS, _TOLD, _STATE_BYTES = 41, 24, 8, 64, 4, 1_024


class End(IntEnum):
    """How a life of the agent ended."""

    STOPPED = 0
    EXITED = 1
    UNHEALTHY = 2
    SILENT = 3


class Next(IntEnum):
    """What the launcher does then."""

    STOP = 0
    AGAIN = 1
    PROBE = 2


class What(IntEnum):
    """What it tells the logs."""

    COMMITTED = 1
    ROLLED_BACK = 2
    ROLLED_BACK_LATE = 3
    REPAIRED = 4
    EXTENDED = 5
    WARNED = 6


class _Ban(ctypes.Structure):
    _fields_ = (("version", ctypes.c_char * _NAME), ("since", ctypes.c_longlong))


class _State(ctypes.Structure):
    _fields_ = (
        ("current", ctypes.c_char * _NAME), ("previous", ctypes.c_char * _NAME), ("pending", ctypes.c_char * _NAME),
        ("attempts", ctypes.c_int), ("failed", ctypes.c_char * _NAME), ("reason", ctypes.c_char * _REASON),
        ("bans", ctypes.c_int), ("banned", _Ban * _BANS),
    )  # fmt: skip


class _Limits(ctypes.Structure):
    _fields_ = (
        ("max_attempts", ctypes.c_int), ("late_crashes", ctypes.c_int),
        ("probation", ctypes.c_longlong), ("silence", ctypes.c_longlong), ("stable", ctypes.c_longlong),
        ("stop", ctypes.c_longlong), ("probe", ctypes.c_longlong), ("backoff", ctypes.c_longlong),
    )  # fmt: skip


class _Slots(ctypes.Structure):
    _fields_ = (
        ("count", ctypes.c_int),
        ("names", (ctypes.c_char * _NAME) * _SLOTS),
    )


class _Tale(ctypes.Structure):
    _fields_ = (
        ("what", ctypes.c_int), ("origin", ctypes.c_char * _NAME), ("to", ctypes.c_char * _NAME),
        ("reason", ctypes.c_char * _REASON),
    )  # fmt: skip


class _Decider(ctypes.Structure):
    _fields_ = (
        ("state", _State), ("version", ctypes.c_char * _NAME),
        ("on_trial", ctypes.c_int), ("is_held", ctypes.c_int), ("changed", ctypes.c_int),
        ("crashes", ctypes.c_int), ("extensions", ctypes.c_int),
        ("is_warned", ctypes.c_int),
        ("started", ctypes.c_longlong), ("beat", ctypes.c_longlong), ("trial_ends", ctypes.c_longlong),
        ("told", ctypes.c_int), ("tell", _Tale * _TOLD),
    )  # fmt: skip


class Library:
    """The compiled code."""

    def __init__(self, folder: Path) -> None:
        """Compile into `folder`; needs `gcc` (`tools/windows/setup`)."""
        path = folder / "decide.so"
        sources = [_SOURCES / "state.c", _SOURCES / "decide.c"]
        command = [
            "gcc",
            "-std=c11",
            "-O1",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-fPIC",
            "-shared",
            "-o",
            path,
            *sources,
        ]
        subprocess.run(command, check=True)  # noqa: S603  our own sources
        self.c = ctypes.CDLL(str(path))
        long, pointer = ctypes.c_longlong, ctypes.c_void_p
        self.c.next_verdict_ms.restype, self.c.next_verdict_ms.argtypes = long, [pointer, pointer, long]
        self.c.format_state.restype = ctypes.c_size_t
        self.c.format_state.argtypes = [pointer, ctypes.c_char_p, ctypes.c_size_t]
        self.c.parse_state.argtypes = [ctypes.c_char_p, ctypes.c_size_t, pointer]
        self.c.compare_versions.argtypes = [ctypes.c_char_p, ctypes.c_char_p]
        self.c.begin.argtypes, self.c.give_up_trial.argtypes = (
            [pointer, pointer, pointer, long],
            [pointer, pointer, long],
        )
        self.c.started.argtypes, self.c.beat.argtypes = [pointer, pointer, long], [pointer, long]
        self.c.verdict.argtypes, self.c.probed.argtypes = [pointer, pointer, long], [pointer, ctypes.c_int, long]
        self.c.healthy.argtypes = [pointer]
        self.c.judge.restype, self.c.judge.argtypes = ctypes.c_char_p, [pointer, pointer, long]
        self.c.ended.argtypes = [pointer, pointer, pointer, ctypes.c_int, ctypes.c_int, long, long, pointer]

    def formatted(self, content: bytes) -> bytes | None:
        """What C reads of a `state.ini`, written again by C; `None` when it refuses it."""
        state = _State()
        if not self.c.parse_state(content, len(content), ctypes.byref(state)):
            return None
        out = ctypes.create_string_buffer(_STATE_BYTES)
        size = self.c.format_state(ctypes.byref(state), out, _STATE_BYTES)
        return out.raw[:size]

    def compare(self, first: str, second: str) -> int:
        """Below, at or above 0, as the first version is older, the same or newer."""
        return int(self.c.compare_versions(first.encode(), second.encode()))


class Launcher:
    """One process of the launcher: its memory. What is on its disk is the caller's."""

    def __init__(self, library: Library) -> None:
        self._c, self._decider = library.c, _Decider()
        self._limits = _Limits(3, 5, 300_000, 180_000, 600_000, 20_000, 60_000, 0)
        self._at = ctypes.byref(self._decider)
        self.silence_ms, self.probation_ms = 180_000, 300_000

    @property
    def version(self) -> str:
        """The version to run; empty when there is none."""
        return self._decider.version.decode()

    @property
    def is_trial(self) -> bool:
        return bool(self._decider.on_trial)

    @property
    def crashes(self) -> int:
        return int(self._decider.crashes)

    def load(self, content: bytes) -> bool:
        """Read `state.ini`; whether it was sound."""
        return bool(self._c.parse_state(content, len(content), ctypes.byref(self._decider.state)))

    def load_copy(self, content: bytes) -> bool:
        """As the copy is read: nothing of a trial."""
        is_sound = self.load(content)
        self._decider.state.pending, self._decider.state.attempts = b"", 0
        return is_sound

    def load_nothing(self) -> None:
        """Both files are lost."""
        self._decider.state = _State()

    def saved(self) -> bytes | None:
        """The bytes to write now; `None` when nothing changed."""
        if not self._decider.changed:
            return None
        self._decider.changed = 0
        out = ctypes.create_string_buffer(_STATE_BYTES)
        size = self._c.format_state(ctypes.byref(self._decider.state), out, _STATE_BYTES)
        return out.raw[:size]

    def tales(self) -> list[tuple[What, str, str, str]]:
        """What it tells, and forgets: what, from, to, reason."""
        told = [self._decider.tell[number] for number in range(self._decider.told)]
        self._decider.told = 0
        return [(What(one.what), one.origin.decode(), one.to.decode(), one.reason.decode()) for one in told]

    def begin(self, slots: Iterable[str], now_s: int) -> None:
        self._c.begin(self._at, ctypes.byref(_slots(slots)), ctypes.byref(self._limits), now_s)

    def give_up_trial(self, slots: Iterable[str], now_s: int) -> None:
        self._c.give_up_trial(self._at, ctypes.byref(_slots(slots)), now_s)

    def started(self, now_ms: int) -> None:
        self._c.started(self._at, ctypes.byref(self._limits), now_ms)

    def beat(self, now_ms: int) -> None:
        self._c.beat(self._at, now_ms)

    def healthy(self) -> None:
        self._c.healthy(self._at)

    def verdict(self, now_ms: int) -> End | None:
        """How the life that runs is to be ended now; `None`: it goes on."""
        found = self._c.verdict(self._at, ctypes.byref(self._limits), now_ms)
        return {0: None, 1: End.UNHEALTHY, 2: End.SILENT}[found]

    def next_verdict_ms(self, now_ms: int) -> int:
        return int(self._c.next_verdict_ms(self._at, ctypes.byref(self._limits), now_ms))

    def ended(self, slots: Iterable[str], end: End, exit_code: int, now_ms: int, now_s: int) -> tuple[Next, int]:
        """What to do, and how many milliseconds to wait before."""
        wait = ctypes.c_longlong()
        found = self._c.ended(
            self._at, ctypes.byref(_slots(slots)), ctypes.byref(self._limits), end, exit_code, now_ms, now_s,
            ctypes.byref(wait),
        )  # fmt: skip
        return Next(found), wait.value

    def judge(self, slots: Iterable[str], now_s: int) -> str:
        """The version that is asked whether the server answers; empty when there is none."""
        return bytes(self._c.judge(self._at, ctypes.byref(_slots(slots)), now_s)).decode()

    def probed(self, *, is_answered: bool, now_s: int) -> None:
        self._c.probed(self._at, int(is_answered), now_s)


def _slots(names: Iterable[str]) -> _Slots:
    slots = _Slots()
    for name in names:
        slots.names[slots.count].value = name.encode()
        slots.count += 1
    return slots


def is_allowed(version: str, state: SlotState, slots: Iterable[str], now_s: int, ban_s: int) -> bool:
    """Whether a version may run: not banned, or nothing else is there."""

    def banned(name: str) -> bool:
        return name in state.banned and abs(now_s - state.banned[name]) < ban_s

    return not banned(version) or all(banned(name) for name in slots)
