"""What an archive of this PC holds, beside what is on this PC."""

import hashlib
import io
import zipfile
from pathlib import Path

from canopee_contract.codec import decode
from canopee_contract.log_manifest import MANIFEST, LogManifest

MARKER = "le lecteur de cartes ne repond plus, dossier 7Q4XW"
"""What only the log files of this PC say."""
SECRETS = ("camille.durand@example.fr", "06 12 34 56 78", "2 69 05 49 588 157 80")
"""Personal data in them."""


def opened(content: bytes) -> tuple[LogManifest, dict[str, bytes]]:
    """The manifest of an archive and its texts, each the one that the manifest tells."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        texts = {name: archive.read(name) for name in archive.namelist()}
    manifest = decode(texts.pop(MANIFEST), LogManifest)
    assert {one.name: (one.sha256, one.kept_bytes) for one in manifest.files} == {
        name: (sha256_of(text), len(text)) for name, text in texts.items()
    }
    return manifest, texts


def check_against_this_pc(content: bytes, logs: Path) -> None:
    """What is on the PC is in the archive, but for old lines and personal data."""
    manifest, texts = opened(content)
    told = {one.path.rpartition("/")[2]: one for one in manifest.files}
    assert told.keys() == {"cabinet.log", "cabinet.log.1"}
    assert {name: one.size_bytes for name, one in told.items()} == {
        name: (logs / name).stat().st_size for name in told
    }
    assert [told[name].encoding for name in sorted(told)] == ["utf-8", "cp1252"]
    now, before = (texts[told[name].name].decode() for name in ("cabinet.log", "cabinet.log.1"))
    wanted = (logs / "cabinet.log").read_text().splitlines()[1:]
    assert len(now.splitlines()) == len(wanted)
    for line, original in zip(now.splitlines(), wanted, strict=True):
        kept, _, _ = original.partition(SECRETS[0])
        assert line.startswith(kept)
    assert before == (logs / "cabinet.log.1").read_bytes().decode("cp1252")
    assert told["cabinet.log"].lines_left_out == 1
    assert not told["cabinet.log"].is_cut
    assert not any(secret in now for secret in SECRETS)
    assert manifest.redacted == {
        "email_address": len(wanted), "phone_number": len(wanted), "social_security_number": len(wanted),
    }  # fmt: skip


def piece_of(content: bytes) -> bytes:
    """Some bytes of the middle of an archive, which lie nowhere else."""
    return content[len(content) // 2 :][:48]


def sha256_of(content: bytes) -> str:
    """As the manifest and the `ETag` say it."""
    return hashlib.sha256(content).hexdigest()
