"""Personal data taken out of texts on the PC, before anything leaves it.

Whatever the length of a text, it is gone through in windows of bounded size: a window sees `LONGEST_SPAN` characters
before and after what it hands on, so that nothing escapes by lying across two of them.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from canopee_agent import redactors
from canopee_agent.redactor import LONGEST_SPAN, Redactor, Span
from canopee_kit.discovery import discover

WINDOW = 262_144
"""Characters handed on at once."""
_HEAD = 64
"""Characters, before and after its start, by which something long is known."""
LOCAL_PATTERN = "local_pattern"
"""Name of what the patterns of the local policy find."""


class LocalPatterns(Redactor):
    """What the PC's administrator wants hidden: regular expressions of the local policy, case ignored."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._patterns = [re.compile(pattern, re.IGNORECASE) for pattern in patterns]

    def spans(self, text: str, small: str) -> Iterator[Span]:  # noqa: ARG002  patterns are the administrator's
        """Each match; see `Redactor`."""
        for pattern in self._patterns:
            yield from (found.span() for found in pattern.finditer(text) if found.end() > found.start())


class Redaction:
    """The redactors of a PC, and how often each found something."""

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        known: dict[str, Redactor] = {name: kind() for name, kind in discover(redactors, Redactor).items()}
        if patterns := tuple(patterns):
            known[LOCAL_PATTERN] = LocalPatterns(patterns)
        self._redactors = known
        self.counts: Counter[str] = Counter()
        """Of each kind, how many were replaced since the start; never what."""

    def clean(self, text: str) -> str:
        """`text` with a mark, `[kind]`, in place of each."""
        return "".join(self.stream((text,)))

    def stream(self, parts: Iterable[str], window: int = WINDOW) -> Iterator[str]:
        """The same for a text that comes in parts, in memory of a few windows."""
        before, held = "", ""
        for part in parts:
            held += part
            while len(held) >= window + LONGEST_SPAN:
                done, before, held = self._window(before, held, window)
                yield done
        yield self._window(before, held, len(held))[0]

    def _window(self, before: str, held: str, size: int) -> tuple[str, str, str]:
        """`size` characters of `held` redacted; what to see before the rest; and the rest: nothing is cut in two."""
        text, at, end = before + held[: size + LONGEST_SPAN], len(before), len(before) + size
        pieces: list[str] = []
        for start, stop, name in self.found(text):
            if start >= end:
                break
            if stop <= at:
                continue
            if start >= len(before):
                self.counts[name] += 1
                pieces += (text[at:start], f"[{name}]")
            at = stop
            if stop == len(text) > end:  # it may go on: the rest is seen right after its head
                return "".join(pieces), text[max(0, start - _HEAD) : start + _HEAD], held[size + LONGEST_SPAN :]
        pieces.append(text[at:end])
        at = max(at, end)
        return "".join(pieces), text[max(0, at - LONGEST_SPAN) : at], held[at - len(before) :]

    def found(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Start, end and kind of what there is in `text`, in order.

        Of those that overlap, one that holds them all, named by the longest.
        """
        small = _in_small_letters(text)
        spans = sorted(
            (start, stop, name) for name, one in self._redactors.items() for start, stop in one.spans(text, small)
        )
        at = 0
        while at < len(spans):
            start, stop, name = spans[at]
            longest = stop - start
            at += 1
            while at < len(spans) and spans[at][0] < stop:
                if spans[at][1] - spans[at][0] > longest:
                    longest, name = spans[at][1] - spans[at][0], spans[at][2]
                stop = max(stop, spans[at][1])
                at += 1
            yield start, stop, name


def _in_small_letters(text: str) -> str:
    """`text.lower()`, each character at its place: some become two."""
    small = text.lower()
    if len(small) == len(text):
        return small
    return "".join(char if len(char.lower()) > 1 else char.lower() for char in text)


def told(counts: Mapping[str, int]) -> dict[str, int]:
    """Counts as a record carries them: those that are not zero, in alphabetical order."""
    return {name: count for name, count in sorted(counts.items()) if count}
