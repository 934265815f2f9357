"""`canopee-bench`: run benchmarks, keep their results as JSON, print them on one page.

Without a name it prints the page of what was kept. The last line of a run is one line of JSON.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from canopee_bench import benchmarks
from canopee_bench.benchmark import Benchmark, Figure, Result, Setting
from canopee_kit.discovery import discover

_RESULTS = Path("bench") / "results"
_ALL = "all"


def main(argv: Sequence[str] | None = None) -> int:
    """Exit codes: 0 ok, 1 a promise that was not kept, 2 usage."""
    known = discover(benchmarks, Benchmark)
    parser = argparse.ArgumentParser(prog="canopee-bench", description="What a promise of speed costs.")
    parser.add_argument("what", nargs="?", choices=[*sorted(known), _ALL], help="the benchmark; none: the page")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds (default: 5)")
    parser.add_argument("--seconds", type=float, default=4.0, help="of each burst (default: 4)")
    parser.add_argument("--scale", type=float, default=1.0, help="part of the sizes promised (default: 1.0)")
    parser.add_argument("--results", type=Path, default=_RESULTS, help="where results are kept")
    arguments = parser.parse_args(argv)
    if arguments.what is None:
        sys.stdout.write(page(arguments.results))
        return 0
    names = sorted(known) if arguments.what == _ALL else [arguments.what]
    is_kept = True
    for name in names:
        result = measure(known[name], rounds=arguments.rounds, seconds=arguments.seconds, scale=arguments.scale)
        keep(result, arguments.results)
        sys.stdout.write(f"{shown(result)}\n{last_line(result)}\n")
        is_kept &= all(one.is_reached is not False for one in (result.ratio, *result.figures))
    if arguments.what == _ALL:
        sys.stdout.write(page(arguments.results))
    return 0 if is_kept else 1


def measure(kind: type[Benchmark], *, rounds: int, seconds: float, scale: float) -> Result:
    """Run one benchmark in a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="canopee-bench-"))
    folder.chmod(0o755)
    try:
        return kind().run(Setting(folder=folder, rounds=rounds, seconds=seconds, scale=scale, say=_say))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def keep(result: Result, folder: Path) -> None:
    """Write a result to its file."""
    folder.mkdir(parents=True, exist_ok=True)
    content = msgspec.json.format(msgspec.json.encode(result), indent=2)
    (folder / f"{result.what}.json").write_bytes(content + b"\n")


def page(folder: Path) -> str:
    """Every result kept, with the command that makes it."""
    results = [msgspec.json.decode(path.read_bytes(), type=Result) for path in sorted(folder.glob("*.json"))]
    return "".join(f"make bench WHAT={result.what}\n{shown(result)}\n" for result in results)


def shown(result: Result) -> str:
    """The figures of a result, one a line, with what was promised."""
    lines = [_line(result.ratio, f"{result.ratio.name}, to {result.baseline}")]
    lines += [_line(one, one.name) for one in result.figures]
    return "\n".join([*lines, *([f"  {result.note}"] if result.note else [])]) + "\n"


def last_line(result: Result) -> str:
    """The machine's line."""
    figures: Mapping[str, float] = {one.name: round(one.value, 4) for one in result.figures}
    line = {
        "what": result.what, "ratio": round(result.ratio.value, 3), "baseline": result.baseline,
        "spread": result.ratio.spread, "figures": figures,
    }  # fmt: skip
    return msgspec.json.encode(line).decode()


def _line(one: Figure, name: str) -> str:
    verdict = {None: "  ", True: "ok", False: "--"}[one.is_reached]
    goal = "" if one.goal is None else f"{'≥' if one.goal_is == 'at_least' else '≤'} {one.goal:g} {one.unit}"
    spread = "" if one.spread is None else f"({one.spread[0]:.4g} to {one.spread[1]:.4g})"
    return f"  {verdict} {name:<62} {one.value:>10.4g} {one.unit:<8} {spread:<24} {goal}".rstrip()


def _say(line: str) -> None:
    sys.stderr.write(f"bench: {line}\n")
    sys.stderr.flush()
