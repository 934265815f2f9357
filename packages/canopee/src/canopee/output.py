"""What commands print: a table for people, JSON for programs; logs go to standard error."""

import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text


def print_json(value: object) -> None:
    """One JSON value on standard output."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


def print_list(items: Iterable[msgspec.Struct], columns: Sequence[str], *, as_json: bool) -> None:
    """A list: one JSON array, or a table of some of its fields."""
    held = list(items)
    if as_json:
        print_json(held)
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        is_id = column == "id" or column.endswith("_id")
        table.add_column(column.replace("_", " ").strip(), overflow="fold", no_wrap=is_id)
    for item in held:
        table.add_row(*(_cell(getattr(item, column)) for column in columns))
    Console().print(table)
    Console(stderr=True).print(f"{len(held)} in all", style="dim")


def print_object(item: msgspec.Struct, *, as_json: bool, without: Sequence[str] = ()) -> None:
    """One object: JSON, or one line a field, `without` those that are for programs."""
    if as_json:
        print_json(item)
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name in (one for one in item.__struct_fields__ if one not in without):
        value: Any = getattr(item, name)
        pairs: dict[str, Any] = msgspec.to_builtins(value) if isinstance(value, dict) and value else {"": value}
        for key, part in pairs.items():
            table.add_row(_cell(f"{name} {key}".strip().replace("_", " ")), _cell(part))
    Console().print(table)


def printable(text: str) -> str:
    """A text of several lines, in which nothing colours or steers the terminal."""
    return "".join(one if one.isprintable() or one == "\n" else "\N{REPLACEMENT CHARACTER}" for one in text)


def _cell(value: object) -> Text:
    """A value as people read it; what a PC sent cannot colour or steer the terminal."""
    return Text(printable(_text(value)).replace("\n", "\N{REPLACEMENT CHARACTER}"))


def _text(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str | int | float):
        return str(value)
    if counts := _counts(value):
        return " · ".join(f"{name} {number}" for name, number in counts.items())
    return msgspec.json.encode(value).decode()


def _counts(value: object) -> dict[str, int]:
    """`value` when it says how many there are of each of some things, else nothing."""
    try:
        return msgspec.convert(value, dict[str, int])
    except msgspec.ValidationError:
        return {}
