r"""Our patterns as PostgreSQL's advanced regular expressions, without capturing groups: matched without backtracking.

Only what both read in the same way is used: single characters and ranges by code point, `(?: | )`, and the
repetitions. What is not an ASCII letter, an ASCII digit or beyond ASCII is written with `\` before it.
"""

from canopee_contract.pattern_language import Chars, Choice, Node, Range, Repeat, parse_pattern

_ANYTHING = "."


def to_are(pattern: str) -> str:
    """The expression that finds exactly the texts that `pattern` matches as a whole; raises `PatternError`."""
    return f"^(?:{_written(parse_pattern(pattern))})$"


def _written(node: Node) -> str:
    if isinstance(node, Chars):
        return _chars(node)
    if isinstance(node, Choice):
        return "|".join(_written(option) for option in node.options)
    if isinstance(node, Repeat):
        return _atom(node.inner) + _bounds(node)
    return "".join(_written(part) if isinstance(part, Chars | Repeat) else _atom(part) for part in node.parts)


def _atom(node: Node) -> str:
    return _chars(node) if isinstance(node, Chars) else f"(?:{_written(node)})"


def _bounds(node: Repeat) -> str:
    if node.high is None:
        return "+" if node.low else "*"
    return f"{{{node.low},{node.high}}}"


def _chars(node: Chars) -> str:
    if not node.ranges:
        return _ANYTHING
    if len(node.ranges) == 1 and not node.is_negated and node.ranges[0][0] == node.ranges[0][1]:
        return _literal(node.ranges[0][0])
    return f"[{'^' * node.is_negated}{''.join(map(_range, node.ranges))}]"


def _range(pair: Range) -> str:
    first, last = pair
    return _literal(first) if first == last else f"{_literal(first)}-{_literal(last)}"


def _literal(char: str) -> str:
    return char if char.isalnum() or not char.isascii() else f"\\{char}"


def contained(text: str) -> str:
    """The pattern of LIKE for texts that contain this one."""
    return "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
