"""What one deployment does, in TOML.

url = "http://127.0.0.1:8470"
api_key_file = "/etc/canopee/scheduler.key"

[[task]]
use = "report_status"
file = "/var/lib/monitoring/canopee.json"
"""

import tomllib
from pathlib import Path
from typing import Any

import msgspec

from canopee_kit.discovery import discover
from canopee_scheduler import tasks
from canopee_scheduler.errors import ConfigurationError
from canopee_scheduler.task import AnyTask, TaskKind


class Planned(msgspec.Struct, frozen=True):
    """A task with its options."""

    use: str
    kind: AnyTask
    options: msgspec.Struct


class Configuration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of a configuration file."""

    url: str
    api_key_file: str
    task: tuple[dict[str, Any], ...]

    def api_key(self) -> str:
        """The key in its file; raises `ConfigurationError`."""
        try:
            key = Path(self.api_key_file).read_text("utf-8-sig").strip()
        except OSError as error:
            raise ConfigurationError(f"{self.api_key_file}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise ConfigurationError(f"{self.api_key_file}: not a text that holds one API key") from error
        if not key:
            raise ConfigurationError(f"{self.api_key_file} is empty: write the API key into it")
        return key

    def planned(self) -> list[Planned]:
        """Every task, its options checked before any of them runs.

        Raises:
            ConfigurationError: an unknown kind, or options that are not acceptable.
        """
        kinds = discover(tasks, TaskKind)
        planned: list[Planned] = []
        for number, entry in enumerate(self.task, start=1):
            options = dict(entry)
            use = str(options.pop("use", ""))
            if use not in kinds:
                raise ConfigurationError(f"task {number}: use = {use!r} is not one of {', '.join(kinds)}")
            try:
                converted = msgspec.convert(options, kinds[use].Options)
            except msgspec.ValidationError as error:
                raise ConfigurationError(f"task {number} ({use}): {error}") from error
            planned.append(Planned(use, kinds[use](), converted))
        return planned


def read_configuration(path: Path) -> Configuration:
    """Read a configuration file; raises `ConfigurationError`."""
    try:
        return msgspec.convert(tomllib.loads(path.read_text("utf-8-sig")), Configuration)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigurationError(f"{path}: {error}") from error
