"""Documents that people write in YAML or JSON."""

from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from canopee.errors import FailedError, UsageError

T = TypeVar("T")


def read_document(path: Path, kind: type[T]) -> T:
    """The document in `path` as a `kind`.

    Raises:
        UsageError: unreadable, or of another shape; the message names the place.
    """
    return document_of(read_bytes(path), path, kind)


def document_of(raw: bytes, path: Path, kind: type[T]) -> T:
    """The document that was read from `path`; raises `UsageError` as `read_document` does."""
    try:
        return msgspec.convert(yaml.safe_load(raw.decode("utf-8")), kind)
    except (UnicodeDecodeError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise UsageError(f"{path}: {error}") from error


def read_bytes(path: Path) -> bytes:
    """What `path` holds; raises `UsageError`."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error


def read_condition(text: str) -> dict[str, Any]:
    """A condition: a file, or its JSON itself."""
    if text.lstrip().startswith("{"):
        try:
            return msgspec.json.decode(text, type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise UsageError(f"the condition is not JSON: {error}") from error
    return read_document(Path(text), dict[str, Any])


def write_whole(path: Path, content: bytes) -> None:
    """Write a file at once, or leave what is there; raises `FailedError`."""
    beside = path.with_name(f"{path.name}.part")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    except OSError as error:
        raise FailedError(f"{path}: {error.strerror}") from error
