"""Random conditions and facts that are likely to meet, and made to find where two evaluators part.

A pool of values is drawn for each fact: values that are nearly the same, versions, or texts that match a pattern or
nearly do. Facts and conditions are both made of it, so that tests hold often, and part on small things.
"""

import random
import string
from collections.abc import Callable, Sequence
from typing import Any

from canopee_contract.condition import OPERATORS, Condition, Scalar, parse_condition
from canopee_contract.errors import PatternError
from canopee_contract.pattern import compile_pattern

_KINDRED: Sequence[tuple[Scalar, ...]] = (
    (True, 1, 1.0, "1", "true", "True", 1 + 2**-52),
    (False, 0, 0.0, -0.0, "0", "false", "", 5e-324, -5e-324),
    (2**53, 2**53 + 1, 2**53 - 1, 2.0**53, "9007199254740993"),
    (2**63 - 1, 2**63 - 2, 2.0**63, -(2**63), -(2**63) + 1, -(2.0**63)),
    (0.1, 0.3, 0.1 + 0.2, "0.1", 0.1 + 2**-54),
    (1e300, -1e300, 1.7976931348623157e308, 2.2250738585072014e-308, 1e16, 123456789.12345679),
    ("é", "e\u0301", "É", "ß", "ss", "ﬁ", "fi", "İ", "i̇", "\u0131"),
    ("windows", "Windows", "windows ", "windows\n", "windows\u2028", "\ufeffwindows", "windows\x01"),
    ("\\", "\\\\", "'\"%s{}$1", "'\"%s{}$1'", "null", "\U0001d518", "\n", " "),
)
_VERSIONS: Sequence[Scalar] = (
    "8.1", "8.2", "8.10", "8.2.0", "8.2.0.0.0.0", "8.2-rc1", "8.2-rc10", "8.2-rc.2", "8.2-RC1", "8.2+build", "0", "00",
    "8.2-a+b-c", "8.2-0", "0008.2", "999999999", "999999999.999999999", "1.2.3.4.5.6", "1.2.3.4.5.6.7", "8.2 ", "8.",
    "8.2\n", "v8.2", "8,2", "٨.٢", "1234567890", "8.2-", "8.2--", "8.2-é", "8.2-" + "a" * 40, "8.2-" + "a" * 41, 8.2, 8,
)  # fmt: skip
_GOOD_VERSIONS = ("8.1", "8.2", "8.2-rc1", "8.2-rc10", "8.10", "8.2.0.0.0.1", "0", "999999999.1", "8.2-a+b")
_LITERALS = "abcz019 éßİ\n\t\U0001d518-_.*+?()[]{}|^$\\/%'\"&~:,=<>#@!`;"
_NUMERIC = ("lt", "le", "gt", "ge", "eq", "in", "exists")
_VERSIONED = ("version_lt", "version_le", "version_gt", "version_ge", "version_eq", "eq")
_OPERATORS: dict[str, Sequence[str]] = {
    "a.a": _NUMERIC,
    'é "name".%s\\': _NUMERIC,
    "product.version": _VERSIONED,
    "c.c": ("matches", "matches", "in", "eq"),
    "d.d": sorted(OPERATORS),
}
_NAMES = tuple(_OPERATORS)

Piece = tuple[str, Callable[[], str]]
"""A pattern, and what makes texts that match it."""


