"""The MSI, by wixl; what wixl cannot say is written into the tables afterwards."""

import hashlib
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import quoteattr

from tools.windows.parts import EPOCH, SOURCES, Parts, run
from tools.windows.signing import Signer
from tools.windows.toolchain import BuildError

_NAMESPACE = uuid.UUID("6E3F6B1C-0B6E-4B57-9C53-5D0C4B0F2A11")
_ANSWERS = (
    "SERVER_URL", "ENROLMENT_TOKEN", "PRACTICE_ID", "CA_FILE", "ROOT_FILE", "POLICY_FILE", "DELAYED_START", "PURGE",
)  # fmt: skip
_EXE_IN_FILE, _EXE_IN_FOLDER = 0x12, 0x22
_DEFERRED, _AS_SYSTEM, _GOES_ON, _IS_HIDDEN = 0x400, 0x800, 0x40, 0x2000
_SUMMARY = uuid.UUID("F29F85E0-4FF9-1068-AB91-08002B27B3D9").bytes_le
_BEFORE_FORMAT, _TIMES, _FILETIME = 28, {12, 13}, b"\x40\0\0\0"
"""Where its id stands in a summary; created and saved; how a time is announced."""
_SECONDS_TO_1970 = 11_644_473_600
_UNINSTALLS = 'REMOVE="ALL" AND NOT UPGRADINGPRODUCTCODE'
_SETUP = " ".join(
    f'--{name.lower().replace("_", "-")}="[{name}]"' for name in (*_ANSWERS[:-1], "OriginalDatabase")
).replace("--originaldatabase", "--folder")
_CMD = '"[System64Folder]cmd.exe" /d /c '


class _Action(NamedTuple):
    """What the MSI runs: as SYSTEM, once its files are being changed."""

    name: str
    kind: int
    source: str
    command: str
    condition: str
    sequence: int


_ACTIONS = (
    _Action("Setup", _EXE_IN_FILE | _IS_HIDDEN, "", f"setup {_SETUP}", "NOT REMOVE", 6_500),
    # Which slots there are, the MSI does not know: the agent updates itself. Any of them takes the service down; if
    # none can any more, Windows' own program does.
    _Action(
        "Teardown", _EXE_IN_FOLDER | _GOES_ON, "TARGETDIR",
        _CMD + 'cd /d "[InstallDir]slots" & (for /d %s in (*) do "%s\\agent.exe" teardown --purge=[PURGE])'
        ' & "[System64Folder]sc.exe" delete CanopeeAgent',
        _UNINSTALLS, 1_850,
    ),
    _Action("Sweep", _EXE_IN_FOLDER | _GOES_ON, "TARGETDIR", _CMD + 'rmdir /s /q "[InstallDir]"', _UNINSTALLS, 3_650),
)  # fmt: skip


