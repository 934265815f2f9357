"""A new key for a role that people sign.

The new key waits beside the old one as `<role>.next.key` until the API has accepted it, so a rotation that was cut
is taken up again with the same key.
"""

# pyright: reportPrivateImportUsage=false
# (tuf documents this module as its public door, and re-exports without `as`)

from datetime import datetime
from pathlib import Path

from tuf.api.metadata import Root, Targets
from tuf.api.serialization.json import JSONSerializer

from canopee_contract.people import Publication
from canopee_trust.ceremony import publication_of
from canopee_trust.ed25519 import PrivateKey
from canopee_trust.errors import KeyFileError
from canopee_trust.keyfile import KeyFile, make_key, read_key, write_key
from canopee_trust.repository import MetadataSet, next_delegated, read, sign
from canopee_trust.roles import EXPIRY, OFFLINE
from canopee_trust.tuf_keys import LibcryptoKey

ROTATED = OFFLINE
"""Roles whose key can be replaced from here: those of people."""


def rotate(newest: MetadataSet, role: str, offline: Path, now: datetime) -> Publication:
    """A publication in which the key of `role` gives way to a new one; empty when that is published.

    The old key need not be there, but for that of root.

    Raises:
        KeyFileError: a key is missing, is not that of the role, or one key is not enough to sign.
        MetadataError: the metadata to start from are malformed.
    """
    if role not in newest:
        raise KeyFileError(f"the role {role} is not published: nothing to rotate")
    delegator = "root" if role in {"root", "targets"} else "targets"
    keyids, threshold = _signers(newest[delegator], role)
    signer = read_key(_signing(delegator, offline))
    new = prepare(role, offline, lab=signer.lab)
    if new.key.public.keyid in keyids:
        return publication_of({}, {})
    if threshold > 1 or len(keyids) > 1:
        message = (
            f"{role} has {len(keyids)} keys, {threshold} of which sign: say who comes and goes (--add, --remove)"
        )
        raise KeyFileError(message)
    held = offline / f"{role}.key"
    if held.exists() and read_key(held).key.public.keyid not in keyids:
        raise KeyFileError(f"{held} is not the key of {role} that is published: use its folder")
    replaced = _replaced(newest[delegator], role, keyids[0], new, now)
    metadata = {delegator: sign(replaced, signer.key)}
    if role == "root":
        metadata["root"] = sign(metadata["root"], new.key)
    else:
        metadata[role] = _again(newest[role], role, new.key, now)
    return publication_of(metadata, {})


def prepare(role: str, offline: Path, *, lab: bool) -> KeyFile:
    """The key that waits to take over a role; made unless it is there."""
    path = offline / f"{role}.next.key"
    if not path.exists():
        write_key(path, make_key(role, lab=lab))
    return read_key(path)


def adopt(role: str, offline: Path) -> None:
    """Once it is published: the new key takes its place; the old one stays as `<role>.<key id>.retired.key`."""
    current, following = offline / f"{role}.key", offline / f"{role}.next.key"
    if current.exists():
        current.rename(offline / f"{role}.{read_key(current).key.public.keyid}.retired.key")
    following.rename(current)


def adopt_online(name: str, online: Path) -> None:
    """As `adopt`, of a key of the server: the old one is not read any more, and can be destroyed."""
    if (online / f"{name}.next.key").exists():
        adopt(name, online)


def _signing(delegator: str, offline: Path) -> Path:
    """The file of the key that signs who signs; when `adopt` was cut, the key of root is still called the next one."""
    path, following = offline / f"{delegator}.key", offline / f"{delegator}.next.key"
    if path.exists() or (delegator == "root" and following.exists()):
        return path if path.exists() else following
    raise KeyFileError(
        f"{path} is missing: without it nobody can say who signs; take it from a copy of the folder"
    )


def _signers(raw: bytes, role: str) -> tuple[list[str], int]:
    signed = (read(raw, Root) if role in {"root", "targets"} else read(raw, Targets)).signed
    named = signed.get_delegated_role(role)
    return list(named.keyids), named.threshold


def _replaced(raw: bytes, role: str, old: str, new: KeyFile, now: datetime) -> bytes:
    """Unsigned next version of the metadata that name the keys of `role`."""
    metadata = read(raw, Root) if role in {"root", "targets"} else read(raw, Targets)
    signed = metadata.signed
    signed.revoke_key(old, role)
    signed.add_key(LibcryptoKey.of(new.key.public, new.name, lab=new.lab), role)
    signed.version += 1
    signed.expires = (now + EXPIRY[signed.type]).replace(microsecond=0)
    metadata.signatures.clear()
    return metadata.to_bytes(JSONSerializer(compact=True))


def _again(raw: bytes, role: str, key: PrivateKey, now: datetime) -> bytes:
    return sign(next_delegated(raw, role, add={}, now=now), key)
