"""Real agents that send files to a real API, all of which are killed; what each of them says in the end."""

import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg

from canopee_api.errors import ServerError
from canopee_kit.clock import SystemClock
from canopee_proofs.kill.installation import Installation
from canopee_proofs.kill.processes import Child, StartError
from canopee_proofs.memory import SmallDisk
from canopee_proofs.sent_files import Source, digest_of, put

_CLOCK = SystemClock()
_READY_S = 240.0
_LONGEST_WAIT_S = 60.0
"""For an agent to say that the server takes nothing."""
_PARTIAL_S = 2.0
_VICTIMS = {"agent": 60, "api": 20, "database": 20}
_FULL_EVERY = 8
"""One trouble in so many is a full disk, the first one too."""
_ROOMS = (0, 0, 4_096, 100_000, 5_000_000)
"""Bytes that a full disk may still have."""
_WAITS, _FOR_LONG = "files wait: ", "nearly full"


class Sender:
    """One agent with files to send."""

    def __init__(self, home: Path, child: Child, device_id: str) -> None:
        self.outbox, self.child, self.device_id = home / "state" / "outbox", child, device_id
        self._policy = home / "policy.toml"

    def pace(self, bytes_per_s: int) -> None:
        """From its next start on, send so fast; 0: as fast as it goes."""
        with self._policy.open("a") as policy:
            policy.write(f"upload_bytes_per_s = {bytes_per_s}\n")

    def restart(self) -> None:
        """`kill -9`, and begin again."""
        self.child.kill()
        self.child.start()

    def ask(self, query: str) -> list[tuple[str, str]]:
        """Rows of its outbox."""
        with sqlite3.connect(f"file:{self.outbox / 'outbox.db'}?mode=ro", uri=True, timeout=30) as connection:
            return connection.execute(query).fetchall()


