"""An agent whose own disk is full while it makes the archive that it is to send: in process, on a small real disk."""

import hashlib
import io
import random
import sqlite3
import zipfile
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec

from canopee_agent.fakes import FakeMachine, json_reply, problem_reply
from canopee_agent.service.files import is_full
from canopee_agent.service_ports import Reply, Request
from canopee_agent.testing import POLICY, FakeServer
from canopee_contract.files import BeginUpload, UploadReply
from canopee_contract.pipeline import Step
from canopee_kit.errors import CanopeeError
from canopee_proofs.memory import SmallDisk

_DISK_BYTES = 340 * 2**20
"""The agent leaves 256 MiB of it to others."""
_ROOMS = (0, 4_096, 40_000, 300_000, 2_000_000, 200 * 2**20, 255 * 2**20, 257 * 2**20, 262 * 2**20)
_LARGEST = 600_000
_ROUNDS = 4
_LETTERS = str.maketrans("0123456789", "ghijklmnop")
_FILES = "/agent/v1/files"


class Staging:
    """An agent on a small disk, and a server that keeps what it sends."""

    def __init__(self, folder: Path, draw: random.Random) -> None:
        self._disk, self._draw = SmallDisk(folder, _DISK_BYTES), draw
        self._machine = FakeMachine("linux")
        self._fake = FakeServer(self._machine, folder)
        (folder / "policy.toml").write_text(POLICY + "read_roots = ['/logs']\nupload_bytes_per_s = 0\n")
        self._begun: dict[str, BeginUpload] = {}
        self._stored: dict[str, bytearray] = {}
        self._fake.link.answer(_FILES, self._begin)
        self._fake.link.answer(_FILES + "/", self._take)
        step = Step(id="logs", use="collect_logs", with_={"paths": ["/logs/*.log"]})
        self._ref = self._fake.publish(step, name="product_logs")
        self._agent = self._fake.agent()
        self._agent.round()
        self.refused, self.sent = 0, 0
        """Orders that a full disk made fail, and those that went well in spite of it."""

    def close(self) -> None:
        self._agent.close()
        self._disk.close()

    def case(self) -> list[str]:
        """Ask for logs while the disk is full, then with room; what should not be."""
        text = self._text()
        self._machine.files.write("/logs/a.log", text.encode())
        order_id = self._order()
        room = self._draw.choice(_ROOMS)
        self._disk.leave(room)
        found = self._rounds()
        early = self._fake.reports.get(order_id)
        self._disk.make_room()
        if is_another := self._draw.random() < 0.5:  # noqa: PLR2004  one in two is another process
            self._agent.close()
            self._agent = self._fake.agent()
        found += self._rounds()
        report = self._fake.reports.get(order_id)
        if report is None or (early is not None and early.state != report.state):
            return [*found, f"with {room} bytes left: {early and early.state}, then {report and report.state}"]
        if report.state == "done":
            self.sent += 1
            found += self._intact(order_id, text)
        else:
            self.refused += 1
            is_told = report.state == "failed" and any(word in report.detail for word in ("disk", "space"))
            is_unknown = (report.state, report.code) == ("unknown", "crashed")
            if not is_told and not (is_another and is_unknown):  # the end was on no disk when its process ended
                found.append(f"with {room} bytes left the run is {report.state}, {report.code}: {report.detail}")
            found += [f"{report.code}, and a file came all the same"] if order_id in self._stored else []
        last = self._order()
        found += self._rounds()
        return [*found, *self._intact(last, text)]

    def _text(self) -> str:
        """Lines that no redactor finds anything in, and that cannot be made much smaller."""
        count = self._draw.randrange(1, _LARGEST // 51)
        return "".join(f"{self._draw.getrandbits(200):x}\n" for _ in range(count)).translate(_LETTERS)

    def _order(self) -> str:
        self._fake.orders.clear()
        self._fake.now = self._machine.clock.now()
        return self._fake.order(self._ref)

    def _rounds(self) -> list[str]:
        """A few rounds: a disk that is full, and any other error that is declared, is waited for."""
        for _ in range(_ROUNDS):
            self._machine.clock.advance(600)
            try:
                self._agent.round()
            except CanopeeError:
                continue
            except Exception as error:  # noqa: BLE001  that is what is looked for
                if not (isinstance(error, OSError | sqlite3.Error) and is_full(error)):
                    return [f"a round ends with {type(error).__name__}: {error}"]
        return []

    def _intact(self, order_id: str, text: str) -> list[str]:
        """What is wrong with the archive of an order that went well."""
        asked, content = self._begun.get(order_id), bytes(self._stored.get(order_id, b""))
        report = self._fake.reports.get(order_id)
        if report is None or report.state != "done" or asked is None:
            return [f"with room, the run is {report and report.state}, {report and report.detail}"]
        if hashlib.sha256(content).hexdigest() != asked.sha256:
            return ["the archive that came is not the one that was announced"]
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            held = [archive.read(name) for name in archive.namelist() if name != "manifest.json"]
        return [] if held == [text.encode()] else ["the archive holds another text"]

    def _begin(self, request: Request) -> Reply:
        asked = msgspec.json.decode(request.body, type=BeginUpload)
        self._begun[asked.order_id] = asked
        return self._reply(asked.order_id)

    def _take(self, request: Request) -> Reply:
        asked = urlsplit(request.path)
        order_id = asked.path.removeprefix(_FILES + "/")
        if int(parse_qs(asked.query)["offset"][0]) != len(self._stored.get(order_id, b"")):
            return problem_reply(409, "upload.offset")
        self._stored.setdefault(order_id, bytearray()).extend(request.body)
        return self._reply(order_id)

    def _reply(self, order_id: str) -> Reply:
        """An upload has the id of its order."""
        received = len(self._stored.get(order_id, b""))
        is_whole = received == self._begun[order_id].length
        return json_reply(UploadReply(order_id, received, "complete" if is_whole else "partial"))
