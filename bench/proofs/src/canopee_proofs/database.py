"""A PostgreSQL of a proof's own, as durable as in production, and records to put into it."""

import json
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from canopee_api.postgres.location import forget
from canopee_api.postgres.migrate import migrate
from canopee_api.postgres.records import NewRecord, Stream
from canopee_api.postgres.server import EmbeddedServer


@contextmanager
def own_server(folder: Path) -> Generator[EmbeddedServer]:
    """A started server with a migrated database; stopped and forgotten at the end."""
    server = EmbeddedServer(folder)
    try:
        migrate(server.start())
        yield server
    finally:
        server.stop()
        forget(folder)


def new_records(
    stream: Stream, numbers: Iterable[int], now: datetime, *, dataset: str = "proof"
) -> list[NewRecord]:
    """One record a number, which is also its body's `value`."""
    return [
        NewRecord(
            stream=stream, seq=number, dataset=dataset, version=1, at=now, received_at=now, order_id=None,
            body=json.dumps({"value": number}).encode(),
        )
        for number in numbers
    ]  # fmt: skip
