"""`make wine` says how a case ended, whatever ended it, and keeps what was found when that is not well."""

import shutil

import msgspec
import pytest

from canopee_kit.clock import FakeClock
from tools.wine.__main__ import main, run
from tools.wine.case import Case, Setting, UnexpectedError, Verdict, expect, wait_until


class _Good(Case):
    """All is well."""

    def run(self, setting: Setting) -> None:
        (setting.folder / "left").touch()
        setting.say("half way")


class _Bad(Case):
    """Something is missing."""

    def run(self, setting: Setting) -> None:
        expect(setting.folder.is_dir(), "not seen")
        expect(is_true="", otherwise=f"the service is gone, see {setting.folder}")


class _Broken(Case):
    """The case itself is wrong."""

    def run(self, setting: Setting) -> None:
        raise ZeroDivisionError(setting.folder)


def test_a_case_that_goes_well_leaves_nothing() -> None:
    assert run("good", _Good) == Verdict("good", ok=True, reason="")


@pytest.mark.parametrize(
    ("kind", "said"), [(_Bad, "UnexpectedError: the service is gone"), (_Broken, "ZeroDivisionError")]
)
def test_whatever_ends_a_case_is_its_reason_and_what_it_found_is_kept(
    kind: type[Case], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    verdict = run("bad", kind)
    assert not verdict.ok
    assert verdict.reason.startswith(said)
    kept = capsys.readouterr().err.splitlines()[-1].rpartition(" ")[2]
    assert kept in verdict.reason
    shutil.rmtree(kept)


def test_a_verdict_is_one_line_of_json() -> None:
    line = msgspec.json.encode(Verdict("install", ok=False, reason="two\nlines"))
    assert line == b'{"case":"install","ok":false,"reason":"two\\nlines"}'


def test_a_case_that_nobody_wrote_is_said_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["coffee"])
    assert ended.value.code == 2
    assert "uninstall" in capsys.readouterr().err


def test_waiting_ends_when_it_is_true_or_when_the_time_is_over() -> None:
    clock = FakeClock()
    wait_until("later", lambda: clock.monotonic() > 5, 10, clock)
    with pytest.raises(UnexpectedError, match="10 s have passed, and still not: never"):
        wait_until("never", lambda: False, 10, clock)
