r"""The local ceiling: `policy.toml`, which only the PC's administrator writes and no order can widen.

enabled = true                          # false: nothing runs any more on this PC
accept_lab_keys = false                 # true only on a development machine
dry_runs = true                         # false: no order finds out here what another one would do
step_kinds = ["collect_hardware"]       # absent: every kind
registry_roots = ['HKLM\SOFTWARE']
program_roots = ['C:\Program Files\Cabinet']
services = ["OldAgent"]                 # absent: no service is touched; exact names, no pattern
read_roots = ['C:\ProgramData\Cabinet\logs']       # absent: no file is read
write_roots = ['C:\ProgramData\Cabinet\updates']   # absent: no file is written; never a folder that users may write
download_hosts = ["updates.example.fr"]              # absent: nothing is downloaded; "*.example.fr", "host:8443"
deny_globs = ["*.key", "patients"]      # names of files and folders never read nor written; replaces the defaults
event_channels = ["Application", "System"]           # event logs that may be read and sent, redacted
redact_patterns = ['dossier \d+']      # hidden in every text that leaves, besides what always is; case ignored
logs_need_approval = false             # true: logs leave only for a campaign that an approver has signed
consent = "none"                        # "inform", "ask": what the user of this PC has to say before files leave it
consent_wait_s = 900                    # without an answer for so long, it is no
max_read_bytes = 1048576
max_download_bytes = 2147483648
max_upload_bytes = 268435456            # what the files of one order may weigh, as they are sent
upload_bytes_per_s = 500000             # 0: no limit
max_deadline_s = 3600
max_output_bytes = 262144
max_records = 10000
"""

import re
import tomllib
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from canopee_agent.errors import StateError
from canopee_agent.step import Ceiling
from canopee_contract.order import Consent

DENIED = (
    "*.key", "*.pem", "*.pfx", "*.p12", "*.jks", "*.kdbx", "*.ppk", "id_rsa*", "id_ed25519*", ".ssh", ".gnupg",
    "ntds.dit", "sam", "security", "shadow", "gshadow", "*.dmp", "*.hl7", "*.dcm",
)  # fmt: skip
"""Keys, password stores, memory dumps and medical files."""


class LocalPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What this PC lets orders do; the defaults are those of a PC without the file."""

    enabled: bool = True
    accept_lab_keys: bool = False
    dry_runs: bool = True
    """Whether an order that needs no approval may find out what one with an approval would do."""
    step_kinds: tuple[str, ...] | None = None
    """Kinds that may be used; `None`: every kind."""
    registry_roots: tuple[str, ...] = ("HKLM\\SOFTWARE",)
    program_roots: tuple[str, ...] = ()
    """Folders from which programs may be run; none by default."""
    services: tuple[str, ...] = ()
    """Services that may be looked at and commanded; none by default."""
    read_roots: tuple[str, ...] = ()
    write_roots: tuple[str, ...] = ()
    download_hosts: tuple[str, ...] = ()
    deny_globs: tuple[str, ...] = DENIED
    event_channels: tuple[str, ...] = ("Application", "System")
    """Event logs of Windows that may be read and sent, redacted."""
    redact_patterns: tuple[str, ...] = ()
    """Regular expressions of what is hidden in texts that leave, besides the kinds that always are."""
    logs_need_approval: bool = False
    """Whether files leave only for a campaign with its approvers, and not for a request of support."""
    consent: Consent = "none"
    """At least; an order may be stricter."""
    consent_wait_s: Annotated[float, Meta(ge=1, le=86_400)] = 900.0
    """How long the user of this PC has to answer."""
    max_read_bytes: Annotated[int, Meta(ge=0, le=16 * 2**20)] = 1_048_576
    """Bytes of one file that are read, 16 MiB at most."""
    max_download_bytes: Annotated[int, Meta(ge=0)] = 2 * 2**30
    """Size of one download, and of what one archive holds."""
    max_upload_bytes: Annotated[int, Meta(ge=0)] = 256 * 2**20
    """What the files that one order makes may weigh together, as they are sent."""
    upload_bytes_per_s: Annotated[int, Meta(ge=0)] = 500_000
    """Bandwidth that they may take; 0: no limit."""
    max_deadline_s: float = 3_600.0
    max_output_bytes: int = 262_144
    max_records: int = 10_000

    def ceiling(self, *, own_folders: tuple[str, ...], output_bytes: int, timeout_s: float) -> Ceiling:
        """What a step may do, with what is left of its run."""
        return Ceiling(
            registry_roots=self.registry_roots, program_roots=self.program_roots, services=self.services,
            read_roots=self.read_roots, write_roots=self.write_roots, download_hosts=self.download_hosts,
            deny_globs=self.deny_globs, event_channels=self.event_channels, redact_patterns=self.redact_patterns,
            own_folders=own_folders, max_read_bytes=self.max_read_bytes, max_download_bytes=self.max_download_bytes,
            output_bytes=output_bytes, timeout_s=timeout_s,
        )  # fmt: skip


def read_policy(path: Path) -> LocalPolicy:
    """The policy in `path`, or the defaults when there is no such file.

    Raises:
        StateError: unreadable, or with a key or a value that is not known: nothing is guessed.
    """
    try:
        policy = msgspec.convert(tomllib.loads(path.read_text("utf-8-sig")), LocalPolicy)
        for pattern in policy.redact_patterns:
            re.compile(pattern)
    except FileNotFoundError:
        return LocalPolicy()
    except re.error as error:
        raise StateError(
            f"{path}: redact_patterns: {error.pattern!r}: {error}; correct it, nothing runs until then"
        ) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise StateError(f"{path}: {error}; correct the local policy, nothing runs until then") from error
    return policy
