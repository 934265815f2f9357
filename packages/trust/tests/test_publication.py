"""What the API refuses to publish, beyond the rules tried in `test_ceremony.py`: keys, thresholds, delegations."""

# pyright: reportPrivateImportUsage=false
# (tuf documents this module as its public door, and re-exports without `as`)

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from tuf.api.metadata import Targets

from canopee_trust.ed25519 import PrivateKey
from canopee_trust.errors import MetadataError, PublicationError
from canopee_trust.publication import Repository, check_pipeline, verify_publication
from canopee_trust.repository import (
    RoleKeys,
    make_delegated,
    make_root,
    make_targets,
    next_delegated,
    read,
    sign,
    targets_of,
    to_bytes,
    version_of,
)
from canopee_trust.testing import OFFLINE, a_pipeline

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


class Publishing:
    """Every offline key, and one repository published with them."""

    def __init__(self, *, collect: int = 1) -> None:
        self.keys = {role: [PrivateKey.generate()] for role in (*OFFLINE, "snapshot", "timestamp")}
        self.keys["collect"] = [PrivateKey.generate() for _ in range(3 if collect > 1 else 1)]
        self.thresholds = {"collect": collect}
        self.held = {"root": self.root(), "targets": self.top()}
        for role in ("collect", "action", "policy"):
            self.held[role] = self.signed(make_delegated(role, {}, now=NOW), role)

    def root(self, version: int = 1) -> bytes:
        return self.signed(make_root(self._roles(), now=NOW, version=version), "root")

    def top(self, version: int = 1) -> bytes:
        return self.signed(make_targets(self._roles(), now=NOW, version=version), "targets")

    def next(self, role: str, add: Mapping[str, bytes]) -> bytes:
        return self.signed(next_delegated(self.held[role], role, add=add, now=NOW), role)

    def signed(self, raw: bytes, role: str) -> bytes:
        for key in self.keys[role][: self.thresholds.get(role, 1)]:
            raw = sign(raw, key)
        return raw

    def refusal(self, metadata: Mapping[str, bytes], targets: Mapping[str, bytes] | None = None) -> str:
        """Why the publication is refused; empty when it is accepted."""
        published = {path: sha for role in ("collect", "action", "policy") for path, sha in self._named(role)}
        try:
            verify_publication(NOW, Repository(self.held, published), metadata, targets or {})
        except PublicationError as refused:
            return refused.reason
        return ""

    def _named(self, role: str) -> list[tuple[str, str]]:
        return list(targets_of(self.held[role]).items())

    def _roles(self) -> dict[str, RoleKeys]:
        return {
            role: RoleKeys(tuple(key.public for key in keys), self.thresholds.get(role, 1))
            for role, keys in self.keys.items()
        }


@pytest.fixture
def publishing() -> Publishing:
    return Publishing()


def test_a_pipeline_signed_by_its_role_is_accepted(publishing: Publishing) -> None:
    path, content = a_pipeline()
    assert publishing.refusal({"collect": publishing.next("collect", {path: content})}, {path: content}) == ""


def test_a_role_needs_as_many_distinct_signatures_as_its_threshold() -> None:
    publishing = Publishing(collect=2)
    path, content = a_pipeline()
    proposed = next_delegated(publishing.held["collect"], "collect", add={path: content}, now=NOW)
    one, two, three = publishing.keys["collect"]

    assert publishing.refusal({"collect": sign(proposed, one)}, {path: content}) == "signature"
    assert publishing.refusal({"collect": sign(sign(proposed, one), one)}, {path: content}) == "signature"
    assert publishing.refusal({"collect": sign(sign(proposed, three), two)}, {path: content}) == ""


@pytest.mark.parametrize("path", ["pipelines/action/repair.1.json", "policy/trust.json", "elsewhere/x.json"])
def test_a_role_may_not_sign_the_paths_of_another(publishing: Publishing, path: str) -> None:
    content = a_pipeline("repair", kind="action")[1]
    assert publishing.refusal({"collect": publishing.next("collect", {path: content})}, {path: content}) == "path"


def test_a_published_version_of_a_pipeline_never_changes(publishing: Publishing) -> None:
    path, content = a_pipeline()
    publishing.held["collect"] = publishing.next("collect", {path: content})
    other = content.replace(b'"title":"inventory"', b'"title":"something else"')
    assert other != content

    refusal = publishing.refusal({"collect": publishing.next("collect", {path: other})}, {path: other})

    assert refusal == "pipeline_changed"


