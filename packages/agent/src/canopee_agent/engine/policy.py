r"""The local ceiling: `policy.toml`, which only the PC's administrator writes and no order can widen.

enabled = true                          # false: nothing runs any more on this PC
accept_lab_keys = false                 # true only on a development machine
step_kinds = ["collect_hardware"]       # absent: every kind
registry_roots = ['HKLM\SOFTWARE']
program_roots = ['C:\Program Files\Cabinet']
max_deadline_s = 3600
max_output_bytes = 262144
max_records = 10000
"""

import tomllib
from pathlib import Path

import msgspec

from canopee_agent.errors import StateError


class LocalPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What this PC lets orders do; the defaults are those of a PC without the file."""

    enabled: bool = True
    accept_lab_keys: bool = False
    step_kinds: tuple[str, ...] | None = None
    """Kinds that may be used; `None`: every kind."""
    registry_roots: tuple[str, ...] = ("HKLM\\SOFTWARE",)
    program_roots: tuple[str, ...] = ()
    """Folders from which programs may be run; none by default."""
    max_deadline_s: float = 3_600.0
    max_output_bytes: int = 262_144
    max_records: int = 10_000


def read_policy(path: Path) -> LocalPolicy:
    """The policy in `path`, or the defaults when there is no such file.

    Raises:
        StateError: unreadable, or with a key or a value that is not known: nothing is guessed.
    """
    try:
        return msgspec.convert(tomllib.loads(path.read_text("utf-8-sig")), LocalPolicy)
    except FileNotFoundError:
        return LocalPolicy()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise StateError(f"{path}: {error}; correct the local policy, nothing runs until then") from error
