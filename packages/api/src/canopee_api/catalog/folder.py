"""A catalog folder: checked, planned and applied as a whole."""

from collections.abc import Sequence
from functools import cache

from canopee_api.audit.chain import note
from canopee_api.catalog import kinds
from canopee_api.catalog.datasets import Datasets
from canopee_api.catalog.kind import Author, CatalogKind, Held, Wanted
from canopee_api.catalog.planning import Planned, plan, revision
from canopee_api.catalog.signed_kind import SignedKind
from canopee_api.catalog.standing import FACTS, PIPELINE, Standing, sign_command, standings
from canopee_api.errors import ConflictError, InvalidError, NotFoundError, TooLargeError
from canopee_api.postgres import catalog as sql
from canopee_api.postgres.changes import announce
from canopee_api.postgres.database import Connection, Database
from canopee_contract.catalog import (
    MAX_FILES,
    MAX_FOLDER_BYTES,
    ApplyRequest,
    CatalogFile,
    CatalogOutcome,
    CatalogPlan,
    Checked,
    CheckText,
    Fault,
    Owner,
    PlanRequest,
    SignableBytes,
    ToSign,
)
from canopee_kit.clock import Clock
from canopee_kit.discovery import discover

_SIGNED = (PIPELINE, FACTS)
_MADE = ("added", "changed", "removed")


class Folders:
    """What `canopee plan` and `canopee apply` ask for."""

    def __init__(self, database: Database, datasets: Datasets, clock: Clock) -> None:
        self._database, self._datasets, self._clock = database, datasets, clock

    def check(self, asked: CheckText) -> Checked:
        """Every fault of one text; raises `InvalidError` when its path is of no kind."""
        kind = kind_of(asked.path)
        if kind is None:
            folders = "pipelines/NAME.yaml, datasets/NAME.yaml or facts.yaml"
            raise InvalidError("catalog.path", f"{asked.path[:200]} is of no kind: {folders}", at="$.path")
        wanted = kind.read(asked.path, asked.text)
        checked = Checked(list(wanted.faults), wanted.text.document)
        if isinstance(kind, SignedKind) and wanted.is_good:
            checked.target, checked.sha256 = kind.target(wanted.data)[1], wanted.sha256
        return checked

    async def awaiting(self) -> list[ToSign]:
        """Everything that awaits a signature, whoever manages it."""
        async with self._database.transaction() as tx:
            waiting = await _waiting(tx)
        return [
            ToSign(kind, identity, one.path, one.sha256, len(one.content), sign_command(identity, one.sha256))
            for kind, one in waiting for identity in [f"{one.name}@{one.version}"]
        ]  # fmt: skip

    async def bytes_to_sign(self, sha256: str) -> SignableBytes:
        """The bytes of this hash that await a signature; raises `NotFoundError`."""
        async with self._database.transaction() as tx:
            found = [(kind, one) for kind, one in await _waiting(tx) if one.sha256 == sha256]
        if not found:
            raise NotFoundError("awaiting.unknown", f"nothing of hash {sha256[:64]} awaits a signature")
        kind, one = found[0]
        return SignableBytes(kind, f"{one.name}@{one.version}", one.path, one.sha256, one.content.decode())

    async def plan(self, asked: PlanRequest, *, owner: Owner = "git") -> CatalogPlan:
        """What applying would change; raises `InvalidError`, `TooLargeError` for what is no folder."""
        wanted, ignored = _read(asked.files)
        async with self._database.transaction() as tx:
            held = await _held(tx)
            planned = await _plan(tx, wanted, held, owner, asked)
            waiting = [] if planned.faults else await _to_sign(tx, wanted)
        return CatalogPlan(revision(held), planned.changes, planned.faults, ignored, waiting)

    async def apply(self, asked: ApplyRequest, *, by: str, owner: Owner = "git") -> CatalogOutcome:
        """Change all that the plan says, in one transaction.

        Raises:
            ConflictError: the catalog has changed since the plan that was read.
            InvalidError: there are faults, or it is no folder.
            TooLargeError: too much of it.
        """
        wanted, _ = _read(asked.files)
        author = Author(by, self._clock.now(), owner)
        async with self._database.transaction() as tx:
            await sql.lock_catalog(tx)
            held = await _held(tx)
            if revision(held) != asked.revision:
                raise ConflictError("catalog.changed", "the catalog has changed since this plan: plan again")
            planned = await _plan(tx, wanted, held, owner, asked)
            if planned.faults:
                raise InvalidError("catalog.faults", _brief(planned.faults), at=planned.faults[0].path)
            await _make(tx, wanted, held, planned, author)
            now_held = await _held(tx)
            waiting = await _to_sign(tx, wanted)
        await self._datasets.reload()
        return CatalogOutcome(revision(now_held), planned.changes, waiting)