def test_a_root_follows_the_one_before_and_is_signed_by_both(publishing: Publishing) -> None:
    old = publishing.keys["root"][0]
    publishing.keys["root"] = [PrivateKey.generate()]
    rotated = publishing.root(version=2)

    assert publishing.refusal({"root": rotated}) == "signature"
    assert publishing.refusal({"root": sign(rotated, old)}) == ""
    assert publishing.refusal({"root": sign(publishing.root(version=3), old)}) == "version"


def test_a_root_with_other_keys_for_targets_needs_targets_signed_by_them(publishing: Publishing) -> None:
    publishing.keys["targets"] = [PrivateKey.generate()]
    root = publishing.root(version=2)

    assert publishing.refusal({"root": root}) == "signature"
    assert publishing.refusal({"root": root, "targets": publishing.top(version=2)}) == ""


def test_delegating_to_other_keys_needs_the_role_signed_by_them(publishing: Publishing) -> None:
    publishing.keys["collect"] = [PrivateKey.generate()]
    top = publishing.top(version=2)

    assert publishing.refusal({"targets": top}) == "signature"
    assert publishing.refusal({"targets": top, "collect": publishing.next("collect", {})}) == ""


def test_a_new_delegation_comes_with_its_metadata(publishing: Publishing) -> None:
    publishing.keys["agent"] = [PrivateKey.generate()]
    top = publishing.top(version=2)
    first = publishing.signed(make_delegated("agent", {}, now=NOW), "agent")

    assert publishing.refusal({"agent": first}) == "role"
    assert publishing.refusal({"targets": top}) == "role"
    assert publishing.refusal({"targets": top, "agent": first}) == ""


def test_top_level_targets_only_delegates(publishing: Publishing) -> None:
    top = read(publishing.top(version=2), Targets)
    path, content = a_pipeline()
    top.signed.targets = read(make_delegated("collect", {path: content}, now=NOW), Targets).signed.targets
    top.signatures.clear()

    refusal = publishing.refusal({"targets": publishing.signed(to_bytes(top), "targets")}, {path: content})

    assert refusal == "path"


def test_the_first_publication_holds_targets(publishing: Publishing) -> None:
    del publishing.held["targets"]
    assert publishing.refusal({}) == "role"


def test_what_is_not_metadata_of_its_role_is_refused(publishing: Publishing) -> None:
    assert publishing.refusal({"collect": b"{}"}) == "malformed"
    assert publishing.refusal({"collect": publishing.held["root"]}) == "malformed"
    with pytest.raises(MetadataError, match="not TUF metadata"):
        version_of(b"\xff")


def test_targets_may_be_withdrawn(publishing: Publishing) -> None:
    path, content = a_pipeline()
    publishing.held["collect"] = publishing.next("collect", {path: content})
    without = next_delegated(publishing.held["collect"], "collect", add={}, remove=[path], now=NOW)

    assert publishing.refusal({"collect": publishing.signed(without, "collect")}) == ""
    assert targets_of(without) == {}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"kind":"collect"', b'"kind":"action"'),
        (b'"name":"inventory"', b'"name":"other"'),
        (b'"id":"hardware"', b'"id":"hardware","use":"collect_hardware"},{"id":"hardware"'),
        (b'"steps":[{"id":"hardware","use":"collect_hardware"}]', b'"steps":[]'),
    ],
)
def test_a_pipeline_that_contradicts_its_path_or_itself_is_refused(old: bytes, new: bytes) -> None:
    path, content = a_pipeline()
    assert old in content
    with pytest.raises(PublicationError):
        check_pipeline(path, content.replace(old, new))


def test_an_action_always_needs_approval() -> None:
    path, content = a_pipeline(kind="action")
    changed = content.replace(b'"kind":"action"', b'"kind":"action","approval":"none"')
    with pytest.raises(PublicationError, match="only a collect"):
        check_pipeline(path, changed)


def test_metadata_that_expires_before_it_is_served_is_refused(publishing: Publishing) -> None:
    late = make_delegated("collect", {}, now=NOW - timedelta(days=400))
    metadata = read(late, Targets)
    metadata.signed.version = 2
    assert publishing.refusal({"collect": publishing.signed(to_bytes(metadata), "collect")}) == "expired"
