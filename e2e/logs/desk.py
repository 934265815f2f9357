"""A support desk: this PC with log files of a product, fifty simulated ones of which some are off, an SFTP server."""

import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import msgspec

from canopee.home import Credential
from canopee.testing import Installation
from canopee_api.postgres.location import forget
from canopee_api.testing_ssh import Sshd, sshd
from canopee_contract.codec import decode
from canopee_contract.log_requests import LogReceipt, LogRequestView
from canopee_kit.clock import SystemClock
from e2e.logs.archive import MARKER, SECRETS, sha256_of
from tools.patience import NotInTimeError, wait_until

CATALOG = Path(__file__).parents[2] / "catalog"
SIMULATED, ALL = 50, 51
_LINES = 300


class Desk:
    """What the journeys of this folder share."""

    def __init__(self, folder: Path, installed: Installation, vault: Sshd) -> None:
        self.installed, self.vault, self.logs = installed, vault, folder / "cabinet"
        self.files = installed.home.folder / "files"
        """Where the API keeps what came."""

    @property
    def pc(self) -> str:
        """Id of this PC."""
        return next(one["id"] for one in self.installed.json("devices") if not one["simulated"])

    def http(self) -> httpx.Client:
        """The documented routes, with a key and nothing of our SDK."""
        held = decode(self.installed.home.credential.read_bytes(), Credential)
        return httpx.Client(base_url=held.url, headers={"authorization": f"Bearer {held.api_key}"}, timeout=30)

    def view(self, request_id: str) -> LogRequestView:
        """Where a request stands; its states always add up."""
        with self.installed.client() as client:
            view = client.log_request(request_id)
        assert sum(view.states.values()) == view.total, view.states
        return view

    def receipts(self, request_id: str) -> list[LogReceipt]:
        """What remains of what was purged."""
        with self.installed.client() as client:
            return list(client.log_receipts(request_id))

    def wait_for_forwards(self, request_id: str, count: int) -> None:
        """Return once so many archives are on the SFTP server."""
        try:
            wait_until("they are sent on", lambda: self.view(request_id).forwards == {"done": count}, 45)
        except NotInTimeError as error:
            with self.installed.client() as client:
                held = [one.archives for one in client.log_devices(request_id) if one.archives]
            raise AssertionError(f"{self.view(request_id).forwards}: {held[:3]}") from error

    def holding(self, *pieces: bytes) -> list[str]:
        """Files of the server and of the agent that hold one of these, PostgreSQL's own included."""
        return sorted(
            str(path.relative_to(self.installed.home.folder))
            for path in self.installed.home.folder.rglob("*")
            if path.is_file() and any(piece in path.read_bytes() for piece in pieces)
        )

    def write_large(self) -> Path:
        """One more log file, which takes ten seconds to send: nothing of it can be made smaller."""
        now, path = SystemClock().now().astimezone(), self.logs / "large.log"
        drawn = (f"{sha256_of(b'%d' % number)}{sha256_of(b'-%d' % number)}" for number in range(30_000))
        path.write_text("\n".join(f"{now:%Y-%m-%d %H:%M:%S} {text}" for text in drawn))
        return path


@contextmanager
def support_desk(folder: Path) -> Generator[Desk]:
    """Everything at work: every PC is enrolled, and one in ten of the simulated ones is off."""
    (folder / "sshd").mkdir()
    installed = Installation(folder / "home")
    with sshd(folder / "sshd") as vault:
        desk = Desk(folder, installed, vault)
        _write_logs(desk.logs)
        _configure(installed, desk, folder / "catalog")
        try:
            installed.up(
                "--devices", str(SIMULATED), "--off-every", "10", "--catalog", str(folder / "catalog")
            )  # fmt: skip
            installed.run("wait", "devices", "--at-least", str(ALL), "--timeout", "60")
            yield desk
        finally:
            installed.run("down", expect=None)
            forget(installed.home.folder / "postgres")


def _configure(installed: Installation, desk: Desk, catalog: Path) -> None:
    """What the PC lets be read, where archives are sent on to, which logs `product_logs` means here."""
    installed.home.agent.mkdir(parents=True)
    (installed.home.agent / "policy.toml").write_text(
        f"accept_lab_keys = true\nread_roots = ['{desk.logs}']\nupload_bytes_per_s = 262144\n"
    )
    server = msgspec.to_builtins(desk.vault.server)
    lines = [f"{name} = {msgspec.json.encode(value).decode()}" for name, value in server.items() if value]
    sftp = installed.home.folder / "sftp.toml"
    sftp.write_text("\n".join(lines))
    sftp.chmod(0o600)
    shutil.copytree(CATALOG, catalog, ignore=shutil.ignore_patterns("campaigns", "product_logs.yaml"))
    (catalog / "campaigns").mkdir()
    pipeline = (CATALOG / "pipelines" / "product_logs.yaml").read_text()
    (catalog / "pipelines" / "product_logs.yaml").write_text(
        pipeline.replace("/var/log/**/*.log", f"{desk.logs}/**/*.log*")
    )


def _write_logs(folder: Path) -> None:
    """A log of today in UTF-8, one of yesterday in cp1252 that rotated, one of last year, and what is no log."""
    folder.mkdir()
    now = SystemClock().now().astimezone()
    lines = [f"{now - timedelta(days=9):%Y-%m-%d %H:%M:%S} INFO trop vieux"]
    lines += [f"{now:%Y-%m-%d %H:%M:%S} WARN {MARKER} {number} {' '.join(SECRETS)}" for number in range(_LINES)]
    (folder / "cabinet.log").write_text("\n".join(lines) + "\n", "utf-8")
    yesterday = now - timedelta(days=1)
    (folder / "cabinet.log.1").write_bytes(
        f"{yesterday:%Y-%m-%d %H:%M:%S} ERROR télétransmission refusée\r\n".encode("cp1252") * 40
    )
    (folder / "last-year.log").write_text("2025-01-01 08:00:00 INFO bonne annee\n")
    old = (now - timedelta(days=300)).timestamp()
    os.utime(folder / "last-year.log", (old, old))
    (folder / "patients.key").write_text("secret")
