"""The shape of a benchmark: one file of `benchmarks/`, its class named as the file; its docstring says what it is.

Machines are shared and noisy: a figure is a median over interleaved rounds with its least and most, a promise is a
ratio to a baseline measured in the same run, and a request is charged by the server's own processor clock.
"""

import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import msgspec


class Figure(msgspec.Struct, frozen=True):
    """One number with what was promised of it."""

    name: str
    value: float
    unit: str = ""
    goal: float | None = None
    goal_is: Literal["at_least", "at_most"] = "at_least"
    spread: tuple[float, float] | None = None
    """Least and most over the rounds."""

    @property
    def is_reached(self) -> bool | None:
        """`None` when nothing was promised."""
        if self.goal is None:
            return None
        return self.value >= self.goal if self.goal_is == "at_least" else self.value <= self.goal


class Result(msgspec.Struct, frozen=True):
    """What a benchmark found."""

    what: str
    ratio: Figure
    baseline: str
    figures: tuple[Figure, ...]
    note: str = ""


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """What a benchmark works with."""

    folder: Path
    """Empty, the benchmark's own, removed afterwards; any account may enter it."""
    rounds: int
    seconds: float
    """Of each burst."""
    scale: float
    """1.0 for the figures promised; tests use less."""
    say: Callable[[str], None]

    def count(self, number: int) -> int:
        """`number` scaled, at least 1."""
        return max(1, round(number * self.scale))


class Benchmark:
    """One comparison."""

    def run(self, setting: Setting) -> Result:
        """Measure; what was started is stopped before returning."""
        raise NotImplementedError


def figure(
    name: str,
    values: Sequence[float],
    unit: str = "",
    *,
    at_least: float | None = None,
    at_most: float | None = None,
) -> Figure:
    """The median of some values, with their least and most."""
    return Figure(
        name, statistics.median(values), unit, at_least if at_least is not None else at_most,
        "at_most" if at_most is not None else "at_least", (min(values), max(values)),
    )  # fmt: skip
