"""YAML as people write it, with the place of every key and value: where a fault is, is shown at its line."""

import math
from collections.abc import Iterator
from typing import Any, TypeAlias, cast

import msgspec
import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from canopee_contract.catalog import MAX_TEXT_BYTES, Fault
from canopee_contract.codec import INTEGER_MAX, INTEGER_MIN, MAX_DEPTH

Path: TypeAlias = tuple[str | int, ...]
_MAX_NODES = 20_000
"""Aliases included, each time they are used: a text of a few lines may stand for gigabytes."""


class Place(msgspec.Struct, frozen=True):
    """From line and column, to those after the last character; all start at 1."""

    line: int
    column: int
    end_line: int
    end_column: int


class YamlText(msgspec.Struct):
    """A text that was read. `document` is `None` when it is no mapping, or the text no YAML; `faults` says so."""

    document: dict[str, Any] | None
    faults: list[Fault]
    keys: dict[Path, Place] = {}
    values: dict[Path, Place] = {}

    def place(self, path: Path, *, key: bool = False) -> Place:
        """Where `path` is, or what holds it; with `key`, or for what has several lines, its key."""
        for length in range(len(path), -1, -1):
            at = path[:length]
            value, name = self.values.get(at), self.keys.get(at)
            is_long = value is None or value.line != value.end_line
            if name is not None and (key or is_long):
                return name
            if value is not None:
                return value if not is_long else Place(value.line, value.column, value.line, value.column + 1)
        return Place(1, 1, 1, 1)

    def fault(
        self, path: Path, code: str, message: str, *, key: bool = False, warns: bool = False, **values: object
    ) -> Fault:
        """A fault at a place of the document."""
        place = self.place(path, key=key)
        return Fault(
            code, message, place.line, place.column, place.end_line, place.end_column, shown(path),
            severity="warning" if warns else "error", values={name: str(value) for name, value in values.items()},
        )  # fmt: skip


def shown(path: Path) -> str:
    """`$.steps[0].with`."""
    return "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)


def read_yaml(text: str) -> YamlText:
    """The document in `text`: one mapping, of JSON values."""
    if len(text.encode("utf-8", "replace")) > MAX_TEXT_BYTES:
        return _refused("yaml.too_large", f"at most {MAX_TEXT_BYTES} bytes", values={"most": str(MAX_TEXT_BYTES)})
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
        if root is None:
            return _refused("yaml.empty", "nothing is written here")
        reader = _Reader(loader)
        document = reader.read(root, ())
    except yaml.MarkedYAMLError as error:
        return _syntax(error)
    except yaml.YAMLError as error:
        return _refused("yaml.syntax", str(error)[:200])
    except _TooMuchError:
        return _refused("yaml.too_much", f"more than {_MAX_NODES} values, or nested deeper than {MAX_DEPTH}")
    finally:
        loader.dispose()
    found = YamlText(None, reader.faults, reader.keys, reader.values)
    if isinstance(document, dict):
        found.document = cast("dict[str, Any]", document)
    else:
        found.faults.append(found.fault((), "yaml.not_a_mapping", "a mapping (key: value) is expected"))
    return found


class _TooMuchError(Exception):
    pass


class _Loader(yaml.SafeLoader):
    """As PyYAML's, but for dates: they stay texts, as in JSON."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rules if tag != "tag:yaml.org,2002:timestamp"]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class _Reader:
    """Makes values of nodes, and notes where each is."""

    def __init__(self, loader: _Loader) -> None:
        self._loader, self._left = loader, _MAX_NODES
        self.faults: list[Fault] = []
        self.keys: dict[Path, Place] = {}
        self.values: dict[Path, Place] = {}

    def read(self, node: Node, path: Path) -> Any:  # noqa: ANN401  any JSON value
        self._left -= 1
        if self._left < 0 or len(path) > MAX_DEPTH:
            raise _TooMuchError
        self.values[path] = _place(node)
        if isinstance(node, SequenceNode):
            items = cast("list[Node]", node.value)
            return [self.read(item, (*path, number)) for number, item in enumerate(items)]
        if isinstance(node, MappingNode):
            self._loader.flatten_mapping(node)  # merges, `<<: *base`
            return dict(self._pairs(node, path))
        return self._scalar(cast("ScalarNode", node), path)

    def _pairs(self, node: MappingNode, path: Path) -> Iterator[tuple[str, Any]]:
        seen = set[str]()
        for key, value in cast("list[tuple[Node, Node]]", node.value):
            if not isinstance(key, ScalarNode):
                self._fault(key, path, "yaml.key", "a key is one word or text")
                continue
            name = str(key.value)
            if name in seen:
                self._fault(
                    key, (*path, name), "yaml.duplicate_key", f"the key {name[:80]!r} appears twice", key_name=name
                )
                continue
            seen.add(name)
            self.keys[*path, name] = _place(key)
            yield name, self.read(value, (*path, name))

    def _scalar(self, node: ScalarNode, path: Path) -> Any:  # noqa: ANN401  a scalar
        value: Any = self._loader.construct_object(node)  # pyright: ignore[reportUnknownMemberType]  untyped
        if isinstance(value, str):
            if "\0" in value or any("\ud800" <= char <= "\udfff" for char in value):
                self._fault(
                    node, path, "yaml.character", "the character NUL, and half of a character, are refused"
                )
        elif isinstance(value, float) and not math.isfinite(value):
            self._fault(node, path, "yaml.number", "a finite number is expected")
        elif isinstance(value, int) and not INTEGER_MIN <= value <= INTEGER_MAX:
            self._fault(node, path, "yaml.number", "an integer of at most 64 bits is expected")
        elif not isinstance(value, bool | int | float) and value is not None:
            self._fault(node, path, "yaml.tag", f"{node.tag[:60]} is no text, number, boolean or null")
        return value

    def _fault(self, node: Node, path: Path, code: str, message: str, **values: str) -> None:
        place = _place(node)
        self.faults.append(
            Fault(
                code,
                message,
                place.line,
                place.column,
                place.end_line,
                place.end_column,
                shown(path),
                values=values,
            )
        )


def _place(node: Node) -> Place:
    start, end = node.start_mark, node.end_mark
    return Place(start.line + 1, start.column + 1, end.line + 1, end.column + 1)


def _refused(code: str, message: str, *, values: dict[str, str] | None = None) -> YamlText:
    return YamlText(None, [Fault(code, message, values=values or {})])


def _syntax(error: yaml.MarkedYAMLError) -> YamlText:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    message = "; ".join(part for part in (error.context, error.problem) if part)[:200]
    fault = Fault("yaml.syntax", message, line, column, line, column + 1, values={"problem": message})
    return YamlText(None, [fault])