def build(parts: Parts, folder: Path, signer: Signer | None = None) -> Path:
    """`canopee-agent-<version>.msi` in `folder`, signed by `signer`.

    Raises:
        BuildError: wixl or msibuild does not like it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    out = folder.absolute() / f"canopee-agent-{parts.version}.msi"
    out.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="canopee-msi-") as stage:
        _build(parts, Path(stage), out)
    if signer:
        signer.sign(out)
    return out


def _build(parts: Parts, stage: Path, out: Path) -> None:
    shutil.copytree(parts.slot, stage / "slot")
    for source, name in ((parts.launcher, "launcher.exe"), (parts.icon, "agent.ico")):
        shutil.copyfile(source, stage / name)
    vendor = {"root.json": parts.root, "policy.default.toml": parts.policy}
    for name, path in vendor.items():
        if path:
            shutil.copyfile(path, stage / name)
    files = sorted(path.relative_to(stage).as_posix() for path in (stage / "slot").rglob("*") if path.is_file())
    (stage / "files.wxs").write_text(
        _fragment(files, [name for name, path in vendor.items() if path], parts.version)
    )
    shutil.copyfile(SOURCES / "agent.wxs", stage / "agent.wxs")
    for path in sorted(stage.rglob("*")):
        os.utime(path, (int(EPOCH), int(EPOCH)))
    environment = {**os.environ, "SOURCE_DATE_EPOCH": EPOCH}
    product = _guid(_digest(stage))
    defines = {"VERSION": parts.version, "NUMBERS": parts.numbers.removesuffix(".0"), "PRODUCT": product}
    given = [word for name, value in defines.items() for word in ("-D", f"{name}={value}")]
    run(["wixl", "-a", "x64", "-D", "Win64=yes", *given, "-o", out, "agent.wxs", "files.wxs"], cwd=stage,
        environment=environment)  # fmt: skip
    summary = ("Canopée Agent", "Canopée", "x64;1033", f"{{{_guid(product)}}}")
    run(["msibuild", out, "-s", *summary], environment=environment)
    run(["msibuild", out, "-q", *_queries()], environment=environment)
    out.write_bytes(settled(out.read_bytes()))


def settled(content: bytes) -> bytes:
    """An MSI whose summary says that it was made at `EPOCH`: the times of its making are all that differs otherwise.

    Raises:
        BuildError: it has no summary where one is expected.
    """
    place = content.find(_SUMMARY)
    section = place - _BEFORE_FORMAT + int.from_bytes(content[place + 16 : place + 20], "little")
    made = ((int(EPOCH) + _SECONDS_TO_1970) * 10_000_000).to_bytes(8, "little")
    changed, found = bytearray(content), 0
    for number in range(int.from_bytes(content[section + 4 : section + 8], "little") if place >= 0 else 0):
        entry = section + 8 + 8 * number
        kind, offset = (int.from_bytes(content[at : at + 4], "little") for at in (entry, entry + 4))
        if kind in _TIMES and content[section + offset : section + offset + 4] == _FILETIME:
            changed[section + offset + 4 : section + offset + 12] = made
            found += 1
    if found != len(_TIMES):
        raise BuildError("the MSI has no times of its making where they are expected: is this another msitools?")
    return bytes(changed)


def _queries() -> Iterator[str]:
    """What wixl has no words for."""
    for action in _ACTIONS:
        kind, source = action.kind | _DEFERRED | _AS_SYSTEM, action.source or _name("slot/agent.exe")
        yield _insert("CustomAction", Action=action.name, Type=kind, Source=source, Target=action.command)
        step = {"Action": action.name, "Condition": action.condition, "Sequence": action.sequence}
        yield _insert("InstallExecuteSequence", **step)
    # Within the transaction: when the new version is refused, the old one is there again.
    yield "UPDATE InstallExecuteSequence SET Sequence = 1501 WHERE Action = 'RemoveExistingProducts'"
    secure = ";".join(("WIX_DOWNGRADE_DETECTED", "WIX_UPGRADE_DETECTED", *_ANSWERS))
    yield f"UPDATE Property SET Value = '{secure}' WHERE Property = 'SecureCustomProperties'"  # noqa: S608  our own words


def _insert(table: str, **values: str | int) -> str:
    told = ", ".join(str(value) if isinstance(value, int) else f"'{value}'" for value in values.values())
    return f"INSERT INTO {table} ({', '.join(values)}) VALUES ({told})"  # noqa: S608  our own words


def _fragment(files: Sequence[str], vendor: Sequence[str], version: str) -> str:
    """Components of the slot, one a file as Windows wants it, and of the vendor's files."""
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<Wix xmlns="http://schemas.microsoft.com/wix/2006/wi"><Fragment>',
    ]
    lines += ['<DirectoryRef Id="SlotDir">', *_folder(files, "slot", version), "</DirectoryRef>"]
    lines += ['<DirectoryRef Id="InstallDir">', *(_component(name, version) for name in vendor), "</DirectoryRef>"]
    references = "".join(f'<ComponentRef Id="c{_name(name)}"/>' for name in (*files, *vendor))
    lines += [f'<ComponentGroup Id="Files">{references}</ComponentGroup>', "</Fragment></Wix>"]
    return "\n".join(lines)


def _folder(files: Sequence[str], above: str, version: str) -> Iterator[str]:
    """The components of the files in `above`, then its folders."""
    depth = len(Path(above).parts)
    yield from (_component(name, version) for name in files if len(Path(name).parts) == depth + 1)
    for folder in sorted({Path(name).parts[depth] for name in files if len(Path(name).parts) > depth + 1}):
        path = f"{above}/{folder}"
        yield f'<Directory Id="d{_name(path)}" Name={quoteattr(folder)}>'
        yield from _folder([name for name in files if name.startswith(f"{path}/")], path, version)
        yield "</Directory>"


def _component(name: str, version: str) -> str:
    identity = _name(name)
    return (
        f'<Component Id="c{identity}" Guid="{_guid(f"{version}/{name}")}" Win64="yes">'
        f'<File Id="{identity}" Name={quoteattr(Path(name).name)} Source={quoteattr(name)} KeyPath="yes"/></Component>'
    )


def _name(path: str) -> str:
    return "f" + hashlib.sha256(path.encode()).hexdigest()[:30]


def _guid(text: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, text)).upper()


def _digest(stage: Path) -> str:
    """SHA-256 of all that goes in: another content is another product."""
    found = hashlib.sha256()
    for path in sorted(stage.rglob("*")):
        if path.is_file():
            found.update(path.relative_to(stage).as_posix().encode() + hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()
