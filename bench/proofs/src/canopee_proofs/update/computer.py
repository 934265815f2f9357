r"""An installation as the set-up program leaves it: `C:\Program Files\Canopee`, `C:\ProgramData\Canopee`, a service."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from canopee_agent.installed import SERVICE
from canopee_agent.slots import Slots, SlotState, text_of
from canopee_kit.clock import SystemClock
from canopee_proofs.update.prefix import ROOT, Prefix

BUILT = ROOT / "build" / "windows"
_BAD = Path(__file__).parent / "bad_agent.c"
_LIMITS = {"probation_s": 30, "max_attempts": 3, "stop_s": 3, "backoff_ms": 200, "silence_s": 90, "probe_s": 30}
"""Shorter than on a PC; an agent that starts under Wine on a busy machine takes seconds, and beats every 20."""
_PAUSE_S = 0.05


class NotSeenError(Exception):
    """What should be in the launcher's log is not."""


class Computer:
    """A PC in its prefix; `server_url` and `root` are what its agents are told."""

    def __init__(self, prefix: Prefix, server_url: str, root: bytes) -> None:
        self.prefix, self._clock = prefix, SystemClock()
        self.program = prefix.drive / "Program Files" / "Canopee"
        self.home = prefix.drive / "ProgramData" / "Canopee"
        self.slots = Slots(self.program)
        self._log = self.program / "logs" / "launcher.log"
        self._mark = 0
        self._config = f'server_url = "{server_url}"\nenrolment_token = "t"\n'
        self._root = root

    def install(self) -> None:
        """Put the built launcher and version 1.0.0 there, and register the service."""
        for folder in (self.program / "state", self.program / "logs", self.program / "slots", self.home):
            folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(BUILT / "launcher.exe", self.program / "launcher.exe")
        self.limit()
        (self.home / "agent.toml").write_text(self._config)
        (self.home / "root.json").write_bytes(self._root)
        self.add("1.0.0")
        self.slots.adopt("1.0.0")
        self.prefix.run(
            "sc", "create", SERVICE, "binPath=", r'"C:\Program Files\Canopee\launcher.exe"', "start=", "auto"
        )

    def limit(self, **changes: int) -> None:
        """Write `launcher.ini`; the service reads it when it starts."""
        settings = "".join(f"{key}={value}\r\n" for key, value in (_LIMITS | changes).items())
        (self.program / "launcher.ini").write_text(f"[launcher]\r\n{settings}", newline="")

    def add(self, version: str) -> None:
        """Unpack a good version: the built slot."""
        folder = self.program / "slots" / version
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(BUILT / "slot", folder, copy_function=os.link)
        (folder / "version.txt").unlink()
        (folder / "version.txt").write_text(f"{version}\n")

    def add_bad(self, version: str, behaviour: str) -> None:
        """Unpack a version that misbehaves: `no-dll`, or what `bad_agent.c` knows."""
        folder = self.program / "slots" / version
        shutil.rmtree(folder, ignore_errors=True)
        if behaviour == "no-dll":
            self.add(version)
            (folder / "python311.dll").unlink()
            return
        folder.mkdir()
        command = ["x86_64-w64-mingw32-gcc", "-Os", "-s", "-o", folder / "agent.exe", _BAD]
        subprocess.run(command, check=True)  # noqa: S603  our own source
        (folder / "behaviour.txt").write_text(behaviour)

    def put(self, state: SlotState) -> None:
        """Write the state and its copy, as if they had been so; the service does not run."""
        for name in ("state.ini", "state.ini.bak"):
            (self.program / "state" / name).write_bytes(text_of(state))

    def start(self) -> None:
        """Have the service started."""
        self.prefix.run("sc", "start", SERVICE)

    def stop(self) -> None:
        """Have the service stopped; returns once its launcher has ended."""
        self.prefix.run("sc", "stop", SERVICE)
        self.wait_until_gone("launcher.exe")

    def mark(self) -> None:
        """From here on the log is read."""
        self._mark = len(self.log(whole=True))

    def log(self, *, whole: bool = False) -> str:
        """The launcher's log since the mark; the file that was full before it included."""
        texts = [
            path.read_text("utf-8", "replace") for path in (Path(f"{self._log}.1"), self._log) if path.exists()
        ]
        return "".join(texts)[0 if whole else self._mark :]

    def wait_for(self, *patterns: str, timeout_s: float = 60) -> None:
        """Wait until the log since the mark holds each pattern, in this order; raises `NotSeenError`."""
        seen = re.compile(".*?".join(patterns), re.DOTALL)
        self._wait_until(lambda: seen.search(self.log()), f"{patterns} not seen", timeout_s)

    def wait_until_gone(self, ending: str) -> None:
        """Wait until no process of that name is left; raises `NotSeenError`."""
        self._wait_until(lambda: not self.prefix.processes(ending), f"{ending} is still there", 20)

    def wait_until_enrolled(self) -> None:
        """Wait until an agent has enrolled the PC: before, `agent probe` has nobody to ask; raises `NotSeenError`."""
        self._wait_until((self.home / "state" / "identity.json").is_file, "the PC is not enrolled", 60)

    def _wait_until(self, is_so: Callable[[], object], otherwise: str, timeout_s: float) -> None:
        until = self._clock.monotonic() + timeout_s
        while not is_so():
            if self._clock.monotonic() > until:
                raise NotSeenError(f"{otherwise} after {timeout_s:.0f} s:\n{self.log()[-3_000:]}")
            self._clock.sleep(_PAUSE_S)

    def agent_log(self) -> str:
        """What the agents wrote."""
        path = self.home / "logs" / "agent.log"
        return path.read_text("utf-8", "replace") if path.exists() else ""


def build_windows() -> None:
    """Build what is installed, unless it is the one of these sources already."""
    subprocess.run([sys.executable, "-m", "tools.windows", "--if-needed"], cwd=ROOT, check=True)
