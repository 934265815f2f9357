"""What an agent is told by its installer: `agent.toml` in its home.

server_url = "https://canopee.example.fr"
enrolment_token = "cpe_…"      # read until the PC is enrolled
ca_file = "ca.pem"             # optional: the one certificate authority trusted; relative to the home
"""

import sys
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from canopee_agent.addresses import is_safe
from canopee_agent.errors import StateError


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The content of `agent.toml`."""

    server_url: str
    enrolment_token: str = ""
    ca_file: str = ""


class Home(msgspec.Struct, frozen=True):
    """The folders and files of one agent."""

    folder: Path
    program: Path | None = None
    """Where the program of an installed agent is, with its policy; `None`: the policy is in the home."""

    @property
    def policy(self) -> Path:
        """The local ceiling."""
        return (self.program or self.folder) / "policy.toml"

    @property
    def state(self) -> Path:
        """Everything the agent writes."""
        return self.folder / "state"

    @property
    def own_folders(self) -> tuple[str, ...]:
        """Final paths where no step may read nor write: keys, state, policy, and the program itself."""
        program, prefix = Path(__file__).resolve().parents[1], Path(sys.prefix).resolve()
        own = {self.folder.resolve(), program, *([self.program.resolve()] if self.program else [])}
        if prefix not in {Path("/usr"), Path("/usr/local")}:  # a Python of its own belongs to it too
            own.add(prefix)
        return tuple(sorted(map(str, own)))

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
    if not is_safe(parts):
        raise StateError(f"{url!r}: server_url starts with https:// (http:// only to this machine itself)")
