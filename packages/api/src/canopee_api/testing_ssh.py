"""A real sshd on loopback, of whoever runs it; for root, in a file system of its own, with a user that is not root."""

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives import serialization as forms
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from canopee_api.destinations import SftpServer
from canopee_kit.clock import SystemClock

_UNPACKED = Path(__file__).parents[4] / ".cache" / "openssh"
_NOBODY = 65_534
_START_S = 30
_INSIDE = "/run/vault"
"""Where `files` is for the user, who may not look into the folders above it."""


class Sshd(msgspec.Struct, frozen=True):
    """Where it is, and what it holds."""

    server: SftpServer
    folder: Path

    @property
    def files(self) -> dict[str, bytes]:
        """By path below the folder."""
        return {
            str(one.relative_to(self.folder)): one.read_bytes() for one in self.folder.rglob("*") if one.is_file()
        }


@contextmanager
def sshd(folder: Path) -> Generator[Sshd]:
    """An OpenSSH server, whose only user may write below `folder` / files; it ends with the block."""
    held = folder / "files"
    held.mkdir()
    is_root = os.geteuid() == 0
    if is_root:
        os.chown(held, _NOBODY, _NOBODY)
    for name in ("host", "client"):
        _make_key(folder / name)
    port = _free_port()
    _configure(folder, port)
    libraries = {"LD_LIBRARY_PATH": _libraries()}
    process = subprocess.Popen(_command(folder), env=libraries, stderr=subprocess.PIPE)  # noqa: S603  our own command
    try:
        _wait(process, port)
        host_key = " ".join((folder / "host.pub").read_text().split()[:2])
        yield Sshd(
            SftpServer(
                host="127.0.0.1", port=port, user="vault" if is_root else pwd.getpwuid(os.geteuid()).pw_name,
                folder=_INSIDE if is_root else str(held), host_key=host_key, private_key=str(folder / "client"),
            ),
            held,
        )  # fmt: skip
    finally:
        process.kill()
        process.communicate()


def _make_key(path: Path) -> None:
    """A key of SSH, and its public half beside it."""
    key = Ed25519PrivateKey.generate()
    path.touch(0o600)
    path.write_bytes(
        key.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.OpenSSH, forms.NoEncryption()),
    )
    public = key.public_key().public_bytes(forms.Encoding.OpenSSH, forms.PublicFormat.OpenSSH)
    path.with_suffix(".pub").write_bytes(public + b" test\n")


def _configure(folder: Path, port: int) -> None:
    (folder / "conf").write_text(
        f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {folder}/host\nPidFile none\nUsePAM no\nStrictModes no\n"
        f"AuthorizedKeysFile {folder if os.geteuid() else '/run'}/client.pub\nPasswordAuthentication no\n"
        "Subsystem sftp internal-sftp\n"
    )
    (folder / "passwd").write_text(
        "root:x:0:0:root:/root:/bin/sh\nsshd:x:64999:65534::/run/sshd:/usr/sbin/nologin\n"
        "vault:x:65534:65534::/:/bin/sh\n"
    )
    (folder / "shadow").write_text("root:*:1::::::\nsshd:*:1::::::\nvault:x:1::::::\n")


def _command(folder: Path) -> list[str]:
    """As root, its users and folders are those of the test; else its only user is who runs it, with no privilege."""
    if os.geteuid():
        return [_program(), "-D", "-e", "-f", str(folder / "conf")]
    script = (
        'mount --bind "$0/passwd" /etc/passwd && mount --bind "$0/shadow" /etc/shadow && mount -t tmpfs tmpfs /run '
        '&& mkdir /run/sshd /run/vault && mount --bind "$0/files" /run/vault && cp "$0/client.pub" /run '
        '&& exec "$1" -D -e -f "$0/conf"'
    )
    return ["unshare", "--mount", "sh", "-c", script, str(folder), _program()]


def _program() -> str:
    unpacked = _UNPACKED / "usr/sbin/sshd"
    found = unpacked if unpacked.exists() else shutil.which("sshd", path=f"{os.defpath}:/usr/sbin")
    assert found, "there is no sshd here: run tools/ssh/setup"  # noqa: S101  of tests alone
    return str(found)


def _libraries() -> str:
    return ":".join(str(one) for one in (_UNPACKED / "usr/lib").glob("*-linux-gnu*"))


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _wait(process: "subprocess.Popen[bytes]", port: int) -> None:
    clock = SystemClock()
    until = clock.monotonic() + _START_S
    while clock.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            clock.sleep(0.05)
        else:
            return
    process.kill()
    said = process.stderr.read() if process.stderr else b""
    raise AssertionError(f"sshd does not start: {said.decode(errors='replace')}")
