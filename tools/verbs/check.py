"""`make check`: every checker runs, two at a time, even when one fails; each tells its name and its time."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

CHECKS: Mapping[str, Sequence[str]] = {
    "pyright": ("pyright",),
    "pyright, Windows": (
        "pyright",
        "--pythonplatform",
        "Windows",
        "packages/agent/src/canopee_agent/windows",
        "packages/agent/tests/windows",
    ),
    "IHM: build": ("../../tools/ihm/build",),
    "IHM: lint": ("../../tools/ihm/lint",),
    "IHM: texts": ("../../tools/ihm/texts",),
    "ruff check": ("ruff", "check", "--no-fix", "."),
    "ruff format": ("ruff", "format", "--check", "."),
    "import rules": ("lint-imports", "--no-cache"),
    "house rules": ("python", "-m", "tools.house"),
    "generated files": ("python", "-m", "tools.gen", "--check"),
}
"""Longest first: it runs beside all the others."""


@dataclass(frozen=True)
class Outcome:
    """How one checker ended."""

    name: str
    exit_code: int
    output: str
    duration_s: float


def run_check(name: str, command: Sequence[str]) -> Outcome:
    """Run one checker of `.venv/bin`, its output kept."""
    program, *arguments = command
    started = time.monotonic()
    ended = subprocess.run(  # noqa: S603  commands of this file
        [f"{sys.prefix}/bin/{program}", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"},
        check=False,
    )
    return Outcome(name, ended.returncode, ended.stdout, time.monotonic() - started)


def report(outcome: Outcome) -> str:
    """One line, with what the checker said before it when it failed."""
    verdict = "ok" if outcome.exit_code == 0 else f"FAILED ({outcome.exit_code})"
    line = f"check: {outcome.name:<16} {verdict:<12} {outcome.duration_s:5.1f} s"
    return line if outcome.exit_code == 0 else f"{outcome.output.rstrip()}\n{line}"


def main(checks: Mapping[str, Sequence[str]] = CHECKS) -> int:
    """Run every checker; 0 when all are content."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        running = [pool.submit(run_check, name, command) for name, command in checks.items()]
        failed: list[str] = []
        for done in as_completed(running):
            outcome = done.result()
            print(report(outcome), flush=True)
            failed += [outcome.name] if outcome.exit_code else []
    print(f"check: failed: {', '.join(failed)}" if failed else f"check: {len(checks)} checks, all at zero")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
