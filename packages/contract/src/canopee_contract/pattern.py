r"""Anchored text patterns with a bounded cost: a small regular language, matched without backtracking.

The whole value must match. The language: literal characters, `.`, `\` before a punctuation character, `\d`,
sets `[a-z0-9_]` and `[^…]`, groups `( | )`, and the repetitions `* + ? {m} {m,n}` with n ≤ 64. There is no
look-around, back-reference, anchor or lazy repetition. A pattern of at most 200 characters compiles to at most
2 000 states, and a value of at most 1 000 characters is read once: the time limit is that bound, so the answer
is the same on every machine. Method: R. Cox, "Regular Expression Matching Can Be Simple And Fast" (2007).
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TypeAlias

import msgspec

from canopee_contract.errors import PatternError

MAX_PATTERN = 200
MAX_VALUE = 1_000
MAX_STATES = 2_000
MAX_REPEAT = 64
_BOUNDS_DIGITS = 4
_CACHED_SETS = 4_096

Accepts: TypeAlias = Callable[[str], bool]
Fragment: TypeAlias = Callable[[int], int]
"""Given the state that follows, adds its own states and returns its entry."""


@lru_cache(maxsize=512)
def compile_pattern(pattern: str) -> "Matcher":
    """The matcher of `pattern`.

    Raises:
        PatternError: the pattern is outside the language, or too large.
    """
    if len(pattern) > MAX_PATTERN:
        raise PatternError(f"a pattern has at most {MAX_PATTERN} characters")
    return _Parser(pattern).matcher()


def matches(pattern: str, value: str) -> bool:
    """Whether the whole of `value` matches; a value of more than 1 000 characters does not."""
    return compile_pattern(pattern).matches(value)


class Matcher:
    """A non-deterministic automaton, made deterministic as values are read."""

    def __init__(self, states: "list[_State]", start: int) -> None:
        self._states = states
        self._start = self._closure([start])
        self._steps: dict[tuple[frozenset[int], str], frozenset[int]] = {}

    def matches(self, value: str) -> bool:
        """Whether the whole of `value` is in the language."""
        if len(value) > MAX_VALUE:
            return False
        current = self._start
        for char in value:
            current = self._next(current, char)
            if not current:
                return False
        return any(self._states[state].is_final for state in current)

    def _next(self, current: frozenset[int], char: str) -> frozenset[int]:
        known = self._steps.get((current, char))
        if known is None:
            reached = (self._states[state] for state in current)
            known = self._closure(s.after[0] for s in reached if s.accepts is not None and s.accepts(char))
            if len(self._steps) < _CACHED_SETS:
                self._steps[current, char] = known
        return known

    def _closure(self, states: Iterable[int]) -> frozenset[int]:
        stack, seen = list(states), set[int]()
        while stack:
            state = stack.pop()
            if state not in seen:
                seen.add(state)
                if self._states[state].accepts is None:
                    stack += self._states[state].after
        return frozenset(seen)


class _State(msgspec.Struct):
    accepts: Accepts | None
    after: list[int]
    is_final: bool = False


class _Parser:
    """Recursive descent; each piece is a function that builds its states before a given follower."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._states: list[_State] = []

    def matcher(self) -> Matcher:
        try:
            fragment = self._alternatives()
        except RecursionError as error:
            raise PatternError("too many nested groups") from error
        if self._at < len(self._pattern):
            raise self._unexpected()
        self._states.append(_State(accepts=None, after=[], is_final=True))
        start = fragment(0)
        return Matcher(self._states, start)

    def _alternatives(self) -> Fragment:
        options = [self._sequence()]
        while self._peek() == "|":
            self._at += 1
            options.append(self._sequence())
        if len(options) == 1:
            return options[0]
        return lambda after: self._split([option(after) for option in options])

    def _sequence(self) -> Fragment:
        parts: list[Fragment] = []
        while self._peek() not in {"", "|", ")"}:
            parts.append(self._repetition(self._atom()))

        def build(after: int) -> int:
            for part in reversed(parts):
                after = part(after)
            return after

        return build

    def _repetition(self, atom: Fragment) -> Fragment:
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
        return lambda after: self._repeat(atom, low, high, after)

    def _repeat(self, atom: Fragment, low: int, high: int | None, after: int) -> int:
        if high is None:
            loop = self._split([after])
            self._states[loop].after.append(atom(loop))
            after = loop
        else:
            end = after
            for _ in range(high - low):
                after = self._split([end, atom(after)])
        for _ in range(low):
            after = atom(after)
        return after

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

    def _atom(self) -> Fragment:
        char = self._take()
        if char == "(":
            inner = self._alternatives()
            if self._peek() != ")":
                raise PatternError("a group is not closed")
            self._at += 1
            return inner
        if char == "[":
            return self._single(self._set())
        if char == ".":
            return self._single(lambda _: True)
        if char == "\\":
            return self._single(self._escape())
        if char in "*+?{}])^$":
            self._at -= 1
            raise self._unexpected()
        return self._single(lambda seen, wanted=char: seen == wanted)

    def _set(self) -> Accepts:
        negated = self._peek() == "^"
        self._at += negated
        members: list[Accepts] = []
        while self._peek() != "]":
            members.append(self._set_member())
        self._at += 1
        if not members:
            raise PatternError("a set is empty")
        return lambda char: any(member(char) for member in members) != negated

    def _set_member(self) -> Accepts:
        first = self._take()
        if first == "\\":
            return self._escape()
        if first == "[":
            raise PatternError("write \\[ for a bracket inside a set")
        if self._peek() != "-" or self._pattern[self._at + 1 : self._at + 2] == "]":
            return lambda char: char == first
        self._at += 1
        last = self._take()
        if last in "\\[" or last < first:
            raise PatternError(f"{first}-{last} is not a range")
        return lambda char: first <= char <= last

    def _escape(self) -> Accepts:
        char = self._take()
        if char == "d":
            return lambda seen: "0" <= seen <= "9"
        if char.isalnum() or not char.isascii():
            raise PatternError(f"\\{char} is not part of the pattern language")
        return lambda seen: seen == char

    def _single(self, accepts: Accepts) -> Fragment:
        return lambda after: self._add(_State(accepts, [after]))

    def _split(self, after: list[int]) -> int:
        return self._add(_State(None, after))

    def _add(self, state: _State) -> int:
        if len(self._states) >= MAX_STATES:
            raise PatternError("the pattern is too large: fewer or smaller repetitions")
        self._states.append(state)
        return len(self._states) - 1

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
