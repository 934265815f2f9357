"""The redactor `birth_date`."""

import re
from collections.abc import Iterator

from canopee_agent.redactor import Redactor, Span, regions

_MONTHS = (
    "janv(?:ier)?|f[ée]vr?(?:ier)?|mars|avr(?:il)?|mai|juin|juil(?:let)?|ao[uû]t|sept(?:embre)?|oct(?:obre)?"
    "|nov(?:embre)?|d[ée]c(?:embre)?"
)
_DATE = (
    r"(?:(?:1[89]|20)\d\d[-/.]?[01]\d[-/.]?[0-3]\d"
    r"|[0-3]?\d[-/. ][01]?\d[-/. ](?:1[89]|20)?\d\d"
    r"|[0-3]\d[01]\d(?:1[89]|20)\d\d"
    rf"|[0-3]?\d(?:er)?[ .-](?:{_MONTHS})\.?[ .-](?:1[89]|20)\d\d)"
)
_LABEL = (
    r"(?:\bn[ée]{1,2}(?:\(e\)|\.e)?[ _]le|naissance|\b(?:ddn|dob|dtn)\b|\bd_?nais\b|datenaiss?|birth[ _-]?(?:date|day)?"
    r"|\bborn)"
)
_WORDS = ("né", "nee", "ne le", "ne(e)", "naiss", "nais", "ddn", "dob", "dtn", "birth", "born")
"""One of them is in each label."""
_BETWEEN = r"(?:<[^<>\n]{1,40}>|[^\w<]|\\n|le(?!\w)){0,12}"
_LABELLED = re.compile(rf"{_LABEL}{_BETWEEN}({_DATE})(?!\d)", re.IGNORECASE)


class BirthDate(Redactor):
    """Dates next to a word that says that somebody was born then; every other date of a log stays."""

    def spans(self, text: str, small: str) -> Iterator[Span]:
        """Each date; see `Redactor`."""
        for region in regions(small, _WORDS, before=16, after=96):
            yield from (found.span(1) for found in _LABELLED.finditer(text, *region))
