"""The SMBIOS table, parsed (DSP0134, sections 7.1 and 7.2): maker, model, serial number, firmware version.

Pure: its input is what `GetSystemFirmwareTable("RSMB")` gives, an 8-byte header and the structures.
"""

import struct
from collections.abc import Iterator

import msgspec

_HEADER = struct.Struct("<BBBBI")
_END = 127
_BIOS, _SYSTEM = 0, 1


class Firmware(msgspec.Struct):
    """What the firmware says of the machine; an empty text where it says nothing."""

    bios_version: str = ""
    maker: str = ""
    model: str = ""
    serial: str = ""


def parse(raw: bytes) -> Firmware:
    """The table in `raw`; reading stops at damaged data."""
    found = Firmware()
    if len(raw) < _HEADER.size:
        return found
    length = _HEADER.unpack_from(raw)[4]
    for kind, body, strings in _structures(raw[_HEADER.size : _HEADER.size + length]):
        if kind == _BIOS:
            found.bios_version = _text(body, strings, 5)
        elif kind == _SYSTEM:
            found.maker, found.model = _text(body, strings, 4), _text(body, strings, 5)
            found.serial = _text(body, strings, 7)
    return found


def _structures(data: bytes) -> Iterator[tuple[int, bytes, list[str]]]:
    """Type, formatted area and strings of each structure."""
    at = 0
    while at + 4 <= len(data) and data[at + 1] >= 4:  # noqa: PLR2004  smallest structure
        kind, body = data[at], data[at : at + data[at + 1]]
        at += data[at + 1]
        strings: list[str] = []
        while at < len(data) and data[at]:
            end = data.find(0, at)
            if end < 0:
                return
            strings.append(data[at:end].decode("cp1252", "replace").strip())
            at = end + 1
        at += 1 if strings else 2
        yield kind, body, strings
        if kind == _END:
            return


def _text(body: bytes, strings: list[str], offset: int) -> str:
    number = body[offset] if offset < len(body) else 0
    return strings[number - 1] if 0 < number <= len(strings) else ""
