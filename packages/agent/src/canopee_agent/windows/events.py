"""Event logs of Windows, by `wevtapi`: events as XML, with the message that their provider makes of them."""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import wintypes

from canopee_agent.errors import DeniedError, MissingError, StepError
from canopee_agent.ports import Event

assert sys.platform == "win32"  # noqa: S101  lets type checkers know

_CHANNEL, _REVERSE = 0x1, 0x200
_AS_XML, _MESSAGE = 1, 1
_AT_ONCE, _PATIENCE_MS = 64, 10_000
_DENIED, _NO_MORE, _TOO_SMALL = 5, 259, 122
_NO_CHANNEL, _BAD_QUERY = 15007, 15001

_wevtapi = ctypes.WinDLL("wevtapi", use_last_error=True)
_wevtapi.EvtQuery.restype = _wevtapi.EvtOpenPublisherMetadata.restype = wintypes.HANDLE
_wevtapi.EvtQuery.argtypes = [wintypes.HANDLE, wintypes.LPCWSTR, wintypes.LPCWSTR, wintypes.DWORD]
_wevtapi.EvtNext.argtypes = [
    wintypes.HANDLE, wintypes.DWORD, ctypes.POINTER(wintypes.HANDLE), wintypes.DWORD, wintypes.DWORD,
    ctypes.POINTER(wintypes.DWORD),
]  # fmt: skip
_wevtapi.EvtRender.argtypes = [
    wintypes.HANDLE, wintypes.HANDLE, wintypes.DWORD, wintypes.DWORD, wintypes.LPVOID, ctypes.POINTER(wintypes.DWORD),
    ctypes.POINTER(wintypes.DWORD),
]  # fmt: skip
_wevtapi.EvtOpenPublisherMetadata.argtypes = [
    wintypes.HANDLE, wintypes.LPCWSTR, wintypes.LPCWSTR, wintypes.DWORD, wintypes.DWORD,
]  # fmt: skip
_wevtapi.EvtFormatMessage.argtypes = [
    wintypes.HANDLE, wintypes.HANDLE, wintypes.DWORD, wintypes.DWORD, wintypes.LPVOID, wintypes.DWORD, wintypes.DWORD,
    wintypes.LPWSTR, ctypes.POINTER(wintypes.DWORD),
]  # fmt: skip
_wevtapi.EvtClose.argtypes = [wintypes.HANDLE]


class WindowsEvents:
    """`ports.EventLogs`."""

    def read(self, channel: str, query: str) -> Iterator[Event]:
        results = _wevtapi.EvtQuery(None, channel, query, _CHANNEL | _REVERSE)
        if not results:
            raise _told(channel)
        publishers: dict[str, int | None] = {}
        with _closing(results):
            try:
                for handle in _handles(results, channel):
                    with _closing(handle):
                        xml = _rendered(handle)
                        yield Event(xml, _message(handle, xml, publishers))
            finally:
                for publisher in filter(None, publishers.values()):
                    _wevtapi.EvtClose(publisher)


def _handles(results: int, channel: str) -> Iterator[int]:
    batch, count = (wintypes.HANDLE * _AT_ONCE)(), wintypes.DWORD()
    while _wevtapi.EvtNext(results, _AT_ONCE, batch, _PATIENCE_MS, 0, ctypes.byref(count)):
        taken = [handle for handle in batch[: count.value] if handle is not None]
        try:
            while taken:
                yield taken.pop(0)
        finally:
            for handle in taken:
                _wevtapi.EvtClose(handle)
    if ctypes.get_last_error() != _NO_MORE:
        raise _told(channel)


def _rendered(handle: int) -> str:
    """An event as XML."""
    used, count, size = wintypes.DWORD(), wintypes.DWORD(), 8_192
    while True:
        buffer = ctypes.create_string_buffer(size)
        if _wevtapi.EvtRender(None, handle, _AS_XML, size, buffer, ctypes.byref(used), ctypes.byref(count)):
            return buffer.raw[: used.value].decode("utf-16-le", "replace").rstrip("\x00")
        if ctypes.get_last_error() != _TOO_SMALL or used.value <= size:
            raise _told("an event")
        size = used.value


def _message(handle: int, xml: str, publishers: dict[str, int | None]) -> str:
    """What its provider says of it; empty when the provider is gone, or says nothing."""
    name = xml.partition("<Provider Name=")[2][1:].partition(xml.partition("<Provider Name=")[2][:1] or "'")[0]
    if name not in publishers:
        publishers[name] = _wevtapi.EvtOpenPublisherMetadata(None, name, None, 0, 0)
    publisher = publishers[name]
    if not publisher:
        return ""
    used = wintypes.DWORD()
    _wevtapi.EvtFormatMessage(publisher, handle, 0, 0, None, _MESSAGE, 0, None, ctypes.byref(used))
    if not used.value:
        return ""
    buffer = ctypes.create_unicode_buffer(used.value)
    is_told = _wevtapi.EvtFormatMessage(
        publisher, handle, 0, 0, None, _MESSAGE, used.value, buffer, ctypes.byref(used)
    )
    return buffer.value if is_told else ""


@contextmanager
def _closing(handle: int) -> Iterator[None]:
    try:
        yield
    finally:
        _wevtapi.EvtClose(handle)


def _told(what: str) -> StepError:
    number = ctypes.get_last_error()
    reason = f"{what}: {ctypes.WinError(number).strerror or number}"
    if number == _NO_CHANNEL:
        return MissingError(f"there is no event log {what}")
    return DeniedError(reason) if number == _DENIED else StepError(reason)
