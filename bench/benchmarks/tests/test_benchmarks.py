"""Every benchmark at a small scale: it runs, measures, and leaves nothing running. Its figures prove nothing."""

import inspect
import math
from pathlib import Path

import msgspec
import psutil
import pytest

from canopee_bench import benchmarks
from canopee_bench.benchmark import Benchmark, Figure, Result, figure
from canopee_bench.cli import keep, last_line, main, measure, page, shown
from canopee_kit.discovery import discover

BENCHMARKS = discover(benchmarks, Benchmark)
RESULT = Result(
    "sample", figure("calls", [0.5, 0.9, 0.7], at_least=0.7), "hello",
    (Figure("p99", 250, "ms", 200, "at_most"), Figure("rate", 12.5, "/s")), "a note",
)  # fmt: skip


@pytest.mark.real
@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", sorted(BENCHMARKS))
def test_a_benchmark_measures_and_leaves_nothing_running(name: str) -> None:
    before = {child.pid for child in psutil.Process().children()}  # a server or a browser of other tests goes on
    result = measure(BENCHMARKS[name], rounds=1, seconds=0.3, scale=0.001)
    assert result.what == name
    assert all(math.isfinite(one.value) for one in (result.ratio, *result.figures))
    started = [child for child in psutil.Process().children() if child.pid not in before]
    _, alive = psutil.wait_procs(started, timeout=30)  # what was told to end may need a moment
    assert alive == []


@pytest.mark.parametrize("name", sorted(BENCHMARKS))
def test_a_benchmark_says_what_it_compares(name: str) -> None:
    assert len(inspect.getdoc(BENCHMARKS[name]) or "") > 80


def test_a_figure_is_a_median_with_its_spread() -> None:
    assert (RESULT.ratio.value, RESULT.ratio.spread, RESULT.ratio.is_reached) == (0.7, (0.5, 0.9), True)


@pytest.mark.parametrize(
    ("one", "is_reached"),
    [
        (Figure("a", 1, goal=2), False),
        (Figure("a", 2, goal=2), True),
        (Figure("a", 3, goal=2, goal_is="at_most"), False),
        (Figure("a", 2, goal=2, goal_is="at_most"), True),
        (Figure("a", 2), None),
    ],
)
def test_a_promise_is_kept_or_not_or_was_not_made(one: Figure, is_reached: bool | None) -> None:  # noqa: FBT001
    assert one.is_reached is is_reached


def test_a_result_that_was_kept_is_on_the_page_with_its_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(RESULT, tmp_path)
    assert page(tmp_path).startswith("make bench WHAT=sample\n")
    assert main(["--results", str(tmp_path)]) == 0
    assert capsys.readouterr().out == page(tmp_path)


def test_what_was_not_reached_is_marked_and_the_last_line_is_for_programs() -> None:
    marks = [line[:4] for line in shown(RESULT).splitlines()]
    assert marks[:3] == ["  ok", "  --", "    "]
    assert msgspec.json.decode(last_line(RESULT)) == {
        "what": "sample", "ratio": 0.7, "baseline": "hello", "spread": [0.5, 0.9],
        "figures": {"p99": 250, "rate": 12.5},
    }  # fmt: skip


def test_an_unknown_benchmark_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["coffee"])
    assert ended.value.code == 2
    assert "checkin" in capsys.readouterr().err
