"""The folder of `canopee up`, and how the other commands find its API."""

import argparse
import os
from datetime import datetime
from pathlib import Path

import msgspec

from canopee.errors import UsageError
from canopee_client.client import Client


class Credential(msgspec.Struct, frozen=True):
    """An API and who we are there."""

    url: str
    api_key: str


class Running(msgspec.Struct, frozen=True):
    """What `Home.running` holds: what runs, once all of it is ready."""

    url: str
    pid: int
    pids: dict[str, int]
    started_at: datetime


class Home(msgspec.Struct, frozen=True):
    """The folders and files of one embedded installation."""

    folder: Path

    @property
    def keys(self) -> Path:
        """A development key folder."""
        return self.folder / "keys"

    @property
    def agent(self) -> Path:
        """Home of the agent of this machine."""
        return self.folder / "agent"

    @property
    def swarm(self) -> Path:
        """The simulated devices."""
        return self.folder / "swarm"

    @property
    def logs(self) -> Path:
        """One file a process."""
        return self.folder / "logs"

    @property
    def credential(self) -> Path:
        """The local administrator's API key."""
        return self.folder / "admin.json"

    @property
    def running(self) -> Path:
        """What runs now: written when everything is ready, removed at the stop."""
        return self.folder / "up.json"


def default_home() -> Home:
    """`CANOPEE_HOME`, else `~/.canopee`."""
    return Home(Path(os.environ.get("CANOPEE_HOME") or Path.home() / ".canopee").expanduser().absolute())


def home_of(arguments: argparse.Namespace) -> Home:
    """The home that `--home` names, else the default one."""
    given: Path | None = getattr(arguments, "home", None)
    return Home(given.expanduser().absolute()) if given else default_home()


def add_home(parser: argparse.ArgumentParser) -> None:
    """The option `--home`."""
    parser.add_argument("--home", type=Path, help="folder of `canopee up` (default: CANOPEE_HOME, ~/.canopee)")


def login_file() -> Path:
    """Where `canopee login` keeps a credential of another machine's API."""
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "canopee" / "login.json"


def connect(arguments: argparse.Namespace) -> Client:
    """The API of the home; else the one of `canopee login`.

    Raises:
        UsageError: neither is there, or what is there cannot be read.
    """
    for path in (home_of(arguments).credential, login_file()):
        if path.is_file():
            try:
                credential = msgspec.json.decode(path.read_bytes(), type=Credential)
            except (OSError, msgspec.DecodeError) as error:
                raise UsageError(f"{path} cannot be read ({error}): remove it, then log in again") from error
            return Client(credential.url, credential.api_key)
    raise UsageError("no API is known here: start one with `canopee up`, or name one with `canopee login`")
