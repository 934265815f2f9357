"""The signals of a rollout, measured on the PCs that have run; whether that is too much is decided in `rollout.py`."""

import msgspec

from canopee_api.errors import InvalidError
from canopee_api.postgres import signals as sql
from canopee_api.postgres.campaigns import CampaignRow
from canopee_api.postgres.database import Connection, Database
from canopee_api.postgres.signals import Counted, Scope
from canopee_api.postgres.targeting import preview
from canopee_contract.campaign import Rollout
from canopee_contract.condition import parse_condition
from canopee_contract.signal import Signal, fault, said
from canopee_kit.clock import Clock
from canopee_kit.logs import get_logger

_log = get_logger(__name__)
_SLICE, _SLICES = 20_000, 25
"""Records looked at in one transaction, and slices in one look."""
_NOTHING = Counted(0, 0)


class Measured(msgspec.Struct, frozen=True):
    """A signal, and what it has counted; `obstacle` says why it could not be measured."""

    signal: Signal
    counted: Counted
    obstacle: str = ""


class Signals:
    """Measures what campaigns watch."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._is_behind = False

    async def read(self) -> None:
        """Count the records that came since the last look, of any process."""
        looked_at = _SLICE
        for _ in range(_SLICES):
            async with self._database.transaction() as tx:
                looked_at = await sql.read_on(tx, self._clock.now(), limit=_SLICE)
            if looked_at < _SLICE:
                break
        self._is_behind = looked_at == _SLICE

    async def measure(self, row: CampaignRow) -> list[Measured]:
        """Each signal of a campaign, one query each, in a transaction of its own."""
        scope = Scope(row.id, row.ring, row.judged_from or row.created_at)
        return [await self._measured(scope, place, signal) for place, signal in enumerate(signals_of(row.rollout))]

    async def _measured(self, scope: Scope, place: int, signal: Signal) -> Measured:
        if self._is_behind and signal.dataset:
            return Measured(signal, _NOTHING, "records came faster than they are counted")
        try:
            async with self._database.transaction() as tx, preview(tx):
                if signal.condition is None:
                    counted = await sql.count_sending(tx, scope, place)
                else:
                    counted = await sql.count_holding(tx, scope, parse_condition(signal.condition))
        except InvalidError as error:
            _log.warning("campaign %s: its signal %s cannot be judged: %s", scope.campaign_id, said(signal), error)
            return Measured(signal, _NOTHING, error.message)
        return Measured(signal, counted)


def signals_of(rollout: Rollout | None) -> tuple[Signal, ...]:
    """Those of a rollout, if it has any."""
    return (rollout.signals or ()) if rollout is not None else ()


def check_signals(rollout: Rollout) -> None:
    """Whether signals are such as can be measured; raises `InvalidError`, whose message names the place."""
    if wrong := fault(signals_of(rollout)):
        raise InvalidError("campaign.signals", wrong, at="$.document")


async def require_datasets(tx: Connection, rollout: Rollout | None) -> None:
    """Whether what signals count exists: a name that nobody sends would never halt anything; raises `InvalidError`."""
    names = sorted({signal.dataset for signal in signals_of(rollout) if signal.dataset})
    if missing := await sql.missing_datasets(tx, names):
        raise InvalidError(
            "campaign.signals", f"a signal counts {missing[0][:200]}, which is no dataset: see `canopee datasets`",
            at="$.document",
        )  # fmt: skip
