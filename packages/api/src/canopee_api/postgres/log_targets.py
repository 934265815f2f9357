"""SQL of what a pasted list may stand for: devices by id, by name, or by practice."""

from collections.abc import Sequence

import msgspec

from canopee_api.postgres.database import Connection


class Target(msgspec.Struct, frozen=True):
    """A device that is not revoked."""

    id: str
    hostname: str
    practice_id: str
    consent: str


async def targets_of(
    tx: Connection, *, ids: Sequence[str], names: Sequence[str], practices: Sequence[str], default_consent: str
) -> list[Target]:
    """Devices of these ids, of these names (however they are written) or of these practices, by name."""
    cursor = await tx.execute(
        """SELECT d.id, d.hostname, d.practice_id, coalesce(p.consent, %(default)s)
           FROM devices d LEFT JOIN practices p ON p.id = d.practice_id
           WHERE d.state <> 'revoked' AND d.id IN (
               SELECT id FROM devices WHERE id = ANY(%(ids)s::uuid[])
               UNION SELECT x.id FROM unnest(%(names)s::text[]) n
                     JOIN devices x ON folded(x.hostname) COLLATE "C" = folded(n) COLLATE "C"
               UNION SELECT id FROM devices WHERE practice_id = ANY(%(practices)s))
           ORDER BY folded(d.hostname) COLLATE "C", d.id""",
        {"ids": list(ids), "names": list(names), "practices": list(practices), "default": default_consent},
    )
    return [Target(*row) for row in await cursor.fetchall()]


async def names_folded(tx: Connection, names: Sequence[str]) -> dict[str, str]:
    """Each name as it is compared: without accents or capitals."""
    cursor = await tx.execute("SELECT n, folded(n) FROM unnest(%s::text[]) n", (list(names),))
    return dict(await cursor.fetchall())
