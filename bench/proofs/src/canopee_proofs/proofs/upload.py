"""The proof `upload`."""

import random
from collections.abc import Iterator
from typing import ClassVar

from canopee_kit.clock import SystemClock
from canopee_proofs.kill.installation import Installation
from canopee_proofs.kill.processes import StartError, left_behind
from canopee_proofs.proof import Proof, Setting, Verdict
from canopee_proofs.uploading import Uploading, violations

_CHANGED_EVERY = 19
_LARGE_EVERY, _FIRST_LARGE = 50, 3
_LARGE = 9 * 2**20
"""Three chunks."""
_STUCK_S, _LATEST_KILL_S, _TOLD_EVERY_S = 240.0, 0.6, 20.0


class Upload(Proof):
    """Whatever is killed while PCs send files: each arrives whole and right, or the PC says that it does not.

    A real agent sends its outbox to a real API; the agent, the API and its PostgreSQL are killed (`kill -9`) again and
    again, in the middle of chunks too. A case is a file: of 1 byte to 64 KiB, every fiftieth of three chunks; every
    nineteenth is changed or cut on the PC while it waits. In the end the server's folder holds each file that the PC
    says it has sent, with its SHA-256, and none of those that changed; of these the PC says that they were not sent.
    """

    usual_cases: ClassVar[int] = 1_000
    short_cases: ClassVar[int] = 6

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
    order_id = uploading.open()
    sources = uploading.fill(order_id, _sizes(setting.cases, draw), changed_every=_CHANGED_EVERY)
    uploading.start()
    told = clock.monotonic()
    while left := uploading.waiting():
        if not uploading.until_it_goes_on(_STUCK_S):
            return [f"{left} of {len(sources)} files are not sent, and nothing moves"]
        clock.sleep(draw.uniform(0.0, _LATEST_KILL_S))
        if not uploading.waiting():
            break
        uploading.kill_one()
        if clock.monotonic() - told > _TOLD_EVERY_S:
            told = clock.monotonic()
            setting.say(f"upload: {left} files to go, kills: {uploading.kills}")
    setting.say(f"upload: {len(sources)} files, kills: {uploading.kills}")
    return violations(sources, uploading.gone(), uploading.kept())


def _sizes(number: int, draw: random.Random) -> Iterator[int]:
    for one in range(number):
        yield _LARGE if one % _LARGE_EVERY == _FIRST_LARGE else draw.randint(1, 65_536)
