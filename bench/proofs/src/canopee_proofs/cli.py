"""`canopee-prove`: run one proof; the last line of standard output is its verdict as JSON."""

import argparse
import random
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from canopee_kit import logs
from canopee_kit.clock import SystemClock
from canopee_kit.discovery import discover
from canopee_proofs import proofs
from canopee_proofs.proof import Proof, Setting

_SHOWN = 50


class Line(msgspec.Struct):
    """The last line."""

    what: str
    cases: int
    violations: int
    seconds: float
    seed: int


def main(argv: Sequence[str] | None = None) -> int:
    """Exit codes: 0 no violation, 1 some, 2 usage."""
    known = {name.replace("_", "-"): kind for name, kind in discover(proofs, Proof).items()}
    parser = argparse.ArgumentParser(prog="canopee-prove", description="Try to break a promise, many times.")
    parser.add_argument("what", choices=sorted(known), help="the proof")
    parser.add_argument("--cases", type=int, metavar="N", help="how many attempts")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**31), help="to repeat one")
    parser.add_argument("--log-level", default="ERROR", choices=["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"])
    arguments = parser.parse_args(argv)
    logs.set_up(arguments.log_level)
    line = prove(arguments.what, known[arguments.what], cases=arguments.cases, seed=arguments.seed)
    sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
    return 1 if line.violations else 0


def prove(what: str, kind: type[Proof], *, cases: int | None, seed: int) -> Line:
    """Run one proof; its violations are told on standard error, and its folder is kept when there are any."""
    folder, clock = Path(tempfile.mkdtemp(prefix=f"canopee-{what}-")), SystemClock()
    folder.chmod(0o755)
    started = clock.monotonic()
    _say(f"{what}: seed {seed}")
    verdict = kind().run(Setting(cases=cases or kind.usual_cases, seed=seed, folder=folder, say=_say))
    for violation in verdict.violations[:_SHOWN]:
        _say(f"VIOLATION: {violation}")
    if verdict.violations:
        _say(f"what was found is kept in {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return Line(what, verdict.cases, len(verdict.violations), round(clock.monotonic() - started, 1), seed)


def _say(line: str) -> None:
    sys.stderr.write(f"prove: {line}\n")
    sys.stderr.flush()
