"""What an API process is told at its start, by environment variables."""

import contextlib
import ipaddress
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from canopee_api.destinations import MailServer, SftpServer, read_mail, read_sftp
from canopee_api.errors import ServerError

DEFAULT_ZONE = "Europe/Paris"
DEFAULT_LISTEN = "127.0.0.1:8470"
_SECRET_BYTES = 32
_MOST_DAYS = 36_500
_TICK_S, _LONGEST_TICK_S = 30, 300


class Keep(msgspec.Struct, frozen=True, kw_only=True):
    """How long what is not a record is kept, in days."""

    orders: int = 400
    """Orders and runs, after the end of their campaign: `CANOPEE_KEEP_ORDERS_DAYS`."""
    rejected: int = 90
    """Records refused for good: `CANOPEE_KEEP_REJECTED_DAYS`."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Keep":
        """Read the two variables.

        Raises:
            ServerError: not a number of days.
        """
        default = cls()
        return cls(
            orders=_days(environ, "CANOPEE_KEEP_ORDERS_DAYS", default.orders),
            rejected=_days(environ, "CANOPEE_KEEP_REJECTED_DAYS", default.rejected),
        )


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Where an API process keeps, finds and serves things."""

    home: Path
    """The embedded PostgreSQL lives in `home/postgres` when there is no `database_url`."""
    database_url: str = ""
    host: str = "127.0.0.1"
    port: int = 8470
    """0: any free port."""
    keys: Path
    """Folder with `root.json` and `online/{snapshot,timestamp,director}.key`."""
    secret_file: Path
    """32 random bytes, from which tokens are made; written if absent. The same for every process of a fleet."""
    files: Path | None = None
    """Folder of the files that PCs send, the same for every process: `CANOPEE_FILES`; by default `home/files`."""
    sftp: SftpServer | None = None
    """Where archives of logs are sent on to: `CANOPEE_SFTP` names a file, by default `home/sftp.toml`."""
    mail: MailServer | None = None
    """`CANOPEE_MAIL`, by default `home/mail.toml`."""
    pool_size: int = 8
    """Connections to PostgreSQL."""
    keep: Keep = Keep()
    time_zone: str = DEFAULT_ZONE
    """Of the practices that name none: `CANOPEE_TIME_ZONE`."""
    tick_s: int = _TICK_S
    """Between two rounds of periodic work (campaigns go on, what is old goes): `CANOPEE_TICK_S`."""
    worker: bool = True
    """Whether this process does such work too; else `canopee worker` does: `CANOPEE_WORKER`, `yes` or `no`."""

    @property
    def files_folder(self) -> Path:
        """Where the files that PCs send are kept."""
        return self.files or self.home / "files"

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Read `CANOPEE_HOME`, `CANOPEE_DATABASE_URL`, `CANOPEE_LISTEN`, `CANOPEE_KEYS`, `CANOPEE_SECRET_FILE`.

        Those of `Keep`, `time_zone`, `tick_s` and `worker` too.

        Raises:
            ServerError: an address that cannot be read, or that would be served to others without TLS.
        """
        home = Path(environ.get("CANOPEE_HOME") or Path.home() / ".canopee").expanduser().absolute()
        host, port = parse_listen(environ.get("CANOPEE_LISTEN", DEFAULT_LISTEN))
        return cls(
            home=home,
            database_url=environ.get("CANOPEE_DATABASE_URL", ""),
            host=host,
            port=port,
            keys=Path(environ.get("CANOPEE_KEYS") or home / "keys"),
            secret_file=Path(environ.get("CANOPEE_SECRET_FILE") or home / "secret.key"),
            files=Path(environ["CANOPEE_FILES"]) if environ.get("CANOPEE_FILES") else None,
            sftp=read_sftp(Path(environ.get("CANOPEE_SFTP") or home / "sftp.toml")),
            mail=read_mail(Path(environ.get("CANOPEE_MAIL") or home / "mail.toml")),
            keep=Keep.from_env(environ),
            time_zone=_zone(environ.get("CANOPEE_TIME_ZONE", "") or DEFAULT_ZONE),
            tick_s=_whole(environ, "CANOPEE_TICK_S", _TICK_S, most=_LONGEST_TICK_S, unit="seconds"),
            worker=_yes(environ, "CANOPEE_WORKER"),
        )


def parse_listen(text: str) -> tuple[str, int]:
    """`HOST:PORT` → its parts; only loopback, since TLS is a proxy's work that is not set up here.

    Raises:
        ServerError: malformed, or not a loopback address.
    """
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not (port.isascii() and port.isdecimal()) or int(port) > 65535 or not host:  # noqa: PLR2004  largest port
        raise ServerError(f"{text!r} is not HOST:PORT, such as {DEFAULT_LISTEN}")
    try:
        is_loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError as error:
        raise ServerError(f"{host!r} is not an IP address") from error
    if not is_loopback:
        raise ServerError(f"{host} is not a loopback address: serve it through a TLS proxy on this machine")
    return host, int(port)


def _zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError, OSError) as error:
        raise ServerError(f"CANOPEE_TIME_ZONE={name!r} is not of the IANA list, such as {DEFAULT_ZONE}") from error


def _yes(environ: Mapping[str, str], name: str) -> bool:
    text = environ.get(name, "") or "yes"
    if text not in {"yes", "no"}:
        raise ServerError(f"{name}={text!r} is neither yes nor no")
    return text == "yes"


def _days(environ: Mapping[str, str], name: str, default: int) -> int:
    return _whole(environ, name, default, most=_MOST_DAYS, unit="days")


def _whole(environ: Mapping[str, str], name: str, default: int, *, most: int, unit: str) -> int:
    text = environ.get(name, "") or str(default)
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise ServerError(f"{name}={text!r} is not a number of {unit} from 1 to {most}")
    return int(text)


def read_secret(path: Path) -> bytes:
    """The secret in `path`, which is made on the first call.

    Raises:
        ServerError: unreadable, or not 32 bytes.
    """
    try:
        if not path.exists():
            _make_secret(path)
        secret = path.read_bytes()
    except OSError as error:
        raise ServerError(f"{path} cannot be read or written: {error.strerror}") from error
    if len(secret) != _SECRET_BYTES:
        raise ServerError(f"{path} does not hold {_SECRET_BYTES} bytes: restore it from a backup")
    return secret


def _make_secret(path: Path) -> None:
    """Whole or not at all; the first of several processes wins."""
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(os.urandom(_SECRET_BYTES))
            file.flush()
            os.fsync(descriptor)
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(part)
    finally:
        part.unlink()
