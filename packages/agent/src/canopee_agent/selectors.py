"""Picks values out of a text: by line, INI key, .properties key, XML path or JSON pointer.

Texts come from a PC and may be hostile: nothing is resolved, expanded or run, and depth is limited.
"""

import re
from collections.abc import Iterator
from typing import Any, Literal, TypeAlias, cast
from xml.etree import ElementTree as ET
from xml.parsers import expat

import msgspec

from canopee_agent.errors import StepError
from canopee_contract.errors import PatternError
from canopee_contract.pattern import MAX_VALUE, compile_pattern

By: TypeAlias = Literal["line", "ini", "property", "xml", "json"]
DEEPEST = 200
"""Nested elements of an XML text."""
_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_XML_STEP = re.compile(r"([^\W\d][\w.-]*|\*)(\[(?:\d+|@[\w.-]+='[^'\]]*')\])?")


def select(text: str, by: By, at: str, section: str = "") -> str | None:
    """The value at `at`, or `None` when the text has none.

    `line`: the first line that `at` (an anchored pattern) matches as a whole, spaces around it left out.
    `ini`: the value of key `at` in `section`. `property`: of key `at`, with Java's escapes.
    `xml`: the text of an element (`config/db[@name='main']/host`) or an attribute (`config/@version`), the root first.
    `json`: what an RFC 6901 pointer (`/servers/0/name`) leads to; objects and lists as JSON.

    Raises:
        StepError: the text is not what `by` says, or `at` is malformed.
    """
    match by:
        case "line":
            return _line(text, at)
        case "ini":
            return _ini(text, section, at)
        case "property":
            return dict(_properties(text)).get(at)
        case "xml":
            return _xml(text, at)
        case "json":
            return _json(text, at)


def _line(text: str, at: str) -> str | None:
    try:
        pattern = compile_pattern(at)
    except PatternError as error:
        raise StepError(f"{at!r} is not a pattern: {error}") from error
    lines = (line.strip() for line in text.splitlines())
    return next((line for line in lines if len(line) <= MAX_VALUE and pattern.matches(line)), None)


def _ini(text: str, section: str, key: str) -> str | None:
    """Sections and keys ignore case, as Windows does; the first one counts; a value may be in double quotes."""
    current = ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("[") and "]" in line:
            current = line[1 : line.index("]")].strip()
        elif line and line[0] not in ";#" and "=" in line and current.lower() == section.lower():
            name, _, value = line.partition("=")
            if name.strip().lower() == key.lower():
                value = value.strip()
                is_quoted = len(value) > 1 and value[0] == value[-1] == '"'
                return value[1:-1] if is_quoted else value
    return None


def _properties(text: str) -> Iterator[tuple[str, str]]:
    """Pairs as java.util.Properties reads them; a later one replaces an earlier one."""
    lines = iter(text.splitlines())
    for first in lines:
        line = first.lstrip(" \t\f")
        if not line or line[0] in "#!":
            continue
        while (len(line) - len(line.rstrip("\\"))) % 2:
            line = line[:-1] + next(lines, "").lstrip(" \t\f")
        found = re.match(r"((?:\\.|[^\\=: \t\f])*)[ \t\f]*[=:]?[ \t\f]*(.*)", line, re.DOTALL)
        if found:
            yield _unescaped(found[1]), _unescaped(found[2])


def _unescaped(text: str) -> str:
    def plain(found: re.Match[str]) -> str:
        if found[1]:
            return chr(int(found[1], 16))
        return _ESCAPES.get(found[2], found[2])

    return re.sub(r"\\(?:u([0-9A-Fa-f]{4})|(.))", plain, text, flags=re.DOTALL)


def _xml(text: str, at: str) -> str | None:
    *steps, last = at.strip("/").split("/")
    attribute = last[1:] if last.startswith("@") else ""
    path = steps if attribute else [*steps, last]
    if not path or not all(_XML_STEP.fullmatch(step) for step in path):
        raise StepError(f"{at!r} is not a path: write root/element[@name='x']/other, or …/@attribute")
    above = ET.Element("above")
    above.append(tree(text))
    try:
        found = above.find("/".join(path))
    except (SyntaxError, KeyError) as error:
        raise StepError(f"{at!r} is not a path: {error}") from error
    if found is None:
        return None
    return found.get(attribute) if attribute else "".join(found.itertext()).strip()


def tree(text: str) -> ET.Element:
    """The elements of a text without DTD, names without their namespace; raises `StepError`."""
    builder, parser = ET.TreeBuilder(), expat.ParserCreate()
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            raise StepError(f"the XML has more than {DEEPEST} nested elements")
        builder.start(_local(name), {_local(key): value for key, value in attributes.items()})

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(_local(name))

    def refuse(*_: object) -> None:
        raise StepError("the XML has a DTD: such a file is not read")

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = builder.data, refuse
    try:
        parser.Parse(text, True)  # noqa: FBT003  the last piece; whatever encoding it declares
        return builder.close()
    except (expat.ExpatError, AssertionError, UnicodeEncodeError) as error:
        raise StepError(f"the file is not XML: {error}") from error


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _json(text: str, at: str) -> str | None:
    if at and not at.startswith("/"):
        raise StepError(f"{at!r} is not a JSON pointer: it starts with /")
    try:
        value: Any = msgspec.json.decode(text)
        for step in at.split("/")[1:]:
            value = _child(value, step.replace("~1", "/").replace("~0", "~"))
    except KeyError:
        return None
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError) as error:
        raise StepError(f"the file is not JSON: {error}") from error
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _child(value: Any, step: str) -> Any:  # noqa: ANN401  any JSON value
    """What `step` leads to; raises `KeyError`."""
    if isinstance(value, dict):
        return cast("dict[str, Any]", value)[step]
    if isinstance(value, list):
        items = cast("list[Any]", value)
        if step.isascii() and step.isdecimal() and int(step) < len(items):
            return items[int(step)]
    raise KeyError(step)
