"""The first start of an API on an empty home, killed in the middle: initdb, migrations, secrets."""

import random
from pathlib import Path

import psycopg

from canopee_api.postgres.location import forget
from canopee_api.postgres.migrate import migrations
from canopee_api.postgres.server import EmbeddedServer
from canopee_kit.clock import SystemClock
from canopee_proofs.kill.processes import Api, StartError, free_port

_LONGEST_S = 3.5
_CLOCK = SystemClock()


def first_start(home: Path, keys: Path, draw: random.Random) -> list[str]:
    """Kill a first start once or twice; what the next start does not repair by itself."""
    api = Api(home, keys, free_port())
    try:
        for _ in range(draw.randint(1, 2)):
            api.start()
            _CLOCK.sleep(draw.uniform(0.3, _LONGEST_S))
            if draw.random() < 0.5:  # noqa: PLR2004  half of them
                api.kill_database()
            api.kill()
        api.start()
        api.wait()
        return _look(EmbeddedServer.find(home / "postgres"))
    except StartError as error:
        return [f"a first start that was killed is not begun again: {error}"]
    finally:
        api.kill()
        EmbeddedServer(home / "postgres").wait_until_free()
        forget(home / "postgres")


def _look(address: str) -> list[str]:
    with psycopg.connect(address, autocommit=True) as connection:
        applied = connection.execute("SELECT name FROM migrations ORDER BY name").fetchall()
    wanted = [(one.name,) for one in migrations()]
    return [] if applied == wanted else [f"migrations {applied} instead of {wanted}"]
