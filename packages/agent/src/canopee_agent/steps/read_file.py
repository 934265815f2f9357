"""The step kind `read_file`."""

import codecs
import hashlib
from collections.abc import Generator, Iterator
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

import msgspec
from msgspec import Meta

from canopee_agent import locations
from canopee_agent.errors import BusyError, MissingError, StepError
from canopee_agent.ports import Machine
from canopee_agent.redaction import Redaction
from canopee_agent.selectors import By, select
from canopee_agent.step import Ceiling, NamedOutputs, StepKind, clean_text
from canopee_agent.texts import BOMS, wide_encoding
from canopee_contract.condition import Scalar

Encoding: TypeAlias = Literal["auto", "utf-8", "utf-16-le", "utf-16-be", "cp1252", "cp850"]
FileState: TypeAlias = Literal["found", "missing", "locked"]

_LONGEST_VALUE = 4_096
_LONGEST_CONTENT = 131_072
_LONGEST_CHARACTER = 3
"""Bytes that can be left of one whose first byte is gone."""
_CONTINUATION = bytes(range(0x80, 0xC0))


class FileValue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One value to find in the file."""

    name: Annotated[str, Meta(description="What to call it in records and outputs.", min_length=1, max_length=62)]
    by: Annotated[By, Meta(description="How it is found: see the manual.")]
    at: Annotated[str, Meta(description="Pattern, key, path or pointer.", max_length=1_000)]
    section: Annotated[
        str, Meta(description="INI only: the section; empty: before the first.", max_length=200)
    ] = ""


class ReadFileParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which file, and what of it."""

    path: Annotated[str, Meta(description="Absolute path of the file.", min_length=1, max_length=1_024)]
    values: Annotated[tuple[FileValue, ...], Meta(description="Values to find in it.", max_length=100)] = ()
    content: Annotated[bool, Meta(description="Whether its text is kept in the record.")] = False
    part: Annotated[
        Literal["head", "tail"], Meta(description="Which end is read of a file that is too large.")
    ] = "head"
    encoding: Annotated[Encoding, Meta(description="`auto`: found from the bytes.")] = "auto"
    on_missing: Annotated[
        Literal["report", "fail"], Meta(description="What a file that is missing or locked does to the step.")
    ] = "report"


class FileValueRecord(msgspec.Struct, frozen=True):
    """One value as it was found, or not."""

    name: Annotated[str, Meta(description="The name given by the pipeline.")]
    value: Annotated[
        str, Meta(description="As text, 4 096 characters at most.", extra={"personal": "identifying"})
    ]
    found: Annotated[bool, Meta(description="Whether the file has it.")]


class ReadFileRecord(msgspec.Struct, frozen=True):
    """One file as it was read, or not."""

    path: Annotated[str, Meta(description="The path that was asked for.", extra={"ecs": "file.path"})]
    state: Annotated[FileState, Meta(description="Whether it could be read.")]
    size_bytes: Annotated[int, Meta(description="Its size.", extra={"unit": "By", "ecs": "file.size"})]
    sha256: Annotated[
        str, Meta(description="Of the whole file; empty when not all was read.", extra={"ecs": "file.hash.sha256"})
    ]
    encoding: Annotated[str, Meta(description="How its bytes were read; empty when they were not.")]
    is_cut: Annotated[bool, Meta(description="Whether a part was not read, or not kept.")]
    content: Annotated[str, Meta(description="Its text, when asked for.", extra={"personal": "identifying"})]
    values: Annotated[tuple[FileValueRecord, ...], Meta(description="The values asked for.")]
    redacted: Annotated[int, Meta(description="Personal data hidden in `content`.")] = 0


class ReadFileOutputs(NamedOutputs, frozen=True):
    """Each value found, under its name, as text."""


