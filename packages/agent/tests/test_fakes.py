"""The in-memory machine and server that everybody's tests stand on: they must behave as the true ones do."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canopee_agent.errors import BusyError, DeniedError, MissingError, NotSupportedError, UnreachableError
from canopee_agent.fakes import FakeMachine, FakeProgram, FakeServerLink, json_reply, problem_reply
from canopee_agent.service_ports import Request
from canopee_agent.step import clean_text
from canopee_contract.codec import encode, inspect
from canopee_contract.problem import CONTENT_TYPE, Problem
from canopee_kit.clock import FakeClock

FILE = r"C:\Program Files\Cabinet\Journal.log"
KEY = r"HKLM\SOFTWARE\Éditeur\Cabinet"


@pytest.fixture
def windows() -> FakeMachine:
    machine = FakeMachine("windows")
    machine.files.write(FILE, b"content")
    machine.registry.set(KEY, "Version", "8.1")
    return machine


@pytest.mark.parametrize(
    "path",
    [
        FILE, FILE.lower(), FILE.upper(), FILE.replace("\\", "/"), r"C:\Program Files\Cabinet\Journal.log. .",
        r"C:\Program Files\..\Program Files\.\Cabinet\\Journal.log", r"c:\..\..\Program Files\Cabinet\Journal.log",
    ],
)  # fmt: skip
def test_a_file_of_windows_has_many_writings_and_one_true_path(windows: FakeMachine, path: str) -> None:
    assert (windows.files.real_path(path), windows.files.read(path)) == (FILE, b"content")


@pytest.mark.parametrize(
    "path",
    [
        "Journal.log", r"\Program Files\Cabinet\Journal.log", "C:Journal.log", FILE + ":stream", FILE + "x", "",
        r"C:\Program Files\Cabinet\NUL", r"C:\con.log", r"C:\a\COM1.txt", 'C:\\a"b', "C:\\a\nb", r"C:\a*", r"C:\aux",
    ],
)  # fmt: skip
def test_what_names_no_file_of_windows_is_missing(windows: FakeMachine, path: str) -> None:
    assert not windows.files.exists(path)
    with pytest.raises(MissingError):
        windows.files.real_path(path)


def test_case_counts_on_linux_and_a_relative_path_leads_nowhere() -> None:
    files = FakeMachine("linux").files
    files.write("/srv/Log", b"x")
    assert files.real_path("/srv/./a/../Log") == "/srv/Log"
    assert not files.exists("/srv/log")
    for path in ("srv/Log", "", "./Log"):
        with pytest.raises(MissingError):
            files.real_path(path)


def test_links_are_followed_through_folders_and_a_loop_leads_nowhere(windows: FakeMachine) -> None:
    windows.files.link(r"C:\short", r"C:\Program Files\Cabinet")
    windows.files.link(r"C:\again", r"C:\short")
    assert windows.files.real_path(r"C:\AGAIN\journal.LOG") == FILE
    windows.files.link(r"C:\a", r"C:\b")
    windows.files.link(r"C:\b", r"C:\a")
    assert not windows.files.exists(r"C:\a\x")


def test_a_file_that_another_program_holds_is_busy_under_every_writing(windows: FakeMachine) -> None:
    windows.files.lock(FILE)
    with pytest.raises(BusyError):
        windows.files.read(FILE.upper())
    assert windows.files.exists(FILE)


@pytest.mark.parametrize(("key", "name"), [(KEY, "Version"), (KEY.upper(), "VERSION"), (KEY.lower(), "version")])
def test_keys_and_values_are_found_whatever_their_case(windows: FakeMachine, key: str, name: str) -> None:
    assert windows.registry.value(key, name) == "8.1"
    assert list(windows.registry.values(key)) == ["Version"]


def test_only_what_is_under_software_differs_between_the_two_views(windows: FakeMachine) -> None:
    windows.registry.set(r"HKLM\SYSTEM\Setup", "v", 1)
    assert windows.registry.value(r"HKLM\SYSTEM\Setup", "v", "32") == 1
    with pytest.raises(MissingError):
        windows.registry.value(KEY, "Version", "32")
    windows.registry.set(r"HKLM\SOFTWAREX", "v", 2)
    assert windows.registry.value(r"HKLM\SOFTWAREX", "v", "32") == 2


def test_subkeys_are_the_keys_just_below_in_alphabetical_order(windows: FakeMachine) -> None:
    for name in ("b", "A", r"c\deep"):
        windows.registry.set(f"{KEY}\\{name}", "v", 1)
    assert list(windows.registry.subkeys(KEY)) == ["A", "b", "c"]
    assert list(windows.registry.subkeys(KEY + "\\a")) == []
    with pytest.raises(MissingError):
        windows.registry.subkeys(KEY + "\\d")


def test_a_key_that_is_denied_hides_all_that_is_under_it_and_nothing_beside(windows: FakeMachine) -> None:
    windows.registry.set(KEY + "X", "v", 1)
    windows.registry.deny(KEY.lower())
    for call in (windows.registry.values, windows.registry.subkeys):
        with pytest.raises(DeniedError):
            call(KEY)
    assert windows.registry.value(KEY + "X", "v") == 1


def test_linux_has_no_registry() -> None:
    registry = FakeMachine("linux").registry
    with pytest.raises(NotSupportedError):
        registry.value(KEY, "v")


def test_a_program_takes_its_time_and_no_more_than_it_is_given(windows: FakeMachine) -> None:
    windows.programs.install(r"C:\tool.exe", FakeProgram(exit_code=3, output=b"abc", duration_s=5))
    end = windows.programs.run((r"c:\TOOL.exe", "x"), timeout_s=10, max_output_bytes=10)
    assert (end.exit_code, end.timed_out, end.duration_s, end.output) == (3, False, 5, b"abc")
    end = windows.programs.run((r"C:\tool.exe",), timeout_s=2, max_output_bytes=10)
    assert (end.timed_out, end.duration_s, end.exit_code) == (True, 2, -9)
    assert windows.clock.monotonic() == 7


def test_what_a_program_does_happens_when_it_runs(windows: FakeMachine) -> None:
    def effect(argv: Any) -> None:  # noqa: ANN401
        windows.files.write(r"C:\made", argv[1].encode())

    windows.programs.install(r"C:\tool.exe", FakeProgram(effect=effect))
    assert not windows.files.exists(r"C:\made")
    windows.programs.run((r"C:\tool.exe", "now"), timeout_s=1, max_output_bytes=1)
    assert windows.files.read(r"C:\made") == b"now"
    for path, error in ((FILE, DeniedError), (r"C:\nothing.exe", MissingError)):
        with pytest.raises(error):
            windows.programs.run((path,), timeout_s=1, max_output_bytes=1)


@given(st.binary(max_size=30), st.integers(0, 30))
def test_kept_output_is_whole_or_its_two_ends(output: bytes, limit: int) -> None:
    machine = FakeMachine("linux")
    machine.programs.install("/bin/x", FakeProgram(output=output))
    kept = machine.programs.run(("/bin/x",), timeout_s=1, max_output_bytes=limit).output
    assert len(kept) == min(len(output), limit)
    half = limit // 2
    assert (
        kept == output if len(output) <= limit else kept == output[: limit - half] + output[len(output) - half :]
    )


def test_a_server_answers_by_its_longest_known_path_and_forgets_nothing_that_it_was_asked() -> None:
    link = FakeServerLink()
    link.answer("/a/", lambda request: json_reply({"below": request.path}))
    link.answer("/a/x", lambda _: json_reply({"exact": True}))
    bodies = [link.send(Request("GET", path)).body for path in ("/a/x", "/a/y/z", "/a/")]
    assert bodies == [b'{"exact":true}', b'{"below":"/a/y/z"}', b'{"below":"/a/"}']
    assert link.send(Request("GET", "/b")).status == 404
    assert link.paths() == ["/a/x", "/a/y/z", "/a/", "/b"]


def test_a_network_that_is_cut_is_mended_and_a_link_that_is_interrupted_is_not() -> None:
    link = FakeServerLink()
    link.cut()
    with pytest.raises(UnreachableError):
        link.send(Request("GET", "/"))
    link.mend()
    assert link.send(Request("GET", "/")).status == 404
    link.interrupt()
    link.mend()
    with pytest.raises(UnreachableError):
        link.send(Request("GET", "/"))
    assert link.paths() == ["/"]


def test_a_problem_travels_as_the_api_sends_it() -> None:
    reply = problem_reply(409, "enrolment.token_used", detail="ask for a new one", headers={"retry-after": "3"})
    assert (reply.status, reply.headers) == (409, {"content-type": CONTENT_TYPE, "retry-after": "3"})
    assert msgspec.json.decode(reply.body, type=Problem).code == "enrolment.token_used"


def test_two_machines_share_nothing() -> None:
    one, other = FakeMachine("windows"), FakeMachine("windows", FakeClock())
    one.files.write(r"C:\x")
    one.registry.set(KEY, "v", 1)
    one.clock.advance(5)
    assert not other.files.exists(r"C:\x")
    assert other.clock.monotonic() == 0
    with pytest.raises(MissingError):
        other.registry.value(KEY, "v")


@given(st.text(st.characters(), max_size=40))
def test_a_cleaned_text_can_always_travel_and_is_clean_for_good(text: str) -> None:
    clean = clean_text(text)
    inspect(encode(clean))
    assert clean_text(clean) == clean
    assert len(clean) == len(text)
    assert not any(char < " " and char not in "\t\n\r" for char in clean)


@pytest.mark.parametrize("text", ["Éditeur 8.1", "tab\there", "two\r\nlines", "日本 \U0001f600", "", "a\u00a0b"])
def test_a_text_that_can_travel_is_left_as_it_is(text: str) -> None:
    assert clean_text(text) == text
