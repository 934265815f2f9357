"""The proof `keys`."""

from pathlib import Path
from typing import ClassVar

from canopee_proofs.key_table import Fleet
from canopee_proofs.proof import Proof, Setting, Verdict

_STEPS = 40
"""Of one fleet, before another begins: python-tuf follows 256 roots."""


class Keys(Proof):
    """Whatever people do with their keys, PCs follow; what too few of the keys that a PC knows signed, it never takes.

    Each fleet is founded by a ceremony (two of three holders); then, at random: holders are replaced and revoked, keys
    are lost as far as thresholds allow, thresholds change, online keys, directors and approvers are changed, pipelines
    are published, time passes, and PCs are off for as long as it pleases; in the end each comes back. After each step
    somebody attacks a PC with the online keys and every other key there ever was, but for one too few of those that it
    trusts; now and then with one more, which must pass, or the attack would prove nothing.
    """

    usual_cases: ClassVar[int] = 2_000
    short_cases: ClassVar[int] = 25

    def run(self, setting: Setting) -> Verdict:
        violations: list[str] = []
        done = 0
        for number in range(-(-setting.cases // _STEPS)):
            fleet = Fleet(_folder(setting.folder, number), setting.random(str(number)))
            for step in range(min(_STEPS, setting.cases - done)):
                found = fleet.step()
                violations += [f"fleet {number}, step {step}: {one}" for one in found]
                done += 1
            violations += [f"fleet {number}, at the end: {one}" for one in fleet.end()]
            setting.say(f"{done} steps, {len(violations)} violations; {fleet.story()}")
        return Verdict(done, tuple(violations))


def _folder(parent: Path, number: int) -> Path:
    folder = parent / f"fleet-{number}"
    folder.mkdir()
    return folder
