"""The signals of a rollout, measured on the PCs that have run; whether that is too much is decided in `rollout.py`."""

from collections.abc import Sequence

import msgspec

from canopee_api.errors import InvalidError
from canopee_api.postgres import signals as sql
from canopee_api.postgres.campaigns import CampaignRow
from canopee_api.postgres.database import Connection, Database
from canopee_api.postgres.signals import Counted, Scope
from canopee_api.postgres.targeting import preview
from canopee_contract.campaign import Rollout
from canopee_contract.condition import parse_condition
from canopee_contract.signal import Signal, SignalFigures, fault, said
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


def figures_of(measured: Sequence[Measured]) -> list[SignalFigures]:
    """Signals beside what they have counted, as people are shown them."""
    return [_figures(one) for one in measured]


def shown(row: CampaignRow) -> list[SignalFigures]:
    """The signals of a campaign and what they had counted at the last look, if there was one."""
    before = [
        SignalFigures(name=said(one), max_pct=one.max_pct, max_records=one.max_records)
        for one in signals_of(row.rollout)
    ]
    return list(row.signal_figures) or before


def recalled(row: CampaignRow) -> list[Measured]:
    """What the last look has counted."""
    return [
        Measured(signal, Counted(seen.ran or 0, seen.devices or 0, seen.records or 0), seen.obstacle)
        for signal, seen in zip(signals_of(row.rollout), row.signal_figures, strict=False)
    ]


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


def _figures(measured: Measured) -> SignalFigures:
    signal, counted = measured.signal, measured.counted
    before = SignalFigures(name=said(signal), max_pct=signal.max_pct, max_records=signal.max_records)
    if measured.obstacle:
        return msgspec.structs.replace(before, obstacle=measured.obstacle)
    records = counted.records if signal.dataset else None
    return msgspec.structs.replace(before, ran=counted.ran, devices=counted.devices, records=records)
