import asyncio
import os
import random
import signal
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import msgspec
import pytest

from canopee_kit.clock import SystemClock
from canopee_swarm.cli import main
from canopee_swarm.errors import CutError
from canopee_swarm.measured import MeasuredPool, Report
from canopee_swarm.swarm import addresses

BODY = b"x" * 400


class Server:
    """Answers every request; remembers where it came from, and the most connections open at once."""

    def __init__(self) -> None:
        self.url, self.status = "", b"200 OK"
        self.sources: list[str] = []
        self.requests = self.now = self.most = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        self.sources.append(writer.get_extra_info("peername")[0])
        try:
            while await reader.readline():
                head = await reader.readuntil(b"\r\n\r\n")
                if b"content-length: 400" in head:
                    await reader.readexactly(400)
                self.requests += 1
                await asyncio.sleep(0)
                writer.write(b"HTTP/1.1 " + self.status + b"\r\ncontent-length: 2\r\n\r\nok")
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.now -= 1
            writer.close()


@pytest.fixture
async def server() -> AsyncGenerator[Server]:
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    async with listening:
        server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        yield server


def _pool(server: Server, *, limit: int = 4, failures: float = 0.0, slow: int = 0, seed: int = 1) -> MeasuredPool:
    draw = random.Random(seed)
    return MeasuredPool(
        server.url, limit=limit, clock=SystemClock(), draw=draw, sources=addresses("127.0.0.2-4"), failures=failures,
        slow=slow,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("127.0.0.2-4", ["127.0.0.2", "127.0.0.3", "127.0.0.4"]),
        ("127.0.0.9", ["127.0.0.9"]),
        ("127.0.0.2,127.0.1.3-4", ["127.0.0.2", "127.0.1.3", "127.0.1.4"]),
        ("", []),
    ],
)
def test_a_range_of_addresses_is_written_shortly(text: str, found: list[str]) -> None:
    assert addresses(text) == found


@pytest.mark.parametrize("text", ["127.0.0.2-999", "x", "127.0.0", "127.0.0.a-b"])
def test_what_is_not_an_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        addresses(text)


@pytest.mark.parametrize("option", [("--sources", "nowhere"), ("--failures", "1.5"), ("--failures", "often")])
def test_an_option_that_cannot_be_used_is_said(
    option: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--url", "http://127.0.0.1:1", "--folder", "f", "--root", "r", "--devices", "1", *option])
    assert ended.value.code == 2
    assert option[0] in capsys.readouterr().err


async def test_no_more_connections_are_opened_than_allowed_and_they_come_from_every_source(server: Server) -> None:
    pool = _pool(server, limit=4)
    await asyncio.gather(*(pool.call("POST", "/agent/v1/check-in") for _ in range(60)))
    assert (server.requests, server.most) == (60, 4)
    assert set(server.sources) == {"127.0.0.2", "127.0.0.3", "127.0.0.4"}
    pool.close()


async def test_calls_are_cut_before_or_after_they_are_sent_in_the_share_asked_for_and_as_the_seed_says(
    server: Server,
) -> None:
    async def cuts(seed: int) -> list[int]:
        pool, found = _pool(server, failures=0.3, seed=seed), list[int]()
        for number in range(200):
            try:
                await pool.call("POST", "/agent/v1/facts")
            except CutError:
                found.append(number)
        pool.close()
        return found

    first = await cuts(1)
    assert 35 < len(first) < 85
    assert 200 - len(first) < server.requests < 200
    assert await cuts(1) == first
    assert await cuts(2) != first


async def test_a_slow_link_takes_its_time(server: Server) -> None:
    fast, slow = _pool(server), _pool(server, slow=8_000)
    for pool in (fast, slow):
        await pool.call("POST", "/agent/v1/records", BODY)
        pool.close()
    assert slow.reports()["records"].p50_ms >= 50
    assert fast.reports()["records"].p50_ms < slow.reports()["records"].p50_ms


async def test_every_call_is_counted_with_its_errors_and_times(server: Server) -> None:
    pool = _pool(server)
    for path in ("check-in", "check-in", "tuf/metadata/timestamp.json", "tuf/targets/x"):
        await pool.call("GET", f"/agent/v1/{path}")
    reports = pool.reports()
    assert {name: (one.calls, one.errors) for name, one in reports.items()} == {"check-in": (2, 0), "tuf": (2, 0)}
    assert all(0 < one.p50_ms <= one.p99_ms for one in reports.values())
    pool.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_swarm_cleanly_with_its_report(
    server: Server, tmp_path: Path, number: signal.Signals
) -> None:
    server.status = b"503 Busy"
    (tmp_path / "root.json").write_bytes(b"{}")
    (tmp_path / "tokens").write_text("one two three")
    swarm = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "canopee_swarm", "--url", server.url, "--folder", str(tmp_path / "swarm"), "--root",
        str(tmp_path / "root.json"), "--tokens", str(tmp_path / "tokens"), "--devices", "3", "--report",
        "--think", "0.1", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env={**os.environ},
    )  # fmt: skip
    while server.requests < 2:
        await asyncio.sleep(0.02)
        assert swarm.returncode is None
    swarm.send_signal(number)
    output, errors = await asyncio.wait_for(swarm.communicate(), 30)
    assert swarm.returncode == 0, errors.decode()
    report = msgspec.json.decode(output, type=Report)
    assert report.calls >= report.errors >= 2
    assert (report.devices, report.orders_done) == (3, 0)
    assert 0 <= report.cpu_share < 2