class Uploading:
    """One installation, whose agents have an order and files to send."""

    def __init__(self, installation: Installation, draw: random.Random, *, disk_bytes: int = 0) -> None:
        """`disk_bytes`: of a disk of its own for the files of the server, that is made full; 0 for none."""
        self._all, self._draw = installation, draw
        self._troubles = 0
        self._senders = list[Sender]()
        self.kept_folder = installation.api.home / "files"
        self._disk = SmallDisk(self.kept_folder, disk_bytes) if disk_bytes and SmallDisk.is_possible else None
        self.troubles = dict.fromkeys((*_VICTIMS, "full disk"), 0)
        self.told = {"nearly full": 0, "no chunk": 0}
        """What agents said of a full disk: nothing more is begun; a chunk is not stored."""
        self.peaks = {"agent": 0, "api": 0}
        """Resident memory, bytes."""
        self.first = {"agent": 0, "api": 0}
        """The same, when it was measured first."""

    def open(self, agents: int = 1, *, bytes_per_s: int = 0) -> list[str]:
        """Start all; by agent, the id of an order that it has done. The agents are then stopped."""
        self._all.open()
        self._senders = [Sender(self._all.folder / "agent", self._all.agent, self._all.agent_id)]
        for number in range(1, agents):
            home = self._all.folder / f"agent{number}"
            child = self._all.child(home)
            self._senders.append(Sender(home, child, self._all.enrol(child, home)))
        self._all.issue(0)
        orders = [self._done(one) for one in self._senders]
        for one in self._senders:
            one.child.kill()
            one.pace(bytes_per_s)
        return orders

    def close(self) -> None:
        """End the agents and the rest of the installation."""
        for one in self._senders:
            one.child.kill()
        self._all.close()
        if self._disk is not None:
            self._disk.close()

    def fill(self, orders: list[str], sizes: list[int], *, changed_every: int = 0) -> list[Source]:
        """Files of these sizes, an agent's after another's; some are changed once they wait."""
        numbered, made, agents = list(enumerate(sizes)), list[Source](), len(self._senders)
        for place, (one, order_id) in enumerate(zip(self._senders, orders, strict=True)):
            its = iter(numbered[place::agents])
            made += put(one.outbox, order_id, its, self._draw, changed_every=changed_every)
        return made

    def trouble(self) -> str:
        """Kill an agent, the API or PostgreSQL, or let the disk be full for a moment; and start what must be.

        What should not be is returned: nothing, when it went as it should.
        """
        self._measure()
        self._troubles += 1
        if self._disk is not None and self._troubles % _FULL_EVERY == 1:
            self.troubles["full disk"] += 1
            return self._fill_disk(self._disk)
        victim = self._draw.choices(tuple(_VICTIMS), tuple(_VICTIMS.values()))[0]
        self.troubles[victim] += 1
        if victim == "database":
            self._all.api.kill_database()
        if victim == "api":
            self._all.api.kill()
            self._all.api.start()
            self._all.api.wait()
        # After a cut an agent would wait for minutes; of several, only one dies by itself.
        for one in [self._draw.choice(self._senders)] if victim == "agent" else self._senders:
            one.restart()
        return ""

    def start(self) -> None:
        """Let the agents send."""
        for one in self._senders:
            one.child.start()

    def until_arrived(self, size: int, seconds: float) -> bool:
        """Wait until the server has stored so many bytes; `False` when nothing more has arrived for so long."""
        stored = -1
        while stored < size and self.waiting():
            before = stored
            for _ in self._polls(seconds):
                self._measure()
                if (stored := self.progress()) > before or not self.waiting():
                    break
            else:
                return False
        return True

    def until_left(self, files: int, seconds: float) -> bool:
        """Wait until no more files wait than these; `False` when not one was sent for so long."""
        left = self.waiting()
        while left > files:
            before = left
            for _ in self._polls(seconds):
                self._measure()
                if (left := self.waiting()) < before:
                    break
            else:
                return False
        return True

    def progress(self) -> int:
        """Bytes that the server has stored; -1 while its database does not answer."""
        return self._number("SELECT coalesce(sum(received), 0)::bigint FROM uploads")

    def waiting(self) -> int:
        """Files that the agents have still to send."""
        return sum(int(one.ask("select count(*) from outgoing")[0][0]) for one in self._senders)

    def gone(self) -> dict[str, str]:
        """By step, what became of its file on the PC."""
        return {step: state for one in self._senders for step, state in one.ask("select step, state from receipt")}

    def kept(self) -> dict[str, str]:
        """By step, the SHA-256 of what the server has whole, as it is in its folder now; empty: it is not there."""
        with psycopg.connect(self._all.address) as connection:
            rows = connection.execute("SELECT step, sha256 FROM uploads WHERE is_complete").fetchall()
        return {step: digest_of(self.kept_folder / "kept" / sha256[:2] / sha256) for step, sha256 in rows}

    def _fill_disk(self, disk: SmallDisk) -> str:
        """No room, until an agent has said so; then room again, and who would wait for long begins again."""
        for _ in self._polls(_PARTIAL_S):  # in the middle of a file, where there is one of several chunks
            if self._number("SELECT count(*) FROM uploads WHERE received > 0 AND NOT is_complete") > 0:
                break
        marks = [one.child.log_size() for one in self._senders]
        disk.leave(self._draw.choice(_ROOMS))
        said = list[str]()
        for _ in self._polls(_LONGEST_WAIT_S):
            said = ["".join(one.child.lines(_WAITS, mark)) for one, mark in zip(self._senders, marks, strict=True)]
            if any(said) or not self.waiting():
                break
        is_told = any(said) or not self.waiting()
        disk.make_room()
        self.told["nearly full"] += sum(_FOR_LONG in one for one in said)
        self.told["no chunk"] += sum("cannot be stored" in one for one in said)
        for one in self._senders:  # also who heard of it meanwhile
            one.restart()
        return "" if is_told else f"the disk is full, and no agent says so within {_LONGEST_WAIT_S:g} s"

    def _done(self, sender: Sender) -> str:
        for _ in self._polls(_READY_S):
            if runs := list(self._all.client.runs(device=sender.device_id)):
                return runs[0].id
        raise StartError("the agent does no order")

    def _number(self, query: str) -> int:
        """What the database says; -1 while it does not answer."""
        try:
            with psycopg.connect(self._all.address, connect_timeout=5) as connection:
                row = connection.execute(query.encode()).fetchone()
        except (psycopg.OperationalError, ServerError):
            return -1
        return int(row[0]) if row else 0

    def _polls(self, seconds: float) -> Iterator[None]:
        until = _CLOCK.monotonic() + seconds
        while _CLOCK.monotonic() < until:
            yield
            _CLOCK.sleep(0.02)

    def _measure(self) -> None:
        for name, process in (("agent", self._senders[0].child), ("api", self._all.api)):
            try:
                held = psutil.Process(process.pid).memory_info().rss
            except psutil.NoSuchProcess:
                continue
            self.first[name] = self.first[name] or held
            self.peaks[name] = max(self.peaks[name], held)
