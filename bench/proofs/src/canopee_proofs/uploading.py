"""A real agent that sends files to a real API, both of which are killed; what each of them says in the end."""

import contextlib
import hashlib
import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psutil
import psycopg

from canopee_agent.engine.outbox import Outbox
from canopee_api.errors import ServerError
from canopee_kit.clock import SystemClock
from canopee_proofs.kill.installation import Installation
from canopee_proofs.kill.processes import StartError

_CLOCK = SystemClock()
_READY_S = 60.0
_PIECE = 2**20
_PATIENCE = 3
_VICTIMS = {"agent": 60, "api": 20, "database": 20}


class Source(msgspec.Struct, frozen=True):
    """A file that was given to the agent."""

    step: str
    sha256: str
    is_changed: bool
    """Its bytes on the PC are other ones since."""


class Uploading:
    """One installation, whose agent has an order and files to send."""

    def __init__(self, installation: Installation, draw: random.Random) -> None:
        self._all, self._draw = installation, draw
        self._stored = 0
        self._outbox = installation.folder / "agent" / "state" / "outbox"
        self.kills = dict.fromkeys(_VICTIMS, 0)
        self.peaks = {"agent": 0, "api": 0}
        """Resident memory, bytes."""

    def open(self) -> str:
        """Start all; the id of an order that the agent has done. It is then stopped."""
        self._all.open()
        self._all.issue(0)
        until = _CLOCK.monotonic() + _READY_S
        while not (runs := list(self._all.client.runs(device=self._all.agent_id))):
            if _CLOCK.monotonic() > until:
                raise StartError("the agent does no order")
            _CLOCK.sleep(0.1)
        self._all.agent.kill()
        with (self._all.folder / "agent" / "policy.toml").open("a") as policy:
            policy.write("upload_bytes_per_s = 0\n")  # as fast as it goes
        return runs[0].id

    def fill(self, order_id: str, sizes: Iterator[int], *, changed_every: int = 0) -> list[Source]:
        """Files for the server, of these sizes; some are changed once they wait."""
        outbox, made = Outbox(self._outbox, _CLOCK), list[Source]()
        try:
            for number, size in enumerate(sizes):
                digest, step, draft = hashlib.sha256(), f"s{number}", outbox.draft(2**40)
                with draft.create("logs.bin") as stream:
                    for piece in _pieces(self._draw, size):
                        stream.write(piece)
                        digest.update(piece)
                path = draft.made["logs.bin"]
                outbox.commit(draft, order_id, step)
                is_changed = bool(changed_every) and number % changed_every == changed_every - 1
                if is_changed:
                    _change(path, size, cut=bool(number % 2))
                made.append(Source(step, digest.hexdigest(), is_changed))
        finally:
            outbox.close()
        return made

    def kill_one(self) -> None:
        """Kill the agent, the API or PostgreSQL, and start what does not start by itself."""
        self._measure()
        victim = self._draw.choices(tuple(_VICTIMS), tuple(_VICTIMS.values()))[0]
        self.kills[victim] += 1
        if victim == "database":
            self._all.api.kill_database()
        if victim == "api":
            self._all.api.kill()
            self._all.api.start()
            self._await_api()
        self._all.agent.kill()  # it would wait for minutes
        self._all.agent.start()

    def start(self) -> None:
        """Let the agent send."""
        self._all.agent.start()

    def until_it_goes_on(self, seconds: float) -> bool:
        """Wait until more has arrived, so that the next kill falls into work; `False` when nothing has for so long."""
        until = _CLOCK.monotonic() + seconds
        while _CLOCK.monotonic() < until:
            if not self.waiting():
                return True
            if (now := self.progress()) > self._stored:
                self._stored = now
                return True
            _CLOCK.sleep(0.05)
        return False

    def progress(self) -> int:
        """Bytes that the server has stored; -1 while its database does not answer."""
        try:
            with psycopg.connect(self._all.address, connect_timeout=5) as connection:
                row = connection.execute("SELECT coalesce(sum(received), 0)::bigint FROM uploads").fetchone()
        except (psycopg.OperationalError, ServerError):
            return -1
        return int(row[0]) if row else 0

    def waiting(self) -> int:
        """Files that the agent has still to send."""
        return int(self._ask("select count(*) from outgoing")[0][0])

    def gone(self) -> dict[str, str]:
        """By step, what became of its file on the PC."""
        return dict(self._ask("select step, state from receipt"))

    def kept(self) -> dict[str, str]:
        """By step, the SHA-256 of what the server has whole, as it is in its folder now; empty: it is not there."""
        with psycopg.connect(self._all.address) as connection:
            rows = connection.execute("SELECT step, sha256 FROM uploads WHERE is_complete").fetchall()
        folder = self._all.api.home / "files" / "kept"
        return {step: _digest(folder / sha256[:2] / sha256) for step, sha256 in rows}

    def _await_api(self) -> None:
        """Patiently: the machine may do much else at the same time."""
        for _ in range(_PATIENCE):
            with contextlib.suppress(StartError):
                self._all.api.wait()
                return
        self._all.api.wait()

    def _ask(self, query: str) -> list[tuple[str, str]]:
        with sqlite3.connect(f"file:{self._outbox / 'outbox.db'}?mode=ro", uri=True, timeout=10) as connection:
            return connection.execute(query).fetchall()

    def _measure(self) -> None:
        for name, process in (("agent", self._all.agent), ("api", self._all.api)):
            try:
                held = psutil.Process(process.pid).memory_info().rss
            except psutil.NoSuchProcess:
                continue
            self.peaks[name] = max(self.peaks[name], held)


def violations(sources: list[Source], gone: dict[str, str], kept: dict[str, str]) -> list[str]:
    """What should not be: a file that is not the same on the server, or of which the PC says what is not so."""
    found = list[str]()
    for one in sources:
        state, there = gone.get(one.step, "unknown"), kept.get(one.step)
        if one.is_changed and (state == "sent" or there is not None):
            found.append(f"{one.step} changed on the PC, which says {state}; the server has {there}")
        if not one.is_changed and (state != "sent" or there != one.sha256):
            found.append(f"{one.step}: the PC says {state}, the server has {there} instead of {one.sha256}")
    return found


def _pieces(draw: random.Random, size: int) -> Iterator[bytes]:
    while size:
        piece = draw.randbytes(min(size, _PIECE))
        size -= len(piece)
        yield piece


def _change(path: Path, size: int, *, cut: bool) -> None:
    """Another byte in the middle, or the end taken away."""
    with path.open("r+b") as stream:
        if cut:
            stream.truncate(size // 2)
            return
        stream.seek(size // 2)
        byte = stream.read(1)
        stream.seek(size // 2)
        stream.write(bytes([byte[0] ^ 0xFF]))


def _digest(path: Path) -> str:
    if not path.exists():
        return ""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