@cache
def catalog_kinds() -> dict[str, CatalogKind]:
    """Every kind, by the name that plans give it."""
    found = [kind() for kind in discover(kinds, CatalogKind).values()]
    return {kind.name: kind for kind in found}


def kind_of(path: str) -> CatalogKind | None:
    """The kind that a file of this path declares."""
    return next((kind for kind in catalog_kinds().values() if kind.claims(path)), None)


def _read(files: Sequence[CatalogFile]) -> tuple[list[Wanted], list[str]]:
    if len(files) > MAX_FILES or sum(len(file.text) for file in files) > MAX_FOLDER_BYTES:
        raise TooLargeError("catalog.too_large", f"at most {MAX_FILES} files, {MAX_FOLDER_BYTES} bytes in all")
    paths = [file.path for file in files]
    if len(set(paths)) != len(paths):
        raise InvalidError("catalog.same_path", "a path is given twice", at="$.files")
    wanted: list[Wanted] = []
    ignored: list[str] = []
    for file in sorted(files, key=lambda file: file.path):
        kind = kind_of(file.path)
        if kind is None:
            ignored.append(file.path)
        else:
            wanted.append(kind.read(file.path, file.text))
    return wanted, ignored


async def _held(tx: Connection) -> list[Held]:
    return [one for kind in catalog_kinds().values() for one in await kind.held(tx)]


async def _plan(
    tx: Connection, wanted: Sequence[Wanted], held: Sequence[Held], owner: Owner, asked: PlanRequest | ApplyRequest
) -> Planned:
    known, declared = catalog_kinds(), {(one.kind, one.id) for one in wanted}
    going = [] if asked.partial else [one for one in held if one.owner == owner]
    gone = [one for one in going if (one.kind, one.id) not in declared]
    kept = {(one.kind, one.id): await known[one.kind].why_kept(tx, one) for one in gone}
    before = [one for one in held if (one.kind, one.id) in declared] + gone
    return plan(wanted, before, owner, kinds=known, kept=kept, take_over=asked.take_over)


async def _make(
    tx: Connection, wanted: Sequence[Wanted], held: Sequence[Held], planned: Planned, author: Author
) -> None:
    by_id, before = {(one.kind, one.id): one for one in wanted}, {(one.kind, one.id): one for one in held}
    changes = [one for one in planned.changes if one.change in _MADE]
    for one in changes:
        kind, key = catalog_kinds()[one.kind], (one.kind, one.id)
        if one.change == "removed":
            await kind.drop(tx, before[key])
        else:
            await kind.put(tx, by_id[key], author)
    if changes:
        await announce(tx, "catalog")
        names = {name: [f"{one.kind} {one.id}" for one in changes if one.change == name] for name in _MADE}
        others = {key for key, one in before.items() if one.owner not in {author.owner, ""}}
        taken = [f"{one.kind} {one.id}" for one in changes if (one.kind, one.id) in others]
        await note(tx, author.now, author.login, "catalog.apply", author.owner, **names, taken_over=taken)


async def _waiting(tx: Connection) -> list[tuple[str, Standing]]:
    return [
        (kind, one) for kind in _SIGNED for ones in (await standings(tx, kind)).values() for one in ones
        if one.state == "awaiting"
    ]  # fmt: skip


async def _to_sign(tx: Connection, wanted: Sequence[Wanted]) -> list[ToSign]:
    """What this folder declares and nobody has signed yet, or will have once it is applied."""
    known = {
        one.sha256 for kind in _SIGNED for ones in (await standings(tx, kind)).values() for one in ones
        if one.state != "awaiting"
    }  # fmt: skip
    found: list[ToSign] = []
    for one in wanted:
        kind = catalog_kinds()[one.kind]
        if isinstance(kind, SignedKind) and one.is_good and one.sha256 not in known:
            _, path, version, content = kind.target(one.data)
            identity = f"{one.id}@{version}"
            found.append(
                ToSign(one.kind, identity, path, one.sha256, len(content), sign_command(identity, one.sha256))
            )
    return found


def _brief(faults: Sequence[Fault]) -> str:
    first = faults[0]
    more = f" (and {len(faults) - 1} more: `canopee plan` shows them)" if len(faults) > 1 else ""
    return f"{first.path}:{first.line}:{first.column} {first.message}{more}"
