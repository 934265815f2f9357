"""The shape of a case: one file of `cases/`, its class named as the file; its docstring says what must be seen.

`make wine CASE=install` runs `cases/install.py` alone; `make test` runs those that are not long too.
"""

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import msgspec

from canopee_kit.clock import Clock
from tools import patience

Say = Callable[[str], None]
"""Tells a person how far it is: one line on standard error."""


class UnexpectedError(Exception):
    """Something is not what the case wants to see; its text is the `reason`."""


class Verdict(msgspec.Struct, frozen=True):
    """The last line of `make wine`."""

    case: str
    ok: bool
    reason: str


class Setting(msgspec.Struct, frozen=True):
    """What a case works with."""

    folder: Path
    """Empty, the case's own; removed afterwards when all went well."""
    say: Say


class Case:
    """One journey of an installed agent."""

    is_long: ClassVar[bool] = False
    """Minutes of many trials: run by `make wine` only."""

    def run(self, setting: Setting) -> None:
        """Go through it; what was started is ended before returning.

        Raises:
            UnexpectedError: something is not as it should be.
        """
        raise NotImplementedError


def expect(is_true: object, otherwise: str) -> None:
    """Raise `UnexpectedError` with the words of `otherwise` unless `is_true`."""
    if not is_true:
        raise UnexpectedError(otherwise)


def wait_until(
    what: str, is_true: Callable[[], object], within_s: float = 30.0, clock: Clock | None = None
) -> None:
    """Ask again and again; raises `UnexpectedError` once `within_s` have passed."""
    try:
        patience.wait_until(what, is_true, within_s, clock)
    except patience.NotInTimeError as error:
        raise UnexpectedError(str(error)) from error
