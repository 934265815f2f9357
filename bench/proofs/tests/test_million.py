"""The synthetic fleet, small."""

from collections.abc import Generator
from pathlib import Path

import psycopg
import pytest

from canopee_api.postgres.location import forget
from canopee_api.postgres.migrate import migrate
from canopee_api.postgres.server import EmbeddedServer
from canopee_proofs.million import fill


@pytest.fixture
def address(tmp_path: Path) -> Generator[str]:
    server = EmbeddedServer(tmp_path, options={"fsync": "off"})
    try:
        yield server.start()
    finally:
        server.stop()
        forget(tmp_path)


@pytest.mark.real
def test_a_synthetic_fleet_has_presence_facts_and_keys_of_versions_and_is_always_the_same(address: str) -> None:
    migrate(address)
    fill(address, 120)
    with psycopg.connect(address, autocommit=True) as connection:
        row = connection.execute(
            """SELECT count(*), count(*) FILTER (WHERE f.facts @> '{"os.family": "linux"}'),
                      count(DISTINCT d.practice_id), min(f.device_id::text),
                      bool_and(f.facts->>'device.id' = f.device_id::text),
                      count(*) FILTER (WHERE f.version_keys ? 'product.version')
               FROM devices d JOIN device_presence p ON p.device_id = d.id JOIN device_facts f ON f.device_id = d.id"""
        ).fetchone()
    assert row == (120, 2, 13, "0193ab00-0001-7000-8000-c4ca4238a0b9", True, 120)
