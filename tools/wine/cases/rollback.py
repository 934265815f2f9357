"""The case `rollback`."""

import shutil

from tools.wine.case import Case, Setting, expect
from tools.wine.updated import FIRST, Desk, desk

_BY_ITSELF = {
    "crash": "attempts", "segv": "attempts", "mute": "unhealthy", "hang": "attempts", "late": "crashloop",
}  # fmt: skip
"""Behaviour → why the launcher returns it."""


class Rollback(Case):
    """Nine kinds of bad release, all returned: the PC goes on with 1.0.0, says why, and takes the next good one.

    Five misbehave by themselves; one lacks a DLL, and fails its own test before it is staged; one loses its slot, one
    is cut twice on trial, and one loses the state file, while they are tried.
    """

    is_long = True

    def run(self, setting: Setting) -> None:
        with desk(setting) as made:
            number = 1
            for behaviour, reason in _BY_ITSELF.items():
                made.publish(made.bad(f"1.{number}.0", behaviour))
                _is_returned(made, f"1.{number}.0", f"returned: {reason}")
                setting.say(f"{behaviour}: returned, {reason}")
                number += 1
            made.publish(made.without_dll(f"1.{number}.0"))
            _is_returned(made, f"1.{number}.0", "step.release")
            setting.say("missing DLL: refused by its own test")
            for happens in (_lose_slot, _cut_twice, _lose_state):
                number += 1
                version = f"1.{number}.0"
                _on_trial(made, version)
                happens(made, version)
                _is_returned(made, version, "returned: missing", "returned: attempts", "returned: unhealthy")
                setting.say(f"{happens.__name__[1:]}: returned, {made.pc.slots.state().reason}")
            made.publish(made.good("2.0.0"))
            made.wait_for_version("2.0.0")
            expect("agent.update_failed" not in made.device().facts, "it still says that an update failed")
            setting.say("a good release is taken after all of them")


def _on_trial(made: Desk, version: str) -> None:
    """Have a version that never checks in on trial."""
    made.pc.mark()
    made.publish(made.bad(version, "mute"))
    made.pc.wait_for(f"started {version}", timeout_s=120)


def _lose_slot(made: Desk, version: str) -> None:
    made.prefix.cut()
    shutil.rmtree(made.pc.program / "slots" / version)
    made.prefix.start()


def _cut_twice(made: Desk, version: str) -> None:
    for _ in range(2):
        made.prefix.cut()
        made.pc.mark()
        made.prefix.start()
        made.pc.wait_for(f"started {version}", timeout_s=120)


def _lose_state(made: Desk, version: str) -> None:
    expect(made.pc.slots.state().pending == version, "it is not on trial")
    made.prefix.cut()
    for name in ("state.ini", "state.ini.bak"):  # with its copy the trial is forgotten, and 1.0.0 runs at once
        (made.pc.program / "state" / name).unlink()
    made.prefix.start()


def _is_returned(made: Desk, version: str, *reasons: str) -> None:
    """The PC is back at 1.0.0 and works, and the API knows why."""
    made.wait_for_failure(version, *reasons)
    made.wait_for_version(FIRST)
    made.run_order()
