"""Simulated PCs whose steps fail, until somebody mends them."""

import subprocess
import sys
from pathlib import Path

from canopee.home import Credential
from canopee.testing import Installation
from canopee_contract.codec import decode
from canopee_contract.people import NewEnrolmentTokens

PRACTICE = "BROKEN-1"
_SHARE = 0.5
"""Of steps that fail, and of calls that are cut."""


class FailingFleet:
    """More PCs of an installation, of the practice `PRACTICE`."""

    def __init__(self, installed: Installation, folder: Path, devices: int) -> None:
        self._installed, self._folder, self._devices = installed, folder, devices
        with installed.client() as client:
            order = NewEnrolmentTokens(count=1, uses=devices, simulated=True, practice_id=PRACTICE)
            tokens = client.mint_tokens(order).tokens * devices
        self._tokens = folder / "tokens"
        self._tokens.write_text("\n".join(tokens))
        known = len(installed.json("devices"))
        self._running = self._start(_SHARE)
        installed.run("wait", "devices", "--at-least", str(known + devices), "--timeout", "60")

    def mend(self) -> None:
        """The same PCs, whose steps end well from now on."""
        self.stop()
        self._running = self._start(0)

    def stop(self) -> None:
        """Switch them off."""
        self._running.terminate()
        self._running.wait()

    def _start(self, failures: float) -> subprocess.Popen[bytes]:
        url = decode(self._installed.home.credential.read_bytes(), Credential).url
        command = [
            str(Path(sys.executable).with_name("canopee-swarm")), "--url", url,
            "--folder", str(self._folder / "swarm"), "--root", str(self._installed.home.keys / "root.json"),
            "--tokens", str(self._tokens), "--devices", str(self._devices), "--failures", str(failures),
        ]  # fmt: skip
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
