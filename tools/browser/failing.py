"""Simulated PCs whose steps begin to fail, and are mended."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from canopee.home import Credential
from canopee.testing import Installation
from canopee_contract.codec import decode
from canopee_contract.people import NewEnrolmentTokens
from tools.patience import wait_until

PRACTICE = "FR-93-00042"
_PATIENCE_S = 120
_SHARE = 0.5
"""Of steps that fail, and of calls that are cut, while they are spoilt."""


class FailingFleet:
    """More PCs of an installation, of the practice `PRACTICE`."""

    def __init__(self, installed: Installation, folder: Path, devices: int) -> None:
        self._installed, self._folder, self._devices = installed, folder, devices
        with installed.client() as client:
            order = NewEnrolmentTokens(count=1, uses=devices, simulated=True, practice_id=PRACTICE)
            tokens = client.mint_tokens(order).tokens * devices
        folder.mkdir(parents=True, exist_ok=True)
        self._tokens = folder / "tokens"
        self._tokens.write_text("\n".join(tokens))
        known = len(installed.json("devices"))
        self._running = self._start(0)
        installed.run("wait", "devices", "--at-least", str(known + devices), "--timeout", "60")

    def spoil(self) -> None:
        """From now on steps fail, and calls are cut."""
        self._restart(_SHARE)

    def mend(self) -> None:
        """From now on all goes well again; what failed before has been told, and halts nothing that is resumed now."""
        self._restart(0)
        wait_until("every report is told", lambda: not self._untold(), _PATIENCE_S)

    def stop(self) -> None:
        """Switch them off."""
        self._running.terminate()
        self._running.wait()

    def _untold(self) -> int:
        """Reports of runs that the API has not acknowledged."""
        with closing(sqlite3.connect(self._folder / "swarm" / "swarm.db")) as kept:
            return int(kept.execute("SELECT count(*) FROM reports").fetchone()[0])

    def _restart(self, failures: float) -> None:
        self.stop()
        self._running = self._start(failures)

    def _start(self, failures: float) -> subprocess.Popen[bytes]:
        url = decode(self._installed.home.credential.read_bytes(), Credential).url
        command = [
            str(Path(sys.executable).with_name("canopee-swarm")), "--url", url,
            "--folder", str(self._folder / "swarm"), "--root", str(self._installed.home.keys / "root.json"),
            "--tokens", str(self._tokens), "--devices", str(self._devices), "--failures", str(failures),
        ]  # fmt: skip
        return subprocess.Popen(  # noqa: S603  our own command
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
