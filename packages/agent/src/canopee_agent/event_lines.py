"""Events of Windows as lines of a log: when, how bad, which, of what, and what it says."""

from xml.etree.ElementTree import Element

from canopee_agent.errors import StepError
from canopee_agent.ports import Event
from canopee_agent.selectors import tree

LEVELS = {"critical": (1,), "error": (2,), "warning": (3,), "information": (0, 4), "verbose": (5,)}
"""As Windows numbers them."""
_NAMES = {number: name.upper() for name, numbers in LEVELS.items() for number in numbers}


def line_of(event: Event) -> str:
    """One line, its end included. Who was logged on, and the name of the PC, are left out."""
    try:
        root = tree(event.xml)
    except StepError as error:
        return f"? an event that cannot be read: {error}\n"
    system = root.find("System")
    system = system if system is not None else Element("System")
    level = _text(system, "Level")
    at = system.find("TimeCreated")
    provider = system.find("Provider")
    said = " ".join((event.message or _data(root)).split())
    return " ".join((
        at.get("SystemTime", "?") if at is not None else "?",
        _NAMES.get(int(level), level) if level.isdecimal() else "?",
        _text(system, "EventID") or "?",
        f"[{provider.get('Name', '?') if provider is not None else '?'}]",
        said,
    )).rstrip() + "\n"  # fmt: skip


def query(levels: tuple[str, ...], since: str, providers: tuple[str, ...]) -> str:
    """The XPath of what is asked for; `since`: an instant as `2026-11-20T08:00:00Z`, or empty.

    Raises:
        StepError: a provider that no query can name.
    """
    parts: list[str] = []
    if numbers := sorted(number for level in levels for number in LEVELS[level]):
        parts.append(f"({' or '.join(f'Level={number}' for number in numbers)})")
    if since:
        parts.append(f"TimeCreated[@SystemTime>='{since}']")
    for provider in providers:
        if "'" in provider:
            raise StepError(f"{provider!r} is no name of a provider")
    if providers:
        parts.append("Provider[" + " or ".join(f"@Name='{provider}'" for provider in providers) + "]")
    return f"*[System[{' and '.join(parts)}]]" if parts else "*"


def _text(system: Element, name: str) -> str:
    return (system.findtext(name) or "").strip()


def _data(root: Element) -> str:
    """What an event carries, where its provider makes no message of it."""
    pairs: list[str] = []
    for holder in (root.find("EventData"), root.find("UserData")):
        for one in holder.iter() if holder is not None else ():
            if one is not holder and one.text and one.text.strip():
                name = one.get("Name") or ("" if one.tag == "Data" else one.tag)
                pairs.append(f"{name}={one.text.strip()}" if name else one.text.strip())
    return "; ".join(pairs)
