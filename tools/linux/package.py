"""`deploy/linux/` and a slot as a Debian package; two builds of one commit have the same bytes."""

import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

from canopee_agent import __version__
from tools.linux.slot import ROOT, fill

SOURCES = ROOT / "deploy" / "linux"
_CONTROL = ("control", "conffiles", "postinst", "prerm", "postrm")
_SCRIPTS = {"postinst", "prerm", "postrm"}
_PLACES = {
    "etc/canopee/agent.toml": ("agent.toml", 0o600),
    "etc/canopee/policy.toml": ("policy.toml", 0o644),
    "lib/systemd/system/canopee-agent.service": ("canopee-agent.service", 0o644),
    "usr/share/doc/canopee-agent/copyright": ("copyright", 0o644),
    "usr/share/lintian/overrides/canopee-agent": ("lintian-overrides", 0o644),
}
_COMPRESSED = {
    "usr/share/doc/canopee-agent/changelog.gz": "changelog",
    "usr/share/man/man8/canopee-agent.8.gz": "canopee-agent.8",
}


def build(out: Path, version: str = __version__) -> Path:
    """Build the package in `out`, without root; its path.

    Raises:
        SystemExit: a tool is missing or failed.
    """
    if shutil.which("dpkg-deb") is None:
        raise SystemExit("tools/linux: dpkg-deb is missing: apt-get install dpkg, on Debian or alike")
    out.mkdir(parents=True, exist_ok=True)
    architecture = _output("dpkg", "--print-architecture")
    target = out / f"canopee-agent_{version}_{architecture}.deb"
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        epoch = _epoch()
        _fill(tree, _words(version, architecture, epoch))
        _settle(tree, epoch)
        subprocess.run(  # noqa: S603  our own command
            ["/usr/bin/dpkg-deb", "--root-owner-group", "-Zxz", "-z2", "--threads-max=1", "--build", tree, target],
            check=True, stdout=subprocess.DEVNULL, env={**os.environ, "SOURCE_DATE_EPOCH": str(epoch)},
        )  # fmt: skip
    return target


def _fill(tree: Path, words: dict[str, str]) -> None:
    slot = tree / "opt/canopee/slots" / words["VERSION"]
    fill(slot, SOURCES / "canopee-agent")
    (tree / "var/lib/canopee").mkdir(parents=True)
    for place, (name, mode) in _PLACES.items():
        _write(tree / place, (SOURCES / name).read_bytes(), mode)
    for place, name in _COMPRESSED.items():
        _write(tree / place, gzip.compress(_filled(name, words), mtime=0), 0o644)
    (tree / "usr/bin").mkdir(parents=True)
    (tree / "usr/bin/canopee-agent").symlink_to(f"/opt/canopee/slots/{words['VERSION']}/canopee-agent")
    size = sum(path.lstat().st_size for path in tree.rglob("*") if not path.is_dir())
    for name in _CONTROL:
        content = _filled(name, {**words, "SIZE_KIB": str(size // 1024 + 1)})
        _write(tree / "DEBIAN" / name, content, 0o755 if name in _SCRIPTS else 0o644)
    _write(tree / "DEBIAN" / "md5sums", _digests(tree), 0o644)


def _digests(tree: Path) -> bytes:
    """What `dpkg --verify` compares; MD5, as Debian's format has it."""
    settings = {name.lstrip("/") for name in (SOURCES / "conffiles").read_text("utf-8").split()}
    lines: list[str] = []
    for path in sorted(tree.rglob("*")):
        place = str(path.relative_to(tree))
        if path.is_file() and not path.is_symlink() and not place.startswith("DEBIAN/") and place not in settings:
            lines.append(f"{hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()}  {place}\n")
    return "".join(lines).encode()


def _settle(tree: Path, epoch: int) -> None:
    """Modes and times that depend on nobody's umask and clock."""
    for path in [tree, *tree.rglob("*")]:
        if not path.is_symlink() and path.is_dir():
            path.chmod(0o700 if path == tree / "var/lib/canopee" else 0o755)
        elif not path.is_symlink() and path.is_relative_to(tree / "opt") and path.name != "canopee-agent":
            path.chmod(0o644)
        os.utime(path, (epoch, epoch), follow_symlinks=False)


def _words(version: str, architecture: str, epoch: int) -> dict[str, str]:
    major, minor = sys.version_info[:2]
    name, address = os.environ.get("DEBFULLNAME", "Canopée"), os.environ.get("DEBEMAIL", "canopee@example.org")
    return {
        "VERSION": version, "ARCHITECTURE": architecture, "PYTHON": f"{major}.{minor}",
        "NEXT_PYTHON": f"{major}.{minor + 1}", "MAINTAINER": f"{name} <{address}>",
        "DATE": format_datetime(datetime.fromtimestamp(epoch, UTC)),
    }  # fmt: skip


def _filled(name: str, words: dict[str, str]) -> bytes:
    text = (SOURCES / name).read_text("utf-8")
    for word, value in words.items():
        text = text.replace(f"@{word}@", value)
    return text.encode()


def _epoch() -> int:
    """Time of the sources: SOURCE_DATE_EPOCH, else the last commit."""
    return int(os.environ.get("SOURCE_DATE_EPOCH") or _output("git", "log", "-1", "--format=%ct"))


def _write(path: Path, content: bytes, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)


def _output(*command: str) -> str:
    ended = subprocess.run(list(command), cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S603  ours
    return ended.stdout.strip()
