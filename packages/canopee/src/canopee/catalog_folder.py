"""A catalog folder on this disk: its files as the API wants them, and a plan as people read it."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
from rich.console import Console
from rich.text import Text

from canopee.documents import read_bytes
from canopee.errors import UsageError
from canopee_contract.catalog import MAX_TEXT_BYTES, CatalogChange, CatalogFile, Fault, FieldChange, ToSign

_SIGNS = {"added": ("+", "green"), "changed": ("~", "yellow"), "removed": ("-", "red"), "kept": ("=", "dim")}
_LONGEST = 100


def read_folder(folder: Path) -> list[CatalogFile]:
    """Every YAML file of a folder and of those inside it; raises `UsageError`."""
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder: name the one that holds datasets/ and pipelines/")
    paths = sorted(path for path in folder.rglob("*") if path.suffix in {".yaml", ".yml"} and path.is_file())
    shown = [path for path in paths if not any(part.startswith(".") for part in path.relative_to(folder).parts)]
    return [CatalogFile(path.relative_to(folder).as_posix(), _text(path)) for path in shown]


def _text(path: Path) -> str:
    raw = read_bytes(path)
    if len(raw) > MAX_TEXT_BYTES:
        raise UsageError(f"{path}: {len(raw)} bytes; at most {MAX_TEXT_BYTES}")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 at byte {error.start}") from error


def is_pending(changes: Iterable[CatalogChange]) -> bool:
    """Whether applying them changes anything."""
    return any(one.change in {"added", "changed", "removed"} for one in changes)


def print_faults(folder: Path, faults: Iterable[Fault], console: Console) -> None:
    """One line a fault, as compilers write them: editors lead to it."""
    for fault in faults:
        place = f"{folder / fault.path}:{fault.line}:{fault.column}"
        style = "red" if fault.severity == "error" else "yellow"
        console.print(
            Text.assemble(
                (place, "bold"), f" {fault.severity}: ", (_shown(fault.message), style), f" [{fault.code}]"
            )
        )


def print_changes(changes: Iterable[CatalogChange], console: Console) -> None:
    """What is added, changed, removed or kept, field by field; then a count."""
    counts: dict[str, int] = {}
    for change in changes:
        counts[change.change] = counts.get(change.change, 0) + 1
        for line in _lines(change):
            console.print(line, soft_wrap=True)
    said = [
        f"{counts[name]} {name}"
        for name in ("added", "changed", "removed", "kept", "unchanged")
        if counts.get(name)
    ]
    console.print(Text("; ".join(said) or "nothing is declared and nothing is held", style="bold"))


def print_to_sign(waiting: Iterable[ToSign], console: Console) -> None:
    """What awaits a signature, and what to type where the offline keys are."""
    held = list(waiting)
    if held:
        console.print(Text(f"{len(held)} await a signature; where the offline keys are:", style="bold"))
    for one in held:
        console.print(Text(f"    {one.command}"), soft_wrap=True)


def _lines(change: CatalogChange) -> Iterator[Text]:
    if change.change == "unchanged":
        return
    sign, style = _SIGNS[change.change]
    tail = f"  ({change.note})" if change.note else "  (awaits a signature)" if change.needs_signature else ""
    yield Text.assemble(
        (f"{sign} {change.kind} {change.id}", style), (f"  {change.path}" if change.path else "", "dim"), tail
    )
    for field in change.fields:
        yield from _field(field)


def _field(field: FieldChange) -> Iterator[Text]:
    at = field.at.removeprefix("$.")
    if field.old is not None:
        yield Text(f"    - {at}: {_value(field.old)}", style="red")
    if field.new is not None:
        yield Text(f"    + {at}: {_value(field.new)}", style="green")


def _value(value: object) -> str:
    text = msgspec.json.encode(value).decode()
    return _shown(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")


def _shown(text: str) -> str:
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)
