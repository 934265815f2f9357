"""The proof `paths`."""

import hashlib
import io
import os
import shutil
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, cast

import msgspec

from canopee_agent.errors import StepError
from canopee_agent.fakes import FakeMachine, FakeOutbox
from canopee_agent.linux.machine import LinuxMachine
from canopee_agent.ports import Machine
from canopee_agent.step import Ceiling, StepKind
from canopee_agent.steps.collect_logs import CollectLogs
from canopee_agent.steps.make_archive import MakeArchive
from canopee_agent.steps.move_path import MovePath
from canopee_agent.steps.read_file import ReadFile
from canopee_agent.steps.unzip_archive import UnzipArchive
from canopee_kit.clock import SystemClock
from canopee_kit.errors import TemporaryError
from canopee_proofs.hostile_paths import linux_paths, mutated, windows_paths
from canopee_proofs.proof import Proof, Setting, Verdict

_MARK = "kept-for-nobody"
_ROOT, _OUTSIDE = "C:\\Root", "C:\\Outside"
_LEAST_PATHS, _DISK_EVERY = 300, 4
_LONG = 1_000
"""Cases from which each known path is given to each step, and not to one of them."""


class Attack(msgspec.Struct, frozen=True):
    """A step that is given a hostile path, and an ordinary one where it wants two."""

    name: str
    kind: type[StepKind[Any]]
    fields: dict[str, object]
    """`PATH` stands for the hostile path, `OK`, `ZIP` and `NEW` for what is in the root."""


ATTACKS = (
    Attack("read", ReadFile, {"path": "PATH", "content": True, "on_missing": "fail"}),
    Attack("collect", CollectLogs, {"paths": ["PATH"]}),
    Attack("collect below", CollectLogs, {"paths": ["PATH*"]}),
    Attack("move from", MovePath, {"from": "PATH", "to": "NEW"}),
    Attack("move to", MovePath, {"from": "OK", "to": "PATH", "overwrite": True}),
    Attack("unzip from", UnzipArchive, {"archive": "PATH", "to": "NEW"}),
    Attack("unzip to", UnzipArchive, {"archive": "ZIP", "to": "PATH", "overwrite": True}),
    Attack("archive from", MakeArchive, {"paths": ["PATH"], "to": "NEW"}),
    Attack("archive to", MakeArchive, {"paths": ["OK"], "to": "PATH", "overwrite": True}),
)


class Paths(Proof):
    """No path, however it is written, leads a step out of the folders that the local policy allows.

    Each of the hostile paths of Linux and of Windows, then as many random variants of them as are asked for, is given
    to the steps that read, collect, move, extract and archive: on a real disk with links, loops and pipes, and on the
    Windows machine in memory. Nothing outside is read, made, changed or removed; no error but the step's own is raised.
    """

    usual_cases: ClassVar[int] = 20_000
    short_cases: ClassVar[int] = 200

    def run(self, setting: Setting) -> Verdict:
        violations: list[str] = []
        ends: Counter[str] = Counter()
        draw, linux = setting.random(), _Disk(setting.folder)
        of_linux, of_windows = linux_paths(str(linux.root), str(linux.outside)), windows_paths(_ROOT, _OUTSIDE)
        if min(len(of_linux), len(of_windows)) < _LEAST_PATHS:
            violations.append(f"{len(of_linux)} and {len(of_windows)} paths: fewer than {_LEAST_PATHS}")
        setting.say(
            f"{len(of_linux)} paths of Linux, {len(of_windows)} of Windows, {len(ATTACKS)} steps, then variants"
        )
        known, is_long = len(of_linux) + len(of_windows), setting.cases >= _LONG
        for number in range(known + setting.cases):
            is_linux = number < len(of_linux) if number < known else number % _DISK_EVERY == 0
            paths = of_linux if is_linux else of_windows
            path = paths[number % len(paths)] if number < known else mutated(draw, draw.choice(paths))
            for attack in ATTACKS if number < known and is_long else (draw.choice(ATTACKS),):
                found, end = linux.attacked(attack, path) if is_linux else _in_memory(attack, path)
                ends[end] += 1
                violations += [f"{attack.name} {path!r}: {what}" for what in found]
        setting.say(", ".join(f"{count} {end}" for end, count in ends.most_common()))
        if not ends["done"]:
            violations.append("no path at all was allowed: the proof proves nothing")
        return Verdict(ends.total(), tuple(violations))


def _attempt(machine: Machine, root: str, attack: Attack, path: str, separator: str) -> tuple[list[str], str]:
    """What is wrong by what the step says, and how it ended."""
    places = {"OK": f"{root}{separator}ok.txt", "ZIP": f"{root}{separator}ok.zip", "NEW": f"{root}{separator}new"}
    text = msgspec.json.encode(attack.fields).decode()
    try:
        fields = msgspec.json.decode(text.replace("PATH", path.translate(_JSON)))
        fields = {name: _placed(value, places) for name, value in fields.items()}
        parameters = msgspec.convert(fields, attack.kind.Parameters)
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeEncodeError):
        return [], "no parameter"
    ceiling = Ceiling(read_roots=(root,), write_roots=(root,), timeout_s=60, max_read_bytes=10_000)
    outbox = FakeOutbox()
    machine.outbox = outbox
    try:
        said = b"".join(msgspec.json.encode(record) for record in attack.kind().run(machine, parameters, ceiling))
    except (StepError, TemporaryError) as error:
        return _leaked(f"{error}".encode("utf-8", "replace")), "refused"
    except Exception as error:  # noqa: BLE001  that is what is looked for
        return [f"an error that is not the step's: {type(error).__name__}: {error}"], "fault"
    return _leaked(said, *map(_unpacked, outbox.files.values())), "done"


