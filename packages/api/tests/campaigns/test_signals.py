"""Campaigns that halt by what their PCs send after their run: real facts, real records, a clock of our own."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from canopee_api.campaigns.signals import Signals
from canopee_api.errors import InvalidError
from canopee_api.testing import Office, Pc, a_record
from canopee_contract.campaign import Ring, Rollout, ring_position
from canopee_contract.codec import decode, encode
from canopee_contract.dataset import Dataset, Field
from canopee_contract.order import Order
from canopee_contract.people import CampaignView
from canopee_contract.report import RunReport, RunReports, RunsReply
from canopee_contract.signal import Signal, SignalFigures
from canopee_kit.clock import FakeClock
from canopee_trust.dsse import payload_of, read_envelope

AT = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
STOPPED = {"fact": "spooler", "op": "eq", "value": "stopped"}
MEASURE = Dataset("measure", 1, "Measure", "a test", 30, (Field("value", "number", "It.", required=True),))


@pytest.fixture
async def repair(office: Office) -> Office:
    await office.publish_pipeline("repair", "action")
    await office.areas.datasets.apply(MEASURE, by="test")
    return office


async def _fleet(office: Office, size: int) -> list[Pc]:
    """PCs in the order of their places in the rings."""
    return sorted([await office.pc() for _ in range(size)], key=lambda pc: ring_position(pc.id))


async def _start(office: Office, fleet: list[Pc], first: int, **signal: Any) -> CampaignView:  # noqa: ANN401  fields of a Signal
    """A campaign whose first ring is so many PCs, and that watches one signal."""
    now = office.areas.clock.now()
    rings = (Ring(ring_position(fleet[first - 1].id) + 1, now), Ring(10_000, now))
    rollout = Rollout(advance_after_s=600, min_runs=3, signals=(Signal(**signal),))
    document = office.sign(office.campaign("repair", {"all": []}, rings=rings, rollout=rollout))
    return await office.areas.campaigns.start_signed(document, by="test")


async def _run(office: Office, pcs: list[Pc]) -> None:
    for pc in pcs:
        (delivered, *_) = await pc.orders()
        order = decode(payload_of(read_envelope(bytes(delivered.order))), Order)
        report = RunReport(order.order_id, order.seq, "done", "", "repair@1", "0.1.0", office.areas.clock.now())
        await pc.post("runs", encode(RunReports((report,))), RunsReply)
        pc.order_seq = order.seq


async def _send(pc: Pc, *numbers: int) -> None:
    await pc.send_records(*(a_record(number, {"value": number}, dataset="measure", at=AT) for number in numbers))


async def _look_until_counted(office: Office, records: int) -> None:
    """Advance until so many records are counted: another transaction that is open holds readers back."""
    found = -1
    async with asyncio.timeout(20):
        while found != records:
            await office.areas.rings.advance()
            async with office.areas.database.transaction() as tx:
                cursor = await tx.execute("SELECT coalesce(sum(records), 0)::int FROM signal_records")
                found = (await cursor.fetchone() or (0,))[0]
            assert found <= records


async def test_facts_that_change_for_the_worse_after_the_run_halt_it_before_the_next_ring(
    repair: Office, clock: FakeClock
) -> None:
    fleet = await _fleet(repair, 6)
    await fleet[0].send_facts({"spooler": "stopped"})
    view = await _start(repair, fleet, 4, condition=STOPPED, max_pct=25)
    await fleet[1].send_facts({"spooler": "stopped"})
    clock.advance(60)
    await _run(repair, fleet[:4])
    clock.advance(600)
    await fleet[2].send_facts({"spooler": "stopped"})
    await fleet[5].send_facts({"spooler": "stopped"})
    async with repair.areas.database.transaction() as tx:
        await tx.execute("UPDATE campaigns SET ring_opened_at = %s", (clock.now(),))
    await repair.areas.rings.advance()
    assert (await repair.areas.campaigns.view(view.id)).state == "running"

    await fleet[3].send_facts({"spooler": "stopped"})
    clock.advance(600)
    assert await repair.areas.rings.advance() == 0
    halted = await repair.areas.campaigns.view(view.id)
    said = 'signal “spooler eq "stopped"”: 2 of 4 PCs that ran (50.0 %), more than 25 %'
    assert (halted.state, halted.reason) == ("halted", said)
    assert halted.states == {"done": 4, "waiting": 2}
    params = {"signal": 'spooler eq "stopped"', "n": 2, "of": 4, "most_pct": 25}
    assert (halted.reason_code, halted.reason_params) == ("signal_share", params)
    (told, *_) = await repair.areas.progress.history(view.id, after=0, limit=1)
    assert (told.detail["code"], told.detail["params"]) == ("signal_share", params)

    clock.advance(60)
    await repair.areas.rings.resume(view.id, by="test")
    resumed = await repair.areas.campaigns.view(view.id)
    assert (resumed.reason_code, resumed.signals_at, resumed.signals[0].ran) == ("", None, None)
    clock.advance(600)
    assert await repair.areas.rings.advance() == 2


async def test_what_a_signal_has_counted_is_shown_beside_its_limit_as_of_the_last_look(
    repair: Office, clock: FakeClock
) -> None:
    fleet = await _fleet(repair, 5)
    view = await _start(repair, fleet, 4, dataset="measure", max_records=50)
    assert (view.signals, view.signals_at) == ([SignalFigures(name="dataset measure", max_records=50)], None)
    await _run(repair, fleet[:4])
    clock.advance(60)
    await _send(fleet[0], 1, 2, 3)
    await _look_until_counted(repair, 3)
    await repair.areas.rings.advance()
    shown = await repair.areas.campaigns.view(view.id)
    seen = SignalFigures(name="dataset measure", max_records=50, ran=4, devices=1, records=3)
    assert (shown.signals, shown.signals_at) == ([seen], clock.now())
    clock.advance(60)
    assert (await repair.areas.campaigns.view(view.id)).signals_at == shown.signals_at


async def test_facts_that_get_well_again_halt_nothing(repair: Office, clock: FakeClock) -> None:
    fleet = await _fleet(repair, 5)
    view = await _start(repair, fleet, 3, condition=STOPPED, max_pct=0)
    await _run(repair, fleet[:3])
    await fleet[0].send_facts({"spooler": "stopped"})
    clock.advance(60)
    await fleet[0].send_facts({"spooler": "running"})
    clock.advance(600)
    assert await repair.areas.rings.advance() == 2
    assert (await repair.areas.campaigns.view(view.id)).reason == ""


async def test_records_are_counted_once_and_only_of_pcs_that_run_it_from_then_on(
    repair: Office, clock: FakeClock
) -> None:
    fleet = await _fleet(repair, 5)
    await _send(fleet[0], 1, 2, 3)
    view = await _start(repair, fleet, 3, dataset="measure", max_records=3)
    await _send(fleet[1], 1, 2)
    clock.advance(60)
    await _run(repair, fleet[:3])
    clock.advance(60)
    await _send(fleet[0], 4, 5)
    await _send(fleet[0], 4, 5)
    await _send(fleet[4], 1, 2, 3)
    await _look_until_counted(repair, 2)
    await _send(fleet[2], 1)
    await _look_until_counted(repair, 3)
    assert (await repair.areas.campaigns.view(view.id)).state == "running"
    await _send(fleet[2], 2)
    await _look_until_counted(repair, 4)
    halted = await repair.areas.campaigns.view(view.id)
    said = "signal “dataset measure”: 4 records of 2 PCs, more than 3"
    assert (halted.state, halted.reason) == ("halted", said)


async def test_the_share_of_pcs_that_send_a_dataset_halts_it(repair: Office, clock: FakeClock) -> None:
    fleet = await _fleet(repair, 4)
    view = await _start(repair, fleet, 3, name="crashes", dataset="measure", max_pct=50)
    await _run(repair, fleet[:3])
    clock.advance(60)
    await _send(fleet[0], *range(1, 30))
    await _look_until_counted(repair, 29)
    assert (await repair.areas.campaigns.view(view.id)).state == "running"
    await _send(fleet[1], 1)
    await _look_until_counted(repair, 30)
    halted = await repair.areas.campaigns.view(view.id)
    assert halted.reason == "signal “crashes”: 2 of 3 PCs that ran (66.7 %), more than 50 %"


async def test_processes_that_count_at_once_count_each_record_once(repair: Office, clock: FakeClock) -> None:
    fleet = await _fleet(repair, 2)
    await _start(repair, fleet, 1, dataset="measure", max_records=1_000)
    await _run(repair, fleet[:1])
    clock.advance(60)
    await _send(fleet[0], *range(1, 40))
    processes = [Signals(repair.areas.database, clock) for _ in range(4)]
    await asyncio.gather(*(one.read() for one in processes for _ in range(5)))
    await _look_until_counted(repair, 39)


async def test_nothing_is_read_when_nobody_watches(repair: Office, clock: FakeClock) -> None:
    fleet = await _fleet(repair, 2)
    view = await _start(repair, fleet, 1, dataset="measure", max_records=0)
    await repair.areas.rings.advance()
    await repair.areas.campaigns.stop(view.id, by="test")
    clock.advance(60)
    await repair.areas.rings.advance()
    async with repair.areas.database.transaction() as tx:
        cursor = await tx.execute("SELECT name FROM record_positions WHERE name = 'signals'")
        assert await cursor.fetchone() is None


@pytest.mark.parametrize(
    ("signal", "message"),
    [
        ({"dataset": "mesure", "max_pct": 1}, "mesure, which is no dataset"),
        ({"condition": {"fact": "x"}, "max_pct": 1}, r"\$.rollout.signals\[0\]: condition: "),
    ],
)
async def test_a_signal_that_would_never_halt_anything_is_refused(
    repair: Office, signal: dict[str, object], message: str
) -> None:
    fleet = await _fleet(repair, 1)
    with pytest.raises(InvalidError, match=message) as refused:
        await _start(repair, fleet, 1, **signal)
    assert refused.value.reason == "campaign.signals"
