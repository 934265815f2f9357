"""Files that an agent has to send, made, spoiled, and found again on the server."""

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path

import msgspec

from canopee_agent.engine.outbox import Outbox
from canopee_kit.clock import SystemClock

_PIECE = 2**20


class Source(msgspec.Struct, frozen=True):
    """A file that was given to the agent."""

    step: str
    sha256: str
    is_changed: bool
    """Its bytes on the PC are other ones since."""


def put(
    folder: Path, order_id: str, files: Iterator[tuple[int, int]], draw: random.Random, *, changed_every: int = 0
) -> list[Source]:
    """Files for the server, of these numbers and sizes, in the outbox of an agent; some are changed once they wait."""
    outbox, made = Outbox(folder, SystemClock()), list[Source]()
    try:
        for number, size in files:
            digest, step, draft = hashlib.sha256(), f"s{number}", outbox.draft(2**40)
            with draft.create("logs.bin") as stream:
                for piece in _pieces(draw, size):
                    stream.write(piece)
                    digest.update(piece)
            path = draft.made["logs.bin"]
            outbox.commit(draft, order_id, step)
            is_changed = bool(changed_every) and number % changed_every == changed_every - 1
            if is_changed:
                _change(path, size, cut=bool(number % 2))
            made.append(Source(step, digest.hexdigest(), is_changed))
    finally:
        outbox.close()
    return made


def digest_of(path: Path) -> str:
    """The SHA-256 of a file as it is now; empty: it is not there."""
    if not path.exists():
        return ""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def violations(sources: list[Source], gone: dict[str, str], kept: dict[str, str]) -> list[str]:
    """What should not be: a file that is not the same on the server, or of which the PC says what is not so."""
    found = list[str]()
    for one in sources:
        state, there = gone.get(one.step, "unknown"), kept.get(one.step)
        if one.is_changed and (state == "sent" or there is not None):
            found.append(f"{one.step} changed on the PC, which says {state}; the server has {there}")
        if not one.is_changed and (state != "sent" or there != one.sha256):
            found.append(f"{one.step}: the PC says {state}, the server has {there} instead of {one.sha256}")
    return found


def _pieces(draw: random.Random, size: int) -> Iterator[bytes]:
    while size:
        piece = draw.randbytes(min(size, _PIECE))
        size -= len(piece)
        yield piece


def _change(path: Path, size: int, *, cut: bool) -> None:
    """Another byte in the middle, or the end taken away."""
    with path.open("r+b") as stream:
        if cut:
            stream.truncate(size // 2)
            return
        stream.seek(size // 2)
        byte = stream.read(1)
        stream.seek(size // 2)
        stream.write(bytes([byte[0] ^ 0xFF]))
