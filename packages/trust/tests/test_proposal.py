"""Several people change the keys, each on a machine of their own."""

from pathlib import Path

import msgspec
import pytest

from canopee_contract.trust_policy import TRUST_POLICY_PATH
from canopee_kit.clock import FakeClock
from canopee_trust.client import TrustedRepository
from canopee_trust.errors import KeyFileError, MetadataError, PublicationError
from canopee_trust.floor import MemoryFloor
from canopee_trust.proposal import (
    Proposal,
    merged,
    needs,
    publication,
    read_proposal,
    signed_by,
    write_proposal,
)
from canopee_trust.repository import next_delegated, sign, version_of
from canopee_trust.review import record, review, standing
from canopee_trust.revocation import find_key, propose, revoke
from canopee_trust.seating import ROLES, Table, published, serve
from canopee_trust.seats import Seats
from canopee_trust.testing import Publisher, a_pipeline

HOLDERS = ("alice", "bob", "carol")


@pytest.fixture
def table() -> Table:
    return Table(*HOLDERS)


@pytest.fixture
def founding(table: Table, clock: FakeClock) -> Proposal:
    """Two of three sign everything; dora or eve approves."""
    seats = {role: table.seats(2, *HOLDERS) for role in ROLES}
    return table.founding(seats, table.policy("dora", "eve"), clock.now())


@pytest.fixture
def fleet(table: Table, founding: Proposal, clock: FakeClock) -> Publisher:
    return serve(table, table.sign(founding, ("alice", "bob")), clock.now())


def _pc(folder: Path, fleet: Publisher, clock: FakeClock) -> TrustedRepository:
    pc = TrustedRepository(folder, fleet.root, fetch=fleet.fetch, floor=MemoryFloor(), clock=clock)
    pc.refresh()
    return pc


def test_one_signature_of_two_founds_nothing_and_says_who_may_sign(
    table: Table, founding: Proposal, clock: FakeClock
) -> None:
    once = table.sign(founding, ("alice", "alice"))
    with pytest.raises(KeyFileError, match="root lacks 1 of 2, from bob, carol") as refused:
        publication(once, clock.now())
    assert "policy lacks 1 of 2" in refused.value.message
    assert "root: 1 of 2: alice" in standing(once)[0]


def test_a_pc_follows_what_two_of_three_founded(
    table: Table, fleet: Publisher, clock: FakeClock, tmp_path: Path
) -> None:
    pc = _pc(tmp_path, fleet, clock)
    assert b"dora" in pc.target(TRUST_POLICY_PATH)
    assert pc.signers_of("policy") == {table.key("alice").public.keyid, table.key("bob").public.keyid}


def test_signatures_made_at_the_same_time_are_put_together_in_any_order(
    table: Table, founding: Proposal, clock: FakeClock
) -> None:
    alice, carol = table.sign(founding, ("alice",)), table.sign(founding, ("carol",))
    assert publication(merged(alice, carol), clock.now()).metadata.keys() == founding.metadata.keys()
    assert all(need.missing == 0 for need in needs(merged(carol, alice)))
    other = msgspec.structs.replace(carol, title="another")
    with pytest.raises(KeyFileError, match="not copies"):
        merged(alice, other)


def test_copies_of_which_one_was_changed_are_not_put_together(table: Table, founding: Proposal) -> None:
    changed = next_delegated(founding.metadata["collect"], "collect", add={}, now=founding.made_at)
    forged = msgspec.structs.replace(founding, metadata={**founding.metadata, "collect": changed})
    with pytest.raises(KeyFileError, match="not copies"):
        merged(table.sign(founding, ("alice",)), forged)


def test_a_stranger_signs_nothing(founding: Proposal) -> None:
    with pytest.raises(KeyFileError, match="signs nothing here; those that may: alice, bob, carol"):
        signed_by(founding, Table("mallory").key("mallory"))


def test_the_root_goes_over_with_the_old_threshold_and_the_new_one(
    table: Table, fleet: Publisher, clock: FakeClock, tmp_path: Path
) -> None:
    pc = _pc(tmp_path, fleet, clock)
    seats = {"root": table.seats(3, "bob", "dan", "erin", "fred")}
    moved = propose("another root", fleet.metadata, seats, None, now=clock.now())
    with pytest.raises(KeyFileError, match="the keys from now on"):
        publication(table.sign(moved, ("alice", "bob")), clock.now())
    with pytest.raises(KeyFileError, match="the keys until now"):
        publication(table.sign(moved, ("bob", "dan", "erin")), clock.now())
    published(fleet, table.sign(moved, ("alice", "bob", "dan", "erin")))
    pc.refresh()
    assert version_of(fleet.metadata["root"]) == 2
    alone = propose("back", fleet.metadata, {"root": table.seats(1, "alice")}, None, now=clock.now())
    with pytest.raises(KeyFileError, match="the keys until now"):
        publication(table.sign(alone, ("alice",)), clock.now())


