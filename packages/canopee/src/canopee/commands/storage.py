"""`canopee storage`: what is kept, how fast it grows, for how long it stays."""

import argparse

from rich.console import Console
from rich.table import Table

from canopee.home import add_home, connect
from canopee.output import print_json
from canopee.parsing import Commands
from canopee_contract.storage import Volumes

_LARGEST = 12
_KILO = 1_000


def add_to(commands: Commands) -> None:
    """The command."""
    parser = commands.add_parser("storage", help="what is kept, its growth a day, its retention, the readers' lag")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    add_home(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    with connect(arguments) as client:
        volumes = client.storage()
    if arguments.json:
        print_json(volumes)
        return 0
    console = Console()
    console.print(_datasets(volumes), _tables(volumes), _readers(volumes), sep="\n\n")
    console.print(f"{bytes_text(volumes.bytes)} in all; months of records: {', '.join(volumes.months)}")
    if (held := volumes.held_by) is not None:
        console.print(
            f"readers wait for process {held.pid} ({held.application}, {held.state}): {held.seconds:.0f} s"
        )
    return 0


def bytes_text(number: float) -> str:
    """`12.3 MB`: powers of 1 000."""
    for unit in ("B", "kB", "MB", "GB"):
        if number < _KILO:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= _KILO
    return f"{number:.1f} TB"


def _datasets(volumes: Volumes) -> Table:
    table = _table("dataset", "rows", "bytes", "oldest", "retention", "rows a day", "bytes a day")
    for one in volumes.datasets:
        table.add_row(
            one.id, f"{one.rows:,}", bytes_text(one.bytes), one.oldest.isoformat(), f"{one.retention_days} d",
            f"{one.rows_per_day:,.0f}", bytes_text(one.bytes_per_day),
        )  # fmt: skip
    return table


def _tables(volumes: Volumes) -> Table:
    table = _table("table", "rows, about", "bytes", "retention")
    for one in volumes.tables[:_LARGEST]:
        kept = "-" if one.retention_days is None else f"{one.retention_days} d"
        table.add_row(one.name, f"{one.rows:,}", bytes_text(one.bytes), kept)
    return table


def _readers(volumes: Volumes) -> Table:
    table = _table("reader", "rows behind", "seconds behind")
    for one in volumes.readers:
        table.add_row(one.name, f"{one.rows:,}", f"{one.seconds:,.1f}")
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column(columns[0])
    for column in columns[1:]:
        table.add_column(column, justify="right")
    return table
