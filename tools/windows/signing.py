"""Authenticode signatures of what we ship, where a certificate is given; the Python of the slot is signed by the PSF.

    CANOPEE_SIGN_CERT=chain.pem CANOPEE_SIGN_KEY=key.pem      a key in a file
    CANOPEE_SIGN_COMMAND='sign-with-our-token --now'          any other key: it signs, in place, the file named after it
    CANOPEE_SIGN_TIMESTAMP=http://timestamp.example           with the first: so that signatures outlive the certificate

`python -m tools.windows.signing FILE…` signs files, in place.
"""

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

_NAME = "Canopée Agent"


class SigningError(Exception):
    """A file was not signed; the sentence says why."""


class Signer(msgspec.Struct, frozen=True, kw_only=True):
    """How to sign."""

    certificate: str = ""
    """PEM: ours, then those up to the root."""
    key: str = ""
    timestamp: str = ""
    command: tuple[str, ...] = ()

    @property
    def variables(self) -> Mapping[str, str]:
        """The environment in which `signer` finds this one."""
        return {
            "CANOPEE_SIGN_CERT": self.certificate, "CANOPEE_SIGN_KEY": self.key,
            "CANOPEE_SIGN_TIMESTAMP": self.timestamp, "CANOPEE_SIGN_COMMAND": shlex.join(self.command),
        }  # fmt: skip

    def sign(self, path: Path) -> None:
        """Sign `path` in place; raises `SigningError`."""
        if self.command:
            _run([*self.command, str(path)], path)
            return
        signed = path.with_name(f"{path.name}.signed")
        signed.unlink(missing_ok=True)
        command = [
            "osslsigncode", "sign", "-certs", self.certificate, "-key", self.key, "-h", "sha256", "-n", _NAME,
            *(["-ts", self.timestamp] if self.timestamp else []),
            *(["-add-msi-dse"] if path.suffix == ".msi" else []), "-in", str(path), "-out", str(signed),
        ]  # fmt: skip
        _run(command, path)
        signed.chmod(path.stat().st_mode)
        signed.replace(path)


def signer(environment: Mapping[str, str] = os.environ) -> Signer | None:
    """What the environment gives; `None` when nothing is to be signed.

    Raises:
        SigningError: only half of what is needed is given, or it is not there.
    """
    command = tuple(shlex.split(environment.get("CANOPEE_SIGN_COMMAND", "")))
    if command:
        return Signer(command=command)
    certificate, key = environment.get("CANOPEE_SIGN_CERT", ""), environment.get("CANOPEE_SIGN_KEY", "")
    if not certificate and not key:
        return None
    for name, path in (("CANOPEE_SIGN_CERT", certificate), ("CANOPEE_SIGN_KEY", key)):
        if not Path(path).is_file():
            raise SigningError(f"{name} names no file: {path!r}")
    return Signer(
        certificate=str(Path(certificate).absolute()), key=str(Path(key).absolute()),
        timestamp=environment.get("CANOPEE_SIGN_TIMESTAMP", ""),
    )  # fmt: skip


def is_signed(path: Path, authority: Path) -> bool:
    """Whether `path` has a whole signature of somebody whom `authority` vouches for."""
    ended = subprocess.run(  # noqa: S603  a program of the system
        ["osslsigncode", "verify", "-CAfile", authority, "-in", path],  # noqa: S607  of the PATH
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return ended.returncode == 0


def unsigned(folder: Path) -> list[Path]:
    """Programs and libraries in `folder` that nobody has signed: ours, and those of the wheels."""
    programs = [path for path in sorted(folder.rglob("*")) if path.suffix in {".exe", ".dll", ".pyd"}]
    return [path for path in programs if not has_signature(path.read_bytes())]


def has_signature(content: bytes) -> bool:
    """Whether the security directory of a PE file is filled."""
    start = int.from_bytes(content[0x3C:0x40], "little")
    is_64_bit = content[start + 24 : start + 26] == b"\x0b\x02"
    directory = start + 24 + (112 if is_64_bit else 96) + 4 * 8
    return any(content[directory : directory + 8])


def _run(command: Sequence[str], path: Path) -> None:
    try:
        ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  the builder's own
    except OSError as error:
        raise SigningError(f"{path.name} is not signed: {error}") from error
    if ended.returncode:
        raise SigningError(f"{path.name} is not signed: {ended.stdout[-500:]}{ended.stderr[-500:]}".rstrip())


def main(arguments: Sequence[str]) -> int:
    """Sign each file; without a certificate, do nothing."""
    found = signer()
    for argument in arguments:
        if found:
            found.sign(Path(argument))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
