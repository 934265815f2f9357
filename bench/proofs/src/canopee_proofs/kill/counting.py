"""The program that agents run: it writes down that it ran, for good, and takes a moment before and after."""

import sys
from collections import Counter
from pathlib import Path

_PROGRAM = """#!{python} -IS
import os, sys, time
path, line, pause = sys.argv[1], sys.argv[3] + "." + sys.argv[2], float(sys.argv[4])
time.sleep(pause)
file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
os.write(file, line.encode() + b"\\n")
os.fsync(file)
time.sleep(pause)
"""


class Counting:
    """The program and what it wrote."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "programs"
        self.program, self.effects = self.folder / "count", self.folder / "effects"
        self.folder.mkdir()
        self.program.write_text(_PROGRAM.format(python=Path(sys.executable).resolve()))
        self.program.chmod(0o755)
        self.effects.touch()

    def size(self) -> int:
        """Grows with every execution."""
        return self.effects.stat().st_size

    def executions(self) -> Counter[str]:
        """How often each line was written."""
        return Counter(self.effects.read_text().split())
