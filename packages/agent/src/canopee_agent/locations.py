"""Where a step may read and write: the local policy's roots and denials, checked on final paths.

A path is first settled: links are followed as far as it exists, the rest is appended. What is then opened or made is
checked again by the adapter, which refuses any link: one put in the way in between cannot lead out of the roots.
"""

import errno
import hashlib
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from itertools import zip_longest
from pathlib import PurePath, PurePosixPath, PureWindowsPath

from canopee_agent.errors import (
    BusyError,
    DeniedError,
    ExistsError,
    MissingError,
    NoSpaceError,
    StepError,
)
from canopee_agent.names import fault_of, is_same
from canopee_agent.ports import Files, Machine
from canopee_agent.step import Ceiling

_BESIDE = ".canopee-"
_SHARING = {32, 33}
_NOT_FOUND = {2, 3, 123, 161}
_FULL = {39, 112}
_EXISTS = {80, 145, 183}


def pure(path: str) -> PurePath:
    """A path in the notation it is written in: only Windows paths have a drive or a share."""
    windows = PureWindowsPath(path)
    return windows if windows.is_absolute() else PurePosixPath(path)


def is_under(path: PurePath, folder: str) -> bool:
    """Whether `path` is `folder` or lies below it, in the same notation."""
    above = pure(folder)
    if type(above) is not type(path) or len(above.parts) > len(path.parts):
        return False
    ignores_case = isinstance(path, PureWindowsPath)
    pairs = zip_longest(above.parts, path.parts[: len(above.parts)], fillvalue="")
    return all(is_same(one, other, ignores_case=ignores_case) for one, other in pairs)


def readable(machine: Machine, path: str, ceiling: Ceiling) -> str:
    """The final path of a file whose content may leave the PC.

    Raises:
        MissingError: there is none.
        DeniedError: the local policy does not allow it.
    """
    return _existing(machine, path, ceiling, ceiling.read_roots, "read_roots")


def usable(machine: Machine, path: str, ceiling: Ceiling) -> str:
    """The final path of a file that stays on the PC: what may be read, or written, may be used.

    Raises:
        MissingError: there is none.
        DeniedError: the local policy does not allow it.
    """
    roots = (*ceiling.read_roots, *ceiling.write_roots)
    return _existing(machine, path, ceiling, roots, "read_roots or write_roots")


def writable(machine: Machine, path: str, ceiling: Ceiling) -> str:
    """The final path of a file or folder that may be made, replaced or removed; it need not exist.

    Raises:
        DeniedError: the local policy does not allow it, or it is no name for a file.
    """
    asked = _checked(path)
    for part in asked.parts[1:]:
        if fault := fault_of(part):
            raise DeniedError(f"{path}: {part!r}: {fault}")
    final = settled(machine.files, asked)
    _check(final, ceiling, ceiling.write_roots, "write_roots")
    if any(is_under(final, root) and is_under(pure(root), str(final)) for root in ceiling.write_roots):
        raise DeniedError(f"{path} is a root of the local policy: name something below it")
    return str(final)


def settled(files: Files, path: PurePath) -> PurePath:
    """`path` with the links of its existing part followed."""
    for above in (path, *path.parents):
        try:
            real = pure(files.real_path(str(above)))
        except MissingError:
            continue
        if type(real) is not type(path):
            raise DeniedError(f"{path} is not written as this machine writes its paths")
        return type(real)(real, *path.relative_to(above).parts)
    return path


def make_folders(files: Files, path: str) -> None:
    """Make the folder `path` and those above it that are missing; each is checked as it is made."""
    missing: list[PurePath] = []
    for above in (pure(path), *pure(path).parents):
        if files.exists(str(above)):
            break
        missing.append(above)
    for folder in reversed(missing):
        files.make_folder(str(folder))


def beside(path: str, ending: str) -> str:
    """A hidden sibling of `path`, always the same, for what is not finished."""
    whole = pure(path)
    digest = hashlib.sha256(whole.name.lower().encode("utf-8", "surrogatepass")).hexdigest()
    return str(whole.with_name(f"{_BESIDE}{digest[:16]}.{ending}"))


def is_own_name(name: str) -> bool:
    """Whether `beside` gave it."""
    return name.startswith(_BESIDE)


def parent(path: str) -> str:
    """The folder that holds `path`."""
    return str(pure(path).parent)


def below(folder: str, parts: Sequence[str]) -> str:
    """The path of what `parts` name inside `folder`."""
    above = pure(folder)
    return str(type(above)(above, *parts))


def name_of(path: str) -> str:
    """The last part of `path`."""
    return pure(path).name


def sibling(path: str, name: str) -> str:
    """The path of `name` in the folder that holds `path`."""
    return str(pure(path).with_name(name))


def told(path: str, error: OSError) -> StepError | BusyError | NoSpaceError:
    """What an error of the operating system means to a step."""
    windows, reason = getattr(error, "winerror", None) or 0, f"{path}: {error.strerror or error}"
    if windows in _SHARING or error.errno in {errno.EBUSY, errno.ETXTBSY, errno.EAGAIN}:
        return BusyError(f"{path} is used by another program")
    if windows in _FULL or error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return NoSpaceError(f"{path}: the disk is full")
    if windows in _EXISTS or error.errno in {errno.EEXIST, errno.ENOTEMPTY}:
        return ExistsError(f"{path} exists already")
    if windows in _NOT_FOUND or error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG}:
        return MissingError(f"{path} does not exist")
    return DeniedError(reason)


@contextmanager
def told_of(path: str) -> Generator[None]:
    """Errors of the operating system inside this block are told as those of a step about `path`."""
    try:
        yield
    except OSError as error:
        raise told(path, error) from error


def _existing(machine: Machine, path: str, ceiling: Ceiling, roots: Sequence[str], setting: str) -> str:
    asked = _checked(path)
    for part in asked.parts[1:]:
        fault = fault_of(part) if isinstance(asked, PureWindowsPath) else ""
        if fault:
            raise DeniedError(f"{path}: {part!r}: {fault}")
    final = settled(machine.files, asked)
    _check(final, ceiling, roots, setting)  # before it is told whether there is such a file
    machine.files.real_path(path)
    return str(final)


def _checked(path: str) -> PurePath:
    """The path, once it is known to be absolute and plain: no device, no stream, no way up."""
    asked = pure(path)
    if not asked.is_absolute() or "\x00" in path:
        raise DeniedError(f"{path!r} is not an absolute path")
    if ".." in asked.parts:
        raise DeniedError(f"{path}: `..` is not allowed in a path; write where it leads")
    if isinstance(asked, PureWindowsPath) and asked.drive.startswith(("\\\\?", "\\\\.")):
        raise DeniedError(f"{path}: write the path without its {asked.drive[:4]} prefix")
    return asked


def _check(final: PurePath, ceiling: Ceiling, roots: Sequence[str], setting: str) -> None:
    if not any(is_under(final, root) for root in roots):
        raise DeniedError(f"the local policy does not allow {final}: add a folder to {setting}")
    if any(is_under(final, folder) for folder in ceiling.own_folders):
        raise DeniedError(f"{final} belongs to the agent: no step reads or writes there")
    for part in final.parts:
        for glob in ceiling.deny_globs:
            if fnmatchcase(part.lower(), glob.lower()):
                raise DeniedError(f"the local policy denies {final}: {part} matches {glob} of deny_globs")
