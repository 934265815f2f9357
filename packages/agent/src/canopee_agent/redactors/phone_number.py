"""The redactor `phone_number`."""

import re
from collections.abc import Iterator

from canopee_agent.redactor import Redactor, Span

_BETWEEN = r"[ .\-/\xa0\u202f]?"
_FIRST, _SHUT = "[1-9]", r"\)?"
_NINE = rf"{_FIRST}(?:{_BETWEEN}\d{{2}}){{4}}(?![\w]|[.,:/-]\d)"
_FRENCH = re.compile(rf"(?:0(?<![\w.,:/+-]0)|\(0(?=[1-9]\))){_NINE.replace(_FIRST, _FIRST + _SHUT, 1)}")
_OF_FRANCE = re.compile(
    rf"(?:\+|00(?<!\w00)){_BETWEEN}(?:33|262|508|590|594|596|687|689){_BETWEEN}(?:\(0\){_BETWEEN}|0)?{_NINE}"
)
_ABROAD = re.compile(rf"\+(?<!\w\+)[1-9]\d{{0,2}}(?:{_BETWEEN}\(?\d{{1,4}}\)?){{2,5}}(?!\w)")
_FEWEST_DIGITS = 8


class PhoneNumber(Redactor):
    """Telephone and fax numbers: French ones, overseas included, and those of elsewhere that begin with `+`."""

    def spans(self, text: str, small: str) -> Iterator[Span]:
        """Each number; see `Redactor`."""
        yield from (found.span() for found in _FRENCH.finditer(text))
        if not ("+" in small or "00" in small):
            return
        yield from (found.span() for found in _OF_FRANCE.finditer(text))
        for found in _ABROAD.finditer(text):
            if sum(map(str.isdecimal, found[0])) >= _FEWEST_DIGITS:
                yield found.span()
