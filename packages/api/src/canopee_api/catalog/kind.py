"""A kind of object of the catalog: which files declare it, how they are read, what is held, and how it is changed."""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any, ClassVar

import msgspec

from canopee_api.catalog.yaml_text import YamlText
from canopee_api.postgres.database import Connection
from canopee_contract.catalog import Fault, Owner
from canopee_contract.codec import encode


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """An object as a file declares it; with an error among its faults it cannot be applied."""

    kind: str
    id: str
    """Empty when the file does not even say it."""
    path: str
    data: dict[str, Any]
    sha256: str
    version: int
    text: YamlText
    source: str
    faults: tuple[Fault, ...] = ()

    @property
    def is_good(self) -> bool:
        """Whether no fault is an error."""
        return all(one.severity == "warning" for one in self.faults)


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """An object as the server holds it."""

    kind: str
    id: str
    data: dict[str, Any]
    sha256: str
    version: int
    owner: Owner
    state: str


class Author(msgspec.Struct, frozen=True):
    """Who applies, when, and for which owner."""

    login: str
    now: datetime
    owner: Owner


class CatalogKind:
    """One kind; it holds no state."""

    name: ClassVar[str]
    """As the plan says it: `dataset`."""
    needs_signature: ClassVar[bool] = False

    def claims(self, path: str) -> bool:
        """Whether a file of this path, from the folder, declares such an object."""
        raise NotImplementedError

    def read(self, path: str, source: str) -> Wanted:
        """The object in a file, with every fault of its text."""
        raise NotImplementedError

    async def held(self, tx: Connection) -> list[Held]:
        """Every object that is held, the newest version of each."""
        raise NotImplementedError

    def refusals(self, held: Held, wanted: Wanted) -> Iterator[Fault]:
        """Why a change cannot be made; nothing when it can."""
        raise NotImplementedError

    async def put(self, tx: Connection, wanted: Wanted, author: Author) -> None:
        """Hold what is wanted."""
        raise NotImplementedError

    async def drop(self, tx: Connection, held: Held) -> None:
        """Hold it no longer."""
        raise NotImplementedError

    async def why_kept(self, tx: Connection, held: Held) -> str:
        """Why it cannot be dropped; empty when it can."""
        del tx, held
        return ""


def in_folder(path: str, folder: str) -> bool:
    """Whether `path` is a YAML file of `folder` itself."""
    parent, _, file = path.rpartition("/")
    return parent == folder and file.endswith((".yaml", ".yml"))


def hash_of(data: object) -> str:
    """SHA-256 of a JSON value."""
    return hashlib.sha256(encode(data)).hexdigest()
