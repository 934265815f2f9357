"""The fleet table as CSV: every column, and no cell that a spreadsheet would run as a formula."""

import csv
import io
from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from canopee_contract.condition import Scalar
from canopee_contract.people import Device

COLUMNS = (
    "id", "hostname", "practice_id", "practice_name", "practice_city", "state", "platform", "agent_version",
    "last_seen_at", "enrolled_at", "tags", "last_run_pipeline", "last_run_state", "last_run_at", "simulated",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
BOM = "\ufeff"


class Dialect(msgspec.Struct, frozen=True):
    """Comma and UTF-8 as RFC 4180 has them; or, for a French Excel, semicolons after a byte order mark."""

    separator: str
    begins_with: str


RFC_4180, EXCEL = Dialect(",", ""), Dialect(";", BOM)


async def csv_lines(
    devices: AsyncGenerator[Sequence[Device]], facts: Sequence[str], dialect: Dialect
) -> AsyncGenerator[bytes]:
    """The lines, some at a time: a head, then one a device; the facts named come last."""
    try:
        yield (dialect.begins_with + _text([[*COLUMNS, *facts]], dialect)).encode()
        async for block in devices:
            yield _text([_cells(device, facts) for device in block], dialect).encode()
    finally:
        await devices.aclose()


def _cells(device: Device, facts: Sequence[str]) -> list[str]:
    run = device.last_run
    told = {
        "tags": ", ".join(device.tags), "last_run_pipeline": run.pipeline if run else "",
        "last_run_state": run.state if run else "", "last_run_at": run.finished_at if run else None,
    }  # fmt: skip
    own = [told[name] if name in told else getattr(device, name) for name in COLUMNS]
    return [_cell(value) for value in (*own, *(device.facts.get(name) for name in facts))]


def _cell(value: Scalar | datetime | None) -> str:
    """A text that begins as a formula does gets an apostrophe, which spreadsheets do not show; numbers stay numbers."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    text = value.isoformat() if isinstance(value, datetime) else value
    return f"'{text}" if text.startswith(_FORMULA) else text


def _text(rows: list[list[Any]], dialect: Dialect) -> str:
    written = io.StringIO()
    csv.writer(written, delimiter=dialect.separator, lineterminator="\r\n").writerows(rows)
    return written.getvalue()
