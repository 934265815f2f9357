"""When the director changes, the orders that wait are signed again: their former signature counts no more on any PC.

The same order keeps its id and its number, so a PC that has run it does not run it again. A process that has not heard
of the new trust policy yet may sign a few more orders with the former key: passes go on for a while.
"""

from datetime import timedelta

import msgspec

from canopee_api.audit.chain import note
from canopee_api.catalog.trust import TrustStore
from canopee_api.postgres import key_life as sql
from canopee_api.postgres.changes import announce_orders
from canopee_api.postgres.database import Database
from canopee_contract.codec import decode
from canopee_contract.order import Order
from canopee_kit.clock import Clock
from canopee_kit.logs import get_logger
from canopee_trust.documents import seal_order
from canopee_trust.dsse import MAX_BYTES, payload_of, read_envelope

SLICE = 200
_FIRST = "00000000-0000-0000-0000-000000000000"
_PASSES = timedelta(minutes=10)
_log = get_logger(__name__)


class Epochs:
    """Follows the epochs of the trust policy."""

    def __init__(self, database: Database, trust: TrustStore, clock: Clock) -> None:
        self._database, self._trust, self._clock = database, trust, clock
        self._done = 0

    async def tend(self) -> int:
        """Sign the orders of former epochs again; how many."""
        epoch = self._trust.epoch
        if epoch in {0, self._done}:
            return 0
        async with self._database.transaction() as tx:
            since, is_done = await sql.epoch_since(tx, epoch, now=self._clock.now())
        made = 0 if is_done else await self._sign_again(epoch)
        if made:
            _log.warning("epoch %d of the trust policy: %d orders were signed again", epoch, made)
        if is_done or self._clock.now() >= since + _PASSES:
            async with self._database.transaction() as tx:
                await sql.close_epoch(tx, epoch, now=self._clock.now())
            self._done = epoch
        return made

    async def _sign_again(self, epoch: int) -> int:
        made, after = 0, _FIRST
        while after:
            async with self._database.transaction() as tx:
                held = await sql.pending_orders(tx, after=after, limit=SLICE, now=self._clock.now())
                changed = {one.id: new for one in held if (new := self._renewed(one.envelope, epoch)) is not None}
                if changed:
                    await sql.replace_envelopes(tx, changed)
                    await announce_orders(tx, {one.device_id: one.seq for one in held if one.id in changed})
                    await note(
                        tx, self._clock.now(), "canopee", "orders.sign_again", str(epoch), orders=len(changed)
                    )
            made, after = made + len(changed), held[-1].id if held else ""
        return made

    def _renewed(self, envelope: bytes, epoch: int) -> bytes | None:
        """The order under the director of `epoch`; `None` when it is of it already."""
        order = decode(payload_of(read_envelope(envelope)), Order, max_bytes=MAX_BYTES)
        if order.epoch >= epoch:
            return None
        return seal_order(msgspec.structs.replace(order, epoch=epoch), self._trust.director)
