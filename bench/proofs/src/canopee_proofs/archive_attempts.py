"""What is wrong after an archive was given to whoever opens one: the agent's steps, the API's reader."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec

from canopee_agent.errors import StepError
from canopee_agent.fakes import FakeMachine
from canopee_agent.ports import Machine
from canopee_agent.step import Ceiling
from canopee_agent.steps.make_archive import MakeArchive, MakeArchiveParameters
from canopee_agent.steps.unzip_archive import UnzipArchive, UnzipArchiveParameters
from canopee_api.logs.reader import Failed, Listed, Searched, Task, answers
from canopee_contract.log_requests import ArchiveText, LogMatch

_WINDOWS = "C:\\Root"
_LARGEST = 4_000_000
_MOST_FILES = 40
_MOST_LINES, _MOST_MATCHES, _MOST_READ = 50, 20, 3
_LONGEST_ANSWER = 2_000_000
"""Bytes of one line of an answer; many long lines fit."""


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


def on_disk(root: Path, data: bytes, machine: Machine) -> list[str]:
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


def in_memory(data: bytes) -> tuple[list[str], str]:
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


def read_on_server(path: Path) -> list[str]:
    """What is wrong after the API's reader listed, read and searched an archive."""
    listed, found = _answered(Task(str(path), "list"), (Listed, Failed))
    files = [file.number for one in listed if isinstance(one, Listed) for file in one.files]
    numbers = (*files[:_MOST_READ], 0, 20_000)
    tasks = [Task(str(path), "text", number=number, count=_MOST_LINES) for number in numbers]
    for task in tasks:
        answer, wrong = _answered(task, (ArchiveText, Failed))
        found += wrong
        for one in answer:
            if isinstance(one, ArchiveText) and len(one.lines) > _MOST_LINES:
                found.append(f"the reader shows {len(one.lines)} lines and not {_MOST_LINES} at most")
    answer, wrong = _answered(
        Task(str(path), "search", pattern="x", limit=_MOST_MATCHES), (LogMatch, Searched, Failed)
    )
    if len(answer) > _MOST_MATCHES + 1:
        found.append(f"the reader finds {len(answer)} and not {_MOST_MATCHES} at most")
    return found + wrong


def _answered(task: Task, kinds: tuple[type[msgspec.Struct], ...]) -> tuple[list[msgspec.Struct], list[str]]:
    """The lines of an answer, and what is wrong with them."""
    lines, found = list[msgspec.Struct](), list[str]()
    try:
        for line in answers(task):
            if len(line) > _LONGEST_ANSWER:
                found.append(f"the reader answers {task.kind} with a line of {len(line)} bytes")
            lines.append(_decoded(line, kinds))
    except Exception as error:  # noqa: BLE001  that is what is looked for
        found.append(f"the reader raises at {task.kind}: {type(error).__name__}: {error}")
    return lines, found if lines or found else [f"the reader answers nothing to {task.kind}"]


def _decoded(line: bytes, kinds: tuple[type[msgspec.Struct], ...]) -> msgspec.Struct:
    """The answer, as the API takes it: of the first kind that it is."""
    for kind in kinds[:-1]:
        try:
            return msgspec.json.decode(line, type=kind)
        except msgspec.ValidationError:
            continue
    return msgspec.json.decode(line, type=kinds[-1])
