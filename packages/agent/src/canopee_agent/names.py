"""What a file may be called: the rules of Windows, kept on every platform for what orders name."""

import re

_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|conin\$|conout\$|clock\$|(com|lpt)[0-9¹²³]) *(\..*)?")
_FORBIDDEN = re.compile(r'[<>"|?*:/\\\x00-\x1f\x7f\ud800-\udfff]')
LONGEST = 240
"""Characters of one name, with room for the endings that we add."""


def fault_of(name: str) -> str:
    """Why `name` cannot name one file or folder everywhere; an empty text when it can."""
    if not name or name in {".", ".."}:
        return "it names no file"
    if len(name.encode("utf-8", "replace")) > LONGEST:
        return f"it is longer than {LONGEST} bytes"
    if _FORBIDDEN.search(name):
        return "it holds a character that no file name may hold"
    if _RESERVED.fullmatch(name):
        return "it is the name of a device"
    return "it ends with a dot or a space" if name[-1] in ". " else ""


def is_same(first: str, second: str, *, ignores_case: bool) -> bool:
    """Whether two names are one; lower and upper case must both agree, since Windows folds fewer letters than Unicode.

    The Kelvin sign becomes `k` in lower case only, the long s becomes `S` in upper case only: for Windows both are
    other letters.
    """
    if not ignores_case:
        return first == second
    return first.lower() == second.lower() and first.upper() == second.upper()
