"""`canopee publish FILE…`: sign pipelines and fact sources with offline keys, and publish them."""

import argparse
import base64
from pathlib import Path
from typing import Any

from canopee.documents import read_document
from canopee.errors import UsageError
from canopee.home import add_home, connect, home_of
from canopee.output import print_json
from canopee.parsing import Commands
from canopee_client.client import Client
from canopee_contract.codec import decode, encode
from canopee_contract.facts import FactSources
from canopee_contract.people import Publication, Published
from canopee_contract.pipeline import Pipeline, target_path
from canopee_contract.trust_policy import FACT_SOURCES_PATH
from canopee_kit.clock import SystemClock
from canopee_trust.ceremony import sign_targets
from canopee_trust.publication import check_target


def add_to(commands: Commands) -> None:
    """The command."""
    parser = commands.add_parser("publish", help="sign pipelines and fact sources offline, and publish them")
    parser.add_argument("files", type=Path, nargs="*", help="YAML files: type: pipeline, or type: fact_sources")
    parser.add_argument("--keys", type=Path, help="key folder (default: keys/ of the home)")
    parser.add_argument("--first", action="store_true", help="publish the first metadata of a new key folder")
    add_home(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    keys: Path = arguments.keys or home_of(arguments).keys
    with connect(arguments) as client:
        if arguments.first:
            print_json(publish_first(client, keys))
        if arguments.files:
            published = publish_files(client, keys, arguments.files)
            print_json(published or "unchanged")
    if not arguments.first and not arguments.files:
        raise UsageError("name files to publish, or --first")
    return 0


def publish_first(client: Client, keys: Path) -> Published:
    """Publish what `canopee keys dev-init` prepared."""
    return client.publish(decode((keys / "publication.json").read_bytes(), Publication))


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
