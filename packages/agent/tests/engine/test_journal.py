"""The journal at every point where the power may be cut: a step runs at most once, a report is never lost."""

import sqlite3
from collections.abc import Callable, Generator
from pathlib import Path

import msgspec
import pytest

from canopee_agent.engine.journal import Journal
from canopee_agent.errors import DiskError, StateError
from canopee_agent.fakes import FakeMachine, FakeProgram
from canopee_agent.testing import FakeServer
from canopee_contract.codec import MAX_MESSAGE_BYTES, encode
from canopee_contract.order import DeliveredOrder, Order
from canopee_contract.pipeline import PipelineRef, Step
from canopee_contract.report import MAX_REPORTS, RunReport, RunReports, StepReport
from canopee_kit.clock import FakeClock
from canopee_kit.ids import new_id
from canopee_trust.dsse import payload_of, read_envelope

NOW = FakeClock().now()
PROGRAM = r"C:\Program Files\Cabinet\tool.exe"
STEPS = (
    Step("one", "run_program", {"argv": [PROGRAM, "1"]}),
    Step("two", "run_program", {"argv": [PROGRAM, "2"]}),
)
DELIVERED = DeliveredOrder(msgspec.Raw(b'{ "payload" : "e30=" }'))


@pytest.fixture
def journal(tmp_path: Path) -> Generator[Journal]:
    journal = Journal(tmp_path / "journal.db", FakeClock())
    yield journal
    journal.close()


def _order(seq: int, generation: int = 1) -> Order:
    ref = PipelineRef("pipelines/action/p.1.json", "p", 1, "0" * 64, 1)
    return Order(1, new_id(NOW), "d", generation, 1, seq, NOW, NOW, NOW, ref, {}, None)


def _report(order_id: str = "", detail: str = "", state: str = "done") -> RunReport:
    report = RunReport(order_id or new_id(NOW), 1, "done", "", "p@1", "0", NOW, detail=detail)
    return msgspec.convert({**msgspec.to_builtins(report), "state": state}, RunReport)


def _writes(order: Order, delivered: DeliveredOrder) -> list[Callable[[Journal], object]]:
    """Everything that a run of two steps writes, in its order."""
    done = [StepReport(step.id, step.use, "done") for step in STEPS]
    end = RunReport(order.order_id, order.seq, "done", "0" * 64, "probe@1", "0", NOW, NOW, steps=tuple(done))
    return [
        lambda journal: journal.accept(order, "0" * 64, delivered),
        lambda journal: journal.begin(order.order_id, NOW),
        lambda journal: journal.begin_step(order.order_id, done[0], 0),
        lambda journal: journal.end_step(order.order_id, done[0], 0),
        lambda journal: journal.begin_step(order.order_id, done[1], 1),
        lambda journal: journal.end_step(order.order_id, done[1], 1),
        lambda journal: journal.end(end),
        lambda journal: journal.forget_reports([order.order_id]),
    ]


@pytest.mark.parametrize("written", range(9))
def test_a_cut_after_any_write_leads_to_one_final_state_and_never_to_a_second_run(
    tmp_path: Path, written: int
) -> None:
    server = FakeServer(FakeMachine("windows"), tmp_path)
    server.machine.programs.install(PROGRAM, FakeProgram())
    _round(server)
    ref = server.publish(*STEPS, kind="action")
    order_id = server.order(ref, document=server.sign(server.campaign(ref)))
    delivered = server.orders[0]
    order = msgspec.json.decode(payload_of(read_envelope(bytes(delivered.order))), type=Order)
    journal = Journal(tmp_path / "state" / "journal.db", server.machine.clock)
    for write in _writes(order, delivered)[:written]:
        write(journal)
    journal.close()

    for _ in range(3):
        _round(server)

    runs, report = server.machine.programs.runs, server.reports.get(order_id)
    if written <= 1:
        assert report is not None
        assert (report.state, len(runs)) == ("done", 2)
    elif written <= 6:
        assert report is not None
        assert (report.state, report.code, runs) == ("unknown", "crashed", [])
        noted = [step.state for step in report.steps]
        assert noted == {2: [], 3: ["unknown"], 4: ["done"], 5: ["done", "unknown"], 6: ["done", "done"]}[written]
    else:
        assert runs == []
        assert (report is None) is (written == 8)


def _round(server: FakeServer) -> None:
    agent = server.agent()
    try:
        agent.round()
    finally:
        agent.close()


def test_a_number_is_taken_once_and_only_above_the_last(journal: Journal) -> None:
    taken = [seq for seq in (5, 5, 4, 6, 1, 7, 0, -1) if journal.accept(_order(seq), "", DELIVERED)]
    assert taken == [5, 6, 7]
    assert journal.last_seq(1, 1) == 7


def test_the_numbers_of_two_enrolments_do_not_meet(journal: Journal) -> None:
    assert journal.accept(_order(9, generation=1), "", DELIVERED)
    assert journal.accept(_order(1, generation=2), "", DELIVERED)
    assert (journal.last_seq(1, 1), journal.last_seq(2, 1), journal.last_seq(3, 1)) == (9, 1, 0)


