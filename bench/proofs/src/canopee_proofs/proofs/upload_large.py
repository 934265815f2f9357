"""The proof `upload-large`."""

from typing import ClassVar

from canopee_kit.clock import SystemClock
from canopee_proofs.kill.installation import Installation
from canopee_proofs.kill.processes import StartError, left_behind
from canopee_proofs.proof import Proof, Setting, Verdict
from canopee_proofs.uploading import Uploading, violations

_BYTES_A_KILL = 100_000_000
_MOST_MEMORY = {"agent": 160 * 2**20, "api": 420 * 2**20}
_STUCK_S = 240.0


class UploadLarge(Proof):
    """One large archive arrives whole whatever is killed on its way, and nobody ever holds it in memory.

    Of 100 MB a kill: 2 GB for 20 kills of the agent, the API or its PostgreSQL. Resident memory of the agent stays
    below 160 MiB and that of the API below 420 MiB.
    """

    usual_cases: ClassVar[int] = 20
    short_cases: ClassVar[int] = 1

    def run(self, setting: Setting) -> Verdict:
        installation = Installation(setting.folder)
        uploading, found = Uploading(installation, setting.random()), list[str]()
        try:
            found += _sent(setting, uploading)
        except StartError as error:
            found.append(f"a process does not start: {error}")
        finally:
            installation.close()
        found += [f"left running: {line}" for line in left_behind(setting.folder)]
        return Verdict(setting.cases, tuple(found))


def _sent(setting: Setting, uploading: Uploading) -> list[str]:
    clock, draw = SystemClock(), setting.random("pauses")
    sources = uploading.fill(uploading.open(), iter([setting.cases * _BYTES_A_KILL]))
    uploading.start()
    for _ in range(setting.cases):
        if not uploading.until_it_goes_on(_STUCK_S):
            return [f"nothing moves for {_STUCK_S:g} s"]
        clock.sleep(draw.uniform(0.0, 0.5))
        uploading.kill_one()
    while uploading.waiting():
        if not uploading.until_it_goes_on(_STUCK_S):
            return [f"nothing moves for {_STUCK_S:g} s"]
    shown = {name: f"{size >> 20} MiB" for name, size in uploading.peaks.items()}
    setting.say(f"upload-large: {setting.cases * _BYTES_A_KILL} bytes, kills: {uploading.kills}, at most {shown}")
    found = [
        f"the {name} held {uploading.peaks[name] >> 20} MiB"
        for name, most in _MOST_MEMORY.items()
        if uploading.peaks[name] > most
    ]
    return [*found, *violations(sources, uploading.gone(), uploading.kept())]
