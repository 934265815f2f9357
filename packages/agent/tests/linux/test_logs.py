"""Logs of a real disk: written meanwhile, rotated, linked; in memory that does not grow with them."""

import gzip
import io
import os
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest

from canopee_agent.engine.outbox import Outbox
from canopee_agent.errors import NothingFoundError
from canopee_agent.fakes import FakeOutbox
from canopee_agent.linux.machine import LinuxMachine
from canopee_agent.step import Ceiling
from canopee_agent.steps.collect_logs import CollectLogs, CollectLogsParameters
from canopee_contract.log_manifest import MANIFEST, LogManifest
from canopee_kit.clock import SystemClock

LINE = "2026-11-20 08:30:15,123 [main] INFO  GET /v2/agenda/1234 200 in 12 ms\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "logs").mkdir()
    (tmp_path / "secret.log").write_text("secret\n")
    return tmp_path / "logs"


def collect(
    root: Path,
    pattern: str,
    **fields: Any,  # noqa: ANN401  fields of the parameters
) -> tuple[LogManifest, dict[str, bytes]]:
    machine, outbox = LinuxMachine(SystemClock()), FakeOutbox()
    machine.outbox = outbox
    parameters = CollectLogsParameters((f"{root}/{pattern}",), **fields)
    list(CollectLogs().run(machine, parameters, Ceiling(read_roots=(str(root),))))
    with zipfile.ZipFile(io.BytesIO(outbox.files["logs.zip"])) as opened:
        texts = {name.rpartition("/")[2]: opened.read(name) for name in opened.namelist()}
    return msgspec.json.decode(texts.pop(MANIFEST), type=LogManifest), texts


def test_a_log_that_a_program_goes_on_writing_is_read_and_links_are_not_followed(root: Path) -> None:
    (root / "sub").mkdir()
    (root / "sub" / "app.log.1.gz").write_bytes(gzip.compress(LINE.encode()))
    (root / "link.log").symlink_to(root.parent / "secret.log")
    (root / "out").symlink_to(root.parent)
    os.mkfifo(root / "pipe.log")
    with (root / "app.log").open("w") as writing:
        writing.write(LINE)
        writing.flush()
        manifest, texts = collect(root, "**/*.log*")
        writing.write(LINE)
    assert texts == {"app.log": LINE.encode(), "app.log.1.gz": LINE.encode()}
    assert not any(one.is_changed for one in manifest.files)


def test_a_folder_that_is_a_link_out_of_the_roots_is_no_way_out(root: Path) -> None:
    (root / "out").symlink_to(root.parent)
    with pytest.raises(NothingFoundError, match="no file matches"):
        collect(root, "out*/secret.log")


def test_a_file_without_end_of_line_in_an_old_encoding_arrives(root: Path) -> None:
    (root / "app.log").write_bytes("20/11/2026 08:30:15 fermé".encode("cp1252"))
    manifest, texts = collect(root, "app.log", since="2026-11-20", until="2026-11-20")
    assert texts == {"app.log": "20/11/2026 08:30:15 fermé".encode()}
    assert (manifest.files[0].encoding, manifest.files[0].time_format) == ("cp1252", "french")


def test_memory_does_not_grow_with_the_log(root: Path, tmp_path: Path) -> None:
    (root / "app.log").write_text(LINE * 80_000)
    size = (root / "app.log").stat().st_size
    machine = LinuxMachine(SystemClock())
    outbox = Outbox(tmp_path / "outbox", machine.clock)
    machine.outbox = outbox.draft(size)
    tracemalloc.start()
    record = next(CollectLogs().run(
        machine, CollectLogsParameters((f"{root}/*.log",)), Ceiling(read_roots=(str(root),))
    ))  # fmt: skip
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    outbox.close()
    assert msgspec.structs.asdict(record)["kept_bytes"] == size
    assert peak < 4_000_000 < size
