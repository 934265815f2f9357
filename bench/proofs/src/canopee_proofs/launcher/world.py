"""One PC in a model: its disk, its network, its user; releases that are good or bad in their own ways.

Time is counted in milliseconds that pass at once. What the launcher saves is on the disk; what it holds in memory
is lost by a cut.
"""

import random
from enum import Enum

import msgspec

from canopee_agent.errors import StateError
from canopee_agent.slots import BAN_S, SlotState, parse, text_of
from canopee_proofs.launcher.decisions import End, Launcher, Library, Next, What, is_allowed

_EPOCH_S = 1_800_000_000
_MOST_LIVES = 400
_CHECK_IN_MS = (500, 20_000)
_DAY_S = 86_400
_TRIALS = 3


class Kind(Enum):
    """What a release is like."""

    GOOD = "good"
    CRASH = "exits at once"
    LATE = "checks in, then exits in a loop"
    MUTE = "never checks in"
    HANG = "hangs at once"
    HANG_LATE = "checks in, then hangs"
    LOOP = "asks to be started again, for ever"
    MISSING = "is not there"


BAD = tuple(kind for kind in Kind if kind is not Kind.GOOD)


class Disk(msgspec.Struct):
    """What a cut leaves."""

    file: bytes
    copy: bytes
    is_full: bool = False

    def state(self) -> SlotState:
        try:
            return parse(self.file)
        except StateError:
            pass
        try:
            return msgspec.structs.replace(parse(self.copy), pending="", attempts=0)
        except StateError:
            return SlotState(current="")


