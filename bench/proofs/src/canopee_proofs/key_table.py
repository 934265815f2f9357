"""A fleet whose keys change at random, its PCs, and whoever stole what was revoked: the world of the proof `keys`."""

import base64
import random
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from canopee_contract.codec import decode
from canopee_contract.people import Publication
from canopee_contract.trust_policy import TRUST_POLICY_PATH, TrustPolicy
from canopee_kit.clock import FakeClock
from canopee_kit.errors import CanopeeError
from canopee_proofs.key_thief import Pc, Thief
from canopee_trust.errors import TrustError
from canopee_trust.proposal import Proposal, needs, publication
from canopee_trust.repository import next_delegated
from canopee_trust.revocation import propose, revoke
from canopee_trust.roles import ONLINE
from canopee_trust.seating import ROLES, Table, serve
from canopee_trust.seats import Seats, seats_of
from canopee_trust.testing import a_pipeline

_PCS = 4
_DAY = 86_400
_TRIED = 0.3
"""How often too few try to publish, on their way to enough."""
_PRESENT = 0.4
"""How often a PC is on when something has changed."""


class Fleet:
    """One fleet from its founding on."""

    def __init__(self, folder: Path, draw: random.Random) -> None:
        self._draw, self._clock = draw, FakeClock()
        self._table, self._said = Table(), Counter[str]()
        self._names, self._pipelines = 0, 0
        now = self._clock.now()
        holders = [self._name("holder") for _ in range(3)]
        seats = {role: self._table.seats(2, *holders) for role in ROLES}
        self._policy = self._table.policy(self._name("approver"), self._name("approver"))
        founding = self._table.founding(seats, self._policy, now)
        self._publisher = serve(self._table, self._table.sign(founding, draw.sample(holders, 2)), now)
        self._lost: set[str] = set()
        self._thief = Thief(self._table, self._clock)
        self._pcs = [Pc(folder / str(one), self._publisher, self._clock) for one in range(_PCS)]
        self._moves: Sequence[tuple[str, Callable[[], None]]] = (
            ("replace", self._replace), ("revoke", self._revoke), ("threshold", self._threshold),
            ("lose", self._lose), ("online", self._online), ("director", self._director),
            ("approver", self._approver), ("publish", self._publish), ("wait", self._wait),
        )  # fmt: skip

    def step(self) -> list[str]:
        """One change at random, PCs that see it, attacks; what should not have been."""
        name, move = self._draw.choice(self._moves)
        self._said[name] += 1
        try:
            move()
        except AssertionError as error:
            return [f"{name}: {error}"]
        except CanopeeError as error:
            return [f"{name}: people who reach every threshold were refused: {error}"]
        found = [] if self._draw.random() > _PRESENT else self._see(self._draw.choice(self._pcs))
        pc = self._draw.choice(self._pcs)
        return found + [f"after {name}: {one}" for one in self._thief.attack(pc, self._draw)]

    def end(self) -> list[str]:
        """Every PC comes back, however long it was off."""
        return [one for pc in self._pcs for one in self._see(pc)]

    def story(self) -> str:
        """How often what was done."""
        return ", ".join(f"{name} {count}" for name, count in sorted(self._said.items()))

    def _see(self, pc: Pc) -> list[str]:
        try:
            pc.refresh()
            policy = pc.policy()
        except CanopeeError as error:
            return [f"a PC that was off is locked out: {error}"]
        if policy != self._policy:
            return ["a PC that came back follows another policy than the one in force"]
        return []

    def _replace(self) -> None:
        """Another holder takes one seat of one role, or of root and targets at once."""
        role = self._draw.choice(ROLES)
        held = seats_of(self._publisher.metadata, role)
        gone = self._draw.choice(held.holders)
        new = (*(card for card in held.holders if card != gone), self._table.card(self._name("holder")))
        self._pass(self._propose("replace", {role: Seats(new, held.threshold)}))

    def _revoke(self) -> None:
        held = seats_of(self._publisher.metadata, self._draw.choice(ROLES))
        who = self._draw.choice(held.holders).name
        card = self._table.card(self._name("holder"))
        now = self._clock.now()
        self._pass(revoke(self._publisher.metadata, self._policy, who, replacement=card, now=now))

    def _threshold(self) -> None:
        """One more seat and signature, or one fewer."""
        role = self._draw.choice(ROLES)
        held = seats_of(self._publisher.metadata, role)
        if len(held.holders) < 5:  # noqa: PLR2004  people are few
            seats = Seats((*held.holders, self._table.card(self._name("holder"))), held.threshold + 1)
        else:
            living = [card for card in held.holders if card.name not in self._lost]
            seats = Seats(tuple(living[:3]), 2)
        self._pass(self._propose("threshold", {role: seats}))

    def _lose(self) -> None:
        """A key is lost, as far as every role can still sign."""
        held = {role: seats_of(self._publisher.metadata, role) for role in ROLES}
        names = sorted({card.name for one in held.values() for card in one.holders} - self._lost)
        who = self._draw.choice(names)
        after = self._lost | {who}
        if all(sum(card.name not in after for card in one.holders) >= one.threshold for one in held.values()):
            self._lost = after

    def _online(self) -> None:
        role = self._draw.choice(ONLINE)
        name = self._name(role)
        seats = {role: Seats((self._table.card(name),))}
        self._publisher.now = self._clock.now()
        proposal = self._signed(self._propose("online", seats))
        self._publisher.keys[role] = self._table.key(name)
        self._publisher.accept(publication(proposal, self._clock.now()))

    def _director(self) -> None:
        self._change_policy(self._policy.directors[0].name, "director")

    def _approver(self) -> None:
        self._change_policy(self._draw.choice(self._policy.approvers).name, "approver")

    def _change_policy(self, who: str, what: str) -> None:
        card, now = self._table.card(self._name(what)), self._clock.now()
        proposal = revoke(self._publisher.metadata, self._policy, who, replacement=card, now=now)
        self._pass(proposal)
        self._policy = decode(proposal.targets[TRUST_POLICY_PATH], TrustPolicy)

    def _publish(self) -> None:
        self._pipelines += 1
        path, content = a_pipeline(f"pipeline_{self._pipelines}")
        raw = next_delegated(
            self._publisher.metadata["collect"], "collect", add={path: content}, now=self._clock.now()
        )
        before = dict(self._publisher.metadata)
        self._pass(Proposal(1, "publish", self._clock.now(), before, {"collect": raw}, {path: content}))

    def _wait(self) -> None:
        self._clock.advance(self._draw.randrange(1, 200) * _DAY)
        self._publisher.now = self._clock.now()
        self._publisher.serve()

    def _propose(self, title: str, seats: dict[str, Seats]) -> Proposal:
        return propose(title, self._publisher.metadata, seats, None, now=self._clock.now())

    def _pass(self, proposal: Proposal) -> None:
        """Enough sign, in any order; before that, too few did not pass."""
        self._publisher.now = self._clock.now()
        self._publisher.accept(publication(self._signed(proposal), self._clock.now()))

    def _signed(self, proposal: Proposal) -> Proposal:
        order = list(self._able(proposal))
        self._draw.shuffle(order)
        for name in order:
            if not any(need.missing for need in needs(proposal)):
                break
            self._refuse_too_few(proposal)
            proposal = self._table.sign(proposal, [name])
        return proposal

    def _refuse_too_few(self, proposal: Proposal) -> None:
        """What too few have signed is published by nobody: neither by these people's tool, nor by the API."""
        if self._draw.random() > _TRIED:
            return
        raw = {role: base64.b64encode(one).decode() for role, one in proposal.metadata.items()}
        targets = {path: base64.b64encode(one).decode() for path, one in proposal.targets.items()}
        for attempt in (
            lambda: publication(proposal, self._clock.now()),
            lambda: self._publisher.accept(Publication(raw, targets)),
        ):
            try:
                attempt()
            except TrustError:
                continue
            raise AssertionError("a proposal passed that too few had signed")

    def _able(self, proposal: Proposal) -> list[str]:
        """Whoever is asked, and still has their key."""
        names = {name for need in needs(proposal) for name in need.waiting.values()}
        return sorted(name for name in names - self._lost if name in self._table.keys)

    def _name(self, what: str) -> str:
        self._names += 1
        return f"{what}-{self._names}"
