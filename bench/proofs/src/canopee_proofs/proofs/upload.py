"""The proof `upload`."""

import random
from pathlib import Path
from typing import ClassVar

from canopee_contract.files import MAX_CHUNK_BYTES
from canopee_kit.clock import SystemClock
from canopee_proofs.kill.installation import Installation
from canopee_proofs.kill.processes import StartError, left_behind
from canopee_proofs.memory import SmallDisk, quick_folder
from canopee_proofs.proof import Proof, Setting, Verdict
from canopee_proofs.sent_files import violations
from canopee_proofs.staging import Staging
from canopee_proofs.uploading import Uploading

_CHANGED_EVERY = 19
_LARGE_EVERY, _FIRST_LARGE = 50, 1
_CHUNKS = 2.25
"""Of a large file."""
_STUCK_S, _LATEST_S, _TOLD_EVERY_S = 300.0, 0.1, 20.0
_FILES_A_TROUBLE, _LEAST_TROUBLES = 40, 3
_FILES_A_STAGING = 100
_AGENTS, _MANY = 3, 100
"""How many agents send at once, and as fast as it goes, where so many files or more are sent."""
_SLOW = 2_000_000
"""Bytes a second of one agent with few files, and of one chunk: it would have done before anything breaks."""


class Upload(Proof):
    """Whatever breaks while PCs send files: each arrives whole and right, or the PC says that it does not.

    Real agents send their outboxes to a real API at the same time; an agent, the API and its PostgreSQL are killed
    (`kill -9`) again and again, in the middle of chunks too, and the disk of the server is full for a moment: then an
    agent says that its files wait, and goes on once there is room. A case is a file: of 1 byte to 64 KiB, every
    fiftieth of three chunks; every nineteenth is changed or cut on the PC while it waits. In the end the server's
    folder holds each file that the PC says it has sent, with its SHA-256, and none of those that changed; of these the
    PC says that they were not sent. The disk of an agent is full, too, while it makes an archive: its run fails and
    says why, or the archive is whole; once there is room, the next order goes well.
    """

    usual_cases: ClassVar[int] = 1_000
    short_cases: ClassVar[int] = 30

    def run(self, setting: Setting) -> Verdict:
        sizes = _sizes(setting.cases, setting.random("sizes"))
        with quick_folder(setting.folder, 3 * sum(sizes)) as folder:
            uploading = Uploading(Installation(folder), setting.random(), disk_bytes=2 * sum(sizes) + 2**26)
            found = list[str]()
            try:
                found += _sent(setting, uploading, sizes)
            except StartError as error:
                found.append(f"a process does not start: {error}")
            finally:
                uploading.close()
            found += [f"left running: {line}" for line in left_behind(folder)]
            found += _staged(setting, folder)
        return Verdict(setting.cases, tuple(found))


def _sent(setting: Setting, uploading: Uploading, sizes: list[int]) -> list[str]:
    clock, draw = SystemClock(), setting.random("pauses")
    if not SmallDisk.is_possible:
        setting.say("upload: only root may mount a small disk: none is full")
    orders = uploading.open(_AGENTS) if len(sizes) >= _MANY else uploading.open(1, bytes_per_s=_SLOW)
    sources = uploading.fill(orders, sizes, changed_every=_CHANGED_EVERY)
    uploading.start()
    told, found = clock.monotonic(), list[str]()
    gap = 2 * len(sizes) // max(_LEAST_TROUBLES, len(sizes) // _FILES_A_TROUBLE)
    while left := uploading.waiting():
        awaited = draw.randint(0, gap) if any(uploading.troubles.values()) else 0
        if not uploading.until_left(max(0, left - awaited), _STUCK_S):
            return [f"{left} of {len(sources)} files are not sent, and nothing moves"]
        clock.sleep(draw.uniform(0.0, min(_LATEST_S, gap / 1_000)))
        if not uploading.waiting():
            break
        if wrong := uploading.trouble():
            found.append(wrong)
        if clock.monotonic() - told > _TOLD_EVERY_S:
            told = clock.monotonic()
            setting.say(f"upload: {left} files to go; {uploading.troubles}")
    setting.say(f"upload: {len(sources)} files; {uploading.troubles}; of a full disk agents said {uploading.told}")
    return [*found, *violations(sources, uploading.gone(), uploading.kept())]


def _staged(setting: Setting, folder: Path) -> list[str]:
    """The agent's own disk is full while it makes what it is to send."""
    if not SmallDisk.is_possible:
        return []
    staging, found = Staging(folder / "staging", setting.random("staging")), list[str]()
    try:
        for number in range(max(2, setting.cases // _FILES_A_STAGING)):
            found += [f"agent's disk, case {number}: {what}" for what in staging.case()]
    finally:
        staging.close()
    setting.say(
        f"upload: with a full disk of the agent, {staging.refused} runs failed and said so, {staging.sent} went well"
    )
    return found


def _sizes(number: int, draw: random.Random) -> list[int]:
    large = int(_CHUNKS * (MAX_CHUNK_BYTES if number >= _MANY else _SLOW))
    return [large if one % _LARGE_EVERY == _FIRST_LARGE else draw.randint(1, 65_536) for one in range(number)]
