"""The plan of a catalog folder: what it wants, what is held, and who owns it, made into changes. It reads nothing."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

import msgspec

from canopee_api.catalog.kind import CatalogKind, Held, Wanted
from canopee_contract.catalog import CatalogChange, Fault, FieldChange, Owner
from canopee_contract.codec import encode

_MOST_FIELDS = 200


class Planned(msgspec.Struct):
    """Changes, in the order of kind and id, and all that refuses them."""

    changes: list[CatalogChange]
    faults: list[Fault]


def plan(
    wanted: Iterable[Wanted], held: Iterable[Held], owner: Owner, *, kinds: Mapping[str, CatalogKind],
    kept: Mapping[tuple[str, str], str], take_over: bool = False,
) -> Planned:  # fmt: skip
    """What makes `wanted` of `held`; `kept` says why an object that is no longer declared cannot go."""
    before = {(one.kind, one.id): one for one in held}
    after: dict[tuple[str, str], Wanted] = {}
    changes: list[CatalogChange] = []
    faults: list[Fault] = []
    for one in wanted:
        faults += [_in_file(fault, one.path) for fault in one.faults]
        if not one.is_good:
            continue
        other = after.setdefault((one.kind, one.id), one)
        if other is not one:
            message = f"{one.kind} {one.id} is declared in {other.path} too"
            faults.append(
                _in_file(one.text.fault(("name",), "catalog.twice", message, other=other.path), one.path)
            )
            continue
        refused = list(_refusals(one, before.get((one.kind, one.id)), owner, kinds[one.kind], take_over=take_over))
        faults += [_in_file(fault, one.path) for fault in refused]
        if not refused:
            changes.append(_change(one, before.get((one.kind, one.id)), owner, kinds[one.kind]))
    declared = {(one.kind, one.id) for one in after.values()}
    if not faults:
        changes += [_gone(one, kept) for key, one in before.items() if key not in declared and one.owner == owner]
    return Planned(sorted(changes, key=lambda one: (one.kind, one.id)), faults)


def revision(held: Iterable[Held]) -> str:
    """SHA-256 of what is held: it changes with any object's bytes, owner or state."""
    rows = sorted([one.kind, one.id, one.sha256, one.owner, one.state] for one in held)
    return hashlib.sha256(encode(rows)).hexdigest()


def differences(before: Any, after: Any, at: str = "$") -> Iterator[FieldChange]:  # noqa: ANN401  JSON values
    """Every value that differs; items of a list are told apart by their id or name, where they have one."""
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _of_mappings(cast("dict[str, Any]", before), cast("dict[str, Any]", after), at, "{at}.{key}")
    elif isinstance(before, list) and isinstance(after, list):
        old, new = cast("list[Any]", before), cast("list[Any]", after)
        if (named_old := _named(old)) is not None and (named_new := _named(new)) is not None:
            yield from _of_mappings(named_old, named_new, at, "{at}[{key}]")
            if list(named_old) != list(named_new) and set(named_old) == set(named_new):
                yield FieldChange(f"{at} (order)", list(named_old), list(named_new))
        elif old != new:
            yield FieldChange(at, old, new)
    elif before != after or isinstance(before, bool) is not isinstance(after, bool):
        yield FieldChange(at, cast("object", before), cast("object", after))


def _of_mappings(before: dict[str, Any], after: dict[str, Any], at: str, shown: str) -> Iterator[FieldChange]:
    for key in dict.fromkeys([*before, *after]):
        yield from differences(before.get(key), after.get(key), shown.format(at=at, key=key))


def _named(items: list[Any]) -> dict[str, Any] | None:
    """The items by id or name; `None` when some have none, or share it."""
    names = [str(one.get("id") or one.get("name") or "") if isinstance(one, dict) else "" for one in items]  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]  any JSON value
    return dict(zip(names, items, strict=True)) if all(names) and len(set(names)) == len(names) else None


def _refusals(
    wanted: Wanted, held: Held | None, owner: Owner, kind: CatalogKind, *, take_over: bool
) -> Iterator[Fault]:
    if held is None:
        return
    if held.owner not in {owner, ""} and not take_over:
        message = (
            f"{wanted.kind} {wanted.id} is managed by {held.owner}: change it there, or apply with --take-over"
        )
        yield wanted.text.fault(("name",), "catalog.owner", message, owner=held.owner)
    yield from kind.refusals(held, wanted)


def _change(wanted: Wanted, held: Held | None, owner: Owner, kind: CatalogKind) -> CatalogChange:
    if held is None:
        return CatalogChange(wanted.kind, wanted.id, "added", wanted.path, needs_signature=kind.needs_signature)
    fields = list(differences(held.data, wanted.data))[:_MOST_FIELDS] if held.sha256 != wanted.sha256 else []
    is_new = held.sha256 != wanted.sha256
    if held.owner != owner:
        fields = [FieldChange("managed_by", held.owner or None, owner), *fields]
    return CatalogChange(
        wanted.kind, wanted.id, "changed" if fields or is_new else "unchanged", wanted.path, fields,
        needs_signature=kind.needs_signature and (is_new or held.state == "awaiting"),
    )  # fmt: skip


def _gone(held: Held, kept: Mapping[tuple[str, str], str]) -> CatalogChange:
    if why := kept.get((held.kind, held.id), ""):
        return CatalogChange(held.kind, held.id, "kept", note=why)
    note = "what is published of it stays in force: stop its campaigns" if held.state == "published" else ""
    return CatalogChange(held.kind, held.id, "removed", note=note if held.kind != "dataset" else "")


def _in_file(fault: Fault, path: str) -> Fault:
    return msgspec.structs.replace(fault, path=path)
