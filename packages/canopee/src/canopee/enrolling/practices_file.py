"""A CSV of practices as customer systems export it: UTF-8 or cp1252; `;`, `,` or tabs; English or French headings."""

import codecs
import csv
import io
import unicodedata
from pathlib import Path

import msgspec

from canopee.documents import read_bytes
from canopee.errors import UsageError
from canopee_contract.practices import MAX_PRACTICES, Practice, faults

ENCODINGS = ("auto", "utf-8", "cp1252")
HEADINGS = {
    "id": ("id", "external id", "practice id", "code", "code client", "numero client", "identifiant"),
    "name": ("name", "nom", "raison sociale", "cabinet"),
    "city": ("city", "ville"),
    "postal_code": ("postal code", "zip", "zip code", "code postal", "cp"),
    "time_zone": ("time zone", "timezone", "fuseau", "fuseau horaire"),
    "contact": ("contact", "interlocuteur", "correspondant"),
    "email": ("email", "e mail", "mail", "courriel", "adresse electronique"),
    "phone": ("phone", "telephone", "tel"),
}
"""Field → the headings that name it; case, accents, `_`, `-` and `.` do not count."""
_FIELDS = {heading: field for field, headings in HEADINGS.items() for heading in headings}


class PracticesFile(msgspec.Struct, frozen=True):
    """What a file holds."""

    practices: list[Practice]
    faults: list[tuple[int, str]]
    """Line of the file, and what is wrong in it."""
    ignored: list[str]
    """Headings that are not known."""


def read_practices(path: Path, encoding: str = "auto") -> PracticesFile:
    """Read a file.

    Raises:
        UsageError: it is no CSV with the columns `id` and `name`, or it cannot be read in this encoding.
    """
    text = _text(path, read_bytes(path), encoding)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        headings: list[str] = next(rows, list[str]())
        fields, ignored = _columns(path, headings)
        practices, lines, wrong = list[Practice](), list[int](), list[tuple[int, str]]()
        line = rows.line_num + 1
        for row in rows:
            if len(row) > len(headings) or (len(row) < len(headings) and any(row)):
                wrong.append((line, f"{len(row)} values for {len(headings)} columns"))
            elif any(map(str.strip, row)):
                practices.append(_practice(fields, row))
                lines.append(line)
            line = rows.line_num + 1
    except csv.Error as error:
        raise UsageError(f"{path}, line {rows.line_num}: {error}") from error
    if len(practices) > MAX_PRACTICES:
        raise UsageError(f"{path} holds {len(practices)} practices; at most {MAX_PRACTICES} at once")
    wrong += [(lines[one.place], f"{one.field}: {one.message}") for one in faults(practices)]
    return PracticesFile(practices, sorted(wrong), ignored)


def _text(path: Path, raw: bytes, encoding: str) -> str:
    """The text of a file; `auto`: UTF-16 when it begins as that, UTF-8 when it is that, else cp1252."""
    names = ("utf-8-sig" if encoding == "utf-8" else encoding,)
    if encoding == "auto":
        names = ("utf-16",) if raw[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE} else ("utf-8-sig", "cp1252")
    failed = 0
    for name in names:
        try:
            return raw.decode(name)
        except UnicodeDecodeError as error:
            failed = error.start
    raise UsageError(f"{path} is not {' nor '.join(names)} (byte {failed}): save it as UTF-8, or see --encoding")


def _delimiter(text: str) -> str:
    """The one that the heading holds most of."""
    heading = text.lstrip("\r\n").partition("\n")[0]
    return max(";,\t", key=heading.count)


def _columns(path: Path, headings: list[str]) -> tuple[dict[str, int], list[str]]:
    """Field → column; and the headings that name none."""
    fields, ignored = dict[str, int](), list[str]()
    for column, heading in enumerate(headings):
        field = _FIELDS.get(_plain(heading))
        if field is None:
            ignored.append(heading.strip() or f"(column {column + 1})")
        elif field in fields:
            raise UsageError(f"{path}: two columns are {field}: {headings[fields[field]]!r} and {heading!r}")
        else:
            fields[field] = column
    if missing := [name for name in ("id", "name") if name not in fields]:
        known = "; ".join(f"{name}: {', '.join(HEADINGS[name])}" for name in missing)
        raise UsageError(f"{path}: no column {' and no column '.join(missing)} in the first line ({known})")
    return fields, ignored


def _practice(fields: dict[str, int], row: list[str]) -> Practice:
    return Practice(**{field: row[column].strip() for field, column in fields.items()})


def _plain(heading: str) -> str:
    letters = "".join(one for one in unicodedata.normalize("NFKD", heading) if not unicodedata.combining(one))
    return " ".join(letters.casefold().translate(str.maketrans("_-.", "   ")).split())
