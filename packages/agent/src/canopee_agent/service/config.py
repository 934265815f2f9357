"""What an agent is told by its installer: `agent.toml` in its home.

server_url = "https://canopee.example.fr"
enrolment_token = "cpe_…"      # taken out by the agent once the PC is enrolled
practice_id = "FR-69-00012"    # optional: the PC's practice, for a token that is good for several
ca_file = "ca.pem"             # optional: the one certificate authority trusted; relative to the home
"""

import re
import sys
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from canopee_agent.addresses import is_safe
from canopee_agent.errors import StateError
from canopee_agent.service.files import write_private
from canopee_agent.service_ports import DESK
from canopee_kit.logs import get_logger


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The content of `agent.toml`."""

    server_url: str
    enrolment_token: str = ""
    practice_id: str = ""
    ca_file: str = ""


_log = get_logger(__name__)
_TOKEN_LINE = re.compile(r"\s*enrolment_token\s*=")


QUESTIONS = "questions.db"
"""In the state folder: what the user of this PC is asked."""


class Home(msgspec.Struct, frozen=True):
    """The folders and files of one agent."""

    folder: Path
    program: Path | None = None
    """Where the program of an installed agent is, with its policy; `None`: the policy is in the home."""
    state_folder: Path | None = None
    """Where the system wants what is written apart from what is configured."""
    desk_folder: Path | None = None
    """Where the system wants what users and services exchange."""

    @property
    def policy(self) -> Path:
        """The local ceiling."""
        return (self.program or self.folder) / "policy.toml"

    @property
    def state(self) -> Path:
        """Everything the agent writes."""
        return self.state_folder or self.folder / "state"

    @property
    def desk(self) -> Path:
        """Where whoever uses this PC asks its agent for something."""
        return self.desk_folder or self.folder / DESK

    @property
    def own_folders(self) -> tuple[str, ...]:
        """Final paths where no step may read nor write: keys, state, policy, and the program itself."""
        program, prefix = Path(__file__).resolve().parents[1], Path(sys.prefix).resolve()
        own = {self.folder.resolve(), self.state.resolve(), self.desk.resolve(), program}
        if self.program:
            own.add(self.program.resolve())
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

    @property
    def ca_file(self) -> Path | None:
        """The one certificate authority that is trusted; raises as `config`."""
        name = self.config().ca_file
        return self.folder / name if name else None

    def config_or_none(self) -> Config | None:
        """What `agent.toml` says; `None` when it is missing, or cannot be used."""
        if not (self.folder / "agent.toml").is_file():
            return None
        try:
            return self.config()
        except StateError as error:
            _log.warning("what is there is not used: %s", error)
            return None

    def write_config(self, config: Config, text: str | None = None) -> None:
        """Replace `agent.toml`; `text` is used where it says the same as `config`, with somebody's comments.

        Raises:
            DiskError: the disk is full; the old content is there.
        """
        is_same = text is not None and _read(text) == config
        write_private(self.folder / "agent.toml", (text if text and is_same else _written(config)).encode())

    def forget_token(self) -> Config:
        """Take the token out of `agent.toml`; the configuration without it.

        Raises:
            OSError, DiskError, StateError: the file cannot be read or written.
        """
        config = msgspec.structs.replace(self.config(), enrolment_token="")
        lines = (self.folder / "agent.toml").read_text("utf-8-sig").splitlines(keepends=True)
        self.write_config(config, "".join(line for line in lines if not _TOKEN_LINE.match(line)))
        return config

    def root(self) -> bytes:
        """The pinned TUF root; raises `StateError`."""
        try:
            return (self.folder / "root.json").read_bytes()
        except OSError as error:
            raise StateError(f"root.json cannot be read: {error}; copy it from the server's keys") from error


def _read(text: str) -> Config | None:
    try:
        return msgspec.convert(tomllib.loads(text), Config)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError):
        return None


def _written(config: Config) -> str:
    """Basic strings of TOML are those of JSON, but for U+007F."""
    values = {name: value for name, value in msgspec.structs.asdict(config).items() if value}
    texts = {
        name: msgspec.json.encode(value).decode().replace("\x7f", "\\u007f") for name, value in values.items()
    }
    return "".join(f"{name} = {text}\n" for name, text in texts.items())


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
