"""The redactor `social_security_number`."""

import re
from collections.abc import Iterator

from canopee_agent.redactor import Redactor, Span, places, word_start

_PLAIN = r"[ .\-_/\xa0\u202f\t]?"
_ENCODED = r"(?:[ .\-_/\xa0\u202f\t+]|%20|&nbsp;|&#160;)?"
_LABEL = re.compile(
    r"(?<![^\W_])(?:nir|ins|nss|insee|s[ée]cu(?:rit[ée][ _]sociale)?|immatriculation|matricule(?:[ _-]?ins)?|assur[ée]"
    r"|ssn)(?![^\W_])",
    re.IGNORECASE,
)
_WORDS = ("nir", "ins", "nss", "insee", "sécu", "secu", "immatric", "matricule", "assur", "ssn")
_AFTER_LABEL = 72
"""Characters in which a number follows its label."""
_DEPARTMENT, _COUNTED = slice(5, 7), 13
_CORSICA = {"2A": "19", "2B": "18"}
_KEY_BASE = 97


def _number(between: str, last_digits: str) -> str:
    """Thirteen characters, then `last_digits` more; the first pattern to look for is one character."""
    digit = rf"{between}\d"
    return rf"[1-478](?<!\d[1-478])(?:{digit}){{5}}{between}[\dABab](?:{digit}){{6}}(?:{digit}){last_digits}(?!\d)"


_WITH_KEY = {between: re.compile(_number(between, "{2}")) for between in (_PLAIN, _ENCODED)}
_ANY = re.compile(rf"{_number(_ENCODED, '{2}')}|{_number(_ENCODED, '{0}')}")

_APART = r"(?:[ .\-_/\xa0\u202f\t]{0,4}|[ \t]{0,8}\r?\n[ \t]{0,8})"
_IN_GROUPS = re.compile(
    rf"[1-478](?=[ .\-_/\xa0\u202f\t\r\n])(?<!\d[1-478]){_APART}\d\d{_APART}\d\d{_APART}"
    rf"(?:\d\d|2[ABab]){_APART}\d{{3}}{_APART}\d{{3}}"
    rf"{_APART}(?:\(|cl[ée]{_APART}:?{_APART})?\d\d(?!\d)"
)
_AFTER_CUT = re.compile(r"\n[ \t]{0,40}(\d{1,10})(?![\d:/-])")
_BEFORE_CUT = re.compile(r"(?<!\d)[1-478]\d{4,13}(?=[ \t\r]{0,8}$)")
_LONGEST_START = 24
_LENGTH = 15
_BESIDES = re.compile(rf"{_ENCODED.rstrip('?')}|[\s(:]|cl[ée]")


class SocialSecurityNumber(Redactor):
    """French social-security numbers (NIR, INS): 15 characters whose last two are the key of the others.

    The key is 97 - n mod 97, Corsica's 2A and 2B counting as 19 and 18 (INSEE). Groups may be apart by a space, a dot,
    a dash, an underscore or a slash; its own groups by several, or by the end of a line, which may cut it anywhere too.
    A number of 13 characters, or whose key is wrong, is taken when a label is before.
    """

    def spans(self, text: str, small: str) -> Iterator[Span]:
        """Each number; see `Redactor`."""
        is_encoded = any(one in text for one in ("%20", "&nbsp;", "&#160;", "+"))
        pattern, at = _WITH_KEY[_ENCODED if is_encoded else _PLAIN], 0
        while found := pattern.search(text, at):
            is_one = has_good_key(found[0])
            if is_one:
                yield found.span()
            at = found.end() if is_one else found.start() + 1  # another one may begin inside of what is none
        yield from (found.span() for found in _IN_GROUPS.finditer(text) if has_good_key(found[0]))
        yield from _cut_in_two(text)
        for at in places(small, _WORDS):
            label = _LABEL.match(text, word_start(text, at))
            if label and (found := _ANY.search(text, label.end(), label.end() + _AFTER_LABEL)):
                yield found.span()


def _cut_in_two(text: str) -> Iterator[Span]:
    """Numbers without separators that the end of a line cuts, wherever."""
    for end in _AFTER_CUT.finditer(text):
        from_ = max(0, end.start() - _LONGEST_START)
        start = _BEFORE_CUT.search(text[from_ : end.start()])
        if start and len(start[0] + end[1]) == _LENGTH and has_good_key(start[0] + end[1]):
            yield from_ + start.start(), end.end()


def has_good_key(number: str) -> bool:
    """Whether `number`, 15 characters and what parts them, has a month that exists and its own key."""
    plain = _BESIDES.sub("", number).upper()
    month = int(plain[3:5])
    if not (1 <= month <= 12 or 20 <= month <= 42 or month >= 50):  # noqa: PLR2004  12 months, and those of unknown births
        return False
    department = plain[_DEPARTMENT]
    counted = plain[:5] + _CORSICA.get(department, department) + plain[7:]
    if not counted.isdecimal():
        return False
    return int(counted[_COUNTED:]) == _KEY_BASE - int(counted[:_COUNTED]) % _KEY_BASE
