"""The proof `upload-large`."""

from typing import ClassVar

from canopee_kit.clock import SystemClock
from canopee_proofs.kill.installation import Installation
from canopee_proofs.kill.processes import StartError, left_behind
from canopee_proofs.proof import Proof, Setting, Verdict
from canopee_proofs.sent_files import violations
from canopee_proofs.uploading import Uploading

_BYTES_A_KILL = 100_000_000
_MOST_MEMORY = {"agent": 160 * 2**20, "api": 420 * 2**20}
_MOST_GROWTH = 64 * 2**20
"""Bytes more than when it was measured first, while it already sent or received."""
_STUCK_S, _SLOWEST = 300.0, 500_000
"""Bytes a second, at the very least."""


class UploadLarge(Proof):
    """One large archive arrives whole whatever is killed on its way, and nobody ever holds it in memory.

    Of 100 MB a kill: 2 GB for 20 kills of the agent, the API or its PostgreSQL. Resident memory of the agent stays
    below 160 MiB and that of the API below 420 MiB, and neither grows by more than 64 MiB while the file is on its way.
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
            uploading.close()
        found += [f"left running: {line}" for line in left_behind(setting.folder)]
        return Verdict(setting.cases, tuple(found))


def _sent(setting: Setting, uploading: Uploading) -> list[str]:
    clock, draw = SystemClock(), setting.random("pauses")
    size = setting.cases * _BYTES_A_KILL
    sources = uploading.fill(uploading.open(), [size])
    uploading.start()
    for number in range(setting.cases):
        if not uploading.until_arrived(size * number // setting.cases + 1, _STUCK_S):
            return [f"nothing moves for {_STUCK_S:g} s"]
        clock.sleep(draw.uniform(0.0, 0.2))
        uploading.trouble()
        setting.say(f"upload-large: {uploading.progress() >> 20} MiB are there; {uploading.troubles}")
    if not uploading.until_left(0, size / _SLOWEST):
        return [f"it is not sent {size / _SLOWEST:g} s after the last kill"]
    for name, first in uploading.first.items():
        setting.say(
            f"upload-large: the {name} held {first >> 20} MiB first, {uploading.peaks[name] >> 20} at most"
        )
    setting.say(f"upload-large: {size} bytes, kills: {uploading.troubles}")
    return [*_too_large(uploading), *violations(sources, uploading.gone(), uploading.kept())]


def _too_large(uploading: Uploading) -> list[str]:
    return [
        f"the {name} held {peak >> 20} MiB, {uploading.first[name] >> 20} MiB at first"
        for name, peak in uploading.peaks.items()
        if peak > _MOST_MEMORY[name] or peak - uploading.first[name] > _MOST_GROWTH
    ]
