"""The proof `archives`."""

import resource
import shutil
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import ClassVar

import msgspec

from canopee_agent.linux.machine import LinuxMachine
from canopee_kit.clock import SystemClock
from canopee_proofs.archive_attempts import in_memory, on_disk, read_on_server
from canopee_proofs.hostile_archives import archives
from canopee_proofs.memory import quick_folder
from canopee_proofs.proof import Proof, Setting, Verdict

_DISK_EVERY, _SAY_EVERY = 5, 40
_BATCH = 100
"""Archives of one seed: a batch is the same wherever and whenever it is tried."""
_WORKERS = 2
_LONGEST_S = 20.0
"""Processor time for all that is done with one archive."""
_MOST_MEMORY = 200 * 2**20
"""Bytes that a worker may take more than it had before its batch."""


class Batch(msgspec.Struct):
    """What came of some archives."""

    tried: int = 0
    extracted: int = 0
    violations: list[str] = []


class Archives(Proof):
    """An archive, however hostile or damaged, is extracted whole into its folder, or refused and leaves nothing.

    Each is given to the step `unzip_archive` on the Windows machine in memory, and one in five on a real file system
    too: no file outside, no link, no half folder, no leftover, no error but the step's own. What was extracted in
    memory is put together again by `make_archive`, extracted again, and is the same, byte for byte. Each is also
    listed, read and searched as the API does: no error but `Failed`, no answer that is too long. All of it within 20 s
    of processor time an archive, and within 200 MiB more than before.
    """

    usual_cases: ClassVar[int] = 10_000
    short_cases: ClassVar[int] = 300

    def run(self, setting: Setting) -> Verdict:
        total, violations = Batch(), list[str]()
        with quick_folder(setting.folder, 2**28) as folder, _pool() as pool:
            sizes = [min(_BATCH, setting.cases - first) for first in range(0, setting.cases, _BATCH)]
            waiting = [
                pool.submit(_tried, setting.seed, number, size, folder) for number, size in enumerate(sizes)
            ]
            for count, done in enumerate(as_completed(waiting), 1):
                batch = done.result()
                total.tried += batch.tried
                total.extracted += batch.extracted
                violations += batch.violations
                if count % _SAY_EVERY == 0:
                    setting.say(f"{total.tried} archives, {total.extracted} extracted")
        if not total.extracted:
            violations.append("no archive at all was extracted: the proof proves nothing")
        return Verdict(total.tried, tuple(violations))


def _pool() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(_WORKERS, mp_context=get_context("fork"), initializer=_begin)


def _begin() -> None:
    signal.signal(signal.SIGVTALRM, _hangs)


def _tried(seed: int, number: int, size: int, folder: Path) -> Batch:
    """One batch, in a process of its own."""
    setting = Setting(cases=size, seed=seed, folder=folder / f"{number}", say=_nobody)
    setting.folder.mkdir()
    batch, before = Batch(), _peak_bytes()
    for place, data in enumerate(islice(archives(setting.random(f"{number}")), size)):
        found = list(_wrong(data, setting.folder, batch, is_on_disk=place % _DISK_EVERY == 0))
        batch.tried += 1
        batch.violations += [f"batch {number}, case {place}: {what}: {data!r:.20000}" for what in found]
    if (grown := _peak_bytes() - before) > _MOST_MEMORY:
        batch.violations.append(f"batch {number}: {grown >> 20} MiB more were held")
    if not batch.violations:
        shutil.rmtree(setting.folder)
    return batch


def _nobody(_: str) -> None:
    """A batch tells nothing by itself."""


def _wrong(data: bytes, folder: Path, batch: Batch, *, is_on_disk: bool) -> Iterator[str]:
    signal.setitimer(signal.ITIMER_VIRTUAL, _LONGEST_S)
    try:
        found, state = in_memory(data)
        batch.extracted += state == "extracted"
        yield from found
        path = folder / "read.zip"
        path.write_bytes(data)
        yield from read_on_server(path)
        path.unlink()
        if is_on_disk:
            yield from on_disk(folder / "disk", data, LinuxMachine(SystemClock()))
    except _HangsError:
        yield f"it takes more than {_LONGEST_S:g} s"
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


class _HangsError(BaseException):
    """Nothing that handles errors handles it."""


def _hangs(_: int, __: object) -> None:
    raise _HangsError


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
