"""A release of the agent: a zip that says what it holds, and what the TUF role `agent` signs about it.

The zip is the target `agent/<platform>/<version>.zip`. It holds the files of one slot and `manifest.json`, which
names each of them; `version.txt` is one of them. The signed part travels as the target's `custom`.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias, get_args

import msgspec
from msgspec import Meta

from canopee_contract.errors import MalformedError
from canopee_contract.version import version_key

Platform: TypeAlias = Literal["win-x64", "win-arm64", "linux-x64", "linux-arm64"]
PLATFORMS: tuple[Platform, ...] = get_args(Platform)
MANIFEST = "manifest.json"
UPDATE_PIPELINE = "update_agent"
"""Name of the pipelines that give a release: one version each."""
MAX_RELEASE_BYTES = 200 * 2**20
"""Of the zip."""
MAX_RELEASE_FILES = 20_000
_LONGEST_VERSION = 40
_NAME = re.compile(r"[0-9](?:[.-]?[0-9a-z])*")
_MOST = 2**53
_PLATFORM_OF: Mapping[tuple[str, str], Platform] = {
    ("windows", "x86_64"): "win-x64", ("windows", "arm64"): "win-arm64", ("linux", "x86_64"): "linux-x64",
    ("linux", "arm64"): "linux-arm64",
}  # fmt: skip


class ReleaseFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of a slot."""

    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    size: Annotated[int, Meta(ge=0, le=2**31)]
    """Bytes."""


class ReleaseManifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="release"):
    """`manifest.json`: every file of the zip but itself, by its path with `/`."""

    spec: Literal[1]
    version: str
    platform: Platform
    files: dict[str, ReleaseFile]


class SignedRelease(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `custom` of the target: signed with its length and its SHA-256."""

    version: str
    platform: Platform
    release_seq: Annotated[int, Meta(ge=1, le=_MOST)]
    """Rises with each release of a platform; a PC never takes one below its floor."""
    min_release_seq: Annotated[int, Meta(ge=0, le=_MOST)] = 0
    """Raises the floor of every PC that sees it: releases below are withdrawn for good."""


def release_path(platform: str, version: str) -> str:
    """Path of a release in the TUF repository."""
    return f"agent/{platform}/{version}.zip"


def platform_of(family: str, arch: str) -> str:
    """The platform of a PC with these facts `os.family` and `os.arch`; empty when it is none."""
    return _PLATFORM_OF.get((family, arch), "")


def facts_of(platform: Platform) -> tuple[str, str]:
    """The facts `os.family` and `os.arch` of the PCs of a platform."""
    return next(facts for facts, one in _PLATFORM_OF.items() if one == platform)


def is_release_version(text: str) -> bool:
    """Whether `text` is a version that can be compared, and the name of one folder on every system."""
    is_name = len(text) <= _LONGEST_VERSION and _NAME.fullmatch(text) is not None
    return is_name and version_key(text) is not None


def read_signed(path: str, custom: Mapping[str, Any] | None) -> SignedRelease:
    """What is signed about the release at `path`.

    Raises:
        MalformedError: nothing is, or it is of another path.
    """
    try:
        signed = msgspec.convert(custom, SignedRelease)
    except msgspec.ValidationError as error:
        raise MalformedError(f"{path}: what is signed about it is not that of a release: {error}") from error
    if not is_release_version(signed.version) or path != release_path(signed.platform, signed.version):
        raise MalformedError(f"{path} is signed as {signed.platform} {signed.version}")
    if signed.min_release_seq > signed.release_seq:
        raise MalformedError(f"{path}: its min_release_seq is above its own release_seq")
    return signed
