"""Logging: one line an event on standard error, so that standard output stays data."""

import contextlib
import json
import logging
import os
import sys
import time
from pathlib import Path
from typing import Literal, TextIO

LogFormat = Literal["text", "json"]


def get_logger(name: str) -> logging.Logger:
    """The logger of a module; pass `__name__`."""
    return logging.getLogger(name)  # noqa: TID251  the one door to the logging module


def set_up(level: str = "INFO", form: LogFormat = "text", stream: TextIO | None = None) -> None:
    """Send the logs of this process to `stream` (standard error by default), one line an event."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_JsonLines() if form == "json" else _TextLines())
    root = logging.getLogger()  # noqa: TID251  the root logger
    root.handlers[:] = [handler]
    root.setLevel(level)


def to_file(path: Path, level: str = "INFO", *, max_bytes: int = 1_048_576) -> None:
    """Send the logs of this process to `path` alone; once full it is renamed `.1`, and the `.1` before is gone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = _BoundedFile(path, max_bytes)
    handler.setFormatter(_TextLines())
    root = logging.getLogger()  # noqa: TID251  the root logger
    root.handlers[:] = [handler]
    root.setLevel(level)


class _BoundedFile(logging.FileHandler):
    """Two files, neither larger than asked but for its last line; `logging.handlers` would bring in sockets."""

    def __init__(self, path: Path, max_bytes: int) -> None:
        super().__init__(path, encoding="utf-8", errors="backslashreplace", delay=True)
        self._path, self._max_bytes = path, max_bytes

    def emit(self, record: logging.LogRecord) -> None:
        super().emit(record)
        if self.stream is not None and self.stream.tell() > self._max_bytes:
            self.stream.close()
            self.stream = None  # opened again by the next line
            with contextlib.suppress(OSError):  # somebody reads it: it grows until they have done
                os.replace(self._path, f"{self._path}.1")  # noqa: PTH105  also when the target is there


class _TextLines(logging.Formatter):
    """`2026-11-24T08:00:00Z INFO canopee_api.app: ready`."""

    converter = time.gmtime
    default_time_format = "%Y-%m-%dT%H:%M:%SZ"
    default_msec_format = ""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  its parent's name
        """The line, in which nothing that came from elsewhere can begin another one, or command a terminal."""
        line = super().formatMessage(record)
        return line if line.isprintable() else "".join(map(_shown, line))


def _shown(char: str) -> str:
    return char if char.isprintable() else char.encode("unicode_escape").decode()


class _JsonLines(logging.Formatter):
    """One JSON object a line, with the field names of the Elastic Common Schema."""

    converter = time.gmtime

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "@timestamp": self.formatTime(record, "%Y-%m-%dT%H:%M:%SZ"),
            "log.level": record.levelname.lower(),
            "log.logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["error.stack_trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)
