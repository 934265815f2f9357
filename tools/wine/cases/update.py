"""The case `update`."""

from tools.wine.case import Case, Setting, expect
from tools.wine.updated import FIRST, desk


class Update(Case):
    """Releases published at a real API reach an installed agent by themselves, and the PC works on with them.

    One that runs takes the release at once; one that was off takes the newest on its return; one whose power is cut
    while it updates ends up with it all the same.
    """

    is_long = True

    def run(self, setting: Setting) -> None:
        with desk(setting) as made:
            made.publish(made.good("1.1.0"))
            made.wait_for_version("1.1.0")
            shown = made.release("1.1.0")
            expect((shown.on_version, shown.waiting, shown.failed) == (1, 0, 0), f"the API shows {shown}")
            expect(made.pc.slots.state().previous == FIRST, "there is no version to return to")
            made.run_order()
            setting.say("1.1.0 was taken and committed, an order is done")

            made.prefix.cut()
            made.publish(made.good("1.2.0"))
            made.publish(made.good("1.3.0"))
            made.prefix.start()
            made.wait_for_version("1.3.0")
            expect(made.release("1.2.0").state == "stopped", "the release before still stands")
            expect(
                not (made.pc.program / "slots" / "1.2.0").exists(), "a PC that was off took a superseded release"
            )
            made.run_order()
            setting.say("switched on again, it went to 1.3.0 directly")

            made.pc.mark()
            made.publish(made.good("1.4.0"))
            made.pc.wait_for("started 1.4.0", timeout_s=120)
            made.prefix.cut()
            made.prefix.start()
            made.wait_for_version("1.4.0")
            left = sorted(one.name for one in (made.pc.program / "slots").iterdir())
            expect(not [name for name in left if name.startswith(".")], f"left-overs lie in slots: {left}")
            made.run_order()
            setting.say("its power was cut on trial, and 1.4.0 was committed all the same")
