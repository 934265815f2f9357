"""Globs: `*` is any text, `?` one character, everything else is itself; the whole value must match."""

from collections.abc import Sequence

MAX_GLOB = 100


def glob_matches(glob: str, value: str) -> bool:
    """Whether the whole of `value` matches; the time is at most the product of the two lengths."""
    at = reached = mark = 0
    star = -1
    while reached < len(value):
        if at < len(glob) and glob[at] == "*":
            star, mark, at = at, reached, at + 1
        elif at < len(glob) and glob[at] in {"?", value[reached]}:
            at, reached = at + 1, reached + 1
        elif star >= 0:
            mark += 1
            at, reached = star + 1, mark
        else:
            return False
    return not glob[at:].strip("*")


def any_matches(globs: Sequence[str], value: str, *, ignore_case: bool = False) -> bool:
    """Whether one of the globs matches; with none, everything does."""
    if ignore_case:
        globs, value = [glob.casefold() for glob in globs], value.casefold()
    return not globs or any(glob_matches(glob, value) for glob in globs)


def is_glob(text: str) -> bool:
    """Whether it can be one: not empty, not too long, nothing that cannot be printed."""
    return 0 < len(text) <= MAX_GLOB and text.isprintable()
