"""The event log: what the launcher writes there can be read, with its words."""

import ctypes
import sys
from collections.abc import Mapping
from ctypes import wintypes

from canopee_agent.errors import DeniedError, MissingError
from canopee_agent.windows.acceptance import Area, Finding, Look, Scene, failed, judged, not_applicable

assert sys.platform == "win32"  # noqa: S101  lets type checkers know

_SOURCE = "CanopeeAgent"
_KEY = rf"HKLM\SYSTEM\CurrentControlSet\Services\EventLog\Application\{_SOURCE}"
_REVERSE, _CHANNEL_PATH, _RENDER_XML, _FORMAT_MESSAGE, _SUBSCRIBE_FUTURE = 0x200, 0x1, 1, 1, 1
_QUERY = f"*[System[Provider[@Name='{_SOURCE}']]]"
_NO_MORE = 259
_BUFFER = 65_536
_handle, _text, _number, _pointer = wintypes.HANDLE, wintypes.LPCWSTR, wintypes.DWORD, ctypes.c_void_p


class Events(Area):
    """The event log of Windows."""

    def checks(self) -> Mapping[str, Look]:
        return {
            "the source is registered, its messages in the launcher": _registered,
            "the launcher's events can be read": _readable,
            "they have their words": _worded,
            "new ones can be waited for": _subscribed,
        }


def _registered(scene: Scene) -> Finding:
    if scene.program is None:
        return not_applicable("the agent is not installed")
    try:
        found = str(scene.machine.registry.value(_KEY, "EventMessageFile"))
    except (MissingError, DeniedError) as error:
        return failed(error.message)
    return judged(is_good=scene.machine.files.exists(found) and found.lower().endswith("launcher.exe"), seen=found)


def _readable(scene: Scene) -> Finding:
    if scene.program is None:
        return not_applicable("the agent is not installed")
    found = _newest()
    return failed(found) if isinstance(found, int) else judged(is_good=_SOURCE in found[0], seen=found[0])


def _worded(scene: Scene) -> Finding:
    if scene.program is None:
        return not_applicable("the agent is not installed")
    found = _newest()
    if isinstance(found, int):
        return failed(f"no event to read: error {found}")
    return judged(is_good=bool(found[1].strip()), seen=found[1].strip() or "no message")


def _subscribed(_: Scene) -> Finding:
    api = _wevtapi()
    signal = ctypes.WinDLL("kernel32").CreateEventW
    signal.restype = _handle
    event = signal(None, True, False, None)  # noqa: FBT003  Windows'
    subscription = api.EvtSubscribe(None, event, "Application", "*", None, None, None, _SUBSCRIBE_FUTURE)
    error = ctypes.get_last_error()
    if not subscription:
        return failed(f"error {error}")
    api.EvtClose(subscription)
    return judged(is_good=True, seen="accepted")


def _newest() -> tuple[str, str] | int:
    """The newest event of ours, as XML and in words; an error of Windows when there is none."""
    api = _wevtapi()
    query = api.EvtQuery(None, "Application", _QUERY, _CHANNEL_PATH | _REVERSE)
    if not query:
        return ctypes.get_last_error()
    event, returned = _handle(), _number()
    if not api.EvtNext(query, 1, ctypes.byref(event), 1_000, 0, ctypes.byref(returned)):
        return ctypes.get_last_error() or _NO_MORE
    xml, used, count = ctypes.create_unicode_buffer(_BUFFER), _number(), _number()
    api.EvtRender(None, event, _RENDER_XML, ctypes.sizeof(xml), xml, ctypes.byref(used), ctypes.byref(count))
    metadata = api.EvtOpenPublisherMetadata(None, _SOURCE, None, 0, 0)
    words = ctypes.create_unicode_buffer(_BUFFER)
    api.EvtFormatMessage(metadata, event, 0, 0, None, _FORMAT_MESSAGE, _BUFFER, words, ctypes.byref(used))
    for handle in (metadata, event, query):
        api.EvtClose(handle)
    return xml.value, words.value


def _wevtapi() -> ctypes.WinDLL:
    api = ctypes.WinDLL("wevtapi", use_last_error=True)
    api.EvtQuery.restype, api.EvtQuery.argtypes = _handle, [_handle, _text, _text, _number]
    api.EvtNext.argtypes = [_handle, _number, _pointer, _number, _number, _pointer]
    api.EvtRender.argtypes = [_handle, _handle, _number, _number, _pointer, _pointer, _pointer]
    api.EvtOpenPublisherMetadata.restype = _handle
    api.EvtOpenPublisherMetadata.argtypes = [_handle, _text, _text, _number, _number]
    api.EvtFormatMessage.argtypes = [
        _handle, _handle, _number, _number, _pointer, _number, _number, _pointer, _pointer,
    ]  # fmt: skip
    api.EvtSubscribe.restype = _handle
    api.EvtSubscribe.argtypes = [_handle, _handle, _text, _text, _handle, _pointer, _pointer, _number]
    api.EvtClose.argtypes = [_handle]
    return api
