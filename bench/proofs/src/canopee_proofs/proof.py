"""The shape of a proof: one file of `proofs/`, its class named as the file; its docstring says what it proves.

`make prove WHAT=commit-order N=1000 SEED=7` runs `proofs/commit_order.py`. The same seed makes the same choices;
what the operating system adds (when a process is scheduled, where a kill falls) is not repeated.
"""

import random
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import msgspec

Say = Callable[[str], None]
"""Tells a person how far it is: one line on standard error."""


class Verdict(msgspec.Struct, frozen=True):
    """What was tried, and what should not have been seen."""

    cases: int
    violations: tuple[str, ...] = ()
    """One sentence each, with what is needed to look at it again."""


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """What a proof works with."""

    cases: int
    seed: int
    folder: Path
    """Empty, the proof's own; removed afterwards, unless something was violated."""
    say: Say

    def random(self, name: str = "") -> random.Random:
        """A generator of the seed; another one for each name."""
        return random.Random(f"{self.seed}/{name}")  # noqa: S311  repeatable, not secret


class Proof:
    """One promise, and the attempts to break it."""

    usual_cases: ClassVar[int]
    """When no `N` is given."""
    short_cases: ClassVar[int]
    """For the short form that `make test` runs."""

    def run(self, setting: Setting) -> Verdict:
        """Try `setting.cases` times; what does not end by itself is ended before returning."""
        raise NotImplementedError
