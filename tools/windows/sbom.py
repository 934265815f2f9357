"""The list of parts of a slot, as CycloneDX 1.6: what it is made of, under which licences, with their hashes."""

import hashlib
import json
import uuid
from pathlib import Path

from canopee_agent.launcher import file_version
from tools.windows.archives import files_of
from tools.windows.distributions import Library

_NAMESPACE = uuid.UUID("6b0a4c1e-6f0e-5d5f-9e0b-0b5b6d1c7a11")
_RUNTIME = {
    "python311.dll": ("CPython", "PSF-2.0", "pkg:generic/python"),
    "libcrypto-3.dll": ("OpenSSL", "Apache-2.0", "pkg:generic/openssl"),
    "sqlite3.dll": ("SQLite", "blessing", "pkg:generic/sqlite"),
    "libffi-8.dll": ("libffi", "MIT", "pkg:generic/libffi"),
    "vcruntime140.dll": ("Microsoft Visual C++ runtime", "", "pkg:generic/vcruntime"),
}
"""File whose version resource is that of the part → its name, licence and package URL."""
_UNTOLD = {"libffi-8.dll": "3.4"}
"""Versions that the files do not carry."""


def sbom(version: str, slot: Path, libraries: list[Library]) -> str:
    """The document; the same slot gives the same bytes."""
    parts = [_runtime(slot, name) for name in _RUNTIME] + [_library(one) for one in libraries]
    files = [_file(slot, name) for name in files_of(slot)]
    main = {"type": "application", "bom-ref": "agent", "name": "canopee-agent", "version": version,
            "licenses": _licence("Apache-2.0"), "components": files}  # fmt: skip
    document = {
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "serialNumber": f"urn:uuid:{_serial(files)}",
        "metadata": {"component": main}, "components": parts,
        "dependencies": [{"ref": "agent", "dependsOn": [part["bom-ref"] for part in parts]}],
    }  # fmt: skip
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _runtime(slot: Path, name: str) -> dict[str, object]:
    title, licence, purl = _RUNTIME[name]
    version = _UNTOLD.get(name) or _version(file_version(slot / name))
    return {
        "type": "library", "bom-ref": title, "name": title, "version": version, "purl": f"{purl}@{version}",
        "hashes": _hashes((slot / name).read_bytes()), **({"licenses": _licence(licence)} if licence else {}),
    }  # fmt: skip


def _version(numbers: tuple[int, ...]) -> str:
    """Three numbers; CPython writes 3.11.9 as 3.11.9150."""
    major, minor, patch, _ = numbers
    return f"{major}.{minor}.{patch // 1_000 if patch >= 1_000 else patch}"  # noqa: PLR2004  no patch is so high


def _library(one: Library) -> dict[str, object]:
    purl = f"pkg:pypi/{one.name.lower()}@{one.version}"
    described = {"type": "library", "bom-ref": purl, "name": one.name, "version": one.version, "purl": purl}
    properties = [{"name": "canopee:files-sha256", "value": one.sha256}]
    return {**described, "licenses": _licence(one.licence), "properties": properties}


def _file(slot: Path, name: str) -> dict[str, object]:
    return {"type": "file", "name": name, "hashes": _hashes((slot / name).read_bytes())}


def _hashes(content: bytes) -> list[dict[str, str]]:
    return [{"alg": "SHA-256", "content": hashlib.sha256(content).hexdigest()}]


def _licence(words: str) -> list[dict[str, object]]:
    """An SPDX expression, or the words of the distribution where they are none."""
    is_expression = bool(words) and all(part in {"OR", "AND", "WITH"} or "." in part or "-" in part or part.isupper()
                                        for part in words.replace("(", " ").replace(")", " ").split())  # fmt: skip
    return [{"expression": words}] if is_expression else [{"license": {"name": words or "see LICENSES.txt"}}]


def _serial(files: list[dict[str, object]]) -> uuid.UUID:
    return uuid.uuid5(_NAMESPACE, json.dumps(files))
