"""Kinds whose objects are signed offline before they are in force: what is held of them, and how they change."""

from collections.abc import Iterator
from typing import Any, ClassVar

import msgspec

from canopee_api.catalog.kind import Author, CatalogKind, Held, Wanted
from canopee_api.catalog.standing import hash_of_bytes, newest, standings
from canopee_api.catalog.yaml_text import YamlText, read_yaml
from canopee_api.postgres import catalog as sql
from canopee_api.postgres.catalog import VersionRow
from canopee_api.postgres.database import Connection
from canopee_contract.catalog import Fault
from canopee_trust.errors import PublicationError
from canopee_trust.publication import check_target


class SignedKind(CatalogKind):
    """One object a name, in versions; the target of a version never changes once it is published."""

    needs_signature: ClassVar[bool] = True

    def faults(self, text: YamlText) -> list[Fault]:
        """Everything that is wrong with a text."""
        raise NotImplementedError

    def target(self, document: dict[str, Any]) -> tuple[str, str, int, bytes]:
        """Name, path in the repository, version and exact bytes; raises `msgspec.ValidationError`."""
        raise NotImplementedError

    def read(self, path: str, source: str) -> Wanted:
        text = read_yaml(source)
        faults = self.faults(text)
        name, version, content, document = "", 0, b"", text.document or {}
        if all(one.severity == "warning" for one in faults):
            try:
                name, target, version, content = self.target(document)
                check_target(target, content)
                document = msgspec.json.decode(content)  # as it is signed: without defaults, 60 as 60.0
            except (msgspec.ValidationError, PublicationError) as error:
                faults.append(text.fault((), "target.malformed", str(error), reason=str(error)))
        return Wanted(
            kind=self.name, id=name, path=path, data=document, sha256=hash_of_bytes(content), version=version,
            text=text, source=source, faults=tuple(faults),
        )  # fmt: skip

    async def held(self, tx: Connection) -> list[Held]:
        found = [newest(ones) for ones in (await standings(tx, self.name)).values()]
        return [
            Held(
                kind=self.name, id=one.name, data=msgspec.json.decode(one.content), sha256=one.sha256,
                version=one.version, owner=one.owner, state=one.state,
            )
            for one in found
            if one is not None
        ]  # fmt: skip

    def refusals(self, held: Held, wanted: Wanted) -> Iterator[Fault]:
        if wanted.sha256 == held.sha256:
            return
        if wanted.version < held.version:
            message = f"version {held.version} is held: what changes has a higher version"
            yield wanted.text.fault(("version",), "catalog.older", message, held=held.version)
        elif wanted.version == held.version and held.state != "awaiting":
            message = (
                f"version {held.version} is published with other bytes, for ever: raise it to {held.version + 1}"
            )
            yield wanted.text.fault(("version",), "catalog.published", message, held=held.version)

    async def put(self, tx: Connection, wanted: Wanted, author: Author) -> None:
        _, path, version, content = self.target(wanted.data)
        await sql.give_versions(tx, self.name, wanted.id, author.owner)
        ones = (await standings(tx, self.name)).get(wanted.id, [])
        for one in ones:
            if one.state == "awaiting" and one.version < version:  # nobody needs to sign it any more
                await sql.forget_versions(tx, self.name, one.name, one.version)
        row = VersionRow(
            kind=self.name, name=wanted.id, version=version, managed_by=author.owner, source=wanted.source, path=path,
            content=content, sha256=wanted.sha256, author=author.login, asked_at=author.now,
        )  # fmt: skip
        await sql.put_version(tx, row)

    async def drop(self, tx: Connection, held: Held) -> None:
        await sql.forget_versions(tx, self.name, held.id)
