"""What a simulated PC answers to the steps about programs and files."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from canopee_contract.condition import Scalar
from canopee_contract.pattern import matches
from canopee_contract.version import version_key
from canopee_swarm.fleet import Pc

_EVERYWHERE = (
    ("Microsoft Edge", "141.0.3537.85", "Microsoft Corporation", "x86", 100),
    ("Microsoft Visual C++ 2022 X64 Runtime", "14.44.35211", "Microsoft Corporation", "x86_64", 95),
    ("Microsoft 365 Apps - fr-fr", "16.0.19231.20156", "Microsoft Corporation", "x86_64", 70),
    ("LibreOffice 25.2", "25.2.6.2", "The Document Foundation", "x86_64", 20),
    ("Mozilla Firefox (x64 fr)", "144.0", "Mozilla", "x86_64", 55),
    ("Google Chrome", "141.0.7390.108", "Google LLC", "x86_64", 60),
    ("Adobe Acrobat (64-bit)", "25.001.20756", "Adobe", "x86_64", 65),
    ("Cryptolib CPS v5", "5.2.1", "ASIP Santé", "x86_64", 80),
    ("GALSS", "3.46.07", "GIE SESAM-Vitale", "x86", 75),
    ("TeamViewer", "15.70.6", "TeamViewer", "x86_64", 35),
    ("7-Zip 24.09 (x64)", "24.09", "Igor Pavlov", "x86_64", 40),
    ("Java 8 Update 461", "8.0.4610.11", "Oracle Corporation", "x86", 30),
)
"""Name, version, publisher, architecture, and on how many PCs of a hundred."""


def records_of(use: str, machine: Pc, with_: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The records of one step; none for a kind that is not simulated."""
    if use == "collect_software":
        return programs(machine)
    if use == "read_file":
        return [_file(with_)]
    if use == "download_file":
        size = int(with_.get("size_bytes", 0))
        return [
            {
                "url": with_.get("url", ""), "path": with_.get("to", ""), "size_bytes": size, "state": "downloaded",
                "sha256": with_.get("sha256", ""), "received_bytes": size, "resumed_bytes": 0,
            }
        ]  # fmt: skip
    if use == "unzip_archive":
        return [
            {
                "archive": with_.get("archive", ""), "archive_sha256": with_.get("sha256", ""), "files": 214,
                "path": with_.get("to", ""), "size_bytes": 48_211_034, "state": "extracted",
            }
        ]  # fmt: skip
    if use == "move_path":
        return [{"source": with_.get("from", ""), "path": with_.get("to", ""), "state": "moved"}]
    return []


def outputs_of(use: str, machine: Pc, with_: Mapping[str, Any]) -> dict[str, Scalar]:
    """What later steps may decide upon."""
    if use == "collect_software":
        found = programs(machine)
        wanted = {one["name"]: _version(one["display_name"], found) for one in with_.get("wanted", ())}
        return {"count": len(found), **{name: version for name, version in wanted.items() if version}}
    if use == "download_file":
        return {"path": str(with_.get("to", "")), "received_bytes": int(with_.get("size_bytes", 0))}
    if use == "unzip_archive":
        return {"path": str(with_.get("to", "")), "files": 214, "size_bytes": 48_211_034}
    return {"path": str(with_.get("to", ""))} if use == "move_path" else {}


def programs(machine: Pc) -> list[dict[str, Any]]:
    """The programs of this PC, always the same, sorted as a real agent does."""
    drawn = random.Random(f"programs/{machine.fingerprint}")  # noqa: S311  plausible, not secret
    product = (f"Cabinet {machine.product_edition}", machine.product_version, "Éditeur", "x86_64", 100)
    found = [
        {
            "name": name, "version": version, "publisher": publisher, "architecture": architecture,
            "scope": "machine", "installed_on": f"2025-{drawn.randint(1, 12):02d}-{drawn.randint(1, 28):02d}",
        }
        for name, version, publisher, architecture, share in (product, *_EVERYWHERE)
        if drawn.randrange(100) < share
    ]  # fmt: skip
    return sorted(found, key=lambda program: program["name"].casefold())


def _version(pattern: str, found: Sequence[Mapping[str, Any]]) -> str:
    versions = [str(one["version"]) for one in found if matches(pattern, str(one["name"]))]
    known = [(key, version) for version in versions if (key := version_key(version)) is not None]
    return max(known)[1] if known else ""


def _file(with_: Mapping[str, Any]) -> dict[str, Any]:
    """A file that is not there: nobody knows what a simulated PC would have in it."""
    values = [{"name": one["name"], "value": "", "found": False} for one in with_.get("values", ())]
    return {
        "path": with_.get("path", ""), "state": "missing", "size_bytes": 0, "sha256": "", "encoding": "",
        "is_cut": False, "content": "", "values": values,
    }  # fmt: skip
