"""The small language of `pattern.py` as a tree: what its matcher, and whatever else compiles it, start from."""

from typing import TypeAlias

import msgspec

from canopee_contract.errors import PatternError

MAX_PATTERN = 200
MAX_REPEAT = 64
_BOUNDS_DIGITS = 4
_SPECIAL = frozenset("*+?{}])^$")

Range: TypeAlias = tuple[str, str]
"""First and last character, by code point."""


class Chars(msgspec.Struct, frozen=True):
    """One character of these ranges; of none of them when negated."""

    ranges: tuple[Range, ...]
    is_negated: bool = False

    def accepts(self, char: str) -> bool:
        return any(first <= char <= last for first, last in self.ranges) != self.is_negated


class Sequence(msgspec.Struct, frozen=True):
    """One after the other; without parts, the empty text."""

    parts: "tuple[Node, ...]"


class Choice(msgspec.Struct, frozen=True):
    """One of these."""

    options: "tuple[Node, ...]"


class Repeat(msgspec.Struct, frozen=True):
    """`low` to `high` times; `None`: without an upper bound."""

    inner: "Node"
    low: int
    high: int | None


Node: TypeAlias = Chars | Sequence | Choice | Repeat
ANY = Chars((), is_negated=True)
_DIGIT: Range = ("0", "9")


def parse_pattern(pattern: str) -> Node:
    """The tree of a pattern.

    Raises:
        PatternError: the pattern is outside the language, or too long.
    """
    if len(pattern) > MAX_PATTERN:
        raise PatternError(f"a pattern has at most {MAX_PATTERN} characters")
    return _Parser(pattern).parse()


class _Parser:
    """Recursive descent."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0

    def parse(self) -> Node:
        try:
            node = self._alternatives()
        except RecursionError as error:
            raise PatternError("too many nested groups") from error
        if self._at < len(self._pattern):
            raise self._unexpected()
        return node

    def _alternatives(self) -> Node:
        options = [self._sequence()]
        while self._peek() == "|":
            self._at += 1
            options.append(self._sequence())
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def _sequence(self) -> Node:
        parts: list[Node] = []
        while self._peek() not in {"", "|", ")"}:
            parts.append(self._repetition(self._atom()))
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _repetition(self, atom: Node) -> Node:
        char = self._peek()
        if char in {"*", "+", "?"}:
            self._at += 1
            low, high = {"*": (0, None), "+": (1, None), "?": (0, 1)}[char]
        elif char == "{":
            low, high = self._bounds()
        else:
            return atom
        if self._peek() in {"*", "+", "?", "{"}:
            raise self._unexpected()
        return Repeat(atom, low, high)

    def _bounds(self) -> tuple[int, int]:
        end = self._pattern.find("}", self._at)
        low, comma, high = self._pattern[self._at + 1 : end if end > 0 else None].partition(",")
        if end < 0 or not low.isdecimal() or (comma and not high.isdecimal()) or len(low + high) > _BOUNDS_DIGITS:
            raise PatternError(f"position {self._at}: a repetition is {{m}} or {{m,n}}")
        bounds = int(low), int(high) if comma else int(low)
        if not bounds[0] <= bounds[1] <= MAX_REPEAT:
            raise PatternError(f"position {self._at}: m ≤ n ≤ {MAX_REPEAT}")
        self._at = end + 1
        return bounds

    def _atom(self) -> Node:
        char = self._take()
        if char == "(":
            inner = self._alternatives()
            if self._peek() != ")":
                raise PatternError("a group is not closed")
            self._at += 1
            return inner
        if char == "[":
            return self._set()
        if char == ".":
            return ANY
        if char == "\\":
            return Chars((self._escape(),))
        if char in _SPECIAL:
            self._at -= 1
            raise self._unexpected()
        return Chars(((char, char),))

    def _set(self) -> Chars:
        is_negated = self._peek() == "^"
        self._at += is_negated
        members: list[Range] = []
        while self._peek() != "]":
            members.append(self._set_member())
        self._at += 1
        if not members:
            raise PatternError("a set is empty")
        return Chars(tuple(members), is_negated)

    def _set_member(self) -> Range:
        first = self._take()
        if first == "\\":
            return self._escape()
        if first == "[":
            raise PatternError("write \\[ for a bracket inside a set")
        if self._peek() != "-" or self._pattern[self._at + 1 : self._at + 2] == "]":
            return first, first
        self._at += 1
        last = self._take()
        if last in "\\[" or last < first:
            raise PatternError(f"{first}-{last} is not a range")
        return first, last

    def _escape(self) -> Range:
        char = self._take()
        if char == "d":
            return _DIGIT
        if char.isalnum() or not char.isascii():
            raise PatternError(f"\\{char} is not part of the pattern language")
        return char, char

    def _peek(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _take(self) -> str:
        char = self._peek()
        if not char:
            raise PatternError("the pattern ends too early")
        self._at += 1
        return char

    def _unexpected(self) -> PatternError:
        return PatternError(f"position {self._at}: {self._peek()!r} is not expected here; write \\ before it")
