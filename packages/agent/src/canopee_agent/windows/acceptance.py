"""Acceptance of a Windows: what no test on Linux can answer, asked of a real PC, with a report to send back.

An area is one module of `checks/`; a check looks at the scene, returns a `Finding`, and leaves the PC as it found it.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from canopee_agent import __version__
from canopee_agent.errors import StateError
from canopee_agent.ports import Machine, Platform
from canopee_contract.codec import encode

_LONGEST_SEEN = 400
State: TypeAlias = Literal["ok", "failed", "not_applicable"]


class Finding(msgspec.Struct, frozen=True):
    """What one check saw."""

    state: State
    seen: str


def ok(seen: object) -> Finding:
    """It is as it should be."""
    return Finding("ok", str(seen))


def failed(seen: object) -> Finding:
    """It is not."""
    return Finding("failed", str(seen))


def not_applicable(why: str) -> Finding:
    """It makes no sense here; why not."""
    return Finding("not_applicable", why)


def judged(*, is_good: bool, seen: object) -> Finding:
    """Ok or failed, with what was seen either way."""
    return ok(seen) if is_good else failed(seen)


class Scene(msgspec.Struct, frozen=True):
    """What checks work with."""

    machine: Machine
    scratch: Path
    """An empty folder, removed at the end."""
    program: Path | None
    r"""Where the agent is installed, `C:\Program Files\Canopee`; `None` when it is not."""
    home: Path | None
    own_command: tuple[str, ...]
    """Starts this very agent: a check that needs another process adds `accept --child NAME` and arguments."""
    booted_at: datetime
    asked_at: datetime | None = None
    """After a restart: when the first part ended."""
    install_log: Path | None = None


Look: TypeAlias = Callable[[Scene], Finding]


class Area:
    """One area of checks."""

    def checks(self) -> Mapping[str, Look]:
        """Name → check."""
        raise NotImplementedError

    def after_restart(self) -> Mapping[str, Look]:
        """Those that need a restart of the PC between `prepare` and them."""
        return {}

    def prepare(self, scene: Scene) -> None:
        """Leave what `after_restart` looks for."""


class Row(msgspec.Struct, frozen=True):
    """One line of the report."""

    area: str
    name: str
    state: State
    seen: str
    duration_s: float


class Report(msgspec.Struct, frozen=True):
    """What is sent back: nothing in it names the PC or a person."""

    agent_version: str
    windows: str
    windows_version: str
    edition: str
    arch: str
    started_at: datetime
    rows: tuple[Row, ...]
    booted_at: datetime
    awaits_restart: bool = True
    """The second part, after a restart, is still to be done."""


def cleaned(rows: tuple[Row, ...], private: Mapping[str, str]) -> tuple[Row, ...]:
    """The rows without what names the PC or a person: each key of `private` is replaced by its value."""
    words = sorted((word for word in private if len(word) > 1), key=len, reverse=True)
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, words)) or '(?!)'})(?!\w)", re.IGNORECASE)
    by_word = {word.lower(): shown for word, shown in private.items()}

    def clean(seen: str) -> str:
        return pattern.sub(lambda found: by_word[found[0].lower()], seen)[:_LONGEST_SEEN]

    return tuple(msgspec.structs.replace(row, seen=clean(row.seen)) for row in rows)


def report(
    platform: Platform, edition: str, rows: tuple[Row, ...], *, started_at: datetime, booted_at: datetime
) -> Report:
    """The report of the first part."""
    return Report(
        agent_version=__version__, windows=platform.name, windows_version=platform.version, edition=edition,
        arch=platform.arch, started_at=started_at, rows=rows, booted_at=booted_at,
    )  # fmt: skip


def as_text(report: Report) -> str:
    """For a person: one line a check, failures said again at the end."""
    lines = [
        f"Canopée agent {report.agent_version}",
        f"{report.windows} {report.windows_version} ({report.edition}, {report.arch})",
        f"begun {report.started_at:%Y-%m-%d %H:%M} UTC",
    ]
    for area in dict.fromkeys(row.area for row in report.rows):
        lines += ["", area]
        lines += [f"  {_mark(row)} {row.name}: {row.seen}" for row in report.rows if row.area == area]
    bad = [row for row in report.rows if row.state == "failed"]
    lines += ["", f"{len(report.rows)} checks, {len(bad)} failed"]
    if report.awaits_restart:
        lines.append("Not finished: restart the PC, then run this again.")
    return "\n".join(lines) + "\n"


def _mark(row: Row) -> str:
    return {"ok": "ok    ", "failed": "FAILED", "not_applicable": "n/a   "}[row.state]


def write(folder: Path, report: Report) -> tuple[Path, Path]:
    """`acceptance.json` and `acceptance.txt` in `folder`; raises `StateError`."""
    places = folder / "acceptance.json", folder / "acceptance.txt"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        places[0].write_bytes(msgspec.json.format(encode(report), indent=2))
        places[1].write_text(as_text(report), "utf-8-sig")
    except OSError as error:
        raise StateError(
            f"the report cannot be written in {folder}: {error}; name another folder with --out"
        ) from error
    return places


def read(folder: Path) -> Report | None:
    """The report of the first part, when one waits in `folder` for the second.

    Raises:
        StateError: there is one that cannot be read.
    """
    path = folder / "acceptance.json"
    if not path.is_file():
        return None
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Report)
    except (OSError, msgspec.MsgspecError) as error:
        raise StateError(f"{path} cannot be read: {error}; remove it, and begin again") from error
    return found if found.awaits_restart else None
