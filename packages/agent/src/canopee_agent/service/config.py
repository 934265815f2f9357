"""What an agent is told by its installer: `agent.toml` in its home.

server_url = "https://canopee.example.fr"
enrolment_token = "cpe_…"      # read until the PC is enrolled
ca_file = "ca.pem"             # optional: the one certificate authority trusted; relative to the home
"""

import ipaddress
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from canopee_agent.errors import StateError


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The content of `agent.toml`."""

    server_url: str
    enrolment_token: str = ""
    ca_file: str = ""


class Home(msgspec.Struct, frozen=True):
    """The folders and files of one agent."""

    folder: Path

    @property
    def state(self) -> Path:
        """Everything the agent writes."""
        return self.folder / "state"

    def config(self) -> Config:
        """Read `agent.toml`.

        Raises:
            StateError: missing, malformed, or an address that is not safe.
        """
        path = self.folder / "agent.toml"
        try:
            config = msgspec.convert(tomllib.loads(path.read_text("utf-8-sig")), Config)
        except FileNotFoundError as error:
            raise StateError(f"{path} is missing: write it with server_url and enrolment_token") from error
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
            raise StateError(f"{path}: {error}") from error
        check_url(config.server_url)
        return config

    def root(self) -> bytes:
        """The pinned TUF root; raises `StateError`."""
        try:
            return (self.folder / "root.json").read_bytes()
        except OSError as error:
            raise StateError(f"root.json cannot be read: {error}; copy it from the server's keys") from error


def check_url(url: str) -> None:
    """Refuse an address that would send anything in clear over a network.

    Raises:
        StateError: not an address, or not https, nor http to this machine.
    """
    try:
        parts = urlsplit(url)
        has_port = parts.port is None or parts.port > 0
    except ValueError as error:
        raise StateError(f"{url!r}: server_url is not an address: {error}") from error
    if parts.username or parts.query or parts.fragment or not has_port:
        raise StateError(f"{url!r}: server_url is https://host, then a port and a path where there are some")
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme != "http" or not _is_loopback(parts.hostname or ""):
        raise StateError(f"{url!r}: server_url starts with https:// (http:// only to this machine itself)")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