class Draw:
    """One pool, and what is made of it."""

    def __init__(self, source: random.Random) -> None:
        self._random = source
        shapes = [self._pattern() for _ in range(8)]
        samples = [sample() for _, sample in shapes for _ in range(3)]
        texts: list[Scalar] = [*samples, *map(self._spoiled, samples), "a" * 1000, "a" * 1001]
        kindred = [value for group in source.sample(_KINDRED, 2) for value in group]
        versions = [*source.sample(_VERSIONS, 8), *(self._version() for _ in range(4))]
        mixed = [*source.sample(texts, 6), *kindred, *source.sample(versions, 4)]
        self._patterns = [*(pattern for pattern, _ in shapes), "(a|b)*"]
        self._pools = dict(zip(_NAMES, (kindred, kindred, versions, texts, mixed), strict=True))
        self._numbers = [value for group in _KINDRED for value in group if not isinstance(value, str | bool)]
        self._numbers += [value for value in kindred if not isinstance(value, str | bool)] * 3

    def facts(self) -> dict[str, Scalar]:
        """Facts of one device; each may be absent."""
        present = [name for name in _NAMES if self._random.random() < 0.85]  # noqa: PLR2004
        return {name: self._random.choice(self._pools[name]) for name in present}

    def condition(self) -> Condition:
        """A condition of up to some thirty tests."""
        return parse_condition(self._data(self._random.choice((1, 1, 2, 3, 4))))

    def _data(self, depth: int) -> dict[str, Any]:
        kind = "test" if depth <= 1 else self._random.choice(("test", "all", "any", "not"))
        if kind == "test":
            return self._test()
        if kind == "not":
            return {"not": self._data(depth - 1)}
        return {kind: [self._data(depth - 1) for _ in range(self._random.choice((0, 1, 2, 2, 3)))]}

    def _test(self) -> dict[str, Any]:
        name = self._random.choice(_NAMES)
        op = self._random.choice(_OPERATORS[name])
        return {"fact": name, "op": op, "value": self._value(op, self._pools[name])}

    def _value(self, op: str, pool: Sequence[Scalar]) -> Any:  # noqa: ANN401  any JSON value
        if op == "matches":
            return self._random.choice(self._patterns)
        if op == "exists":
            return self._random.choice((True, False))
        if op.startswith("version_"):
            return self._random.choice((self._version(), *_GOOD_VERSIONS))
        if op in {"lt", "le", "gt", "ge"}:
            return self._random.choice(self._numbers)
        if op == "in":
            return self._random.choices(pool, k=self._random.choice((1, 2, 5, 20)))
        return self._random.choice(pool)

    def _version(self) -> str:
        numbers = [str(self._random.choice((0, 1, 2, 9, 10, 99, 8))) for _ in range(self._random.randint(1, 6))]
        suffix = self._random.choice(("", "", "-rc1", "-a.b", "-", "+x", "-Z+1"))
        text = ".".join(numbers) + suffix
        return text.rstrip("-")

    def _spoiled(self, text: str) -> str:
        """Almost this text."""
        at = self._random.randrange(len(text) + 1)
        put = self._random.choice(("", self._random.choice(_LITERALS)))
        return text[:at] + put + text[at + self._random.choice((0, 1)) :]

    def _pattern(self) -> Piece:
        while True:
            text, sample = self._choice(self._random.choice((1, 2, 3)))
            try:
                compile_pattern(text)
            except PatternError:
                continue
            return text, sample

    def _choice(self, depth: int) -> Piece:
        options = [self._sequence(depth) for _ in range(self._random.choice((1, 1, 2, 3)))]

        def sample() -> str:
            return self._random.choice(options)[1]()

        return "|".join(text for text, _ in options), sample

    def _sequence(self, depth: int) -> Piece:
        parts = [self._repeated(depth) for _ in range(self._random.choice((0, 1, 1, 2, 3)))]
        return "".join(text for text, _ in parts), lambda: "".join(sample() for _, sample in parts)

    def _repeated(self, depth: int) -> Piece:
        text, sample = self._atom(depth)
        low, high, written = self._random.choice(
            (
                (1, 1, ""),
                (1, 1, ""),
                (0, 3, "*"),
                (1, 3, "+"),
                (0, 1, "?"),
                (2, 2, "{2}"),
                (0, 0, "{0}"),
                (1, 4, "{1,4}"),
            )
        )
        return text + written, lambda: "".join(sample() for _ in range(self._random.randint(low, high)))

    def _atom(self, depth: int) -> Piece:
        kind = self._random.choice(("char", "char", "any", "digit", "set", "group" if depth > 1 else "char"))
        if kind == "group":
            text, sample = self._choice(depth - 1)
            return f"({text})", sample
        if kind == "any":
            return ".", lambda: self._random.choice(_LITERALS)
        if kind == "digit":
            return r"\d", lambda: self._random.choice(string.digits)
        if kind == "set":
            return self._set()
        char = self._random.choice(_LITERALS)
        return _escaped(char), lambda: char

    def _set(self) -> Piece:
        chars = self._random.sample(_LITERALS, self._random.randint(1, 4))
        written = "".join(map(_escaped, chars)) + self._random.choice(("", "a-f", r"\d", "!-/", "À-ÿ", "-"))
        if self._random.random() < 0.3:  # noqa: PLR2004
            return f"[^{written}]", lambda: self._random.choice("qQ7ÿ\r")
        return f"[{written}]", lambda: self._random.choice(chars)


def _escaped(char: str) -> str:
    return f"\\{char}" if char in string.punctuation else char
