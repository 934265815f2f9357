"""One Wine prefix of our own: a Windows machine that can be switched on, and lose its power."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parents[5]
_ENVIRONMENT = ROOT / "tools" / "wine" / "env.sh"
_TEMPLATE = ROOT / ".cache" / "wine" / "prefix"


class Prefix:
    """A copy of the prefix that `tools/wine/setup` makes, in `.cache/wine-runs/<name>`: files by hard links."""

    def __init__(self, name: str) -> None:
        self.folder = ROOT / ".cache" / "wine-runs" / name
        self.drive = self.folder / "drive_c"

    def open(self) -> None:
        """Make it, and switch it on."""
        self.close()
        self.drive.mkdir(parents=True)
        subprocess.run(["cp", "-al", _TEMPLATE / "drive_c" / "windows", self.drive], check=True)  # noqa: S603, S607
        shutil.copytree(
            _TEMPLATE, self.folder, symlinks=True, dirs_exist_ok=True,
            ignore=lambda folder, _: ["windows"] if Path(folder) == _TEMPLATE / "drive_c" else [],
        )  # fmt: skip
        self.start()

    def close(self) -> None:
        """Switch it off, and remove it."""
        if self.folder.exists():
            self.cut()
            shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Switch it on: services that start by themselves do."""
        self._shell('wineserver -p; "$WINE64" wineboot.exe; "$WINE64" explorer.exe /desktop &')

    def cut(self) -> None:
        """The power goes: every process is killed; what Wine holds of the registry is saved.

        A process that was just being started has another server started: that one is ended too.
        """
        self._shell("until wineserver -k; timeout 10 wineserver -w; do :; done")

    def run(self, *argv: str, timeout_s: float = 60) -> "subprocess.CompletedProcess[str]":
        """Run a Windows program to its end."""
        wine = 'exec "$0" -S -E tools/wine/run.py -t "$@"'
        python = str(ROOT / ".venv" / "bin" / "python")
        return self._bash(f". {_ENVIRONMENT}; {wine}", python, str(timeout_s), *argv)

    def python(self, script: str, *paths: Path) -> str:
        """What the Windows Python prints for `script`, with our packages; paths are those of this machine."""
        names = [f"Z:{path}".replace("/", "\\") for path in paths]
        ended = self._bash('exec "$0" "$@"', str(ROOT / "tools" / "wine" / "python"), "-c", script, *names)
        return ended.stdout.strip() or ended.stderr

    def processes(self, ending: str) -> list[int]:
        """The processes of this prefix whose command line holds a program that ends so, such as `agent.exe`."""
        return [pid for pid, command in self._commands() if ending in command]

    def _commands(self) -> Iterator[tuple[int, str]]:
        wanted = b"WINEPREFIX=" + os.fsencode(self.folder)
        for entry in Path("/proc").iterdir():
            if not entry.name.isdecimal():
                continue
            with suppress(OSError):
                if wanted in (entry / "environ").read_bytes().split(b"\0"):
                    yield (
                        int(entry.name),
                        (entry / "cmdline").read_bytes().split(b"\0")[0].decode(errors="replace"),
                    )

    def _shell(self, script: str) -> None:
        self._bash(f". {_ENVIRONMENT}; {{ {script}\n}} </dev/null >/dev/null 2>&1", "bash")

    def _bash(self, script: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        command: Sequence[str] = ("bash", "-c", script, *arguments)
        environment = {**os.environ, "WINEPREFIX": str(self.folder)}
        return subprocess.run(  # noqa: S603  our own scripts
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
