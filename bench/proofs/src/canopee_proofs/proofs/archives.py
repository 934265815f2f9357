"""The proof `archives`."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from canopee_agent.errors import StepError
from canopee_agent.fakes import FakeMachine
from canopee_agent.linux.machine import LinuxMachine
from canopee_agent.ports import Machine
from canopee_agent.step import Ceiling
from canopee_agent.steps.make_archive import MakeArchive, MakeArchiveParameters
from canopee_agent.steps.unzip_archive import UnzipArchive, UnzipArchiveParameters
from canopee_kit.clock import SystemClock
from canopee_proofs.hostile_archives import archives
from canopee_proofs.proof import Proof, Setting, Verdict

_WINDOWS = "C:\\Root"
_LARGEST = 4_000_000
_MOST_FILES = 40
_DISK_EVERY, _SAY_EVERY = 5, 1_000


class Archives(Proof):
    """An archive, however hostile or damaged, is extracted whole into its folder, or refused and leaves nothing.

    Each is given to the step `unzip_archive` on the Windows machine in memory, and one in five on a real disk too: no
    file outside, no link, no half folder, no leftover, no error but the step's own. What was extracted in memory is put
    together again by `make_archive`, extracted again, and is the same, byte for byte.
    """

    usual_cases: ClassVar[int] = 10_000
    short_cases: ClassVar[int] = 300

    def run(self, setting: Setting) -> Verdict:
        made, clock = archives(setting.random()), SystemClock()
        violations: list[str] = []
        extracted = 0
        for number in range(setting.cases):
            data = next(made)
            found, state = _in_memory(data)
            extracted += state == "extracted"
            if number % _DISK_EVERY == 0:
                found += _on_disk(setting.folder / f"{number}", data, LinuxMachine(clock))
            violations += [f"case {number}: {what}: {data!r:.20000}" for what in found]
            if number % _SAY_EVERY == _SAY_EVERY - 1:
                setting.say(f"{number + 1} archives, {extracted} extracted")
        if not extracted:
            violations.append("no archive at all was extracted: the proof proves nothing")
        return Verdict(setting.cases, tuple(violations))


def _attempt(machine: Machine, root: str, separator: str) -> str:
    """`extracted`, `refused`, or what was raised that no step may raise."""
    parameters = UnzipArchiveParameters(
        f"{root}{separator}a.zip", f"{root}{separator}out", max_files=_MOST_FILES, max_bytes=_LARGEST
    )
    ceiling = Ceiling(write_roots=(root,), timeout_s=60)
    try:
        list(UnzipArchive().run(machine, parameters, ceiling))
    except StepError:
        return "refused"
    except Exception as error:  # noqa: BLE001  that is what is looked for
        return f"{type(error).__name__}: {error}"
    return "extracted"


def _unhandled(outcome: str) -> Iterator[str]:
    if outcome not in {"extracted", "refused"}:
        yield f"an error that is not the step's: {outcome}"


def _on_disk(root: Path, data: bytes, machine: Machine) -> list[str]:
    """What is wrong after one attempt on a real disk; its folder is removed when nothing is."""
    root.mkdir()
    (root / "a.zip").write_bytes(data)
    state = _attempt(machine, str(root), "/")
    found = list(_unhandled(state))
    if {path.name for path in root.parent.iterdir()} != {root.name}:
        found.append("something was made outside the root")
    allowed = {"a.zip", "out"} if state == "extracted" else {"a.zip"}
    if left := {path.name for path in root.iterdir()} - allowed:
        found.append(f"left on the disk: {sorted(left)}")
    paths = list((root / "out").rglob("*"))
    if any(path.is_symlink() or not (path.is_file() or path.is_dir()) for path in paths):
        found.append("a link or a special file was made")
    if sum(path.stat().st_size for path in paths if path.is_file()) > _LARGEST:
        found.append("more bytes than the limit were extracted")
    if not found:
        shutil.rmtree(root)
    return found


def _in_memory(data: bytes) -> tuple[list[str], str]:
    """What is wrong after one attempt on the Windows machine in memory, and how it ended."""
    machine, out = FakeMachine("windows"), f"{_WINDOWS}\\out"
    machine.files.write(f"{_WINDOWS}\\a.zip", data)
    state = _attempt(machine, _WINDOWS, "\\")
    found, is_kept = list(_unhandled(state)), state == "extracted"
    for path in machine.files.paths():
        is_allowed = path == f"{_WINDOWS}\\a.zip" or (is_kept and (path == out or path.startswith(out + "\\")))
        if not is_allowed:
            found.append(f"left in memory: {path}")
    if is_kept and not found and not _comes_back(machine, out):
        found.append("another content came back from make_archive")
    return found, state


def _comes_back(machine: FakeMachine, out: str) -> bool:
    """Whether `make_archive` and `unzip_archive` give back what is in a folder."""
    ceiling, again = Ceiling(write_roots=(_WINDOWS,), timeout_s=60), f"{_WINDOWS}\\again"
    list(MakeArchive().run(machine, MakeArchiveParameters((out,), f"{_WINDOWS}\\b.zip"), ceiling))
    list(UnzipArchive().run(machine, UnzipArchiveParameters(f"{_WINDOWS}\\b.zip", again), ceiling))
    return _tree(machine, out) == _tree(machine, f"{again}\\out")


def _tree(machine: FakeMachine, folder: str) -> dict[str, bytes]:
    """Contents by path below a folder."""
    return {
        path.removeprefix(folder): machine.files.read(path) if machine.files.look(path).kind == "file" else b""
        for path in machine.files.paths() if path.startswith(f"{folder}\\")
    }  # fmt: skip
