"""Who has every key there ever was, but for one too few of those that a PC trusts, and serves what these sign."""

import random
import shutil
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from pathlib import Path

from canopee_contract.campaign import Campaign, Ring
from canopee_contract.codec import decode, encode
from canopee_contract.order import Order
from canopee_contract.pipeline import PipelineRef
from canopee_contract.trust_policy import TRUST_POLICY_PATH, TrustPolicy
from canopee_kit.clock import FakeClock
from canopee_kit.errors import CanopeeError
from canopee_kit.ids import new_id
from canopee_trust.approvals import approved
from canopee_trust.client import NotServedError, TrustedRepository
from canopee_trust.documents import open_order, seal_campaign, seal_order
from canopee_trust.ed25519 import PrivateKey
from canopee_trust.floor import MemoryFloor
from canopee_trust.repository import (
    make_snapshot,
    make_timestamp,
    next_delegated,
    root_keyids,
    sign,
    targets_of,
    version_of,
)
from canopee_trust.roles import ONLINE
from canopee_trust.seating import ROLES, Table
from canopee_trust.seats import Seats, reseat, seats_of
from canopee_trust.testing import Publisher, a_pipeline

_CONTROL = 0.2
"""How often the attack has one key more: then it must succeed, or the others prove nothing."""


class Pc:
    """A PC: what it has on its disk, and what it saw when it was on last."""

    def __init__(self, folder: Path, publisher: Publisher, clock: FakeClock) -> None:
        self._folder, self._clock, self._publisher = folder, clock, publisher
        self._floor, self._root = MemoryFloor(), publisher.root
        self.repository = self._opened(folder, self._floor, publisher.fetch)
        self.metadata: Mapping[str, bytes] = {}
        self.files: Mapping[str, bytes] = {}
        self.version = 0
        """Of snapshot and timestamp."""
        self.refresh()

    def refresh(self) -> None:
        """As at a check-in after a start; raises what the repository raises."""
        self.repository = self._opened(self._folder, self._floor, self._publisher.fetch)
        self.repository.refresh()
        for path in self._publisher.targets:
            self.repository.target(path)
        self.metadata, self.files = dict(self._publisher.metadata), dict(self._publisher.files)
        self.version = self._publisher.version

    def policy(self) -> TrustPolicy:
        """The trust policy that it obeys."""
        return decode(self.repository.target(TRUST_POLICY_PATH), TrustPolicy)

    def twin(self, files: Mapping[str, bytes]) -> TrustedRepository:
        """The same PC before a server that serves `files`; what happens to it leaves nothing behind."""
        folder = self._folder.with_name(f"{self._folder.name}-twin")
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self._folder, folder)
        floor = MemoryFloor()
        floor.raise_to(self._floor.all())

        def fetch(name: str) -> bytes:
            if name not in files:
                raise NotServedError(name)
            return files[name]

        return self._opened(folder, floor, fetch)

    def _opened(self, folder: Path, floor: MemoryFloor, fetch: Callable[[str], bytes]) -> TrustedRepository:
        return TrustedRepository(folder, self._root, fetch=fetch, floor=floor, clock=self._clock)


