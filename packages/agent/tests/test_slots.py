"""Which version runs: the file is read to the letter, and the agent never touches a trial."""

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canopee_agent.errors import BusyError, DeniedError, DiskError, ExistsError, MissingError, StateError
from canopee_agent.slots import BAN_S, MOST_BANS, Slots, SlotState, is_version, parse, text_of
from canopee_kit.clock import FakeClock

STATE = SlotState(
    current="1.1.0", previous="1.0.0", failed="1.2.0", reason="attempts", banned={"1.2.0": 1_800_000_000}
)
VERSIONS = st.from_regex(r"[0-9](?:[.-]?[0-9A-Za-z]){0,12}", fullmatch=True)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def slots(tmp_path: Path, clock: FakeClock) -> Slots:
    """Version 1.0.0 runs; 1.1.0 is unpacked."""
    for version in ("1.0.0", "1.1.0"):
        _unpack(tmp_path, version)
    found = Slots(tmp_path, clock)
    found.adopt("1.0.0")
    return found


def _unpack(program: Path, version: str) -> None:
    folder = program / "slots" / version
    (folder / "lib").mkdir(parents=True)
    (folder / "agent.exe").write_bytes(b"MZ")
    (folder / "lib" / "some.pyd").write_bytes(b"MZ")


def _put(program: Path, state: SlotState) -> None:
    for name in ("state.ini", "state.ini.bak"):
        (program / "state" / name).write_bytes(text_of(state))


def test_the_file_is_text_that_a_person_can_read() -> None:
    assert text_of(STATE).decode().split("\r\n")[:-2] == [
        "[state]", "current=1.1.0", "previous=1.0.0", "pending=", "attempts=0", "failed=1.2.0", "reason=attempts",
        "banned=1.2.0@1800000000",
    ]  # fmt: skip


@given(
    st.builds(
        SlotState, current=VERSIONS, previous=VERSIONS, pending=VERSIONS, attempts=st.integers(0, 999),
        failed=VERSIONS, reason=st.sampled_from(["", "attempts", "crashloop"]),
        banned=st.dictionaries(VERSIONS, st.integers(0, 10**12 - 1), max_size=MOST_BANS),
    )
)  # fmt: skip
def test_what_is_written_is_read(state: SlotState) -> None:
    assert parse(text_of(state)) == state


@given(st.data())
@settings(max_examples=300)
def test_a_changed_byte_or_a_cut_is_found(data: st.DataObject) -> None:
    text = text_of(STATE)
    place = data.draw(st.integers(0, len(text) - 1))
    changed = text[:place] + bytes([text[place] ^ data.draw(st.integers(1, 255))]) + text[place + 1 :]
    for damaged in (changed, text[:place], text + text[place:], text + b"\n"):
        with pytest.raises(StateError):
            parse(damaged)


@pytest.mark.parametrize(
    "changes",
    [
        {"current": ".."}, {"pending": "..\\x"}, {"failed": "a b"}, {"attempts": 1_000}, {"attempts": -1},
        {"reason": "1"}, {"banned": {"x": 1}}, {"banned": {"1": -1}}, {"current": "1.0.0\r\nprevious=2"},
    ],
)  # fmt: skip
def test_a_value_of_another_kind_is_refused_though_its_checksum_is_right(changes: dict[str, object]) -> None:
    with pytest.raises(StateError):
        parse(text_of(msgspec.structs.replace(STATE, **changes)))


@pytest.mark.parametrize("name", ["1", "1.8.0", "1.8.0-3fa9c2d1", "2026.11.25", "1.0.0rc1"])
def test_a_version_has_a_plain_name(name: str) -> None:
    assert is_version(name)


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "1..2", "1.", "1.0-", "con", "v1", "1/2", "1\\2", "1:2", "1 ", "1\n", "é1", "٣.1", "1" * 41],
)
def test_a_name_that_could_lead_elsewhere_is_none(name: str, slots: Slots) -> None:
    assert not is_version(name)
    with pytest.raises(DeniedError):
        slots.folder(name)


def test_a_staged_version_waits_for_the_launcher_and_no_other_can_be_staged(slots: Slots, tmp_path: Path) -> None:
    slots.stage("1.1.0")
    assert (slots.state().current, slots.state().pending) == ("1.0.0", "1.1.0")
    _unpack(tmp_path, "1.2.0")
    with pytest.raises(BusyError, match="on trial"):
        slots.stage("1.2.0")