class World:
    """One PC, from `draw`; `faults` holds what should not have been seen."""

    def __init__(self, library: Library, draw: random.Random) -> None:
        self._library, self._draw = library, draw
        first = text_of(SlotState(current="1.0"))
        self.disk = Disk(first, first)
        self.kinds: dict[str, Kind] = {"1.0": Kind.GOOD}
        self.faults: list[str] = []
        self.is_online = True
        self.online_at_ms: int | None = None
        """When the network comes back, in the middle of a life."""
        self.now_ms = 0
        self._was_online = True
        """When the life that runs began."""
        self._minor, self._lives = 0, 0
        self._early_cuts: dict[str, int] = {}
        """Version → starts of its trial that a cut ended before its probation did: they count, whoever is at fault."""
        self._launcher = Launcher(library)

    @property
    def now_s(self) -> int:
        return _EPOCH_S + self.now_ms // 1_000

    @property
    def slots(self) -> list[str]:
        return [version for version, kind in self.kinds.items() if kind is not Kind.MISSING]

    def release(self, kind: Kind) -> str:
        """A new version, unpacked; staged if the agent may."""
        self._minor += 1
        version = f"1.{self._minor}"
        self.kinds[version] = kind
        state = self.disk.state()
        if not state.pending and self._is_good(state.current):  # a bad one could not have fetched it
            self._prune(state, version)
            self.disk.file = text_of(msgspec.structs.replace(state, pending=version, attempts=0))
            self.disk.copy = self.disk.file
        return version

    def _prune(self, state: SlotState, version: str) -> None:
        """What the agent does before it stages: slots of no use are removed, but for the last that failed."""
        kept = {state.current, state.previous, state.failed, version}
        self.kinds = {name: kind for name, kind in self.kinds.items() if name in kept}

    def cut(self) -> None:
        """The power goes: what is in memory is lost."""
        self._launcher = Launcher(self._library)

    def damage(self) -> None:
        """One of the two files is spoiled, as no write of ours does."""
        if self._draw.random() < 0.5:  # noqa: PLR2004  either
            self.disk.file = self.disk.file[: self._draw.randrange(len(self.disk.file) or 1)]
        else:
            self.disk.copy = b""

    def live(self, *, is_cut_after_ms: int | None = None, is_stopped_after_ms: int | None = None) -> bool:
        """One life of the agent, ended by itself, by the launcher, by a stop or by a cut. FALSE after these two."""
        self._lives += 1
        launcher = self._launcher
        self._load()
        launcher.begin(self.slots, self.now_s)
        if not self._save() and launcher.is_trial:
            launcher.give_up_trial(self.slots, self.now_s)
        self._check_choice()
        began, was_trial = self.now_ms, launcher.is_trial
        self._was_online = self.is_online
        launcher.started(self.now_ms)
        end, code = self._run(self.kinds[launcher.version], is_cut_after_ms, is_stopped_after_ms)
        if end is None:
            if was_trial and launcher.is_trial:
                self._early_cuts[launcher.version] = self._early_cuts.get(launcher.version, 0) + 1
            self.cut()
            return False
        if not launcher.is_trial and end is not End.STOPPED:
            self._load()
        following, wait_ms = launcher.ended(self.slots, end, code, self.now_ms, self.now_s)
        if following is Next.PROBE:
            if self.now_ms - began < launcher.probation_ms:
                self.faults.append(f"{launcher.version} was judged after {self.now_ms - began} ms")
            judge = launcher.judge(self.slots, self.now_s)
            is_answered = self.is_online and self.kinds.get(judge) not in {None, Kind.CRASH, Kind.HANG, Kind.LOOP}
            launcher.probed(is_answered=is_answered, now_s=self.now_s)
        self._save()
        if wait_ms < 0 or wait_ms > 300_000:  # noqa: PLR2004  the longest pause
            self.faults.append(f"a pause of {wait_ms} ms")
        self.now_ms += wait_ms
        if following is Next.STOP:
            self._launcher = Launcher(self._library)  # the service is another process when it starts again
        return following is not Next.STOP

    def settle(self) -> None:
        """Online, with nobody in the way: in a few lives a good version runs, and goes on."""
        self.is_online, self.disk.is_full = True, False
        state = self.disk.state()
        for _ in range(60):
            is_stopped = not self.live(is_stopped_after_ms=3_600_000)
            state = self.disk.state()
            if is_stopped and not state.pending and self._is_good(state.current):
                return
        if any(self._is_good(name) for name in self.slots if name not in state.banned):
            self.faults.append(f"stuck: {state} of {self.kinds}")

    def _load(self) -> None:
        if self._launcher.load(self.disk.file):
            return
        if self._launcher.load_copy(self.disk.copy):
            self.disk.file = text_of(msgspec.structs.replace(parse(self.disk.copy), pending="", attempts=0))
            return
        self._launcher.load_nothing()

    def _save(self) -> bool:
        """What the launcher wants on the disk; looks at what it tells."""
        content = self._launcher.saved()
        if content is not None and not self.disk.is_full:
            self.disk.file = self.disk.copy = content
        for what, origin, _, reason in self._launcher.tales():
            if what in {What.ROLLED_BACK, What.ROLLED_BACK_LATE}:
                self._check_return(origin, reason)
            elif what is What.COMMITTED and not self.is_online:
                self.faults.append(f"{origin} was replaced while the server could not be reached")
        return content is None or not self.disk.is_full

    def _check_choice(self) -> None:
        launcher, slots = self._launcher, self.slots
        if launcher.version not in slots:
            self.faults.append(f"{launcher.version!r} was chosen, there is {slots}")
            launcher.begin(slots, self.now_s)
            return
        state = self.disk.state()
        is_committed = launcher.version == state.current and not launcher.is_trial
        if not is_committed and not is_allowed(launcher.version, state, slots, self.now_s, BAN_S):
            self.faults.append(f"{launcher.version} was chosen though it is banned: {state}")
        if launcher.is_trial and not self.disk.is_full and state.attempts < 1:
            self.faults.append(f"{launcher.version} is on trial, and no attempt is counted: {state}")

    def _check_return(self, version: str, reason: str) -> None:
        is_excused = self._early_cuts.get(version, 0) >= _TRIALS or (
            reason == "unhealthy" and not self._was_online
        )
        if self._is_good(version) and not is_excused:
            self.faults.append(f"{version} is good and was returned: {reason}")
        if reason == "unhealthy" and not self.is_online:
            self.faults.append(f"{version} was returned though the server could not be reached")

    def _is_good(self, version: str) -> bool:
        return self.kinds.get(version) is Kind.GOOD

    def _run(self, kind: Kind, cut_ms: int | None, stop_ms: int | None) -> tuple[End | None, int]:
        """The life of a version, in steps of what can happen next; its end, `None` for a cut."""
        launcher, began = self._launcher, self.now_ms
        check_in_ms, backoff_ms = began + self._draw.randint(*_CHECK_IN_MS), 5_000
        while True:
            at = self.now_ms + max(1, min(20_000, launcher.next_verdict_ms(self.now_ms)))
            at = min([at, *(began + limit for limit in (cut_ms, stop_ms) if limit is not None)])
            self.now_ms = at = max(at, self.now_ms)
            if cut_ms is not None and at >= began + cut_ms:
                return None, 0
            if stop_ms is not None and at >= began + stop_ms:
                return End.STOPPED, 0
            if self.online_at_ms is not None and at >= self.online_at_ms:
                self.is_online, self.online_at_ms = True, None
            while not self.is_online and at >= check_in_ms:  # it tries again at longer and longer intervals
                check_in_ms += self._draw.randint(backoff_ms // 2, backoff_ms)
                backoff_ms = min(300_000, backoff_ms * 2)
            exit_code = self._act(kind, at - began, has_checked_in=self.is_online and at >= check_in_ms)
            if exit_code is not None:
                return End.EXITED, exit_code
            ended = launcher.verdict(at)
            if ended is not None:
                return ended, 0

    def _act(self, kind: Kind, age_ms: int, *, has_checked_in: bool) -> int | None:
        """What the agent does at this moment; its exit code when it ends."""
        launcher = self._launcher
        if kind is Kind.CRASH:
            return 3
        if kind is Kind.LOOP:
            return 75
        if kind is not Kind.HANG and not (kind is Kind.HANG_LATE and has_checked_in and age_ms > _CHECK_IN_MS[1]):
            launcher.beat(self.now_ms)
        if has_checked_in and kind not in {Kind.MUTE, Kind.HANG} and launcher.is_trial:
            launcher.healthy()
            self._save()
        if kind is Kind.LATE and has_checked_in:
            return 9
        return 75 if kind is Kind.GOOD and not launcher.is_trial and self.disk.state().pending else None


def wander(library: Library, draw: random.Random) -> list[str]:
    """One random sequence of releases, cuts, stops, days offline and spoiled files; what should not have been seen."""
    world = World(library, draw)
    for _ in range(draw.randint(3, 12)):
        act = draw.choices(("release", "cut", "stop", "live", "offline", "damage", "full"), (6, 5, 4, 6, 2, 1, 1))[
            0
        ]
        if act == "release":
            world.release(draw.choice((Kind.GOOD, draw.choice(BAD))))
        elif act == "cut":
            world.live(is_cut_after_ms=draw.choice((0, 5_000, 100_000, 400_000)))
        elif act == "stop":
            world.live(is_stopped_after_ms=draw.choice((0, 1_000, 400_000)))
        elif act == "live":
            world.live(is_stopped_after_ms=1_200_000)
        elif act == "damage":
            world.damage()
        else:
            _with_trouble(world, draw, act)
        if draw.random() < 0.1:  # noqa: PLR2004  one in ten
            world.now_ms += draw.randint(0, 20 * _DAY_S) * 1_000
    world.settle()
    return world.faults


def _with_trouble(world: World, draw: random.Random, trouble: str) -> None:
    """Some lives offline, or with a full disk."""
    world.is_online, world.disk.is_full = trouble != "offline", trouble == "full"
    for _ in range(draw.randint(1, 6)):
        if trouble == "offline" and draw.random() < 0.5:  # noqa: PLR2004  now and then
            world.online_at_ms = world.now_ms + draw.randint(100_000, 1_000_000)
        world.live(is_stopped_after_ms=draw.choice((60_000, 4_000_000)))
        world.is_online, world.online_at_ms = trouble != "offline", None
    world.is_online, world.disk.is_full = True, False