class Thief:
    """Attacks a PC with all keys of a table, but for one too few of those that this PC trusts."""

    def __init__(self, table: Table, clock: FakeClock) -> None:
        self._table, self._clock = table, clock
        self._own = table.card("thief")

    def attack(self, pc: Pc, draw: random.Random) -> list[str]:
        """One attack at random; what it should not have reached."""
        if draw.random() < _CONTROL:
            role = draw.choice(("collect", "action", "policy"))
            if not self._reaches(pc, *self._role(pc, role, short_by=0)):
                return ["enough keys of today do not pass either: the attacks prove nothing"]
            return []
        what = draw.choice(("collect", "action", "policy", "targets", "root", "order", "campaign"))
        if what == "order":
            return self._order(pc)
        if what == "campaign":
            return self._campaign(pc)
        if what in {"targets", "root"}:
            reached = self._reaches(pc, *self._above(pc, what))
        else:
            reached = self._reaches(pc, *self._role(pc, what, short_by=1))
        return [f"a PC takes what too few of {what} signed"] if reached else []

    def _role(self, pc: Pc, role: str, *, short_by: int) -> tuple[dict[str, bytes], str, bytes]:
        """A delegated role names one target more."""
        path, content = self._target(pc, role)
        raw = next_delegated(pc.metadata[role], role, add={path: content}, now=self._clock.now())
        return {role: self._signed(pc, role, raw, short_by=short_by)}, path, content

    def _above(self, pc: Pc, delegator: str) -> tuple[dict[str, bytes], str, bytes]:
        """Root or targets give everything below to the thief, who signs a pipeline."""
        everything = ROLES if delegator == "root" else ("collect", "action", "policy", "agent")
        seats = {role: Seats((self._own,)) for role in everything}
        made = reseat(pc.metadata, seats, now=self._clock.now())
        path, content = self._target(pc, "collect")
        made["collect"] = next_delegated(
            pc.metadata["collect"], "collect", add={path: content}, now=self._clock.now()
        )
        signed = {role: sign(raw, self._table.key("thief")) for role, raw in made.items()}
        signed[delegator] = self._signed(pc, delegator, made[delegator], short_by=1)
        return signed, path, content

    def _target(self, pc: Pc, role: str) -> tuple[str, bytes]:
        if role == "policy":
            own = self._own.trusted
            return TRUST_POLICY_PATH, encode(TrustPolicy(1, pc.policy().epoch + 1, (own,), (own,), 1, 1))
        name = f"evil_{len(targets_of(pc.metadata[role]))}"
        return a_pipeline(name, kind=role)

    def _signed(self, pc: Pc, role: str, raw: bytes, *, short_by: int) -> bytes:
        """By every key there ever was, of which too few are among those that the PC trusts for this role."""
        seats = seats_of(pc.metadata, role)
        trusted = {card.key.keyid for card in seats.holders}
        few = sorted(trusted)[: seats.threshold - short_by]
        for key in self._all_but(trusted - set(few)):
            raw = sign(raw, key)
        return raw

    def _all_but(self, keyids: Collection[str]) -> list[PrivateKey]:
        return [held.key for held in self._table.keys.values() if held.key.public.keyid not in keyids]

    def _reaches(self, pc: Pc, forged: Mapping[str, bytes], path: str, content: bytes) -> bool:
        """Whether the PC takes the target from a server that has the online keys of today."""
        files, held = dict(pc.files), {**pc.metadata, **forged}
        if "root" in forged:
            files[f"metadata/{version_of(forged['root'])}.root.json"] = forged["root"]
        versions = {role: version_of(raw) for role, raw in held.items() if role not in {"root", *ONLINE}}
        for role, number in versions.items():
            files[f"metadata/{number}.{role}.json"] = held[role]
        named = root_keyids(held["root"])
        online = {
            role: next(key for key in self._all_but(()) if key.public.keyid in named[role]) for role in ONLINE
        }
        number, now = pc.version + 1, self._clock.now()
        files[f"metadata/{number}.snapshot.json"] = make_snapshot(
            versions, version=number, key=online["snapshot"], now=now
        )
        files["metadata/timestamp.json"] = make_timestamp(number, version=number, key=online["timestamp"], now=now)
        role = next(one for one in ("collect", "action", "policy") if path in targets_of(held[one]))
        folder, _, name = path.rpartition("/")
        files[f"targets/{folder}/{targets_of(held[role])[path]}.{name}"] = content
        twin = pc.twin(files)
        try:
            twin.refresh()
            return twin.target(path) == content
        except CanopeeError:
            return False

    def _order(self, pc: Pc) -> list[str]:
        """Every director there ever was signs an order, but for those of today."""
        policy, now = pc.policy(), self._clock.now()
        order = Order(
            spec=1, order_id=new_id(now), device_id=new_id(now), generation=1, epoch=policy.epoch, seq=1, issued_at=now,
            not_before=now, expires_at=now + timedelta(days=1), parameters={}, campaign=None, pipeline=_PIPELINE,
        )  # fmt: skip
        for key in self._all_but({one.keyid for one in policy.directors}):
            try:
                open_order(seal_order(order, key), policy)
            except CanopeeError:
                continue
            return ["a PC takes the order of a director who was revoked"]
        return []

    def _campaign(self, pc: Pc) -> list[str]:
        """Whoever approved before approves again, with all approvers of today but one too few, and the author."""
        policy, now = pc.policy(), self._clock.now()
        campaign = Campaign(
            spec=1, campaign_id=new_id(now), name="x", pipeline=_PIPELINE, parameters={}, condition={"all": []},
            rings=(Ring(10_000, now),), not_before=now, not_after=now + timedelta(days=1), max_targets=1, reason="x",
            requested_by="x",
        )  # fmt: skip
        today = [one.keyid for one in policy.approvers]
        keys = self._all_but(today[policy.collect_approvals - 1 :])
        few = sorted(keys, key=lambda key: key.public.keyid not in today)[:8]  # an envelope holds eight
        try:
            approved(seal_campaign(campaign, few), policy, "collect", frozenset())
        except CanopeeError:
            return []
        return ["a PC takes a campaign that too few approvers of today approved"]


_PIPELINE = PipelineRef("pipelines/collect/inventory.1.json", "inventory", 1, "0" * 64, 1_099)
