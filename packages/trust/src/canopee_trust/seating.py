"""A table of holders with their keys, and a fleet's repository that they govern: shipped, for tests and proofs."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from canopee_contract.codec import encode
from canopee_contract.people import Publication
from canopee_contract.trust_policy import TRUST_POLICY_PATH, TrustPolicy
from canopee_trust.cards import Card, card_of
from canopee_trust.ed25519 import PrivateKey
from canopee_trust.keyfile import KeyFile, make_key
from canopee_trust.proposal import Proposal, publication, signed_by
from canopee_trust.roles import OFFLINE, ONLINE
from canopee_trust.seats import Seats, first
from canopee_trust.testing import Publisher

ROLES = tuple(role for role in OFFLINE if role != "tools")


class Table:
    """Holders by name; each has one key at a time."""

    def __init__(self, *names: str) -> None:
        self.keys: dict[str, KeyFile] = {name: make_key(name, lab=False) for name in names}

    def card(self, name: str) -> Card:
        """The card of a holder, whose key is made unless it is there."""
        self.keys.setdefault(name, make_key(name, lab=False))
        return card_of(self.keys[name])

    def seats(self, threshold: int, *names: str) -> Seats:
        return Seats(tuple(map(self.card, names)), threshold)

    def key(self, name: str) -> PrivateKey:
        return self.keys[name].key

    def sign(self, proposal: Proposal, names: Iterable[str]) -> Proposal:
        """Each signs, in this order."""
        for name in names:
            proposal = signed_by(proposal, self.key(name))
        return proposal

    def policy(
        self, *approvers: str, approvals: int = 1, director: str = "director", epoch: int = 1
    ) -> TrustPolicy:
        """A trust policy of these approvers."""
        return TrustPolicy(
            1, epoch, (self.card(director).trusted,), tuple(self.card(name).trusted for name in approvers),
            approvals, approvals,
        )  # fmt: skip

    def founding(self, seats: Mapping[str, Seats], policy: TrustPolicy, now: datetime) -> Proposal:
        """The ceremony of a new repository: these seats, and one key for each online role."""
        content = encode(policy)
        online = {role: self.seats(1, role) for role in ONLINE}
        return Proposal(
            1, "found the repository", now, {}, first({**seats, **online}, content, now=now),
            {TRUST_POLICY_PATH: content},
        )  # fmt: skip


def serve(table: Table, founding: Proposal, now: datetime) -> Publisher:
    """A publisher who serves what a ceremony founded; raises when it is not signed by enough."""
    made = publication(founding, now)
    publisher = Publisher(now)
    publisher.files.clear()
    publisher.targets.clear()
    publisher.root, publisher.metadata = founding.metadata["root"], {"root": founding.metadata["root"]}
    publisher.keys |= {role: table.key(role) for role in ONLINE}
    publisher.version = 0
    publisher.accept(made)
    return publisher


def published(publisher: Publisher, proposal: Proposal) -> Publication:
    """Publish a proposal; raises when it is not signed by enough."""
    made = publication(proposal, publisher.now)
    publisher.accept(made)
    return made
