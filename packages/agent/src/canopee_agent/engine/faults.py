"""What is said of a fault of our own code: its kind and its place, never its message, which may hold what was read."""

import traceback
from pathlib import PurePath

_SHOWN = 4


def told(error: BaseException) -> str:
    """`ValueError at redaction.py:57 (stream), log_archive.py:52 (add)`: the innermost places first."""
    places = [
        f"{PurePath(frame.f_code.co_filename).name}:{line} ({frame.f_code.co_name})"
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    return f"{type(error).__name__} at {', '.join(reversed(places[-_SHOWN:]))}"
