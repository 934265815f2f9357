"""`make wine CASE=install`: run one case; the last line of standard output is its verdict as JSON."""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from canopee_kit.clock import SystemClock
from canopee_kit.discovery import discover
from tools.wine import cases
from tools.wine.case import Case, Setting, Verdict


def main(argv: Sequence[str] | None = None) -> int:
    """Exit codes: 0 all was as it should be, 1 something was not, 2 usage."""
    known = discover(cases, Case)
    parser = argparse.ArgumentParser(prog="make wine", description="An installed agent on Windows, under Wine.")
    parser.add_argument("case", choices=sorted(known))
    name = parser.parse_args(argv).case
    verdict = run(name, known[name])
    print(msgspec.json.encode(verdict).decode())
    return 0 if verdict.ok else 1


def run(name: str, kind: type[Case]) -> Verdict:
    """Run a case; its folder is kept when something was not as it should be."""
    folder, clock = Path(tempfile.mkdtemp(prefix=f"canopee-wine-{name}-")), SystemClock()
    folder.chmod(0o755)
    began = clock.monotonic()

    def say(line: str) -> None:
        print(f"wine: {clock.monotonic() - began:5.1f} s  {line}", file=sys.stderr, flush=True)

    try:
        kind().run(Setting(folder, say))
    except Exception as error:  # noqa: BLE001  whatever happens, the last line is a verdict
        say(f"what was found is kept in {folder}")
        return Verdict(name, ok=False, reason=f"{type(error).__name__}: {error}")
    say("all is as it should be")
    shutil.rmtree(folder, ignore_errors=True)
    return Verdict(name, ok=True, reason="")


if __name__ == "__main__":
    sys.exit(main())