def test_orders_without_end_come_back_as_their_exact_bytes_by_their_numbers(
    tmp_path: Path, journal: Journal
) -> None:
    first, second = _order(1), _order(2)
    assert journal.accept(first, "a" * 64, DELIVERED)
    assert journal.accept(second, "b" * 64, DELIVERED)
    journal.begin(second.order_id, NOW)
    again = Journal(tmp_path / "journal.db", FakeClock())
    held = again.accepted()
    again.close()
    assert [(one.order_id, one.seq, one.started_at) for one in held] == [
        (first.order_id, 1, None), (second.order_id, 2, NOW),
    ]  # fmt: skip
    assert bytes(held[0].delivered.order) == bytes(DELIVERED.order)
    assert held[0].delivered.document is None


def test_reports_wait_in_their_order_until_their_verdict_and_a_first_report_is_never_replaced(
    journal: Journal,
) -> None:
    ids = [new_id(NOW) for _ in range(3)]
    for order_id in ids:
        journal.end(_report(order_id))
    journal.end(_report(ids[0], detail="another story", state="failed"))
    assert [(report.order_id, report.state) for report in journal.reports()] == [(one, "done") for one in ids]
    journal.forget_reports([ids[1], "of somebody else"])
    journal.forget_reports([])
    assert [report.order_id for report in journal.reports()] == [ids[0], ids[2]]


@pytest.mark.parametrize(
    ("number", "detail"),
    [(52, ""), (52, "x" * 2_000), (20, "x" * 60_000), (12, "\x01" * 60_000), (3, "x" * 900_000)],
    ids=["many", "usual", "long", "escaped", "huge"],
)
def test_a_batch_of_reports_always_fits_in_a_message(journal: Journal, number: int, detail: str) -> None:
    """Fifty long reports made a message that the server refuses: the agent never got past them."""
    for _ in range(number):
        journal.end(_report(detail=detail))
    sent = 0
    while reports := journal.reports():
        assert len(reports) <= MAX_REPORTS
        assert len(encode(RunReports(tuple(reports)))) <= MAX_MESSAGE_BYTES
        journal.forget_reports([report.order_id for report in reports])
        sent += len(reports)
    assert sent == number


def test_the_end_of_an_order_takes_away_all_that_was_noted_of_it_and_nothing_of_another(journal: Journal) -> None:
    one, other = _order(1), _order(2)
    for order in (one, other):
        journal.accept(order, "", DELIVERED)
        journal.begin_step(order.order_id, StepReport("s", "probe", "skipped"), 0)
    journal.end(_report(one.order_id))
    assert (journal.steps(one.order_id), [held.order_id for held in journal.accepted()]) == ([], [other.order_id])
    assert [(step.id, step.state, step.code) for step in journal.steps(other.order_id)] == [
        ("s", "unknown", "crashed")
    ]


def test_steps_come_back_in_their_place_whatever_their_names(journal: Journal) -> None:
    order_id = new_id(NOW)
    for place, name in enumerate(["z", "a", "m"]):
        journal.end_step(order_id, StepReport(name, "probe", "done"), place)
    assert [step.id for step in journal.steps(order_id)] == ["z", "a", "m"]


def test_a_full_disk_is_said_keeps_nothing_half_done_and_is_over_once_there_is_room(journal: Journal) -> None:
    pages = journal._db.execute("pragma page_count").fetchone()[0]  # pyright: ignore[reportPrivateUsage]
    journal._db.execute(f"pragma max_page_count={pages}")  # pyright: ignore[reportPrivateUsage]
    order = _order(1)
    large = DeliveredOrder(msgspec.Raw(b'"' + b"x" * 500_000 + b'"'))
    for _ in range(2):
        with pytest.raises(DiskError, match="free some space"):
            journal.accept(order, "", large)
    assert (journal.last_seq(1, 1), journal.accepted()) == (0, [])
    journal._db.execute("pragma max_page_count=100000")  # pyright: ignore[reportPrivateUsage]
    assert journal.accept(order, "", large)


def test_a_journal_that_cannot_be_read_is_kept_aside_and_the_agent_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    for damage in (b"garbage" * 1_000, b"SQLite format 3\0" + b"\xff" * 5_000):
        path.write_bytes(damage)
        journal = Journal(path, FakeClock())
        assert journal.accept(_order(1), "", DELIVERED)
        journal.close()
        assert journal.corrupt is not None
        assert journal.corrupt.read_bytes() == damage
        journal.corrupt.unlink()
        path.unlink()


def test_a_page_damaged_in_the_middle_is_found_when_the_journal_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = Journal(path, FakeClock())
    for seq in range(1, 60):
        journal.accept(_order(seq), "a" * 64, DeliveredOrder(msgspec.Raw(b'"' + b"x" * 3_000 + b'"')))
    journal.close()
    content = bytearray(path.read_bytes())
    for page in range(4096, len(content), 4096):
        content[page : page + 100] = b"\xa5" * 100
    path.write_bytes(content)
    again = Journal(path, FakeClock())
    assert again.corrupt is not None
    again.close()


def test_a_journal_that_is_a_folder_stops_the_agent_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "journal.db").mkdir()
    with pytest.raises(StateError, match="cannot be opened"):
        Journal(tmp_path / "journal.db", FakeClock())


def test_the_journal_is_private_and_flushed_at_each_change(tmp_path: Path, journal: Journal) -> None:
    assert (tmp_path / "journal.db").stat().st_mode & 0o777 == 0o600
    level = journal._db.execute("pragma synchronous").fetchone()[0]  # pyright: ignore[reportPrivateUsage]
    mode = journal._db.execute("pragma journal_mode").fetchone()[0]  # pyright: ignore[reportPrivateUsage]
    assert (mode, level) in {("wal", 2), ("delete", 3)}, sqlite3.sqlite_version
