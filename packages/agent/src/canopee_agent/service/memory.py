"""Giving memory back: an agent works for seconds and waits for hours."""

import contextlib
import ctypes
import gc
import sys


def release() -> None:
    """Return to the system what the last orders needed. It costs some tens of milliseconds: not for every round."""
    gc.collect()
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError):  # glibc has it, musl does not need it
            ctypes.CDLL(None).malloc_trim(0)
