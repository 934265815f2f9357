"""Where what came is sent on, and who is told: two files beside the settings, with their secrets."""

import stat
import tomllib
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta

from canopee_api.errors import ServerError

T = TypeVar("T", bound=msgspec.Struct)
_Port = Annotated[int, Meta(ge=1, le=65_535)]


class SftpServer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`sftp.toml`."""

    host: str
    port: _Port = 22
    user: str
    folder: Annotated[str, Meta(pattern="^/.*[^/]$")]
    """Absolute, and there already."""
    host_key: Annotated[str, Meta(pattern="^(ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/=]+")]
    """Of the server: no other one is spoken to."""
    password: str = ""
    private_key: str = ""
    """Path of a file."""


class MailServer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`mail.toml`."""

    host: str
    port: _Port = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    """`none` to this machine only."""
    sender: Annotated[str, Meta(pattern=r"^[^@\s]+@[^@\s]+$")]
    user: str = ""
    password: str = ""


def read_sftp(path: Path) -> SftpServer | None:
    """The SFTP server; `None` when there is no such file.

    Raises:
        ServerError: others may read it, it cannot be read, or says something else.
    """
    found = _read(path, SftpServer)
    if found is not None and bool(found.password) == bool(found.private_key):
        raise ServerError(f"{path}: exactly one of password and private_key")
    return found


def read_mail(path: Path) -> MailServer | None:
    """The mail server; as `read_sftp`."""
    found = _read(path, MailServer)
    if found is not None and found.security == "none" and found.host not in {"localhost", "127.0.0.1", "::1"}:
        raise ServerError(f'{path}: security = "none" would send mail in clear to another machine')
    return found


def _read(path: Path, kind: type[T]) -> T | None:
    try:
        if not path.is_file():
            return None
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ServerError(f"{path} holds a secret and others may read it: chmod 600 {path}")
        return msgspec.convert(tomllib.loads(path.read_text("utf-8")), kind)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ServerError(f"{path} cannot be used: {error}: see docs/how-to/get-log-files.md") from error
