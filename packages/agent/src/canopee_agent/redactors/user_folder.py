"""The redactor `user_folder`."""

import re
from collections.abc import Iterator

from canopee_agent.redactor import Redactor, Span, regions

_SEPARATOR = r"(?:[\\/]{1,4}|%5C|%2F)"
_HOMES = r"(?:users|utilisateurs|documents(?: |%20)and(?: |%20)settings|home|profiles)"
_SHARED = r"(?:public|default(?: user)?|all users|shared|desktop\.ini|systemprofile|(?:local|network)service)"
_WORDS = ("users", "utilisateurs", "and settings", "and%20settings", "home", "profiles")
_IN_PATH = re.compile(
    rf"{_SEPARATOR}{_HOMES}{_SEPARATOR}(?!{_SHARED}(?:[\\/%\"'\s,;:)]|$))"
    r"([^\\/%\"'<>|:*?\r\n\t,;=()\[\]{}]{1,64})(?=[\\/%\"'<>|\r\n\t,;:()\[\]{}]|$)",
    re.IGNORECASE,
)


class UserFolder(Redactor):
    r"""The name of a user in a path: `C:\Users\[user_folder]\AppData`; names that every Windows has stay."""

    def spans(self, text: str, small: str) -> Iterator[Span]:
        """Each name; see `Redactor`."""
        for region in regions(small, _WORDS, before=24, after=128):
            for found in _IN_PATH.finditer(text, *region):
                start, end = found.span(1)
                if (
                    end == len(text) or text[end] not in "\\/%"
                ):  # the path ends there: what follows a space is no name
                    end = start + len(found[1].split(" ")[0])
                if end > start:
                    yield start, end