class ReadFile(StepKind[ReadFileParameters]):
    r"""Reads one text file: values in it, its whole text, or both.

    The file must lie, once links are followed, under a folder of `read_roots` of the local policy, and match nothing
    of its `deny_globs`. It is opened without hindering whoever writes it. At most `max_read_bytes` are read, from one
    end. In its whole text, when that is asked for, personal data is replaced by its kind; values are kept as they are.
    A file that is missing or locked makes a record that says so, and the step goes on, unless `on_missing: fail`.

    Values are found `by`:

    - `line`: the first line that the pattern matches as a whole, such as `version *=.*`;
    - `ini`: the key of a section, whatever their case;
    - `property`: the key of a Java properties file;
    - `xml`: an element or an attribute, the root first: `config/db[@name='main']/host`, `config/@version`. Namespaces
      do not count; a file with a DTD is refused;
    - `json`: an RFC 6901 pointer, such as `/servers/0/name`.

    Values found become outputs under their names, as text. A file that is not what `by` says fails the step.

    Example:
        steps:
          - id: settings
            use: read_file
            with:
              path: 'C:\ProgramData\Cabinet\cabinet.ini'
              values:
                - {name: channel, by: ini, section: Update, at: Channel}
                - {name: server, by: line, at: 'server=[a-z0-9.-]+'}
          - id: repair
            use: run_program
            when: {fact: steps.settings.channel, op: eq, value: beta}
            with: {argv: ['C:\Program Files\Cabinet\repair.exe']}
    """

    Parameters = ReadFileParameters
    Record = ReadFileRecord
    Outputs = ReadFileOutputs
    effect: ClassVar[Literal["collect", "action"]] = "collect"
    reads_file_content: ClassVar[bool] = True

    def run(
        self, machine: Machine, parameters: ReadFileParameters, ceiling: Ceiling
    ) -> Generator[msgspec.Struct, None, Any]:
        names = [wanted.name for wanted in parameters.values]
        if len(set(names)) != len(names):
            raise StepError("two values have the same name: give each its own")
        try:
            size, data = _read(machine, parameters, ceiling)
        except (MissingError, BusyError) as error:
            if parameters.on_missing == "fail":
                raise
            state: FileState = "locked" if isinstance(error, BusyError) else "missing"
            nothing = tuple(FileValueRecord(name, "", found=False) for name in names)
            yield ReadFileRecord(clean_text(parameters.path), state, 0, "", "", False, "", nothing)  # noqa: FBT003
            return ReadFileOutputs({})
        is_whole = len(data) == size
        is_head = parameters.part == "head"
        text, encoding = _decoded(
            data, parameters.encoding, starts=is_head or is_whole, ends=not is_head or is_whole
        )
        values = tuple(_values(text, parameters.values))
        redaction = Redaction(ceiling.redact_patterns)
        clean = redaction.clean(clean_text(text)) if parameters.content else ""
        content = _kept(clean, parameters)
        yield ReadFileRecord(
            path=clean_text(parameters.path), state="found", size_bytes=size, encoding=encoding, content=content,
            sha256=hashlib.sha256(data).hexdigest() if is_whole else "", values=values,
            is_cut=not is_whole or len(content) < len(clean), redacted=redaction.counts.total(),
        )  # fmt: skip
        found: dict[str, Scalar] = {value.name: value.value for value in values if value.found}
        return ReadFileOutputs(found)


def _read(machine: Machine, parameters: ReadFileParameters, ceiling: Ceiling) -> tuple[int, bytes]:
    """The size of the file, and as many of its bytes as may be read."""
    path, limit = locations.readable(machine, parameters.path, ceiling), ceiling.max_read_bytes
    with machine.files.open(path) as stream, locations.told_of(path):
        size = stream.seek(0, 2)
        stream.seek(max(0, size - limit) if parameters.part == "tail" else 0)
        data = stream.read(limit)
    return max(size, len(data)), data


def _values(text: str, wanted: tuple[FileValue, ...]) -> Iterator[FileValueRecord]:
    for one in wanted:
        try:
            value = select(text, one.by, one.at, one.section)
        except StepError as error:
            raise StepError(f"{one.name}: {error.message}") from error
        yield FileValueRecord(one.name, clean_text(value or "")[:_LONGEST_VALUE], found=value is not None)


def _kept(text: str, parameters: ReadFileParameters) -> str:
    return text[-_LONGEST_CONTENT:] if parameters.part == "tail" else text[:_LONGEST_CONTENT]


def _decoded(data: bytes, asked: Encoding, *, starts: bool, ends: bool) -> tuple[str, str]:
    """The text, and how it was read: byte order mark, then what was asked, then UTF-8 when it is, else cp1252.

    `starts`, `ends`: whether the data has the start of the file, and its end.
    """
    mark, encoding = next(((mark, name) for mark, name in BOMS if starts and data.startswith(mark)), (b"", ""))
    encoding = encoding or (_guessed(data, starts=starts, ends=ends) if asked == "auto" else asked)
    if encoding.startswith("utf-16") and not starts and len(data) % 2:
        data = data[1:]  # files of 16-bit characters have an even size: the cut fell inside one
    return data[len(mark) :].decode(encoding, errors="replace"), encoding


def _guessed(data: bytes, *, starts: bool, ends: bool) -> str:
    if wide := wide_encoding(data, starts=False):
        return wide
    if not starts:  # the cut may have left the end of a character
        data = data[:_LONGEST_CHARACTER].lstrip(_CONTINUATION) + data[_LONGEST_CHARACTER:]
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data, final=ends)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"
