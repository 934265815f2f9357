"""The case `logs`."""

import hashlib
import os
import subprocess
import zipfile
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from canopee.testing import Installation
from canopee_api.postgres.location import forget
from canopee_contract.codec import decode
from canopee_contract.log_manifest import MANIFEST, ArchivedFile, LogManifest
from canopee_contract.people import NewEnrolmentTokens
from canopee_kit.clock import SystemClock
from tools.wine.builds import OLD, installer
from tools.wine.case import Case, Setting, expect, wait_until
from tools.wine.pc import Pc
from tools.wine.prefix import windows_path

_PRACTICE, _FOLDER = "FR-69-logs", r"C:\ProgramData\Cabinet\logs"
_POLICY = f"read_roots = ['{_FOLDER}']\nupload_bytes_per_s = 131072\n"
_MARKER, _MAIL = "dossier 7Q4XW", "camille.durand@example.fr"
_WRITER = Path(__file__).parents[1] / "writer.c"
_ASK = ("--pipeline", "product_logs", "--reason", "le module plante", "--ticket", "SUP-4711")


class Logs(Case):
    """Log files of an installed agent, asked for by support: cp1252, UTF-16, one that its product has open, one locked.

    The archive holds what is on the PC, without personal data; once purged, nothing of it is left there, also when it
    is purged while the PC sends.
    """

    def run(self, setting: Setting) -> None:
        api, made = Installation(setting.folder / "api"), installer("nsis", OLD)
        pc = None
        try:
            api.up("--no-agent")
            pc = Pc(setting.folder / "pc", api, _POLICY)
            with api.client() as client:
                token = client.mint_tokens(NewEnrolmentTokens(practice_pattern="FR-*")).tokens[0]
            pc.prefix.up()
            ended = pc.install(made, *pc.answers(token, _PRACTICE))
            expect(ended.exit_code == 0, f"the installation ends with {ended.exit_code}: {pc.setup_log()}")
            pc.wait_for(OLD)
            journey = _Journey(setting, api, pc)
            setting.say("installed and enrolled")
            for step in (journey.requested, journey.purged, journey.purged_while_it_sends):
                step()
                setting.say((step.__doc__ or "").rstrip("."))
        finally:
            if pc is not None:
                pc.prefix.down()
            api.run("down", expect=None)
            forget(api.home.folder / "postgres")


