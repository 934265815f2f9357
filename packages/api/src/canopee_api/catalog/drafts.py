"""Pipelines from their first word to their signature: drafts, what awaits a signature, what is published."""

import re
from typing import Any

import msgspec
import yaml

from canopee_api.audit.chain import note
from canopee_api.catalog.kind import Author
from canopee_api.catalog.kinds.pipelines import Pipelines
from canopee_api.catalog.standing import PIPELINE, Standing, in_service, newest, sign_command, standings
from canopee_api.catalog.yaml_text import read_yaml
from canopee_api.errors import ConflictError, InvalidError, NotFoundError
from canopee_api.postgres import catalog as sql
from canopee_api.postgres.catalog import DraftRow
from canopee_api.postgres.changes import announce
from canopee_api.postgres.database import Connection, Database
from canopee_contract.catalog import (
    MAX_TEXT_BYTES,
    Draft,
    DraftText,
    PipelineLife,
    PipelineText,
    PipelineVersion,
)
from canopee_contract.codec import decode
from canopee_contract.pipeline import NAME_PATTERN, Pipeline
from canopee_contract.release import UPDATE_PIPELINE
from canopee_kit.clock import Clock


class Drafts:
    """The life of pipelines that are written here, or elsewhere."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock, self._kind = database, clock, Pipelines()

    async def lives(self) -> list[PipelineLife]:
        """Every pipeline, by name, with its versions that are published or awaited."""
        async with self._database.transaction() as tx:
            held, drafts = await standings(tx, PIPELINE), {row.name: row for row in await sql.drafts(tx, PIPELINE)}
        lives = [_life(name, held.get(name, []), drafts.get(name)) for name in sorted({*held, *drafts})]
        for life in lives:
            life.versions = [one for one in life.versions if one.state != "withdrawn"]
        return lives

    async def life(self, name: str) -> PipelineLife:
        """One pipeline with every version; raises `NotFoundError`."""
        async with self._database.transaction() as tx:
            held, drafts = await standings(tx, PIPELINE, name), await sql.drafts(tx, PIPELINE, name)
        if not (held or drafts) or not name:
            raise _unknown(name)
        return _life(name, held.get(name, []), drafts[0] if drafts else None)

    async def text(self, name: str, version: int) -> PipelineText:
        """A version as it was written and as it is signed; raises `NotFoundError`."""
        async with self._database.transaction() as tx:
            one = await _version(tx, name, version)
        source = one.source or _yaml_of(one.content)
        identity = f"{one.name}@{one.version}"
        return PipelineText(
            identity, source, one.content.decode(), one.sha256, len(one.content), one.path,
            sign_command(identity, one.sha256),
        )  # fmt: skip

    async def draft(self, name: str) -> Draft:
        """A draft with its faults; raises `NotFoundError`."""
        async with self._database.transaction() as tx:
            rows = await sql.drafts(tx, PIPELINE, name) if name else []
        if not rows:
            raise NotFoundError("draft.unknown", f"there is no draft of {name[:80]}")
        return self._view(rows[0])

    async def save(self, name: str, written: DraftText, *, by: str) -> Draft:
        """Keep a draft, whatever is wrong with it.

        Raises:
            InvalidError: the name is none, the text is too long, or declares another name.
            ConflictError: it is managed by git, or somebody has saved it since it was read.
        """
        _check_name(name)
        if len(written.text.encode("utf-8", "replace")) > MAX_TEXT_BYTES or "\0" in written.text:
            raise InvalidError("draft.text", f"at most {MAX_TEXT_BYTES} bytes, none of them NUL", at="$.text")
        async with self._database.transaction() as tx:
            await sql.lock_catalog(tx)
            await _check_owner(tx, name)
            rows = await sql.drafts(tx, PIPELINE, name)
            held = rows[0].revision if rows else 0
            if written.revision != held:
                who = f"{rows[0].author} has saved it" if rows else "it was signed for, or thrown away,"
                raise ConflictError("draft.changed", f"{who} since it was read: read it again", at="$.revision")
            row = DraftRow(PIPELINE, name, written.text, by, self._clock.now(), held + 1)
            await sql.put_draft(tx, row)
        return self._view(row)

    async def discard(self, name: str, *, by: str) -> None:
        """Throw a draft away; raises `NotFoundError`."""
        async with self._database.transaction() as tx:
            if not await sql.drop_draft(tx, PIPELINE, name):
                raise NotFoundError("draft.unknown", f"there is no draft of {name[:80]}")
            await note(tx, self._clock.now(), by, "draft.discard", name)

    async def ask(self, name: str, *, revision: int, by: str) -> PipelineText:
        """Ask for the signature of a draft: from now on these are the bytes, and the draft is over.

        Raises:
            NotFoundError: there is no draft.
            ConflictError: somebody has saved it since, git manages it, or its version is published.
            InvalidError: it has faults; the message names the first.
        """
        async with self._database.transaction() as tx:
            await sql.lock_catalog(tx)
            await _check_owner(tx, name)
            rows = await sql.drafts(tx, PIPELINE, name) if name else []
            if not rows:
                raise NotFoundError("draft.unknown", f"there is no draft of {name[:80]}")
            if rows[0].revision != revision:
                raise ConflictError("draft.changed", f"{rows[0].author} has saved it since: read it again")
            wanted = self._kind.read(f"pipelines/{name}.yaml", rows[0].source)
            faults = [one for one in wanted.faults if one.severity == "error"]
            if wanted.is_good and wanted.id != name:
                message = f"the text names {wanted.id}, the draft {name}: they are the same"
                faults.append(wanted.text.fault(("name",), "draft.name", message))
            if not faults:
                held = [one for one in await self._kind.held(tx) if one.id == name]
                faults = [fault for one in held for fault in self._kind.refusals(one, wanted)]
            if faults:
                raise InvalidError("draft.faults", f"line {faults[0].line}: {faults[0].message}", at=faults[0].at)
            await self._kind.put(tx, wanted, Author(by, self._clock.now(), "ihm"))
            await sql.drop_draft(tx, PIPELINE, name)
            await announce(tx, "catalog")
            await note(tx, self._clock.now(), by, "pipeline.ask", f"{name}@{wanted.version}", sha256=wanted.sha256)
        return await self.text(name, wanted.version)

    async def withdraw(self, name: str, version: int, *, by: str) -> Draft:
        """Ask no longer for the signature of a version; its text becomes the draft, unless there is one.

        Raises:
            NotFoundError: there is no such version.
            ConflictError: it is published, or managed by git.
        """
        async with self._database.transaction() as tx:
            await sql.lock_catalog(tx)
            one = await _version(tx, name, version)
            if one.state != "awaiting":
                raise ConflictError("pipeline.signed", f"{name}@{version} does not await a signature any more")
            await _check_owner(tx, name)
            await sql.forget_versions(tx, PIPELINE, name, version)
            if not await sql.drafts(tx, PIPELINE, name):
                await sql.put_draft(tx, DraftRow(PIPELINE, name, one.source, by, self._clock.now(), 1))
            await announce(tx, "catalog")
            await note(tx, self._clock.now(), by, "pipeline.withdraw_request", f"{name}@{version}")
        return await self.draft(name)

    def _view(self, row: DraftRow) -> Draft:
        faults = list(self._kind.read(f"pipelines/{row.name}.yaml", row.source).faults)
        return Draft(row.name, row.source, row.author, row.changed_at, row.revision, faults)


def _life(name: str, ones: list[Standing], draft: DraftRow | None) -> PipelineLife:
    best, serving = newest(ones), in_service(ones)
    said = _said(best, draft)
    kind = said.get("kind")
    return PipelineLife(
        name, str(said.get("title") or name)[:200], kind if kind in {"collect", "action"} else "",
        str(said.get("approval") or ("required" if kind else "")), best.owner if best else "ihm",
        best.state if best else "draft", serving.version if serving else None,
        [_version_view(one) for one in ones], draft.author if draft else "", draft.changed_at if draft else None,
    )  # fmt: skip


def _said(best: Standing | None, draft: DraftRow | None) -> dict[str, Any]:
    """What the newest version says of itself; before the first one, its draft, as far as it can be read."""
    if best is not None:
        return msgspec.to_builtins(decode(best.content, Pipeline))
    return (read_yaml(draft.source).document if draft else None) or {}


def _version_view(one: Standing) -> PipelineVersion:
    pipeline = decode(one.content, Pipeline)
    return PipelineVersion(
        f"{one.name}@{one.version}", one.version, one.state, pipeline.kind, pipeline.title, pipeline.approval,
        one.sha256, len(one.content), one.path, one.owner, one.author, one.asked_at, one.published_at,
    )  # fmt: skip


async def _version(tx: Connection, name: str, version: int) -> Standing:
    ones = (await standings(tx, PIPELINE, name)).get(name, []) if name else []
    for one in ones:  # the newest first: a withdrawn text of the same version comes last
        if one.version == version:
            return one
    raise NotFoundError("pipeline.unknown", f"there is no {name[:80]}@{version}: see `canopee pipelines`")


async def _check_owner(tx: Connection, name: str) -> None:
    one = newest((await standings(tx, PIPELINE, name)).get(name, []))
    if one is not None and one.owner == "git":
        message = (
            f"{name} is managed by git: change its file in the catalog folder, or take the file out of it first"
        )
        raise ConflictError("catalog.owner", message)


def _check_name(name: str) -> None:
    if not re.fullmatch(NAME_PATTERN, name) or name == UPDATE_PIPELINE:
        raise InvalidError("pipeline.name", "a name is 1 to 63 of a-z, 0-9 and _, a letter first", at="name")


def _yaml_of(content: bytes) -> str:
    return yaml.safe_dump(msgspec.json.decode(content), sort_keys=False, allow_unicode=True, width=110)


def _unknown(name: str) -> NotFoundError:
    return NotFoundError("pipeline.unknown", f"there is no pipeline {name[:80]}: see `canopee pipelines`")
