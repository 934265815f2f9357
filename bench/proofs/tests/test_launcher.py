"""The launcher's C and the agent's Python read and write one file; single decisions, one by one."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canopee_agent.errors import StateError
from canopee_agent.slots import BAN_S, MOST_BANS, SlotState, parse, text_of
from canopee_proofs.launcher.decisions import End, Launcher, Library, Next, What
from canopee_proofs.launcher.world import Kind, World

pytestmark = pytest.mark.xdist_group("launcher-decisions")
NOW_S = 1_800_000_000
SLOTS = ["1.0.0", "1.1.0", "1.2.0"]
VERSIONS = st.from_regex(r"[0-9](?:[.-]?[0-9A-Za-z]){0,12}", fullmatch=True)
STATES = st.builds(
    SlotState, current=VERSIONS, previous=VERSIONS, pending=VERSIONS, attempts=st.integers(0, 999), failed=VERSIONS,
    reason=st.sampled_from(["", "attempts", "crashloop"]),
    banned=st.dictionaries(VERSIONS, st.integers(0, 10**12 - 1), max_size=MOST_BANS),
)  # fmt: skip


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return Library(tmp_path_factory.mktemp("decide"))


@given(STATES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_python_writes_c_reads_and_writes_to_the_byte(library: Library, state: SlotState) -> None:
    assert library.formatted(text_of(state)) == text_of(state)


@given(st.data())
@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_python_refuses_c_refuses(library: Library, data: st.DataObject) -> None:
    text = bytearray(text_of(data.draw(STATES)))
    for _ in range(data.draw(st.integers(1, 3))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.sampled_from(b"0,@=.-a\r\n\0\xff[")) & 0xFF
    head = bytes(text).rpartition(b"check=")[0]
    for content in (bytes(text), _checked(head), bytes(text[: data.draw(st.integers(0, len(text)))])):
        try:
            expected: bytes | None = text_of(parse(content))
        except StateError:
            expected = None
        assert (library.formatted(content) is None) == (expected is None), content


def _checked(text: bytes) -> bytes:
    """With a checksum that is right: the rest must be refused for what it is."""
    import zlib  # noqa: PLC0415  here only

    return text + b"check=%08x\r\n" % zlib.crc32(text)


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("1.9.0", "1.10.0"),
        ("1.0", "1.0.1"),
        ("1.8.0", "1.8.0-3fa9"),
        ("0.9", "1"),
        ("1.007", "1.8"),
        ("1.0rc1", "1.0rc2"),
    ],
)
def test_numbers_of_versions_count_as_numbers(library: Library, older: str, newer: str) -> None:
    assert library.compare(older, newer) < 0 < library.compare(newer, older)
    assert library.compare(older, older) == 0


def _launcher(library: Library, state: SlotState, slots: list[str] = SLOTS) -> Launcher:
    launcher = Launcher(library)
    assert launcher.load(text_of(state))
    launcher.begin(slots, NOW_S)
    launcher.started(0)
    return launcher


def _state(launcher: Launcher) -> SlotState:
    content = launcher.saved()
    assert content is not None
    return parse(content)


def test_an_attempt_is_counted_before_it_begins(library: Library) -> None:
    launcher = _launcher(library, SlotState(current="1.0.0", pending="1.1.0", attempts=1))
    assert (launcher.version, launcher.is_trial, _state(launcher).attempts) == ("1.1.0", True, 2)


@pytest.mark.parametrize(
    ("state", "slots", "reason"),
    [
        (SlotState(current="1.0.0", pending="1.1.0", attempts=3), SLOTS, "attempts"),
        (SlotState(current="1.0.0", pending="1.3.0"), SLOTS, "missing"),
        (SlotState(current="1.0.0", pending="1.1.0", banned={"1.1.0": NOW_S - BAN_S + 1}), SLOTS, "banned"),
    ],
)
def test_a_version_that_cannot_be_tried_any_more_is_returned_and_banned(
    library: Library, state: SlotState, slots: list[str], reason: str
) -> None:
    launcher = _launcher(library, state, slots)
    assert launcher.version == "1.0.0"
    assert [(what, where) for what, _, _, where in launcher.tales()] == [(What.ROLLED_BACK, reason)]
    saved = _state(launcher)
    assert (saved.pending, saved.failed, saved.banned[state.pending]) == ("", state.pending, NOW_S)


def test_a_trial_ends_well_with_the_check_in(library: Library) -> None:
    launcher = _launcher(library, SlotState(current="1.0.0", previous="0.9", pending="1.1.0", failed="1.2.0"))
    launcher.healthy()
    saved = _state(launcher)
    assert (saved.current, saved.previous, saved.pending, saved.failed, launcher.is_trial) == (
        "1.1.0", "1.0.0", "", "", False
    )  # fmt: skip


def test_the_server_that_answers_the_version_before_twice_convicts_the_one_on_trial(library: Library) -> None:
    launcher = _launcher(library, SlotState(current="1.0.0", pending="1.1.0"))
    launcher.beat(299_999)
    assert launcher.verdict(299_999) is None
    assert launcher.verdict(300_000) is End.UNHEALTHY
    assert launcher.ended(SLOTS, End.UNHEALTHY, 0, 300_000, NOW_S)[0] is Next.PROBE
    launcher.probed(is_answered=True, now_s=NOW_S)
    assert launcher.tales() == [(What.WARNED, "1.1.0", "1.0.0", "")]
    assert _state(launcher).attempts == 0
    launcher.begin(SLOTS, NOW_S)
    launcher.started(0)
    assert launcher.verdict(300_000) is not None
    launcher.probed(is_answered=True, now_s=NOW_S)
    assert (_state(launcher).failed, launcher.tales()[0][3]) == ("1.1.0", "unhealthy")


def test_a_server_that_was_away_between_two_answers_convicts_nobody(library: Library) -> None:
    launcher = _launcher(library, SlotState(current="1.0.0", pending="1.1.0"))
    for is_answered in (True, False, True, False, True):
        launcher.probed(is_answered=is_answered, now_s=NOW_S)
        launcher.begin(SLOTS, NOW_S)
        assert launcher.version == "1.1.0"


def test_a_server_that_answers_nobody_extends_the_trial_and_gives_the_attempt_back(library: Library) -> None:
    launcher = _launcher(library, SlotState(current="1.0.0", pending="1.1.0", attempts=2))
    for minutes in (10, 20, 40, 80, 80):
        launcher.probed(is_answered=False, now_s=NOW_S)
        assert _state(launcher).attempts == 2
        launcher.begin(SLOTS, NOW_S)
        launcher.started(0)
        launcher.beat(minutes * 60_000)
        assert launcher.verdict(minutes * 60_000 - 1) is None
        assert launcher.verdict(minutes * 60_000) is End.UNHEALTHY


def test_an_agent_without_a_beat_for_three_minutes_is_silent(library: Library) -> None:
    launcher = _launcher(library, SlotState(current="1.0.0"))
    launcher.beat(60_000)
    assert launcher.next_verdict_ms(60_000) == 180_000
    assert launcher.verdict(239_999) is None
    assert launcher.verdict(240_000) is End.SILENT
    assert launcher.ended(SLOTS, End.SILENT, 0, 240_000, NOW_S) == (Next.AGAIN, 1_000)
    assert launcher.crashes == 1


def test_a_trial_that_the_disk_does_not_let_begin_is_not_asked_for_without_a_pause(library: Library) -> None:
    launcher = _launcher(library, SlotState(current="1.0.0", pending="1.1.0"))
    launcher.give_up_trial(SLOTS, NOW_S)
    assert (launcher.version, launcher.is_trial) == ("1.0.0", False)
    assert launcher.ended(SLOTS, End.EXITED, 75, 2_000, NOW_S) == (Next.AGAIN, 60_000)
    assert launcher.crashes == 0
    launcher.begin(SLOTS, NOW_S)
    assert launcher.is_trial


def test_a_staged_version_is_tried_at_once(library: Library) -> None:
    launcher = _launcher(library, SlotState(current="1.0.0"))
    assert launcher.load(text_of(SlotState(current="1.0.0", pending="1.1.0")))
    assert launcher.ended(SLOTS, End.EXITED, 75, 2_000, NOW_S) == (Next.AGAIN, 0)


def test_an_ordered_stop_is_nobodys_fault(library: Library) -> None:
    launcher = _launcher(library, SlotState(current="1.0.0", pending="1.1.0", attempts=1))
    assert launcher.ended(SLOTS, End.STOPPED, 0, 5_000, NOW_S)[0] is Next.STOP
    assert _state(launcher).attempts == 1


@pytest.mark.parametrize("code", [1, 0, 3, 75])
def test_the_fifth_end_of_a_committed_version_brings_the_one_before_back(library: Library, code: int) -> None:
    launcher = _launcher(library, SlotState(current="1.1.0", previous="1.0.0"))
    waits = [launcher.ended(SLOTS, End.EXITED, code, 1_000, NOW_S)[1] for _ in range(5)]
    assert waits == [1_000, 5_000, 5_000, 30_000, 0]
    saved = _state(launcher)
    assert (saved.current, saved.previous, saved.reason, saved.banned) == (
        "1.0.0",
        "",
        "crashloop",
        {"1.1.0": NOW_S},
    )


def test_ends_far_from_one_another_are_no_loop_and_a_configuration_to_repair_is_none_either(
    library: Library,
) -> None:
    launcher = _launcher(library, SlotState(current="1.1.0", previous="1.0.0"))
    for _ in range(20):
        assert launcher.ended(SLOTS, End.EXITED, 1, 600_000, NOW_S) == (Next.AGAIN, 1_000)
        assert launcher.ended(SLOTS, End.EXITED, 78, 1_000, NOW_S) == (Next.AGAIN, 300_000)
    assert launcher.saved() is None


def test_with_everything_lost_versions_are_tried_from_the_newest_on(library: Library) -> None:
    slots = ["1.9.0", "1.10.0", "1.2.0"]
    launcher = Launcher(library)
    launcher.load_nothing()
    asked: list[str] = []
    for version in ("1.10.0", "1.9.0", "1.2.0"):
        launcher.begin(slots, NOW_S)
        saved = _state(launcher)
        assert (launcher.version, saved.pending, saved.current, saved.attempts) == (version, version, "", 1)
        asked.append(launcher.judge(slots, NOW_S))
        launcher.probed(is_answered=True, now_s=NOW_S)
        launcher.begin(slots, NOW_S)
        launcher.probed(is_answered=True, now_s=NOW_S)
    assert asked == ["1.9.0", "1.2.0", ""]
    launcher.begin(slots, NOW_S)
    assert (launcher.version, launcher.is_trial) == ("1.10.0", False)  # banned, and better than no agent
    launcher.load_nothing()
    launcher.begin([], NOW_S)
    assert launcher.version == ""


def test_a_slot_that_somebody_deleted_is_replaced_by_an_allowed_one(library: Library) -> None:
    launcher = _launcher(library, SlotState(current="1.3.0", previous="1.4.0", banned={"1.2.0": NOW_S}))
    assert (launcher.version, launcher.is_trial, _state(launcher).current) == ("1.1.0", True, "")


@pytest.mark.parametrize("kind", list(Kind))
def test_a_world_left_in_peace_ends_with_a_good_version(library: Library, kind: Kind) -> None:
    import random  # noqa: PLC0415  a seed of its own

    world = World(library, random.Random(1))
    version = world.release(kind)
    world.settle()
    assert not world.faults
    state = world.disk.state()
    assert (state.current, state.pending) == (version if kind is Kind.GOOD else "1.0", "")
