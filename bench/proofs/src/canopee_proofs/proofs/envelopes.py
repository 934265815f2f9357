"""The proof `envelopes`."""

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from canopee_contract.order import Order
from canopee_contract.pipeline import PipelineRef
from canopee_contract.trust_policy import TrustedKey, TrustPolicy
from canopee_kit.errors import CanopeeError
from canopee_kit.ids import new_id
from canopee_proofs.proof import Proof, Setting, Verdict
from canopee_trust.documents import open_order, seal_order
from canopee_trust.ed25519 import PrivateKey

_NOW = datetime(2026, 11, 25, tzinfo=UTC)


class Envelopes(Proof):
    """A signed order whose bytes were changed, anywhere and in any way, is refused or still says the same thing.

    The key ids of an envelope are not signed, nor are its spaces: such a change may pass, with the same order inside.
    """

    usual_cases: ClassVar[int] = 100_000
    short_cases: ClassVar[int] = 2_000

    def run(self, setting: Setting) -> Verdict:
        draw, key = setting.random(), PrivateKey.generate()
        policy, order = _policy(key), _order()
        envelope = seal_order(order, key)
        violations: list[str] = []
        for number in range(setting.cases):
            changed = draw.choice(_CHANGES)(envelope, draw)
            try:
                opened = open_order(changed, policy).order
            except CanopeeError:
                continue
            except Exception as error:  # noqa: BLE001  that is what is looked for
                violations.append(f"case {number}: {type(error).__name__}: {error}: {changed!r}")
                continue
            if opened != order:
                violations.append(f"case {number}: accepted as another order: {changed!r}")
        return Verdict(setting.cases, tuple(violations))


def _flip(raw: bytes, draw: random.Random) -> bytes:
    place = draw.randrange(len(raw))
    return raw[:place] + bytes([raw[place] ^ 1 << draw.randrange(8)]) + raw[place + 1 :]


def _cut(raw: bytes, draw: random.Random) -> bytes:
    start, end = sorted(draw.sample(range(len(raw) + 1), 2))
    return raw[:start] + raw[end:]


def _repeat(raw: bytes, draw: random.Random) -> bytes:
    start, end = sorted(draw.sample(range(len(raw) + 1), 2))
    return raw[:end] + raw[start:]


def _put(raw: bytes, draw: random.Random) -> bytes:
    place = draw.randrange(len(raw) + 1)
    return raw[:place] + draw.choice((b" ", b"\0", b'"', b"\xff", b"[[", b"{", b",", b"A", b"=")) + raw[place:]


def _swap(raw: bytes, draw: random.Random) -> bytes:
    first, second = draw.sample(range(len(raw)), 2)
    mixed = bytearray(raw)
    mixed[first], mixed[second] = mixed[second], mixed[first]
    return bytes(mixed)


_CHANGES: Sequence[Callable[[bytes, random.Random], bytes]] = (_flip, _cut, _repeat, _put, _swap)


def _policy(key: PrivateKey) -> TrustPolicy:
    trusted = TrustedKey(key.public.keyid, key.public.base64, "director")
    return TrustPolicy(spec=1, epoch=1, directors=(trusted,), approvers=())


def _order() -> Order:
    return Order(
        spec=1, order_id=new_id(_NOW), device_id=new_id(_NOW), generation=1, epoch=1, seq=7, issued_at=_NOW,
        not_before=_NOW, expires_at=_NOW + timedelta(days=1), parameters={"channel": "stable"}, campaign=None,
        pipeline=PipelineRef("pipelines/collect/inventory.1.json", "inventory", 1, "0" * 64, 1_099),
    )  # fmt: skip
