"""What the agent costs a PC: `python -m tools.windows.footprint` measures it under Wine and writes the reference page.

Wine's own libraries are in the memory figures; the bare Windows Python beside them says how much that is.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from canopee_proofs.update.computer import BUILT, Computer
from canopee_proofs.update.prefix import Prefix
from canopee_proofs.update.server import UpdateServer
from tools.windows.archives import files_of
from tools.windows.build import VERSION
from tools.windows.toolchain import ROOT

PAGE = ROOT / "docs" / "reference" / "footprint.md"
_STARTS = 7
_QUIET_S = 20.0
_MIB, _MB = 2**20, 10**6
_SKELETON = ("21.3 MB", "10.6 MB", "61 to 92 ms", "46 / 36 MB", "19.4 MB")
"""Of the skeleton that the design was made from: standard library, msgspec, psutil, pywin32; quiet machine."""


def main() -> int:
    """Measure, and write the page."""
    subprocess.run([sys.executable, "-m", "tools.windows", "--if-needed"], cwd=ROOT, check=True)
    with tempfile.TemporaryDirectory(prefix="canopee-footprint-") as folder:
        server, prefix = UpdateServer(Path(folder) / "server"), Prefix("footprint")
        server.open()
        try:
            prefix.open()
            figures = _measure(Computer(prefix, server.url, server.root))
        finally:
            prefix.close()
            server.close()
    PAGE.write_text(_page(figures))
    print(PAGE.read_text())
    return 0


def _measure(computer: Computer) -> dict[str, str]:
    slot, archive = BUILT / "slot", BUILT / f"canopee-agent-{VERSION}-win-x64.zip"
    computer.install()
    computer.start()
    computer.wait_for("started 1.0.0")
    time.sleep(_QUIET_S)
    agent, launcher = computer.prefix.processes("agent.exe"), computer.prefix.processes("launcher.exe")
    figures = {
        "slot": f"{sum((slot / name).stat().st_size for name in files_of(slot)) / _MB:.1f} MB",
        "archive": f"{archive.stat().st_size / _MB:.1f} MB",
        "launcher": f"{(BUILT / 'launcher.exe').stat().st_size / 1_000:.0f} kB",
        "agent memory": _memory(agent[0]),
        "agent private": _private(agent[0]),
        "launcher memory": _memory(launcher[0]),
        "launcher private": _private(launcher[0]),
    }
    computer.stop()
    agent_exe = r"C:\Program Files\Canopee\slots\1.0.0\agent.exe"
    figures["start"] = _start(computer, agent_exe, "--version")
    figures["bare start"] = _start(computer, str(ROOT / ".cache/wine/python/python.exe"), "-I", "-c", "pass")
    figures["load"] = f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"
    figures["selftest"] = _start(computer, agent_exe, "selftest")
    return figures


def _start(computer: Computer, *argv: str) -> str:
    """From the command to its end, in milliseconds: the least, and the median."""
    taken: list[float] = []
    for _ in range(_STARTS):
        began = time.perf_counter()
        computer.prefix.run(*argv)
        taken.append((time.perf_counter() - began) * 1_000)
    return f"{min(taken):.0f} ms ({statistics.median(taken):.0f})"


def _memory(pid: int) -> str:
    found = _rollup(pid)
    return f"{found['Rss'] / _MIB:.1f} / {found['Pss'] / _MIB:.1f} MiB"


def _private(pid: int) -> str:
    found = _rollup(pid)
    return f"{(found['Private_Clean'] + found['Private_Dirty']) / _MIB:.1f} MiB"


def _rollup(pid: int) -> dict[str, int]:
    """Bytes, by the names of the kernel."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    return {name: int(value.split()[0]) * 1_024 for name, _, value in (line.partition(":") for line in lines)}


def _page(figures: dict[str, str]) -> str:
    row = (
        figures["slot"],
        figures["archive"],
        figures["start"],
        figures["agent memory"],
        figures["agent private"],
    )
    return f"""# What the agent costs a PC

Measured under Wine on the machine that wrote this page by `.venv/bin/python -m tools.windows.footprint`: compare with
figures of the same machine only. Wine's own libraries are in the memory figures. Load of the machine meanwhile:
{figures["load"]}; times are multiplied by what else it does.

| | Disk | Archive | `--version`, least (median) | Idle agent: RSS / PSS | private |
|---|---|---|---|---|---|
{_row("agent", row)}
{_row("skeleton of the design", _SKELETON)}

- `launcher.exe`: {figures["launcher"]} of disk; RSS / PSS {figures["launcher memory"]}, private
  {figures["launcher private"]}.
- The bare Windows Python takes {figures["bare start"]} to start and end here; `agent.exe selftest`, which imports
  everything, {figures["selftest"]}.
- A PC keeps two versions, three during an update: as many times the first column.
"""


def _row(name: str, cells: Sequence[str]) -> str:
    return f"| {name} | " + " | ".join(cells) + " |"


if __name__ == "__main__":
    sys.exit(main())
