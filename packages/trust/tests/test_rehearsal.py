"""`docs/how-to/rehearse-a-lost-key.md`, played: every loss that it names, and what a PC does after each step."""

from pathlib import Path

import pytest

from canopee_contract.codec import decode
from canopee_contract.trust_policy import TRUST_POLICY_PATH, TrustPolicy
from canopee_kit.clock import FakeClock
from canopee_trust.client import TrustedRepository
from canopee_trust.errors import KeyFileError, MetadataError
from canopee_trust.floor import MemoryFloor
from canopee_trust.proposal import Proposal, publication
from canopee_trust.repository import make_snapshot, make_timestamp, next_delegated, version_of
from canopee_trust.revocation import propose, revoke
from canopee_trust.seating import ROLES, Table, published, serve
from canopee_trust.seats import Seats
from canopee_trust.testing import Publisher, a_pipeline

HOLDERS = ("alice", "bob", "carol")


class Rehearsal:
    """A fleet that two of three hold, a PC that is on, and one that is off from the beginning."""

    def __init__(self, folder: Path, clock: FakeClock) -> None:
        self.clock, self.table = clock, Table(*HOLDERS)
        self.policy = self.table.policy("dora", "eve")
        seats = {role: self.table.seats(2, *HOLDERS) for role in ROLES}
        founding = self.table.founding(seats, self.policy, clock.now())
        self.fleet: Publisher = serve(self.table, self.table.sign(founding, ("bob", "carol")), clock.now())
        self._folder, self._floors = folder, {"on": MemoryFloor(), "off": MemoryFloor()}
        self.look("on")
        self.look("off")

    def look(self, name: str) -> TrustedRepository:
        """A PC checks in."""
        folder, floor = self._folder / name, self._floors[name]
        pc = TrustedRepository(folder, self.fleet.root, fetch=self.fleet.fetch, floor=floor, clock=self.clock)
        pc.refresh()
        return pc

    def change(self, proposal: Proposal, *signers: str) -> None:
        published(self.fleet, self.table.sign(proposal, signers))

    def replace(self, who: str, by: str, *signers: str) -> None:
        """`canopee keys revoke WHO --replace CARD`, signed and published."""
        proposal = revoke(
            self.fleet.metadata, self.policy, who, replacement=self.table.card(by), now=self.clock.now()
        )
        self.change(proposal, *signers)
        if TRUST_POLICY_PATH in proposal.targets:
            self.policy = decode(proposal.targets[TRUST_POLICY_PATH], TrustPolicy)

    def pipeline(self, number: int) -> tuple[str, Proposal]:
        path, content = a_pipeline(f"pipeline_{number}")
        before = dict(self.fleet.metadata)
        raw = next_delegated(before["collect"], "collect", add={path: content}, now=self.clock.now())
        return path, Proposal(1, "publish", self.clock.now(), before, {"collect": raw}, {path: content})


@pytest.fixture
def game(tmp_path: Path, clock: FakeClock) -> Rehearsal:
    return Rehearsal(tmp_path, clock)


def test_one_root_key_of_three_is_lost_and_two_put_another_in_its_place(game: Rehearsal) -> None:
    game.replace("carol", "dan", "alice", "bob")
    path, proposal = game.pipeline(1)
    game.change(proposal, "alice", "dan")
    assert game.look("on").target(path)
    _, proposal = game.pipeline(2)
    with pytest.raises(KeyFileError, match="signs nothing here"):
        game.table.sign(proposal, ("carol",))


def test_two_root_keys_of_three_are_lost_and_nobody_can_help(game: Rehearsal) -> None:
    """Alice alone names new keys to no PC; what was published goes on."""
    path, proposal = game.pipeline(1)
    game.change(proposal, "alice", "bob")
    alone = revoke(
        game.fleet.metadata, game.policy, "bob", replacement=game.table.card("dan"), now=game.clock.now()
    )
    with pytest.raises(KeyFileError, match="the keys until now\\) lacks 1 of 2, from bob, carol"):
        publication(game.table.sign(alone, ("alice", "dan")), game.clock.now())
    assert game.look("on").target(path)


def test_a_publisher_s_key_is_lost_and_the_holders_of_targets_name_another(game: Rehearsal) -> None:
    one = propose("frank publishes", game.fleet.metadata, {"collect": game.table.seats(1, "frank")}, None,
                  now=game.clock.now())  # fmt: skip
    game.change(one, "alice", "bob", "frank")
    lost = propose("grace instead", game.fleet.metadata, {"collect": game.table.seats(1, "grace")}, None,
                   now=game.clock.now())  # fmt: skip
    game.change(lost, "bob", "carol", "grace")
    path, proposal = game.pipeline(1)
    game.change(proposal, "grace")
    assert game.look("on").target(path)


def test_the_director_is_stolen_and_its_numbers_block_nobody(game: Rehearsal) -> None:
    former = game.policy
    game.replace("director", "director-2", "alice", "carol")
    policy = decode(game.look("on").target(TRUST_POLICY_PATH), TrustPolicy)
    assert policy.epoch == former.epoch + 1
    assert policy.directors != former.directors


@pytest.mark.parametrize("role", ["timestamp", "snapshot"])
def test_an_online_key_is_stolen_and_has_counted_as_far_as_it_could(game: Rehearsal, role: str) -> None:
    """The thief fast-forwards; with a new key in root, PCs that saw it count anew (TUF, 5.3.11)."""
    versions = {name: version_of(raw) for name, raw in game.fleet.metadata.items() if name != "root"}
    far, keys, now = 2**40, game.fleet.keys, game.clock.now()
    honest = dict(game.fleet.files)
    number = far if role == "snapshot" else game.fleet.version + 1
    game.fleet.files[f"metadata/{number}.snapshot.json"] = make_snapshot(
        versions, version=number, key=keys["snapshot"], now=now
    )
    game.fleet.files["metadata/timestamp.json"] = make_timestamp(
        number, version=far, key=keys["timestamp"], now=now
    )
    game.look("on")
    game.fleet.files = honest
    game.fleet.serve()
    with pytest.raises(MetadataError):
        game.look("on")
    seats = {name: Seats((game.table.card(f"{name}-2"),)) for name in ("timestamp", "snapshot")}
    for name in seats:  # what the thief has counted is in both
        game.fleet.keys[name] = game.table.key(f"{name}-2")
    game.change(propose("online", game.fleet.metadata, seats, None, now=now), "alice", "bob")
    assert game.look("on").target(TRUST_POLICY_PATH)
    assert game.look("off").target(TRUST_POLICY_PATH)


def test_an_approver_is_lost_and_another_approves(game: Rehearsal) -> None:
    game.replace("eve", "fay", "alice", "bob")
    policy = decode(game.look("on").target(TRUST_POLICY_PATH), TrustPolicy)
    assert [key.name for key in policy.approvers] == ["dora", "fay"]


def test_a_pc_that_was_off_for_three_rotations_of_everything_follows(game: Rehearsal) -> None:
    game.replace("carol", "dan", "alice", "bob")
    game.replace("alice", "erin", "bob", "dan", "alice")
    game.replace("dan", "fred", "erin", "bob")
    game.replace("director", "director-2", "bob", "fred")
    path, proposal = game.pipeline(1)
    game.change(proposal, "bob", "fred")
    assert version_of(game.fleet.metadata["root"]) == 4
    back = game.look("off")
    assert back.target(path)
    assert decode(back.target(TRUST_POLICY_PATH), TrustPolicy) == game.policy
