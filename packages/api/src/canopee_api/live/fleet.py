"""The fleet in memory: what a check-in needs, a few hundred bytes a device."""

import asyncio
import random
import sys
from collections.abc import Iterator
from itertools import islice
from typing import Literal, TypeAlias

import msgspec

from canopee_api.postgres.devices import LiveRow

_LONGEST_VERSION = 255
_SHORTEST_SPREAD_S = 8
_RETURNS_A_SECOND = 200
"""Devices sent away by a stop come back at this rate or less: the others take them over without a herd."""

DeviceState: TypeAlias = Literal["active", "suspect", "revoked"]


class LiveDevice(msgspec.Struct, gc=False):
    """One device."""

    id: str
    generation: int
    state: str
    counter: int
    """Highest counter seen."""
    last_seen: float
    """Seconds since 1970."""
    agent_version: str
    facts_hash: str
    order_head: int
    """Highest sequence number given to it: above what it stored, there is something to deliver."""


class Seen(msgspec.Struct, frozen=True, gc=False):
    """The last counted call of a device to this process, as it came here: not what other processes know of it."""

    id: str
    last_seen: float
    counter: int


class LiveFleet:
    """Every device that this process knows; also who waits, and whose presence is to be written."""

    def __init__(self) -> None:
        self._devices: dict[str, LiveDevice] = {}
        self._waiting: dict[str, asyncio.Future[None]] = {}
        self._seen: dict[str, Seen] = {}
        self._updated: dict[str, str] = {}
        self._looking: dict[str, bool] = {}
        self.trust_version = 0
        """Version of the TUF timestamp served."""
        self.is_stopped = False
        """Everything is stopped: every answer says so."""
        self._is_closing = False
        self._spread_s = _SHORTEST_SPREAD_S

    def __len__(self) -> int:
        return len(self._devices)

    def __iter__(self) -> Iterator[LiveDevice]:
        return iter(self._devices.values())

    @property
    def is_closing(self) -> bool:
        """The process stops: nobody waits any more."""
        return self._is_closing

    def get(self, device_id: str) -> LiveDevice | None:
        return self._devices.get(device_id)

    def put(self, row: LiveRow) -> None:
        """Add a device, or take over what the database says of it; counters and presence never go back."""
        held = self._devices.get(row.id)
        if held is None:
            self._devices[row.id] = LiveDevice(
                row.id, row.generation, sys.intern(row.state), row.counter, row.last_seen,
                sys.intern(row.agent_version), row.facts_hash, row.order_head,
            )  # fmt: skip
            return
        if row.generation < held.generation:
            return  # read before a revocation that is known here
        held.generation, held.state, held.facts_hash = row.generation, row.state, row.facts_hash
        held.order_head = max(held.order_head, row.order_head)
        if row.counter > held.counter:  # it has called another process since
            held.counter, held.agent_version = row.counter, sys.intern(row.agent_version)
            self._updated.pop(row.id, None)
        self.wake(row.id)

    def see(self, device: LiveDevice, *, counter: int, agent_version: str, now: float) -> bool:
        """Note a call; `False` when its counter was used before: two machines share this identity."""
        if counter <= device.counter:
            return False
        device.counter, device.last_seen = counter, now
        if agent_version != device.agent_version:
            self._updated[device.id] = device.agent_version = sys.intern(agent_version[:_LONGEST_VERSION])
        self._seen[device.id] = Seen(device.id, now, counter)
        return True

    def give_order(self, device_id: str, seq: int) -> None:
        """Note that an order waits for a device."""
        device = self._devices.get(device_id)
        if device_id in self._looking:
            self._looking[device_id] = True
        if device is not None and seq > device.order_head:
            device.order_head = seq
            self.wake(device_id)

    def look(self, device: LiveDevice) -> None:
        """The database is asked for the orders of a device."""
        self._looking[device.id] = False

    def found_none(self, device: LiveDevice, *, after: int) -> None:
        """It had none above `after`: nothing to look for until the next order, unless one was announced meanwhile."""
        if not self._looking.pop(device.id, True):
            device.order_head = after

    def found(self, device: LiveDevice) -> None:
        """It had some, or did not answer."""
        self._looking.pop(device.id, None)

    def raise_trust(self, version: int) -> None:
        """Note a newer TUF timestamp; every waiting device hears of it."""
        if version > self.trust_version:
            self.trust_version = version
            for device_id in list(self._waiting):
                self.wake(device_id)

    def set_stopped(self, *, is_stopped: bool) -> None:
        """Note a stop of everything, or its end; every waiting device hears of it."""
        if is_stopped != self.is_stopped:
            self.is_stopped = is_stopped
            for device_id in list(self._waiting):
                self.wake(device_id)

    async def wait(self, device_id: str, seconds: float) -> bool:
        """Return when there may be something new for a device, or after `seconds`.

        `True` when the wait is over for good: another call of this device waits in its place, or nothing came.
        """
        if self._is_closing:
            return True
        self.wake(device_id)
        future = asyncio.get_running_loop().create_future()
        self._waiting[device_id] = future
        try:
            await asyncio.wait_for(future, seconds)
        except TimeoutError:
            return True
        finally:
            if self._waiting.get(device_id) is future:
                del self._waiting[device_id]
        return device_id in self._waiting

    def is_waiting(self, device_id: str) -> bool:
        return device_id in self._waiting

    def wake(self, device_id: str) -> None:
        """Answer the long poll of a device, if there is one."""
        future = self._waiting.pop(device_id, None)
        if future is not None and not future.done():
            future.set_result(None)

    def close(self) -> None:
        """Answer every long poll, and let nobody wait any more."""
        self._is_closing = True
        self._spread_s = max(_SHORTEST_SPREAD_S, len(self._waiting) // _RETURNS_A_SECOND)
        for device_id in list(self._waiting):
            self.wake(device_id)

    def come_back_s(self) -> int:
        """Seconds after which a device calls again: 0 (at once), or spread when all are sent away at once."""
        return random.randint(2, self._spread_s) if self._is_closing else 0  # noqa: S311  spreads the load

    def take_seen(self, limit: int) -> list[Seen]:
        """Up to `limit` calls whose presence is to be written, the last one of each device; those taken, by id."""
        ids = sorted(islice(self._seen, limit))
        return [self._seen.pop(device_id) for device_id in ids]

    def take_updated(self) -> dict[str, str]:
        """Devices whose agent has another version since the last call."""
        taken, self._updated = self._updated, {}
        return dict(sorted(taken.items()))

    def put_back(self, seen: list[Seen], updated: dict[str, str]) -> None:
        """Their presence could not be written."""
        for one in seen:
            self._seen.setdefault(one.id, one)
        self._updated = {**updated, **self._updated}
