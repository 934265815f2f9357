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
from canopee_contract.pattern_language import Chars, Choice, Node, Repeat, parse_pattern

MAX_VALUE = 1_000
MAX_STATES = 2_000
_CACHED_SETS = 4_096

Accepts: TypeAlias = Callable[[str], bool]


@lru_cache(maxsize=512)
def compile_pattern(pattern: str) -> "Matcher":
    """The matcher of `pattern`.

    Raises:
        PatternError: the pattern is outside the language, or too large.
    """
    states = _States()
    return Matcher(states.held, states.before(parse_pattern(pattern), _FINAL))


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
        return _FINAL in current

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
    """`None`: passed without reading."""
    after: list[int]


_FINAL = 0


class _States:
    """Builds the states of a tree, each node before a given follower."""

    def __init__(self) -> None:
        self.held = [_State(accepts=None, after=[])]

    def before(self, node: Node, after: int) -> int:
        """Add the states of `node`, followed by `after`; the entry."""
        if isinstance(node, Chars):
            return self._add(_State(node.accepts, [after]))
        if isinstance(node, Choice):
            return self._split([self.before(option, after) for option in node.options])
        if isinstance(node, Repeat):
            return self._repeat(node, after)
        for part in reversed(node.parts):
            after = self.before(part, after)
        return after

    def _repeat(self, node: Repeat, after: int) -> int:
        if node.high is None:
            loop = self._split([after])
            self.held[loop].after.append(self.before(node.inner, loop))
            after = loop
        else:
            end = after
            for _ in range(node.high - node.low):
                after = self._split([end, self.before(node.inner, after)])
        for _ in range(node.low):
            after = self.before(node.inner, after)
        return after

    def _split(self, after: list[int]) -> int:
        return self._add(_State(None, after))

    def _add(self, state: _State) -> int:
        if len(self.held) >= MAX_STATES:
            raise PatternError("the pattern is too large: fewer or smaller repetitions")
        self.held.append(state)
        return len(self.held) - 1