def test_a_revoked_holder_counts_nowhere_any_more(
    table: Table, fleet: Publisher, clock: FakeClock, tmp_path: Path
) -> None:
    pc = _pc(tmp_path, fleet, clock)
    policy = table.policy("dora", "eve")
    proposal = revoke(fleet.metadata, policy, "carol", replacement=table.card("dan"), now=clock.now())
    published(fleet, table.sign(proposal, ("alice", "dan", "bob")))
    pc.refresh()
    with pytest.raises(KeyFileError, match="no key of that name"):
        find_key(fleet.metadata, policy, "carol")
    path, content = a_pipeline()
    raw = next_delegated(fleet.metadata["collect"], "collect", add={path: content}, now=clock.now())
    fleet.metadata["collect"] = sign(sign(raw, table.key("carol")), table.key("alice"))
    fleet.targets[path] = "0" * 64
    fleet.serve()
    pc.refresh()
    with pytest.raises(MetadataError):
        pc.target(path)


def test_what_would_be_left_below_a_threshold_asks_for_a_replacement(
    table: Table, fleet: Publisher, clock: FakeClock
) -> None:
    policy = table.policy("dora", "eve", approvals=2)
    with pytest.raises(KeyFileError, match=r"2 approvals are needed, and 1 approvers would be left.*--replace"):
        revoke(fleet.metadata, policy, "eve", now=clock.now())
    with pytest.raises(KeyFileError, match="no director would be left"):
        revoke(fleet.metadata, policy, "director", now=clock.now())
    published(
        fleet, table.sign(revoke(fleet.metadata, policy, "alice", now=clock.now()), ("alice", "bob", "carol"))
    )
    with pytest.raises(KeyFileError, match="root needs 2 keys, and 1 would be left"):
        revoke(fleet.metadata, policy, "bob", now=clock.now())


def test_another_director_is_another_epoch_and_another_approver_is_not(
    table: Table, fleet: Publisher, clock: FakeClock
) -> None:
    policy = table.policy("dora", "eve")
    stolen = revoke(fleet.metadata, policy, "director", replacement=table.card("director-2"), now=clock.now())
    left = revoke(fleet.metadata, policy, "eve", now=clock.now())
    assert b'"epoch":2' in stolen.targets[TRUST_POLICY_PATH]
    assert b'"epoch":1' in left.targets[TRUST_POLICY_PATH]
    assert set(stolen.metadata) == set(left.metadata) == {"policy"}


def test_a_proposal_that_starts_from_forged_metadata_is_signed_by_nobody(
    table: Table, fleet: Publisher, clock: FakeClock
) -> None:
    """What a server that was taken over says is published is checked before anything is signed on it."""
    mallory = Table("mallory")
    forged = propose("x", fleet.metadata, {"collect": mallory.seats(1, "mallory")}, None, now=clock.now())
    before = {**fleet.metadata, "targets": sign(forged.metadata["targets"], mallory.key("mallory"))}
    asked = propose("a quiet rotation", before, {"root": table.seats(2, *HOLDERS)}, None, now=clock.now())
    with pytest.raises(PublicationError, match="targets"):
        signed_by(asked, table.key("alice"))


def test_one_key_twice_is_not_two_people(table: Table, fleet: Publisher, clock: FakeClock) -> None:
    alice = table.card("alice")
    with pytest.raises(KeyFileError, match="twice"):
        propose("x", fleet.metadata, {"root": Seats((alice, alice), 2)}, None, now=clock.now())


def test_what_is_read_before_signing_names_every_change(table: Table, fleet: Publisher, clock: FakeClock) -> None:
    policy = table.policy("dora", "eve")
    lines = "\n".join(review(revoke(fleet.metadata, policy, "carol", now=clock.now())))
    assert "revoke the key of carol" in lines
    assert "root: 2 of 2 must sign (was 2 of 3)" in lines
    assert "  - carol" in lines
    replaced = revoke(fleet.metadata, policy, "eve", replacement=table.card("fay"), now=clock.now())
    said = "\n".join(review(replaced))
    assert "policy changes policy/trust.json" in said
    assert "approver fay" in said
    page = record(table.sign(replaced, ("alice",)), clock.now())
    assert "policy: 1 of 2: alice" in page
    assert "bob" in page


def test_a_proposal_travels_as_a_file_and_a_broken_one_is_said(founding: Proposal, tmp_path: Path) -> None:
    path = tmp_path / "proposal.json"
    write_proposal(path, founding)
    assert read_proposal(path) == founding
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(KeyFileError, match="not a proposal"):
        read_proposal(path)
    with pytest.raises(KeyFileError, match="No such file"):
        read_proposal(tmp_path / "none.json")