def test_only_a_version_that_is_there_and_is_another_one_is_staged(slots: Slots, tmp_path: Path) -> None:
    (tmp_path / "slots" / "1.3.0").mkdir()
    for version, error in (("1.0.0", ExistsError), ("1.3.0", MissingError), ("..", DeniedError)):
        with pytest.raises(error):
            slots.stage(version)
    assert slots.state().pending == ""


@pytest.mark.parametrize("away_s", [0, BAN_S - 60, 60 - BAN_S])
def test_a_returned_version_is_refused_for_seven_days_also_by_a_clock_set_back(
    slots: Slots, tmp_path: Path, clock: FakeClock, away_s: int
) -> None:
    since = int(clock.now().timestamp())
    _put(tmp_path, msgspec.structs.replace(slots.state(), banned={"1.1.0": since}))
    clock.set_wall(clock.now() + timedelta(seconds=away_s))
    with pytest.raises(DeniedError, match="seven days"):
        slots.stage("1.1.0")


def test_a_ban_ends(slots: Slots, tmp_path: Path, clock: FakeClock) -> None:
    _put(tmp_path, msgspec.structs.replace(slots.state(), banned={"1.1.0": int(clock.now().timestamp())}))
    clock.set_wall(clock.now() + timedelta(seconds=BAN_S))
    slots.stage("1.1.0")
    assert slots.state().pending == "1.1.0"


@pytest.mark.parametrize("damage", [b"", b"[state]\r\ncurrent=9.9.9\r\n", None])
def test_the_copy_tells_what_runs_and_nothing_of_a_trial(
    slots: Slots, tmp_path: Path, damage: bytes | None
) -> None:
    slots.stage("1.1.0")
    file = tmp_path / "state" / "state.ini"
    file.write_bytes(damage) if damage is not None else file.unlink()
    assert (slots.state().current, slots.state().pending) == ("1.0.0", "")
    slots.stage("1.1.0")
    assert parse(file.read_bytes()).pending == "1.1.0"


def test_when_both_files_are_lost_somebody_is_told_what_to_do_and_nothing_is_removed(
    slots: Slots, tmp_path: Path
) -> None:
    for name in ("state.ini", "state.ini.bak"):
        (tmp_path / "state" / name).write_bytes(b"\0" * 200)
    for act in (slots.state, slots.prune, lambda: slots.stage("1.1.0")):
        with pytest.raises(StateError, match="start the service again"):
            act()
    assert slots.versions() == ["1.0.0", "1.1.0"]


def test_an_installer_puts_its_version_whatever_was_there(slots: Slots, tmp_path: Path) -> None:
    _put(tmp_path, msgspec.structs.replace(slots.state(), banned={"1.1.0": 5, "1.2.0": 6}))
    slots.adopt("1.1.0")
    state = slots.state()
    assert (state.current, state.previous, state.banned) == ("1.1.0", "1.0.0", {"1.2.0": 6})
    slots.adopt("1.1.0")
    assert slots.state().previous == ""
    with pytest.raises(MissingError):
        slots.adopt("1.2.0")


def test_slots_of_no_use_are_removed_and_the_others_kept(slots: Slots, tmp_path: Path) -> None:
    for version in ("1.2.0", "1.3.0", "0.9.0"):
        _unpack(tmp_path, version)
    (tmp_path / "slots" / "1.4.0.part").mkdir()
    _put(tmp_path, SlotState(current="1.0.0", previous="0.9.0", pending="1.1.0", attempts=1))
    assert slots.prune(keep=["1.3.0"]) == ["1.2.0", "1.4.0.part"]
    assert slots.versions() == ["0.9.0", "1.0.0", "1.1.0", "1.3.0"]


def test_only_the_latest_bans_are_kept() -> None:
    many = {f"1.{number}": number for number in range(20)}
    assert set(parse(text_of(SlotState(current="1", banned=many))).banned) == {f"1.{n}" for n in range(12, 20)}


def test_a_disk_that_refuses_leaves_what_was_there(slots: Slots, tmp_path: Path) -> None:
    (tmp_path / "state" / "state.ini.agent.tmp").mkdir()
    with pytest.raises(DiskError):
        slots.stage("1.1.0")
    assert slots.state().pending == ""
