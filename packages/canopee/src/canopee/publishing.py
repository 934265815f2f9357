"""Signing what a key folder can sign, and publishing it."""

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from canopee.documents import read_bytes, read_document
from canopee.errors import RefusedError, UsageError
from canopee_client.client import Client
from canopee_contract.catalog import ToSign
from canopee_contract.codec import decode, encode
from canopee_contract.errors import MalformedError
from canopee_contract.facts import FactSources
from canopee_contract.people import Publication, Published
from canopee_contract.pipeline import Pipeline, target_path
from canopee_contract.trust_policy import FACT_SOURCES_PATH
from canopee_kit.clock import SystemClock
from canopee_trust.ceremony import sign_targets
from canopee_trust.publication import check_target

_REFERENCE = re.compile(r"[a-z][a-z0-9_]*@[0-9]+|[0-9a-fA-F]{64}")


def publish_first(client: Client, keys: Path) -> Published:
    """Publish what `canopee keys dev-init` prepared; raises `UsageError` when it is not there."""
    path = keys / "publication.json"
    try:
        publication = decode(read_bytes(path), Publication)
    except MalformedError as error:
        raise UsageError(f"{path} is no publication: {error}") from error
    return client.publish(publication)


def publish(client: Client, keys: Path, targets: Mapping[str, bytes]) -> Published | None:
    """Sign and publish targets; `None` when everything is published already, byte for byte.

    Raises:
        KeyFileError: a key is missing.
        AnswerError: the API refused.
    """
    newest = {role: base64.b64decode(raw) for role, raw in client.trust().roles.items()}
    publication = sign_targets(newest, targets, keys / "offline", SystemClock().now())
    return client.publish(publication) if publication.metadata else None


def is_reference(text: str) -> bool:
    """Whether `text` is `name@version` or a SHA-256, not the name of a file."""
    return _REFERENCE.fullmatch(text) is not None


def awaiting(client: Client, name: str) -> ToSign:
    """What awaits a signature, by `name@version` or SHA-256; raises `UsageError`."""
    waiting = list(client.awaiting())
    for one in waiting:
        if name.lower() in {one.id, one.sha256}:
            return one
    others = ", ".join(one.id for one in waiting) or "nothing does"
    raise UsageError(f"{name} awaits no signature; what does: {others}")


def targets_of(client: Client, waiting: Iterable[ToSign]) -> dict[str, bytes]:
    """The exact bytes of what awaits a signature, by path in the repository.

    Raises:
        RefusedError: the API does not give the bytes of that hash, or they are not what they are called.
    """
    found: dict[str, bytes] = {}
    for one in waiting:
        held = client.bytes_to_sign(one.sha256)
        content = held.content.encode()
        if hashlib.sha256(content).hexdigest() != one.sha256:
            raise RefusedError(f"the API gave other bytes than {one.sha256} for {one.id}: nothing was signed")
        try:
            path, canonical = target_of(decode(content, dict[str, Any]))
        except (MalformedError, msgspec.ValidationError) as error:
            raise RefusedError(f"the bytes of {one.id} are no target ({error}): nothing was signed") from error
        if path != one.target or canonical != content:
            raise RefusedError(f"the bytes of {one.id} are not those of {one.target}: nothing was signed")
        found[path] = content
    return found


def publish_awaiting(client: Client, keys: Path, waiting: Iterable[ToSign]) -> Published | None:
    """Sign exactly the bytes that await it, and publish them; raises as `publish` and `targets_of`."""
    return publish(client, keys, targets_of(client, waiting))


def read_target(path: Path) -> tuple[str, bytes]:
    """Path in the repository and bytes of a YAML file; raises `UsageError`, `PublicationError`."""
    data = read_document(path, dict[str, Any])
    try:
        return target_of(data)
    except msgspec.ValidationError as error:
        raise UsageError(f"{path}: {error}") from error


def target_of(data: dict[str, Any]) -> tuple[str, bytes]:
    """Path in the repository and bytes of a document; raises `msgspec.ValidationError`, `PublicationError`."""
    kind = FactSources if data.get("type") == "fact_sources" else Pipeline
    document: Pipeline | FactSources = msgspec.convert(data, kind)
    target = FACT_SOURCES_PATH
    if isinstance(document, Pipeline):
        target = target_path(document.kind, document.name, document.version)
    content = encode(document)
    check_target(target, content)
    return target, content
