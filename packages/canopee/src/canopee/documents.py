"""Documents that people write in YAML or JSON."""

import os
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from canopee.errors import FailedError, UsageError
from canopee_contract.codec import MAX_MESSAGE_BYTES, encode, inspect
from canopee_contract.errors import MalformedError

T = TypeVar("T")


def read_document(path: Path, kind: type[T]) -> T:
    """The document in `path` as a `kind`.

    Raises:
        UsageError: unreadable, or of another shape; the message names the place.
    """
    return document_of(read_bytes(path), path, kind)


def document_of(raw: bytes, path: Path, kind: type[T]) -> T:
    """The document that was read from `path`; raises `UsageError` as `read_document` does."""
    if len(raw) > MAX_MESSAGE_BYTES:
        raise UsageError(f"{path}: {len(raw)} bytes; a document has at most {MAX_MESSAGE_BYTES}")
    try:
        value = yaml.safe_load(raw.decode("utf-8"))
        inspect(encode(value))  # what YAML holds beyond our JSON, such as a list inside itself, could not be sent
        return msgspec.convert(value, kind)
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 at byte {error.start}") from error
    except RecursionError as error:
        raise UsageError(f"{path}: nested too deep, or inside itself") from error
    except (yaml.YAMLError, MalformedError, TypeError, ValueError, OverflowError) as error:
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
        except RecursionError as error:
            raise UsageError("the condition is nested too deep") from error
    return read_document(Path(text), dict[str, Any])


def write_private(path: Path, content: bytes) -> None:
    """Write a file for its owner's eyes only, at once, whoever could read what was there; raises `OSError`."""
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    part.replace(path)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file at once, or leave what is there; raises `FailedError`."""
    beside = path.with_name(f"{path.name}.part")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    except OSError as error:
        raise FailedError(f"{path}: {error.strerror}") from error
