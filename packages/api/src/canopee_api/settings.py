"""What an API process is told at its start, by environment variables."""

import contextlib
import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from canopee_api.errors import ServerError

DEFAULT_LISTEN = "127.0.0.1:8470"
_SECRET_BYTES = 32


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
    pool_size: int = 8
    """Connections to PostgreSQL."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Read `CANOPEE_HOME`, `CANOPEE_DATABASE_URL`, `CANOPEE_LISTEN`, `CANOPEE_KEYS`, `CANOPEE_SECRET_FILE`.

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
        )


def parse_listen(text: str) -> tuple[str, int]:
    """`HOST:PORT` → its parts; only loopback, since TLS is a proxy's work that is not set up here.

    Raises:
        ServerError: malformed, or not a loopback address.
    """
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or int(port) > 65535 or not host:  # noqa: PLR2004  largest port
        raise ServerError(f"{text!r} is not HOST:PORT, such as {DEFAULT_LISTEN}")
    try:
        is_loopback = host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError as error:
        raise ServerError(f"{host!r} is not an IP address") from error
    if not is_loopback:
        raise ServerError(f"{host} is not a loopback address: serve it through a TLS proxy on this machine")
    return host, int(port)


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
        raise ServerError(f"{path} cannot be read, or written: {error.strerror}") from error
    if len(secret) != _SECRET_BYTES:
        raise ServerError(f"{path} does not hold {_SECRET_BYTES} bytes: restore it from a backup")
    return secret


def _make_secret(path: Path) -> None:
    """Appear whole or not at all: of several processes that start at once, one makes it, the others read that one."""
    part = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(os.urandom(_SECRET_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(part, path)
    finally:
        part.unlink(missing_ok=True)
