"""A whole TUF repository in memory, with all its keys: shipped, for the tests of whoever reads one."""

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from canopee_contract.codec import encode
from canopee_contract.people import Publication
from canopee_contract.pipeline import Pipeline, Step, target_path
from canopee_contract.release import release_path
from canopee_trust.client import NotServedError
from canopee_trust.ed25519 import PrivateKey
from canopee_trust.publication import Repository, verify_publication
from canopee_trust.repository import (
    RoleKeys,
    TargetInfo,
    make_delegated,
    make_root,
    make_snapshot,
    make_targets,
    make_timestamp,
    next_delegated,
    sign,
    targets_of,
    version_of,
)

OFFLINE = ("root", "targets", "collect", "action", "policy")


def a_pipeline(name: str = "inventory", version: int = 1, kind: str = "collect") -> tuple[str, bytes]:
    """Path and bytes of a small valid pipeline."""
    pipeline = Pipeline(
        spec=1, name=name, version=version, kind="collect" if kind == "collect" else "action", title=name,
        steps=(Step(id="hardware", use="collect_hardware"),),
    )  # fmt: skip
    return target_path(kind, name, version), encode(pipeline)


class Publisher:
    """Holds every key; `files` is what the server serves."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.keys = {role: PrivateKey.generate() for role in (*OFFLINE, "agent", "snapshot", "timestamp")}
        roles = {role: RoleKeys((key.public,)) for role, key in self.keys.items()}
        self.root = sign(make_root(roles, now=now), self.keys["root"])
        self.metadata = {"root": self.root, "targets": sign(make_targets(roles, now=now), self.keys["targets"])}
        for role in ("collect", "action", "policy", "agent"):
            self.metadata[role] = sign(make_delegated(role, {}, now=now), self.keys[role])
        self.files: dict[str, bytes] = {}
        self.targets: dict[str, str] = {}
        self.version = 0
        """Of snapshot and timestamp."""
        self.serve()

    def publish(self, role: str, targets: Mapping[str, bytes]) -> None:
        """A new version of one delegated role, served at once."""
        self._publish(role, next_delegated(self.metadata[role], role, add=targets, now=self.now), targets)

    def release(self, content: bytes, release_seq: int, **changes: Any) -> TargetInfo:  # noqa: ANN401  of custom
        """Publish a release of the agent, with some fields of what is signed about it changed."""
        custom: dict[str, Any] = {
            "version": "1.1.0",
            "platform": "win-x64",
            "release_seq": release_seq,
            "min_release_seq": 0,
        } | changes
        path = release_path(custom["platform"], custom["version"])
        info = TargetInfo(path, len(content), hashlib.sha256(content).hexdigest(), custom)
        new = next_delegated(self.metadata["agent"], "agent", add={}, describe=[info], now=self.now)
        self._publish("agent", new, {path: content})
        return info

    def _publish(self, role: str, new: bytes, targets: Mapping[str, bytes]) -> None:
        self.metadata[role] = sign(new, self.keys[role])
        for path, content in targets.items():
            digest = targets_of(self.metadata[role])[path]
            folder, _, name = path.rpartition("/")
            self.files[f"targets/{folder}/{digest}.{name}"] = content
            self.targets[path] = digest
        self.serve()

    def accept(self, publication: Publication) -> None:
        """Take a publication as the API does: checked whole, then served; `PublicationError` otherwise.

        New online keys must be in `keys` before.
        """
        new = {role: base64.b64decode(raw) for role, raw in publication.metadata.items()}
        contents = {path: base64.b64decode(raw) for path, raw in publication.targets.items()}
        verify_publication(self.now, Repository(self.metadata, dict(self.targets)), new, contents)
        self.metadata |= new
        if "root" in new:
            self.files[f"metadata/{version_of(new['root'])}.root.json"] = new["root"]
        for role in set(new) - {"root", "targets"}:
            for path, digest in targets_of(new[role]).items():
                folder, _, name = path.rpartition("/")
                if path in contents:
                    self.files[f"targets/{folder}/{digest}.{name}"] = contents[path]
                self.targets[path] = digest
        self.serve()

    def serve(self) -> None:
        """Sign snapshot and timestamp over the newest metadata."""
        self.version += 1
        versions = {role: version_of(raw) for role, raw in self.metadata.items() if role != "root"}
        for role, number in versions.items():
            self.files[f"metadata/{number}.{role}.json"] = self.metadata[role]
        snapshot = make_snapshot(versions, version=self.version, key=self.keys["snapshot"], now=self.now)
        self.files[f"metadata/{self.version}.snapshot.json"] = snapshot
        self.files["metadata/timestamp.json"] = make_timestamp(
            self.version, version=self.version, key=self.keys["timestamp"], now=self.now
        )

    def fetch(self, name: str) -> bytes:
        if name not in self.files:
            raise NotServedError(name)
        return self.files[name]