_JSON = {number: f"\\u{number:04x}" for number in (*range(32), 34, 92, *range(0xD800, 0xE000))}


def _placed(value: object, places: dict[str, str]) -> object:
    if isinstance(value, list):
        return [_placed(one, places) for one in cast("list[object]", value)]
    return places.get(value, value) if isinstance(value, str) else value


def _unpacked(content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return b"".join(map(archive.read, archive.namelist()))


def _leaked(*contents: bytes) -> list[str]:
    return ["what lies outside was read"] if any(_MARK.encode() in content for content in contents) else []


def _zip() -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as archive:
        archive.writestr("planted.txt", b"planted")
    return output.getvalue()


def _in_memory(attack: Attack, path: str) -> tuple[list[str], str]:
    machine = FakeMachine("windows")
    files = machine.files
    files.write(f"{_ROOT}\\ok.txt", b"ok")
    files.write(f"{_ROOT}\\ok.zip", _zip())
    files.write(f"{_ROOT}\\sub\\deep.txt", b"ok")
    for place in (f"{_OUTSIDE}\\secret.txt", f"{_ROOT}x\\secret.txt", "D:\\Outside\\secret.txt"):
        files.write(place, _MARK.encode())
    for link in ("link", "sub\\link", "short~1", "junction"):
        files.link(f"{_ROOT}\\{link}", _OUTSIDE)
    files.link(f"{_ROOT}\\link.txt", f"{_OUTSIDE}\\secret.txt")
    files.link(f"{_ROOT}\\loop", f"{_ROOT}\\loop")
    before = {one: _content(machine, one) for one in files.paths() if not one.startswith(f"{_ROOT}\\")}
    found, end = _attempt(machine, _ROOT, attack, path, "\\")
    after = {one: _content(machine, one) for one in files.paths() if not one.startswith(f"{_ROOT}\\")}
    if after != before:
        found.append(f"changed outside: {sorted(after.items() ^ before.items())}")
    inside = [one for one in files.paths() if one.startswith(f"{_ROOT}\\")]
    return found + _leaked(*(_content(machine, one) for one in inside)), end


def _content(machine: FakeMachine, path: str) -> bytes:
    return machine.files.read(path) if machine.files.look(path).kind == "file" else b""


class _Disk:
    """A real disk: a root, what lies beside it, and a fresh copy of both once something has changed in the root."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._machine = folder, LinuxMachine(SystemClock())
        self.root, self.outside = folder / "Root", folder / "Outside"
        self._fill()

    def attacked(self, attack: Attack, path: str) -> tuple[list[str], str]:
        found, end = _attempt(self._machine, str(self.root), attack, path, "/")
        if (now := self._seen_outside()) != self._beside:
            found.append(f"changed outside: {sorted(now ^ self._beside)}")
        if end != "refused" or set(os.listdir(self.root)) != self._inside:  # noqa: PTH208  names alone
            contents = [one.read_bytes() for one in self._plain_files() if one.suffix != ".zip"]
            found += _leaked(*contents)
            self._fill()
        return found, end

    def _plain_files(self) -> Iterator[Path]:
        for folder, _, names in os.walk(self.root):
            for one in (Path(folder) / name for name in names):
                if one.is_file() and not one.is_symlink():
                    yield one

    def _fill(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)
        (self.root / "sub").mkdir(parents=True)
        (self.root / "ok.txt").write_bytes(b"ok")
        (self.root / "ok.zip").write_bytes(_zip())
        (self.root / "sub" / "deep.txt").write_bytes(b"ok")
        for folder in (self.outside, self._folder / "Rootx"):
            folder.mkdir(exist_ok=True)
            (folder / "secret.txt").write_text(_MARK)
        for link in ("link", "sub/link"):
            (self.root / link).symlink_to(self.outside)
        (self.root / "link.txt").symlink_to(self.outside / "secret.txt")
        (self.root / "loop").symlink_to(self.root / "loop")
        for pipe in ("pipe", "sub/pipe"):
            os.mkfifo(self.root / pipe)
        self._inside, self._beside = set(os.listdir(self.root)), self._seen_outside()  # noqa: PTH208  names alone

    def _seen_outside(self) -> set[tuple[str, str]]:
        """Every path beside the root, with its content."""
        return {
            (str(one), hashlib.sha256(one.read_bytes()).hexdigest() if one.is_file() else "")
            for top in self._folder.iterdir() if top != self.root
            for one in (top, *top.rglob("*"))
        }  # fmt: skip
