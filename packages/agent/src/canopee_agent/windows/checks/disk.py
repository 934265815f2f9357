"""Files: links, locks, long paths, antivirus programs, and what a restart leaves."""

import hashlib
import msvcrt
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from canopee_agent.errors import BusyError, DeniedError
from canopee_agent.locations import told
from canopee_agent.step import Ceiling
from canopee_agent.steps.read_file import ReadFile, ReadFileParameters
from canopee_agent.windows.acceptance import Area, Finding, Look, Scene, failed, judged, not_applicable, ok

assert sys.platform == "win32"  # noqa: S101  lets type checkers know

_MANY = 300
_KEPT = "canopee-acceptance.bin"
_KEPT_BYTES = 4 * 2**20


class Disk(Area):
    """Files and folders."""

    def checks(self) -> Mapping[str, Look]:
        return {
            "a junction leads no step out of its folder": _junction,
            "nor does a symbolic link": _symbolic_link,
            "a locked range of bytes is told as busy": _locked,
            "paths of more than 260 characters": _long_path,
            "a folder of fresh programs is renamed at once": _fresh_folder,
        }

    def after_restart(self) -> Mapping[str, Look]:
        return {"what was synced outlived the restart": _outlived}

    def prepare(self, scene: Scene) -> None:
        path, content = str(scene.scratch.parent / _KEPT), _content()
        scene.machine.files.delete(path)
        with scene.machine.files.create(path) as stream:
            stream.write(content)
            scene.machine.files.sync(stream)


def _junction(scene: Scene) -> Finding:
    inside = scene.scratch / "inside"
    return _led_out(scene, lambda: _command("mklink", "/J", str(inside / "link"), str(_outside(scene))))


def _symbolic_link(scene: Scene) -> Finding:
    inside = scene.scratch / "inside"
    return _led_out(scene, lambda: _command("mklink", "/D", str(inside / "link"), str(_outside(scene))))


def _led_out(scene: Scene, link: Callable[[], str]) -> Finding:
    """Whether a step reads through a link a file that the policy does not open."""
    inside = scene.scratch / "inside"
    inside.mkdir(exist_ok=True)
    said = link()
    if not (inside / "link" / "secret.txt").exists():
        return failed(f"no link could be made: {said}")
    try:
        ceiling = Ceiling(read_roots=(str(inside.resolve()),))
        list(ReadFile().run(scene.machine, ReadFileParameters(str(inside / "link" / "secret.txt")), ceiling))
    except DeniedError as error:
        return ok(error.message)
    finally:
        (inside / "link").rmdir()
    return failed("the file behind the link was read")


def _outside(scene: Scene) -> Path:
    folder = scene.scratch / "outside"
    folder.mkdir(exist_ok=True)
    (folder / "secret.txt").write_text("secret")
    return folder


def _locked(scene: Scene) -> Finding:
    path = scene.scratch / "locked.bin"
    path.write_bytes(b"x" * 100)
    with path.open("r+b") as owner:
        msvcrt.locking(owner.fileno(), msvcrt.LK_NBLCK, 100)
        try:
            with scene.machine.files.open(str(path)) as stream:
                stream.read()
        except OSError as error:
            kind = type(told(str(path), error))
            return judged(is_good=kind in {BusyError, DeniedError}, seen=f"{kind.__name__}: {error}")
        finally:
            owner.seek(0)
            msvcrt.locking(owner.fileno(), msvcrt.LK_UNLCK, 100)
    return failed("locked bytes were read")


def _long_path(scene: Scene) -> Finding:
    files, folder = scene.machine.files, str(scene.scratch)
    while len(folder) < _MANY:
        folder += "\\" + "long" * 10
        files.make_folder(folder)
    with files.create(folder + "\\file.txt") as stream:
        stream.write(b"content")
    with files.open(folder + "\\file.txt") as stream:
        is_same = stream.read() == b"content"
    return judged(is_good=is_same, seen=f"{len(folder)} characters")


def _fresh_folder(scene: Scene) -> Finding:
    """As the update of the agent does: antivirus programs hold fresh programs for a while."""
    fresh, clock = scene.scratch / "fresh", scene.machine.clock
    fresh.mkdir()
    program = Path(scene.own_command[0]).read_bytes()
    for number in range(20):
        (fresh / f"program{number}.exe").write_bytes(program + bytes([number]))
    began = clock.monotonic()
    scene.machine.files.rename(str(fresh), str(scene.scratch / "renamed"))
    return ok(f"after {clock.monotonic() - began:.2f} s, of the 5 s that the agent gives it")


def _outlived(scene: Scene) -> Finding:
    path = scene.scratch.parent / _KEPT
    if not path.is_file():
        return failed("the file is gone")
    found = path.read_bytes()
    path.unlink()
    if scene.asked_at is None:
        return not_applicable("the first part did not end")
    digest = hashlib.sha256(found).hexdigest()
    is_same = digest == hashlib.sha256(_content()).hexdigest()
    return judged(
        is_good=is_same, seen=f"{len(found)} bytes of {_KEPT_BYTES}, {'as written' if is_same else 'other'}"
    )


def _content() -> bytes:
    return bytes(range(256)) * (_KEPT_BYTES // 256)


def _command(*words: str) -> str:
    """`mklink` is a word of the command interpreter; the paths are ours."""
    interpreter = os.environ.get("COMSPEC", r"C:\Windows\System32\cmd.exe")
    ended = subprocess.run(  # noqa: S603  paths of ours
        [interpreter, "/c", *words], capture_output=True, check=False, stdin=subprocess.DEVNULL
    )
    return (ended.stdout + ended.stderr).decode("cp850", "replace").strip()
