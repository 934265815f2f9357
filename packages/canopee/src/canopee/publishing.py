"""Signing what a key folder can sign, and publishing it."""

import base64
from pathlib import Path
from typing import Any

from canopee.documents import read_bytes, read_document
from canopee_client.client import Client
from canopee_contract.codec import decode, encode
from canopee_contract.facts import FactSources
from canopee_contract.people import Publication, Published
from canopee_contract.pipeline import Pipeline, target_path
from canopee_contract.trust_policy import FACT_SOURCES_PATH
from canopee_kit.clock import SystemClock
from canopee_trust.ceremony import sign_targets
from canopee_trust.publication import check_target


def publish_first(client: Client, keys: Path) -> Published:
    """Publish what `canopee keys dev-init` prepared; raises `UsageError` when it is not there."""
    return client.publish(decode(read_bytes(keys / "publication.json"), Publication))


def publish_files(client: Client, keys: Path, files: list[Path]) -> Published | None:
    """Sign and publish targets; `None` when everything is published already, byte for byte.

    Raises:
        UsageError: a file that is not a target.
        KeyFileError: a key is missing.
        AnswerError: the API refused.
    """
    targets = dict(read_target(path) for path in files)
    newest = {role: base64.b64decode(raw) for role, raw in client.trust().roles.items()}
    publication = sign_targets(newest, targets, keys / "offline", SystemClock().now())
    return client.publish(publication) if publication.metadata else None


def read_target(path: Path) -> tuple[str, bytes]:
    """Path in the repository and bytes of a YAML file; raises `UsageError`, `PublicationError`."""
    data = read_document(path, dict[str, Any])
    kind = FactSources if data.get("type") == "fact_sources" else Pipeline
    document: Pipeline | FactSources = read_document(path, kind)
    target = FACT_SOURCES_PATH
    if isinstance(document, Pipeline):
        target = target_path(document.kind, document.name, document.version)
    content = encode(document)
    check_target(target, content)
    return target, content
