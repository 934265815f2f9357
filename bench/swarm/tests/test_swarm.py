import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from canopee_contract.condition import evaluate, parse_condition
from canopee_contract.facts import MAX_FACTS
from canopee_contract.version import version_key
from canopee_swarm.errors import CutError
from canopee_swarm.fleet import facts_of, pc, practice_of
from canopee_swarm.http import Pool
from canopee_swarm.results import outputs_of, records_of
from canopee_swarm.store import Identity, Store
from canopee_swarm.swarm import missing

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


def _identity(number: int) -> Identity:
    return Identity(number, bytes(32), f"device-{number}", 1, "C", "token", "2026-11-24T08:00:00+00:00")


def test_the_same_number_is_always_the_same_pc() -> None:
    assert pc(7) == pc(7)
    assert pc(7) != pc(7, seed=1)
    assert pc(7) != pc(8)


def test_a_fleet_has_several_versions_and_a_practice_has_one() -> None:
    fleet = [pc(number) for number in range(300)]
    assert len({machine.product_version for machine in fleet}) > 3
    by_practice = {(machine.practice_id, machine.product_version) for machine in fleet}
    assert len(by_practice) == len({practice_of(number) for number in range(300)})


def test_facts_are_those_that_conditions_read() -> None:
    facts = facts_of(pc(3), device_id="d", practice_id="p")
    assert len(facts) < MAX_FACTS
    assert version_key(str(facts["product.version"])) is not None
    assert evaluate(parse_condition({"fact": "os.family", "op": "eq", "value": "windows"}), facts)


@pytest.mark.parametrize("use", ["collect_hardware", "run_program", "read_registry", "unknown"])
def test_results_have_the_shape_that_real_agents_send(use: str) -> None:
    records = records_of(use, pc(1), {"values": [{"name": "version", "key": "k"}]})
    assert all(isinstance(record, dict) for record in records)
    assert len(records) == (0 if use == "unknown" else 1)
    assert isinstance(outputs_of(use, pc(1), {}), dict)


def test_identities_counters_and_what_waits_survive_a_restart(tmp_path: Path) -> None:
    store = Store(tmp_path / "swarm.db")
    store.add(_identity(1))
    store.reserve_counters(1, 10)
    store.accept_order(1, 4, order_id="o", body=b"{}")
    store.finish_order(1, order_id="o", body=b'{"a":1}', records=[(1, b"r1"), (2, b"r2")])
    store.close()
    again = Store(tmp_path / "swarm.db")
    held = again.identity(1)
    assert held is not None
    assert (held.order_seq, held.record_seq, held.counter > 10) == (4, 2, True)
    assert (again.reports(1, limit=9), again.records(1, limit=9)) == ([b'{"a":1}'], [b"r1", b"r2"])
    again.forget_reports(["o"])
    again.forget_records(1, 1)
    assert (again.reports(1, limit=9), again.records(1, limit=9)) == ([], [b"r2"])
    again.end(1)
    assert again.identity(1) is None
    again.close()
    assert missing(tmp_path, 3) == [0, 2]


@pytest.fixture
async def server() -> AsyncGenerator[tuple[str, list[int]]]:
    """A server that answers two requests on a connection, then cuts it without an answer."""
    seen = list[int]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(0)
        for _ in range(2):
            if not await reader.readline():
                break
            await reader.readuntil(b"\r\n\r\n")
            writer.write(ANSWER)
            seen[-1] += 1
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}", seen


async def test_connections_are_kept_and_one_closed_by_the_server_is_opened_again(
    server: tuple[str, list[int]],
) -> None:
    url, seen = server
    pool = Pool(url, limit=1)
    for _ in range(4):
        answer = await pool.call("GET", "/")
        assert (answer.status, answer.body) == (200, b"ok")
    assert seen[:2] == [2, 2]
    pool.close()


async def test_a_server_that_is_not_there_is_a_cut() -> None:
    with pytest.raises(CutError):
        await Pool("http://127.0.0.1:1", limit=1).call("GET", "/")


async def test_a_counted_call_on_a_connection_that_is_cut_is_not_sent_again(server: tuple[str, list[int]]) -> None:
    url, seen = server
    pool = Pool(url, limit=1)
    for _ in range(2):
        await pool.call("GET", "/")
    with pytest.raises(CutError):
        await pool.call("GET", "/", is_counted=True)
    assert seen[0] == 2
    assert len(seen) == 1
    pool.close()
