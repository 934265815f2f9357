"""A proposal on its way: read, signed by each holder, put together, published."""

import argparse
import base64
import hashlib
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from canopee.errors import FailedError, UsageError
from canopee.home import connect
from canopee.key_files import passphrase
from canopee.output import print_json
from canopee_client.client import Client
from canopee_contract.codec import decode, encode
from canopee_contract.people import Publication, Published
from canopee_contract.trust_policy import TRUST_POLICY_PATH, TrustPolicy
from canopee_kit.clock import SystemClock
from canopee_trust.ceremony import next_targets
from canopee_trust.errors import KeyFileError
from canopee_trust.locked_key import open_key
from canopee_trust.proposal import (
    Proposal,
    merged,
    needs,
    publication,
    read_proposal,
    signed_by,
    write_proposal,
)
from canopee_trust.repository import MetadataSet, targets_of
from canopee_trust.review import record, review, standing
from canopee_trust.roles import ONLINE


def show(arguments: argparse.Namespace) -> int:
    """What a proposal changes, and who has signed it; 1 while signatures are missing."""
    proposal = read_proposal(arguments.file)
    _say(*review(proposal), "", *standing(proposal))
    return int(any(need.missing for need in needs(proposal)))


def sign(arguments: argparse.Namespace) -> int:
    """Show all of it, ask, and add the signatures of one key."""
    proposal = read_proposal(arguments.file)
    key = open_key(arguments.key, passphrase)
    signed = signed_by(proposal, key.key)
    _say(*review(proposal), "", *standing(proposal), "")
    if signed == proposal:
        _say(f"{key.name} has signed it already")
        return 0
    if not arguments.yes:
        _confirm(key.name)
    write_proposal(arguments.out or arguments.file, signed)
    _say(*standing(signed))
    return 0


def merge(arguments: argparse.Namespace) -> int:
    """The signatures of several copies, in the first one."""
    first, *others = [read_proposal(path) for path in arguments.files]
    for other in others:
        first = merged(first, other)
    write_proposal(arguments.files[0], first)
    _say(*standing(first))
    return 0


def publish(arguments: argparse.Namespace) -> int:
    """Publish what enough have signed: to the API, or (a new fleet) into the key folder that its API starts from."""
    now = SystemClock().now()
    proposal = read_proposal(arguments.file)
    made = publication(proposal, now)
    if arguments.record:
        _write(arguments.record, record(proposal, now).encode())
    if arguments.out:
        if proposal.before:
            raise UsageError("--out is for a new repository: this one changes what is published, at its API")
        found(arguments.out, proposal, made)
        _say(f"{arguments.out}: root.json goes to every agent, publication.json to `canopee publish --first`")
        return 0
    if not proposal.before:
        raise UsageError("a new repository: name the key folder of its API with --out")
    with connect(arguments) as client:
        print_json(client.publish(made))
    return 0


def found(folder: Path, proposal: Proposal, made: Publication) -> None:
    """Write the root of a new repository and its first publication; another root there is never replaced."""
    root = folder / "root.json"
    if root.exists() and root.read_bytes() != proposal.metadata["root"]:
        raise KeyFileError(f"{root} is another root: a fleet that has one moves to a new one through its API")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _write(folder / "publication.json", encode(made))
    _write(root, proposal.metadata["root"])


def write_new(path: Path, proposal: Proposal) -> int:
    """Write a proposal that was just made, and say what it changes and who signs it."""
    if path.exists():
        raise UsageError(f"{path} is there: go on with it (canopee keys show {path}), or name another file")
    write_proposal(path, proposal)
    holders = sorted({name or keyid for need in needs(proposal) for keyid, name in need.waiting.items()})
    _say(*review(proposal), "", *standing(proposal), "")
    _say(f"{path}: give it to {', '.join(holders)}; each runs canopee keys sign {path.name} --key THEIR.key")
    return 0


def propose_targets(client: Client, targets: Mapping[str, bytes], path: Path) -> int:
    """A proposal that publishes targets, for roles that need several signatures."""
    now = SystemClock().now()
    newest = {role: base64.b64decode(raw) for role, raw in client.trust().roles.items()}
    metadata, added = next_targets(newest, targets, now)
    if not metadata:
        _say("unchanged")
        return 0
    before = {role: raw for role, raw in newest.items() if role not in ONLINE}
    title = f"publish {', '.join(sorted(added))}"
    return write_new(path, Proposal(1, title, now, before, metadata, added))


def finish(proposal: Proposal, offline: Path, client: Client, now: datetime) -> Published:
    """Sign with the keys of a folder and publish at once, as one person who holds all that is needed may.

    Raises:
        KeyFileError: the keys there are not enough: the message says whose signatures are missing.
    """
    for path in sorted(offline.glob("*.key")):
        if ".retired." in path.name:
            continue
        key = open_key(path, passphrase)
        if any(key.key.public.keyid in {*need.signed, *need.waiting} for need in needs(proposal)):
            proposal = signed_by(proposal, key.key)
    try:
        made = publication(proposal, now)
    except KeyFileError as error:
        raise KeyFileError(f"{error.message}; write a proposal with --out, and let them sign it") from error
    return client.publish(made)


def published(client: Client) -> tuple[MetadataSet, TrustPolicy]:
    """The newest metadata and the trust policy that they name.

    Raises:
        FailedError: the API gives another policy than the one that is signed.
    """
    newest = {role: base64.b64decode(raw) for role, raw in client.trust().roles.items()}
    raw = client.trust_policy()
    if hashlib.sha256(raw).hexdigest() != targets_of(newest["policy"]).get(TRUST_POLICY_PATH):
        raise FailedError("the API gives another trust policy than the one that is signed: do not go on with it")
    return newest, decode(raw, TrustPolicy)


def _confirm(name: str) -> None:
    if not sys.stdin.isatty():
        raise UsageError("read what is above, then sign with --yes")
    sys.stdout.write(f"Compare the fingerprints with their holders. Sign all of it as {name}? [yes/no] ")
    sys.stdout.flush()
    if sys.stdin.readline().strip() != "yes":
        raise UsageError("not signed")


def _say(*lines: str) -> None:
    """What is shown is made of names that others chose: nothing in it steers the terminal."""
    for line in lines:
        print("".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in line))  # noqa: T201  output


def _write(path: Path, content: bytes) -> None:
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        raise FailedError(f"{path}: {error.strerror}") from error