class _Journey:
    """One PC with its log files."""

    def __init__(self, setting: Setting, api: Installation, pc: Pc) -> None:
        self._out, self._api, self._pc = setting.folder / "one.zip", api, pc
        self._device, self._logs = pc.device(_PRACTICE).id, pc.prefix.path(_FOLDER)
        self._today = SystemClock().now().astimezone()
        self._writer = setting.folder / "writer.exe"
        compiled = ["x86_64-w64-mingw32-gcc", "-Os", "-s", "-o", self._writer, _WRITER]
        subprocess.run(compiled, check=True)  # noqa: S603  our own source
        self._logs.mkdir(parents=True)

    def requested(self) -> None:
        """Asked for, and its archive is what is on the PC."""
        self._write(
            "ancien.log.1", "cp1252", "télétransmission refusée à l’éditeur", self._today - timedelta(days=1)
        )
        self._write("service.log", "utf-16", rf"profil C:\Users\camille.durand\AppData lu, {_MAIL}", self._today)
        self._write("vieux.log", "utf-8", "bonne annee", self._today - timedelta(days=40))
        with self._written("cabinet.log", share=1), self._written("verrou.log", share=0):
            self._api.run(
                "logs", "request", "--device", self._device, *_ASK, "--wait", "120s", "--out", str(self._out)
            )  # fmt: skip
        texts, manifest = _opened(self._out)
        expect(texts.keys() == {"ancien.log.1", "service.log", "cabinet.log"}, f"it holds {sorted(texts)}")
        told = {one.path: one for one in manifest.files}
        expect(
            told.keys() == {rf"{_FOLDER}\{name}" for name in texts}, f"the paths are told to be {sorted(told)}"
        )  # fmt: skip
        self._check_texts(texts, {name.rpartition("\\")[2]: one for name, one in told.items()})
        expect(
            [one.path for one in manifest.left_out] == [rf"{_FOLDER}\verrou.log"], f"left out: {manifest.left_out}"
        )  # fmt: skip
        shown = {kind: sum(text.count(f"[{kind}]") for text in texts.values()) for kind in manifest.redacted}
        expect(manifest.redacted == shown and set(shown) == {"user_folder", "email_address"}, f"hidden: {shown}")

    def _check_texts(self, texts: dict[str, str], told: dict[str, ArchivedFile]) -> None:
        original = (self._logs / "ancien.log.1").read_bytes().decode("cp1252")
        expect(texts["ancien.log.1"] == original, "the cp1252 file came as something else")
        found = {name: one.encoding for name, one in told.items()}
        wanted = {"ancien.log.1": "cp1252", "service.log": "utf-16-le", "cabinet.log": "utf-8"}
        expect(found == wanted, f"the encodings are told to be {found}")
        expect(_MARKER in texts["cabinet.log"], "what the product has open is not there")
        expect(r"C:\Users\[user_folder]\AppData" in texts["service.log"], texts["service.log"][:200])
        everything = "".join(texts.values())
        expect(_MAIL not in everything and "camille" not in everything, "personal data left the PC")

    def purged(self) -> None:
        """Purged, nothing of it is left on the server nor on the PC."""
        piece = self._out.read_bytes()[-400:-300]
        expect(self._holding(piece), "it could not be found before either")
        request = self._request()
        self._api.json("logs", "purge", request)
        expect(not (left := self._holding(piece)), f"it was left in {left}")
        expect(not (left := self._pc.holding(_MARKER)), f"a line of it was left in {left}")
        self._wait_for_receipt(request, "sent")
        (receipt,) = self._api.json("logs", "show", request, "--receipts")
        expect(receipt["bytes_removed"] and receipt["size_bytes"] == self._out.stat().st_size, f"{receipt}")

    def purged_while_it_sends(self) -> None:
        """Purged while the PC sends, it is forgotten there."""
        drawn = (hashlib.sha512(b"%d" % number).hexdigest() for number in range(16_000))
        self._write("gros.log", "utf-8", "\r\n".join(drawn), self._today, count=1)
        self._api.json("logs", "request", "--device", self._device, *_ASK)
        outbox = self._pc.home / "state" / "outbox"
        with self._api.client() as client:
            request = self._request()
            wait_until("it sends", lambda: client.log_request(request).received_bytes, 60)
            expect(list(outbox.glob("*.bin")), "nothing waits in the outbox")
            states = client.purge_logs(request).states
        expect(states == {"purged": 1}, f"it is {states}")
        wait_until("the PC forgets it", lambda: not list(outbox.glob("*.bin")), 60)
        self._wait_for_receipt(request, "purged")
        kept = [path for path in (self._api.home.folder / "files").rglob("*") if path.is_file()]
        expect(not kept, f"the server keeps {kept}")

    def _wait_for_receipt(self, request: str, on_pc: str) -> None:
        """Return once the PC has said what became of its one archive."""
        with self._api.client() as client:
            wait_until(
                f"the PC says {on_pc}", lambda: [one.on_pc for one in client.log_receipts(request)] == [on_pc], 60
            )

    def _request(self) -> str:
        """Id of the latest."""
        return str(self._api.json("logs", "list")[0]["id"])

    def _write(self, name: str, encoding: str, text: str, at: datetime, count: int = 40) -> None:
        """So many lines of that moment."""
        line = f"{at:%Y-%m-%d %H:%M:%S} WARN {text}\r\n"
        (self._logs / name).write_bytes((line * count).encode(encoding))
        os.utime(self._logs / name, (at.timestamp(), at.timestamp()))

    @contextmanager
    def _written(self, name: str, *, share: int) -> Generator[None]:
        """A program of Windows has a file open, and goes on writing it."""
        path = self._logs / name
        with ThreadPoolExecutor(1) as one:
            running = one.submit(
                self._pc.prefix.run, windows_path(self._writer), rf"{_FOLDER}\{name}", str(share), f"{_MARKER} {_MAIL}"
            )  # fmt: skip
            try:
                wait_until(
                    f"{name} is written", lambda: (path.is_file() and path.stat().st_size) or running.done()
                )
                yield
            finally:
                Path(f"{path}.stop").touch()
                ended = running.result()
                Path(f"{path}.stop").unlink()
        expect(ended.exit_code == 0, f"the program that writes {name} ends with {ended.exit_code}")

    def _holding(self, piece: bytes) -> list[str]:
        """Files of the server, and of the agent, that hold it."""
        files = (one for top in (self._api.home.folder, self._pc.home) for one in top.rglob("*") if one.is_file())
        return [str(one) for one in files if piece in one.read_bytes()]


def _opened(path: Path) -> tuple[dict[str, str], LogManifest]:
    """The texts of an archive by the last part of their names, each as its manifest tells it; and the manifest."""
    with zipfile.ZipFile(path) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    manifest = decode(held.pop(MANIFEST), LogManifest)
    told = {one.name: one.sha256 for one in manifest.files}
    expect(told == {name: hashlib.sha256(text).hexdigest() for name, text in held.items()}, f"told: {told}")
    return {name.rpartition("/")[2]: text.decode() for name, text in held.items()}, manifest
