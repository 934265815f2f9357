"""Where personal data was in a PC's files, and where it is found afterwards: logs, databases, reports, addresses."""

import contextlib
import io
import json
import random
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import msgspec
import psycopg

from canopee_agent.redaction import Redaction
from canopee_client.errors import AnswerError
from canopee_contract.dataset import Dataset
from canopee_contract.log_requests import LogDevice, NewLogRequest, SearchArchive
from canopee_contract.pipeline import Limits, Pipeline, Step
from canopee_kit.clock import SystemClock
from canopee_proofs.kill.installation import Installation
from canopee_proofs.kill.processes import StartError
from canopee_proofs.medical_documents import documents

_CLOCK = SystemClock()
_LONGEST_S = 240.0
_SHORTEST = 10
"""Characters: what is shorter is found by chance."""
CATALOG = Path(__file__).resolve().parents[4] / "catalog"
_NUMBER = 15
_A_FILE = 40
"""Documents of one log."""
_SEARCHED = 8
_OVER = frozenset({"ready", "nothing_found", "over_budget", "refused", "failed", "expired"})
_ZEROS = re.compile(rb"\0{16,}")
_HEX = re.compile(rb"\\\\x([0-9a-f]{8,})")


class Traces:
    """A PC with seeded logs, that sends them once, and whose step fails with the text in hand the next time."""

    def __init__(self, folder: Path, draw: random.Random, cases: int, *, is_thorough: bool) -> None:
        """`is_thorough`: also in the files of PostgreSQL, where what a table no longer has may still be."""
        self._is_thorough = is_thorough
        self._folder, self._draw = folder, draw
        self._addresses, self._trigger = folder / "addresses", folder / "trigger"
        self._logs = folder / "pc" / "home" / "Marie Martin"
        self._all = Installation(
            folder,
            api=("canopee_proofs.watched.api", str(self._addresses)),
            agent=("canopee_proofs.watched.agent", str(self._trigger), "--log-level", "DEBUG"),
        )
        self._texts = list(documents(draw, cases))
        seeded = (one.text[start:end] for one in self._texts for start, end, _ in one.seeds)
        self.values = sorted({value for value in seeded if len(value) >= _SHORTEST})
        self._request_id = ""
        self.searched: dict[str, int] = {}
        """Bytes in which values were looked for, by place."""

    def look(self) -> list[str]:
        """What should not be."""
        try:
            self._all.open()
            self._seed()
            self._publish()
            self._requested("ready")
            found = self._read(self._request_id)
            self._trigger.touch()
            if "LookupError" not in (fault := self._requested("failed").detail):
                found.append(f"the step failed otherwise than it was to: {fault}")
            for where, content in self._places():
                self.searched[where] = self.searched.get(where, 0) + len(content)
                found += [f"{where} holds {value!r}" for value in _held(self.values, content)]
        except StartError as error:
            return [f"a process does not start, or does nothing: {error}"]
        finally:
            self._all.close()
        return found

    def _seed(self) -> None:
        self._logs.mkdir(parents=True)
        for first in range(0, len(self._texts), _A_FILE):
            text = "".join(one.text for one in self._texts[first : first + _A_FILE])
            (self._logs / f"{first}.log").write_text(text, encoding="utf-8", newline="")
        (self._logs / f"{self._draw.choice(self._numbers())}.log").write_text("named after somebody\n")
        with (self._folder / "agent" / "policy.toml").open("a") as policy:
            policy.write(f'upload_bytes_per_s = 0\nread_roots = ["{self._folder / "pc"}"]\n')
        self._all.agent.kill()
        self._all.agent.start()

    def _numbers(self) -> list[str]:
        return [one for one in self.values if len(one) == _NUMBER and one.isdecimal()]

    def _publish(self) -> None:
        step = Step(id="logs", use="collect_logs", timeout_s=120, with_={"paths": [f"{self._folder}/pc/**/*.log"]})
        declared = (CATALOG / "datasets" / "collect_logs.yaml").read_bytes()
        self._all.client.apply_dataset(msgspec.yaml.decode(declared, type=Dataset))
        self._all.publish(Pipeline(
            spec=1, name="product_logs", version=1, kind="collect", title="Logs", steps=(step,), approval="none",
            limits=Limits(deadline_s=240),
        ))  # fmt: skip

    def _requested(self, wanted: str) -> LogDevice:
        """Ask for the logs; what became of it, once it ended so."""
        asked = NewLogRequest([self._all.agent_id], "product_logs", "it crashes", "SUP-4711")
        request, until = self._all.client.request_logs(asked), _CLOCK.monotonic() + _LONGEST_S
        while True:
            (device,) = self._all.client.log_devices(request.id)
            if device.state in _OVER or _CLOCK.monotonic() > until:
                break
            _CLOCK.sleep(0.1)
        if device.state != wanted:
            raise StartError(f"the logs are {device.state} ({device.code}: {device.detail}) and not {wanted}")
        self._request_id = request.id
        return device

    def _read(self, request_id: str) -> list[str]:
        """Read and search what came, as support does; what is in it that the redactors find."""
        client, device_id, found = self._all.client, self._all.agent_id, list[str]()
        with contextlib.suppress(AnswerError):  # refused, and quoted perhaps
            client.search_archive(request_id, device_id, SearchArchive(f"({self.values[0]}", regex=True))
        for value in self._draw.sample(self.values, min(_SEARCHED, len(self.values))):
            client.search_archive(request_id, device_id, SearchArchive(value))
        for file in client.archive_files(request_id, device_id).files:
            client.archive_text(request_id, device_id, file.number)
        content = b"".join(client.download_archive(request_id, device_id))
        known = {path.stem: path.read_bytes().decode() for path in self._logs.iterdir()}
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                text = archive.read(name).decode()
                stem = Path(name).stem
                expected = Redaction().clean(known.get(stem, ""))
                found += [f"{name} of the archive holds {one!r}" for one in _held(self.values, text.encode())
                          if one not in expected]  # fmt: skip
        return found

    def _places(self) -> Iterator[tuple[str, bytes]]:
        yield "addresses", self._addresses.read_bytes()
        for name in ("agent.log", "server/api.log"):
            yield name, (self._folder / name).read_bytes()
        for top in ("agent", "server"):
            for path in sorted((self._folder / top).rglob("*")):
                if (
                    path.is_file()
                    and path.name != "api.log"
                    and (self._is_thorough or "postgres" not in path.parts)
                ):
                    yield f"files of {top}", _ZEROS.sub(b"\0", path.read_bytes())
        yield "database", b"\n".join(_rows(self._all.address))


def _rows(address: str) -> Iterator[bytes]:
    """Every row of every table, as text; bytes as they are."""
    with psycopg.connect(address) as connection:
        tables = connection.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        for (table,) in tables:
            for (row,) in connection.execute(f"SELECT t::text FROM {table} t".encode()):  # noqa: S608  a name of ours
                raw = row.encode()
                yield raw
                yield from (bytes.fromhex(one[1].decode()) for one in _HEX.finditer(raw) if len(one[1]) % 2 == 0)


def _held(values: list[str], content: bytes) -> Iterator[str]:
    """Those of the values that are in it, written in any way that a log, a document or an address writes them."""
    for value in values:
        forms = {
            value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1],
            quote(value), quote(value, safe=""), value.encode("unicode_escape").decode(),
        }  # fmt: skip
        if any(form.encode() in content for form in forms):
            yield value
