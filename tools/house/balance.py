"""A package has at least as many lines of tests as of code, and not much more than that."""

from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath

from tools.house.tree import Tree

LEAST, MOST = 0.45, 1.6
"""The floor rises towards 1.0 as suites grow; it never goes down."""


def violations(tree: Tree) -> Iterator[str]:
    """Packages outside the bounds."""
    for name, (code, tests) in ratios(tree).items():
        ratio = tests / code if code else LEAST
        if not LEAST <= ratio <= MOST:
            yield f"packages/{name} has {tests} lines of tests for {code} of code: {ratio:.2f}"


def ratios(tree: Tree) -> dict[str, tuple[int, int]]:
    """Package → lines of code, lines of tests; blank lines do not count. The journeys are tests of the umbrella."""
    code, tests = Counter[str](), Counter[str]()
    for path, text in tree.files.items():
        parts = PurePosixPath(path).parts
        if parts[0] != "packages" or parts[-1] == "testing.py" or not path.endswith(".py"):
            continue
        lines = sum(bool(line.strip()) for line in text.splitlines())
        (tests if "tests" in parts else code)[parts[1]] += lines
    tests["canopee"] += sum(text.count("\n") for path, text in tree.files.items() if path.startswith("e2e/"))
    return {name: (code[name], tests[name]) for name in sorted(code)}
