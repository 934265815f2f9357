"""Migrations: numbered SQL files, each applied once, in order, in a transaction of its own.

`NNNN_pre_<name>.sql` runs before the processes of a new version start and must suit the old ones too;
`NNNN_post_<name>.sql` runs once no old process is left. `schema.sql` is where they all lead, but for the PostgreSQL
schema `jobs`: that is what the installed Procrastinate ships.
"""

import hashlib
from importlib.resources import files
from typing import Any, Literal

import msgspec
import psycopg

from canopee_api.errors import ServerError

_LOCK = 0x63616E6F  # "cano": one process migrates at a time
_JOURNAL = """
CREATE TABLE IF NOT EXISTS migrations (
    name text PRIMARY KEY, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now()
)
"""


class Migration(msgspec.Struct, frozen=True):
    """One file."""

    name: str
    phase: Literal["pre", "post"]
    sql: str

    @property
    def sha256(self) -> str:
        """Of the file: a migration that was applied is never edited."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations() -> list[Migration]:
    """Every migration, in order."""
    folder = files("canopee_api.postgres") / "migrations"
    found = sorted((path for path in folder.iterdir() if path.name.endswith(".sql")), key=lambda path: path.name)
    return [
        Migration(
            path.name.removesuffix(".sql"),
            "post" if path.name[5:].startswith("post_") else "pre",
            path.read_text(),
        )
        for path in found
    ]


def migrate(address: str, *, phases: tuple[str, ...] = ("pre", "post")) -> list[str]:
    """Apply what is missing; returns the names applied.

    Raises:
        ServerError: an applied migration was edited, the database is of a newer version, or it does not answer.
    """
    applied: list[str] = []
    known = {migration.name: migration for migration in migrations()}
    with _connected(address) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        connection.execute(_JOURNAL)
        held: dict[str, str] = dict(connection.execute("SELECT name, sha256 FROM migrations").fetchall())
        for name, sha256 in held.items():
            if name not in known:
                raise ServerError(f"the database holds migration {name}: it belongs to a newer version; upgrade")
            if known[name].sha256 != sha256:
                raise ServerError(
                    f"migration {name} was edited after it was applied: restore it, and add a new one"
                )
        for migration in known.values():
            if migration.name in held or migration.phase not in phases:
                continue
            with connection.transaction():
                connection.execute(migration.sql.encode())
                connection.execute(
                    "INSERT INTO migrations (name, sha256) VALUES (%s, %s)", (migration.name, migration.sha256)
                )
            applied.append(migration.name)
    return applied


def _connected(address: str) -> psycopg.Connection[Any]:
    try:
        return psycopg.connect(address, autocommit=True)
    except psycopg.Error as error:
        raise ServerError(f"the database does not answer, see CANOPEE_DATABASE_URL: {error}") from error
