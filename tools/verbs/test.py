"""`make test`: every suite under pytest, the Windows lane beside them, with reports in `build/reports`.

Under `CI=true` a skipped test is a failure. The last line is pytest's own summary of the main run.
"""

import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

ROOT = Path(__file__).parents[2]
REPORTS = ROOT / "build" / "reports"
SETUPS = (
    ROOT / "tools/ihm/build",
    ROOT / "tools/browser/setup",
    ROOT / "tools/windows/setup",
    ROOT / "tools/proxy/setup",
    ROOT / "tools/ssh/setup",
)
WINDOWS_LANE = ROOT / "tools/wine/test"
WORKERS = max(4, len(os.sched_getaffinity(0)))
"""More than two cores even on two: journeys and proofs wait for other processes much of their time."""


@dataclass(frozen=True)
class Suite:
    """The tests of one folder: how many, how many of them skipped, and the time they took together."""

    name: str
    tests: int
    skipped: int
    duration_s: float


def suites(junit: Path) -> list[Suite]:
    """The suites in a JUnit report, by name; a suite is the folder that holds `tests/`."""
    cases: dict[str, list[ET.Element]] = defaultdict(list)
    for case in ET.parse(junit).getroot().iter("testcase"):  # noqa: S314  written by our own pytest
        cases[_suite_of(case.get("classname", ""))].append(case)
    return [_suite(name, cases[name]) for name in sorted(cases)]


def table(found: Sequence[Suite]) -> str:
    """One line a suite, and the total."""
    total = Suite("all", *(sum(column) for column in zip(*map(_figures, found), strict=True))) if found else None
    rows = [*found, *([total] if total else [])]
    return "\n".join(f"test: {row.name:<22} {row.tests:5d} tests {row.duration_s:8.1f} s" for row in rows)


def main(arguments: Sequence[str]) -> int:
    """Run everything; 0 when all is well."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    for old in REPORTS.glob("*.xml"):
        old.unlink()
    failures = [f"{script.relative_to(ROOT)} failed" for script in SETUPS if not _set_up(script)]
    with ThreadPoolExecutor(1) as beside:
        windows = beside.submit(_windows_lane)
        exit_code, summary = _pytest(arguments)
        failures += [f"pytest ended with {exit_code}"] if exit_code else []
        failures += windows.result()
    found = [suite for junit in sorted(REPORTS.glob("junit*.xml")) for suite in suites(junit)]
    print(table(found))
    skipped = [f"{suite.skipped} skipped in {suite.name}" for suite in found if suite.skipped]
    if os.environ.get("CI") == "true":
        failures += skipped
    for failure in failures:
        print(f"test: FAILED: {failure}")
    print(summary, flush=True)
    return 1 if failures else 0


def _suite_of(classname: str) -> str:
    parts = classname.split(".")
    end = parts.index("tests") if "tests" in parts else -1
    return "/".join(parts[:end]) or classname


def _suite(name: str, cases: Sequence[ET.Element]) -> Suite:
    skipped = sum(case.find("skipped") is not None for case in cases)
    return Suite(name, len(cases), skipped, sum(float(case.get("time", "0")) for case in cases))


def _figures(suite: Suite) -> tuple[int, int, float]:
    return suite.tests, suite.skipped, suite.duration_s


def _set_up(script: Path) -> bool:
    started = time.monotonic()
    ended = subprocess.run([str(script)], cwd=ROOT, check=False)  # noqa: S603  our own script
    print(f"test: {script.relative_to(ROOT)} took {time.monotonic() - started:.1f} s", flush=True)
    return ended.returncode == 0


def _windows_lane() -> list[str]:
    """Run the agent under the Windows Python, its output shown at its end; what failed, in words."""
    ended = subprocess.run(  # noqa: S603  our own script
        [str(WINDOWS_LANE)], cwd=ROOT, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    print(f"test: by the Windows Python:\n{ended.stdout.decode(errors='replace')}", flush=True)
    return [f"{WINDOWS_LANE.relative_to(ROOT)} ended with {ended.returncode}"] if ended.returncode else []


def _pytest(arguments: Sequence[str]) -> tuple[int, str]:
    """Run the main lane, its output shown as it comes but for the last line, which is returned."""
    command = [
        sys.executable, "-m", "pytest", "-n", str(WORKERS), "--dist", "loadscope", "-p", "tools.verbs.deal",
        f"--junit-xml={REPORTS / 'junit.xml'}",
        "--cov", f"--cov-report=xml:{REPORTS / 'coverage.xml'}", "--cov-report=",
        *arguments,
    ]  # fmt: skip
    environment = {**os.environ, **_coverage_environment(), "COLUMNS": "120"}
    held: list[str] = []
    with subprocess.Popen(  # noqa: S603  our own command
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as running:
        for line in running.stdout or ():
            print(*held, sep="\n", end="\n" if held else "", flush=True)
            held = [line.rstrip("\n")]
    return running.returncode, "".join(held)


def _coverage_environment() -> Mapping[str, str]:
    """Where the processes that a test starts leave their coverage."""
    folder = ROOT / "build" / "coverage"
    folder.mkdir(parents=True, exist_ok=True)
    return {"COVERAGE_FILE": str(folder / ".coverage")}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
