"""`agent.exe selftest`: what a version needs to work here, tried before it is staged. Nothing of the home is changed.

What a build left out, a library that does not load, a database that this version cannot open, a configuration that
it does not accept: all of it is found while the old version still runs.
"""

import importlib
import pkgutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import canopee_agent
from canopee_agent import steps
from canopee_agent.engine.clocks import Clocks
from canopee_agent.engine.journal import Journal
from canopee_agent.engine.policy import read_policy
from canopee_agent.engine.spool import Spool
from canopee_agent.errors import StateError
from canopee_agent.service.config import Home
from canopee_agent.service.link import HttpLink
from canopee_agent.step import StepKind
from canopee_kit.clock import Clock
from canopee_kit.discovery import discover
from canopee_trust.ed25519 import PrivateKey
from canopee_trust.floor import MirroredFloor

# RFC 8032, section 7.1, test 2.
_SEED = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
_MESSAGE = b"\x72"
_SIGNATURE = bytes.fromhex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)
_FOREIGN = ("canopee_agent.linux",) if sys.platform == "win32" else ("canopee_agent.windows",)
_FOR_TESTS = ("canopee_agent.testing", "canopee_agent.fake")


def selftest(home: Home | None, clock: Clock) -> dict[str, str]:
    """What was tried → an empty text, or what is wrong with it. Without a home, what depends on none."""
    checks: dict[str, Callable[[], object]] = {
        "modules": import_everything,
        "step_kinds": lambda: discover(steps, StepKind),
        "signatures": check_signatures,
        "compression": _check_compression,
    }
    if home is not None:
        checks |= {
            "configuration": lambda: _check_configuration(home),
            "policy": lambda: read_policy(home.policy),
            "databases": lambda: check_databases(home.state, clock),
        }
    return {name: _fault(check) for name, check in checks.items()}


def is_sound(found: Mapping[str, str]) -> bool:
    return not any(found.values())


def import_everything() -> int:
    """Import every module of the agent that this platform has; how many."""
    names = [
        module.name
        for module in pkgutil.walk_packages(canopee_agent.__path__, "canopee_agent.", onerror=_raise)
        if not module.name.startswith((*_FOREIGN, *_FOR_TESTS)) and not module.name.endswith("__main__")
    ]
    for name in names:
        importlib.import_module(name)
    return len(names)


def check_signatures() -> None:
    """Sign a message whose signature is known, verify it, and refuse another one; raises `StateError`."""
    key = PrivateKey.from_bytes(_SEED)
    is_right = key.sign(_MESSAGE) == _SIGNATURE and key.public.verify(_SIGNATURE, _MESSAGE)
    if not is_right or key.public.verify(_SIGNATURE, b"\x73"):
        raise StateError("Ed25519 gives other signatures than those of RFC 8032: libcrypto cannot be used")


def check_databases(state: Path, clock: Clock) -> None:
    """Open copies of the databases, as this version would open them; raises what it would raise."""
    with tempfile.TemporaryDirectory(prefix="canopee-selftest-", ignore_cleanup_errors=True) as folder:
        copies = Path(folder)
        for path in sorted(state.glob("*.db")):
            _copy(path, copies / path.name)
        floor = MirroredFloor((copies / "floor.db", copies / "floor.copy.db"))
        try:
            clocks = Clocks(clock, clock.now, floor)
            Journal(copies / "journal.db", clocks, floor).close()
            Spool(copies / "spool.db", clocks).close()
        finally:
            floor.close()
        aside = [path.name for path in copies.iterdir() if ".corrupt" in path.name]
        if aside:
            raise StateError(f"this version cannot read {', '.join(aside)}")


def _copy(source: Path, target: Path) -> None:
    """A copy of one moment, whatever another process writes meanwhile."""
    with (
        closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True)) as old,
        closing(sqlite3.connect(target)) as new,
    ):
        old.backup(new)


def _check_configuration(home: Home) -> None:
    config = home.config()
    home.root()
    HttpLink(config.server_url, home.folder / config.ca_file if config.ca_file else None).close()


def _check_compression() -> None:
    import zstandard  # noqa: PLC0415  its absence is what is looked for

    if (
        zstandard.ZstdDecompressor().decompress(zstandard.ZstdCompressor().compress(_MESSAGE * 99))
        != _MESSAGE * 99
    ):
        raise StateError("zstandard does not give back what it was given")


def _fault(check: Callable[[], object]) -> str:
    try:
        check()
    except Exception as error:  # noqa: BLE001  whatever it is, this version cannot be used
        return f"{type(error).__name__}: {error}"
    return ""


def _raise(name: str) -> None:
    raise StateError(f"{name} cannot be imported")
