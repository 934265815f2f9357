"""Tests and seconds of each suite, from JUnit reports. With CI=true a skipped test is a failure."""

import os
import sys
from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree as ET


def main(paths: list[str]) -> int:
    """Print one line a suite; 1 when something was skipped in CI."""
    counts: defaultdict[str, list[float]] = defaultdict(lambda: [0, 0.0])
    skipped: list[str] = []
    for path in paths:
        for case in ET.parse(path).getroot().iter("testcase"):  # noqa: S314  our own report
            suite = "windows" if Path(path).stem == "windows" else _suite(case.get("classname", ""))
            counts[suite][0] += 1
            counts[suite][1] += float(case.get("time", 0))
            if case.find("skipped") is not None:
                skipped.append(f"{case.get('classname')}.{case.get('name')}")
    for suite, (number, seconds) in sorted(counts.items()):
        print(f"{suite:24} {number:5.0f} tests {seconds:7.1f} s")
    if skipped and os.environ.get("CI") == "true":
        print("skipped, which CI does not allow:", *skipped, sep="\n  ")
        return 1
    return 0


def _suite(name: str) -> str:
    """`packages.api.tests.test_x` → `packages/api`."""
    parts = name.split(".")
    return "/".join(parts[:2]) if parts[0] in {"packages", "bench"} else parts[0]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
