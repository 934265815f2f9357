"""Questions in the session of whoever uses this PC: a message box with Yes and No, above everything else.

A service has no desktop: Windows shows the box for it (`WTSSendMessageW`), in each session that somebody is active in,
also by remote desktop. The first answer counts.
"""

import ctypes
import sys
import threading
from collections.abc import Mapping
from ctypes import wintypes
from typing import Any, ClassVar

from canopee_kit.logs import get_logger

assert sys.platform == "win32"  # noqa: S101  lets type checkers know

_log = get_logger(__name__)
_TITLE = "Canopée"
_HERE, _ACTIVE = None, 0
_YES_NO, _OK, _QUESTION, _INFORMATION, _TOPMOST, _FOREGROUND = 0x4, 0x0, 0x20, 0x40, 0x40000, 0x10000
_IDYES, _IDNO = 6, 7
_INFORMED_S = 3_600

_wtsapi32 = ctypes.WinDLL("wtsapi32", use_last_error=True)


class _Session(ctypes.Structure):
    _fields_: ClassVar[list[tuple[str, Any]]] = [
        ("id", wintypes.DWORD), ("station", wintypes.LPWSTR), ("state", ctypes.c_int),
    ]  # fmt: skip


_wtsapi32.WTSEnumerateSessionsW.argtypes = [
    wintypes.HANDLE, wintypes.DWORD, wintypes.DWORD, ctypes.POINTER(ctypes.POINTER(_Session)),
    ctypes.POINTER(wintypes.DWORD),
]  # fmt: skip
_wtsapi32.WTSFreeMemory.argtypes = [ctypes.c_void_p]
_wtsapi32.WTSSendMessageW.argtypes = [
    wintypes.HANDLE, wintypes.DWORD, wintypes.LPWSTR, wintypes.DWORD, wintypes.LPWSTR, wintypes.DWORD, wintypes.DWORD,
    wintypes.DWORD, ctypes.POINTER(wintypes.DWORD), wintypes.BOOL,
]  # fmt: skip


class WindowsAsker:
    """`service_ports.Asker`."""

    def __init__(self) -> None:
        self._answers: dict[str, bool] = {}
        self._lock = threading.Lock()

    def ask(self, order_id: str, text: str, *, within_s: float) -> None:
        for session in active_sessions():
            threading.Thread(
                target=self._show, args=(order_id, session, text, within_s), daemon=True, name="question"
            ).start()

    def inform(self, text: str) -> None:
        for session in active_sessions():
            send_message(session, text, _OK | _INFORMATION | _TOPMOST, _INFORMED_S, waits=False)

    def answers(self) -> Mapping[str, bool]:
        with self._lock:
            taken, self._answers = self._answers, {}
            return taken

    def withdraw(self, order_id: str) -> None:
        """The box of another session stays to its time limit; what is answered there counts for nothing."""

    def _show(self, order_id: str, session: int, text: str, within_s: float) -> None:
        style = _YES_NO | _QUESTION | _TOPMOST | _FOREGROUND
        answer = send_message(session, text, style, max(1, int(within_s)), waits=True)
        if answer in {_IDYES, _IDNO}:
            with self._lock:
                self._answers.setdefault(order_id, answer == _IDYES)


def active_sessions() -> list[int]:
    """Sessions that somebody works in now; none when nobody does, or Windows does not say."""
    found, count = ctypes.POINTER(_Session)(), wintypes.DWORD()
    if not _wtsapi32.WTSEnumerateSessionsW(_HERE, 0, 1, ctypes.byref(found), ctypes.byref(count)):
        _log.warning("nobody can be asked: %s", ctypes.WinError(ctypes.get_last_error()))
        return []
    try:
        return [found[at].id for at in range(count.value) if found[at].state == _ACTIVE]
    finally:
        _wtsapi32.WTSFreeMemory(found)


def send_message(session: int, text: str, style: int, timeout_s: int, *, waits: bool) -> int:
    """What was pressed; 0 when the box could not be shown, 32000 when nobody pressed anything."""
    response, title = wintypes.DWORD(), ctypes.create_unicode_buffer(_TITLE)
    message = ctypes.create_unicode_buffer(text)
    is_shown = _wtsapi32.WTSSendMessageW(
        _HERE, session, title, ctypes.sizeof(title) - 2, message, ctypes.sizeof(message) - 2, style, timeout_s,
        ctypes.byref(response), waits,
    )  # fmt: skip
    if not is_shown:
        _log.warning("session %d was not asked: %s", session, ctypes.WinError(ctypes.get_last_error()))
    return response.value
