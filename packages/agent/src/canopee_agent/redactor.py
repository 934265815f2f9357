"""The shape of a redactor: one kind of personal data, found in text before the text leaves the PC.

A kind is one file of `redactors/`, its class named as the file. What it finds is replaced by its mark, `[kind]`, and
counted; the value is never kept, logged or reported. How texts are gone through is in `redaction.py`.
"""

from collections.abc import Iterable, Iterator
from typing import TypeAlias

Span: TypeAlias = tuple[int, int]
"""Where something begins and where it ends in a text, in characters; never empty."""

LONGEST_SPAN = 4_096
"""Characters, of what is sure to be seen whole; a longer one reaches the end of every text that has its start."""


class Redactor:
    """One kind of personal data. Redactors are stateless: the same text gives the same spans."""

    def spans(self, text: str, small: str) -> Iterator[Span]:
        """Where it is in `text`, in any order; spans may overlap.

        `small` is `text` in small letters, each at its place: a search for words in it costs next to nothing, where a
        regular expression over all of a log would take most of the time.
        """
        raise NotImplementedError


def places(small: str, words: Iterable[str]) -> Iterator[int]:
    """Where one of `words`, written in small letters, begins."""
    for word in words:
        at = small.find(word)
        while at >= 0:
            yield at
            at = small.find(word, at + 1)


def regions(small: str, words: Iterable[str], *, before: int, after: int) -> Iterator[Span]:
    """The parts of a text that are so near to one of `words`, in order and apart."""
    start = stop = -1
    for at in sorted(places(small, words)):
        if at - before > stop:
            if stop > 0:
                yield start, stop
            start = max(0, at - before)
        stop = min(len(small), at + after)
    if stop > 0:
        yield start, stop


def word_start(text: str, at: int, longest: int = 16) -> int:
    """Where the word begins that the character at `at` belongs to."""
    start = at
    while start > 0 and at - start < longest and text[start - 1].isalpha():
        start -= 1
    return start
