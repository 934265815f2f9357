"""Where each version of a signed object stands: it awaits its signature, is published, or was withdrawn."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal

import msgspec

from canopee_api.postgres import catalog as sql
from canopee_api.postgres import trust as trust_sql
from canopee_api.postgres.catalog import VersionRow
from canopee_api.postgres.database import Connection
from canopee_contract.catalog import Owner
from canopee_contract.codec import decode
from canopee_contract.facts import FactSources
from canopee_contract.trust_policy import FACT_SOURCES_PATH

PIPELINE, FACTS = "pipeline", "facts"
_PIPELINE_PATH = re.compile(r"pipelines/(?:collect|action)/([a-z][a-z0-9_]*)\.([0-9]+)\.json")


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """One version; `content` is what is signed."""

    name: str
    version: int
    state: Literal["awaiting", "published", "withdrawn"]
    owner: Owner
    path: str
    sha256: str
    content: bytes
    source: str = ""
    """Empty when it was published by hand."""
    author: str = ""
    asked_at: datetime | None = None
    published_at: datetime | None = None


async def standings(tx: Connection, kind: str, name: str = "") -> dict[str, list[Standing]]:
    """Every version of the objects of a kind, newest first, by name; or those of one name."""
    rows = await sql.versions(tx, kind, name)
    targets = [row for row in await trust_sql.list_targets(tx) if _named(row.path, kind, name)]
    contents = {(row.path, row.sha256): await trust_sql.target(tx, row.path, row.sha256) or b"" for row in targets}
    return stand(kind, rows, targets, contents)


def stand(
    kind: str, rows: Iterable[VersionRow], targets: Iterable[trust_sql.TargetRow],
    contents: Mapping[tuple[str, str], bytes],
) -> dict[str, list[Standing]]:  # fmt: skip
    """The standings of what was asked for and of what is or was published."""
    published = {(row.path, row.sha256): row for row in targets}
    current = {row.path: row.sha256 for row in published.values() if row.is_current}
    found: dict[str, list[Standing]] = {}
    owners: dict[str, Owner] = {}
    in_force = _facts_version(contents.get((FACT_SOURCES_PATH, current.get(FACT_SOURCES_PATH, "")), b""))
    for row in rows:
        held = published.pop((row.path, row.sha256), None)
        owners[row.name] = "git" if row.managed_by == "git" else "ihm"
        is_over = row.path in current and (kind == PIPELINE or row.version <= in_force)
        state = (
            ("published" if held.is_current else "withdrawn") if held else "withdrawn" if is_over else "awaiting"
        )
        found.setdefault(row.name, []).append(
            Standing(
                name=row.name, version=row.version, state=state, owner=owners[row.name], path=row.path,
                sha256=row.sha256, content=row.content, source=row.source, author=row.author, asked_at=row.asked_at,
                published_at=held.published_at if held else None,
            )
        )  # fmt: skip
    for (path, sha256), row in published.items():
        named = _named(path, kind, "")
        content = contents[path, sha256]
        name, version = named or ("", 0)
        found.setdefault(name, []).append(
            Standing(
                name=name, version=version or _facts_version(content),
                state="published" if row.is_current else "withdrawn", owner=owners.get(name, ""), path=path,
                sha256=sha256, content=content, published_at=row.published_at,
            )
        )  # fmt: skip
    return {name: sorted(ones, key=_newest_first) for name, ones in sorted(found.items())}


def newest(ones: Iterable[Standing]) -> Standing | None:
    """The newest version that was not withdrawn; if all were, the newest of them."""
    held = list(ones)
    return next((one for one in held if one.state != "withdrawn"), held[0] if held else None)


def in_service(ones: Iterable[Standing]) -> Standing | None:
    """The newest version that is published."""
    return next((one for one in ones if one.state == "published"), None)


def _newest_first(one: Standing) -> tuple[int, bool]:
    return -one.version, one.state == "withdrawn"


def _named(path: str, kind: str, name: str) -> tuple[str, int] | None:
    """Name and version of a target of this kind; a target of facts does not say its version."""
    if kind == FACTS:
        return (FACTS, 0) if path == FACT_SOURCES_PATH else None
    found = _PIPELINE_PATH.fullmatch(path)
    return (found[1], int(found[2])) if found and name in {"", found[1]} else None


def _facts_version(content: bytes) -> int:
    return decode(content, FactSources).version if content else 0


def hash_of_bytes(content: bytes) -> str:
    """Lower-case hexadecimal SHA-256."""
    return hashlib.sha256(content).hexdigest()


def sign_command(identity: str, sha256: str) -> str:
    """What whoever holds the offline keys types: it signs exactly these bytes, and publishes them."""
    return f"canopee sign {identity} --sha256 {sha256}"
