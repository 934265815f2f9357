"""What a simulated PC answers to `collect_logs`, by its number: an archive, nothing, too much, a refusal."""

import hashlib
import io
import random
import zipfile
from datetime import datetime, timedelta
from typing import Any

import msgspec

from canopee_contract.codec import encode
from canopee_contract.condition import Scalar
from canopee_contract.log_manifest import MANIFEST, ArchivedFile, LogManifest
from canopee_contract.order import Order
from canopee_contract.report import StepState
from canopee_swarm.fleet import Pc

NAME = "logs.zip"
NOTHING, TOO_MUCH, SLOW, UNWILLING = 6, 7, 8, 9
"""Last digit of the number of those that do not just send an archive."""
_LINES = 400
_ZIP_TIME = (2026, 11, 24, 8, 0, 0)
_WORDS = (
    "INFO  [main] session ouverte par [user_folder]", "INFO  [db] 12 requetes en 48 ms",
    "WARN  [cps] lecteur de cartes lent : 2140 ms", "INFO  [print] ordonnance imprimee",
    "ERROR [teletransmission] connexion refusee par le serveur (code 503), nouvel essai dans 30 s",
    "INFO  [main] dossier de [person_name] enregistre", "DEBUG [ui] fenetre Agenda affichee",
    'ERROR [db] java.lang.NullPointerException: Cannot invoke "Patient.id()"',
)  # fmt: skip


class LogAnswer(msgspec.Struct, frozen=True):
    """The end of a step `collect_logs`."""

    state: StepState
    code: str = ""
    detail: str = ""
    content: bytes = b""
    """The archive to send; empty: none."""
    record: dict[str, Any] | None = None
    is_slow: bool = False


def answer_to(order: Order, machine: Pc, now: datetime) -> LogAnswer:
    """What this PC answers, always the same at the same instant."""
    kind = machine.number % 10
    if kind == UNWILLING and order.consent == "ask":
        return LogAnswer("skipped", "consent_refused", "the user said no")
    if kind == UNWILLING:
        return LogAnswer("failed", "step.denied", "its local policy lets nobody read there")
    if kind == NOTHING:
        return LogAnswer("skipped", "nothing_found", "no file of these days matches")
    budget = order.upload_budget_bytes
    if kind == TOO_MUCH and budget is not None:
        return LogAnswer("failed", "over_budget", f"{3 * budget} bytes; the order lets {budget} leave")
    content = archive_of(machine, now)
    return LogAnswer("done", content=content, record=record_of(content), is_slow=kind == SLOW)


def record_of(content: bytes) -> dict[str, Any]:
    """The record of an archive."""
    return {
        "archive": NAME, "sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content), "files": 2,
        "kept_bytes": 2 * _LINES * 60, "cut": 0, "changed": 1, "left_out": 0, "denied": 0,
        "redacted": [{"kind": "person_name", "count": _LINES // 8}],
    }  # fmt: skip


def outputs_of(content: bytes) -> dict[str, Scalar]:
    """What later steps know of it."""
    digest = hashlib.sha256(content).hexdigest()
    return {"files": 2, "size_bytes": len(content), "redacted": _LINES // 8, "sha256": digest}


def archive_of(machine: Pc, now: datetime) -> bytes:
    """A small one, as a real PC makes it; always the same at the same instant."""
    drawn = random.Random(f"logs/{machine.fingerprint}/{now:%Y-%m-%d}")  # noqa: S311  plausible, not secret
    begun = now.replace(hour=8, minute=0, second=0, microsecond=0)
    content, files = io.BytesIO(), list[ArchivedFile]()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("cabinet.log", "cabinet.log.1"):
            text = _text(drawn, begun)
            archive.writestr(zipfile.ZipInfo(name, _ZIP_TIME), text, zipfile.ZIP_DEFLATED)
            files.append(
                ArchivedFile(
                    name, f"C:\\ProgramData\\Cabinet\\logs\\{name}", len(text) + 900, len(text),
                    hashlib.sha256(text).hexdigest(), begun, "cp1252", is_changed=name == "cabinet.log",
                    redacted={"person_name": _LINES // 16},
                )
            )  # fmt: skip
            begun -= timedelta(days=1)
        manifest = LogManifest(1, now, tuple(files), redacted={"person_name": _LINES // 8})
        archive.writestr(zipfile.ZipInfo(MANIFEST, _ZIP_TIME), encode(manifest))
    return content.getvalue()


def _text(drawn: random.Random, begun: datetime) -> bytes:
    at, lines = begun, list[str]()
    for _ in range(_LINES):
        at += timedelta(seconds=drawn.randint(1, 90))
        lines.append(f"{at:%Y-%m-%d %H:%M:%S} {drawn.choice(_WORDS)}\r\n")
    return "".join(lines).encode()
