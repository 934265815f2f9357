"""A home of `canopee up`, driven by its command line: shipped, for the tests of the whole system."""

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec

from canopee.cli import main
from canopee.home import Credential, Home
from canopee_client.client import Client

_LONGEST_S = 180


class Installation:
    """One home of `canopee up`."""

    def __init__(self, folder: Path) -> None:
        self.home = Home(folder)
        self.errors = ""
        """What the last command said on standard error."""

    def run(self, *arguments: str, expect: int | None = 0) -> str:
        """Run one command on this home; its standard output. The exit code must be `expect`, unless that is None."""
        ended = subprocess.run(  # noqa: S603  our own command
            [sys.executable, "-m", "canopee", *arguments, "--home", str(self.home.folder)],
            capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "200"}, timeout=_LONGEST_S,
        )  # fmt: skip
        if expect is not None and ended.returncode != expect:
            raise AssertionError(f"{arguments}: {ended.returncode}\n{ended.stdout}\n{ended.stderr}")
        self.errors = ended.stderr
        return ended.stdout

    def json(self, *arguments: str) -> Any:  # noqa: ANN401
        """What one command answers with `--json`. It runs in this process, in a moment; it must succeed."""
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            code = main([*arguments, "--json", "--home", str(self.home.folder)])
        if code:
            raise AssertionError(f"{arguments}: {code}\n{said.getvalue()}")
        return msgspec.json.decode(said.getvalue())

    def up(self, *arguments: str) -> str:
        """Start it in the background; what it says."""
        return self.run("up", "--detach", "--listen", "127.0.0.1:0", *arguments)

    def client(self) -> Client:
        """The API, as the local administrator."""
        credential = msgspec.json.decode(self.home.credential.read_bytes(), type=Credential)
        return Client(credential.url, credential.api_key)
