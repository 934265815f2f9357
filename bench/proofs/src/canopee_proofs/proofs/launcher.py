"""The proof `launcher`."""

import subprocess
from typing import ClassVar

from canopee_proofs.launcher.decisions import ROOT, Library
from canopee_proofs.launcher.world import wander
from canopee_proofs.proof import Proof, Setting, Verdict

_MOST = 20


class Launcher(Proof):
    """Whatever happens to a PC during an update, it ends with a version that works, and a good one is not given up.

    The C that decides in `launcher.exe` is compiled for this machine and driven through random sequences of releases
    (good, or bad in seven ways), power cuts, stops, days offline, full disks and spoiled state files. At every step:
    what is chosen is there and allowed, a trial is counted on disk before it begins, a version is returned as
    unhealthy only while the server answers the one before, and a good one only after three cuts during its trials, or
    when the network was there at the ends of two periods and at no moment between. At the end a good version runs.
    """

    usual_cases: ClassVar[int] = 20_000
    short_cases: ClassVar[int] = 400

    def run(self, setting: Setting) -> Verdict:
        subprocess.run([ROOT / "tools" / "windows" / "setup"], check=True, stdout=subprocess.DEVNULL)  # noqa: S603
        library = Library(setting.folder)
        violations: list[str] = []
        for number in range(setting.cases):
            violations += [f"sequence {number}: {fault}" for fault in wander(library, setting.random(str(number)))]
            if len(violations) > _MOST:
                return Verdict(number + 1, tuple(violations))
        return Verdict(setting.cases, tuple(violations))
