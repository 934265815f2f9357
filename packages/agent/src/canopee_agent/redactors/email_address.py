"""The redactor `email_address`."""

import re
from collections.abc import Iterator

from canopee_agent.redactor import Redactor, Span, regions

_ADDRESS = re.compile(
    r"(?<![\w.+-])[\w.+'-]{1,64}(?:@|%40)(?:[\w-]{1,63}\.){1,8}[a-z]{2,24}(?![\w-])", re.IGNORECASE
)


class EmailAddress(Redactor):
    """E-mail addresses, whoever's they are."""

    def spans(self, text: str, small: str) -> Iterator[Span]:
        """Each address; see `Redactor`."""
        for region in regions(small, ("@", "%40"), before=80, after=320):
            yield from (found.span() for found in _ADDRESS.finditer(text, *region))
