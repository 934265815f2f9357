"""SQL of saved views."""

from datetime import datetime

import msgspec

from canopee_api.postgres.database import Connection


class ViewRow(msgspec.Struct, frozen=True):
    """A saved view."""

    id: str
    owner: str
    page: str
    name: str
    query: str
    shared: bool
    changed_at: datetime


_VIEW = "SELECT id, owner, page, name, query, shared, changed_at FROM saved_views"


async def list_views(tx: Connection, login: str, page: str, *, after: str, limit: int) -> list[ViewRow]:
    """What somebody may open: their own views and those that are shared, of one page or (empty) all, by id."""
    cursor = await tx.execute(
        _VIEW
        + """ WHERE (owner = %(login)s OR shared) AND %(page)s IN ('', page)
              AND (%(after)s = '' OR id > nullif(%(after)s, '')::uuid) ORDER BY id LIMIT %(limit)s""",
        {"login": login, "page": page, "after": after, "limit": limit},
    )
    return [ViewRow(*row) for row in await cursor.fetchall()]


async def get_view(tx: Connection, view_id: str) -> ViewRow | None:
    """A view, locked until the end of the transaction."""
    cursor = await tx.execute(_VIEW + " WHERE id = %s FOR UPDATE", (view_id,))
    row = await cursor.fetchone()
    return ViewRow(*row) if row else None


async def count_views(tx: Connection, login: str) -> int:
    """The views of somebody; nobody else counts them to add one until the end of the transaction."""
    await tx.execute("SELECT FROM users WHERE login = %s FOR NO KEY UPDATE", (login,))
    cursor = await tx.execute("SELECT count(*) FROM saved_views WHERE owner = %s", (login,))
    row = await cursor.fetchone()
    return row[0] if row else 0


async def put_view(tx: Connection, view: ViewRow) -> bool:
    """Store a view; `False` when its owner has another one of that name on that page."""
    cursor = await tx.execute(
        """SELECT FROM saved_views WHERE owner = %(owner)s AND page = %(page)s AND name = %(name)s AND id <> %(id)s""",
        msgspec.structs.asdict(view),
    )
    if await cursor.fetchone() is not None:
        return False
    await tx.execute(
        """INSERT INTO saved_views (id, owner, page, name, query, shared, changed_at)
           VALUES (%(id)s, %(owner)s, %(page)s, %(name)s, %(query)s, %(shared)s, %(changed_at)s)
           ON CONFLICT (id) DO UPDATE SET page = excluded.page, name = excluded.name, query = excluded.query,
               shared = excluded.shared, changed_at = excluded.changed_at""",
        msgspec.structs.asdict(view),
    )
    return True


async def delete_view(tx: Connection, view_id: str) -> None:
    await tx.execute("DELETE FROM saved_views WHERE id = %s", (view_id,))
