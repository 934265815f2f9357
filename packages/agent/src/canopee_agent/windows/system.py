"""What a Windows machine is: registry, SMBIOS, psutil. Nothing is started, nothing is slow."""

import ctypes
import hashlib
import platform
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from ctypes import wintypes
from datetime import UTC, datetime
from typing import Any, ClassVar

import psutil

from canopee_agent.errors import DeniedError, MissingError
from canopee_agent.ports import (
    Hardware,
    InstalledProgram,
    NetworkCard,
    Platform,
    RegistryValue,
    Scope,
    View,
    Volume,
)
from canopee_agent.windows.registry import WindowsRegistry
from canopee_agent.windows.smbios import parse

assert sys.platform == "win32"  # noqa: S101  lets type checkers know

_WINDOWS = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
_UNINSTALL = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall"
_CPU = r"HKLM\HARDWARE\DESCRIPTION\System\CentralProcessor\0"
_BIOS = r"HKLM\HARDWARE\DESCRIPTION\System\BIOS"
_CRYPTOGRAPHY = r"HKLM\SOFTWARE\Microsoft\Cryptography"
_RSMB = int.from_bytes(b"RSMB", "big")
_WINDOWS_11 = 22_000
_ARCH = {"amd64": "x86_64", "x86_64": "x86_64", "arm64": "arm64"}


class WindowsSystem:
    """`ports.MachineReader`."""

    def __init__(self, registry: WindowsRegistry) -> None:
        self._registry = registry

    def platform(self) -> Platform:
        build, revision = self._text(_WINDOWS, "CurrentBuild"), self._text(_WINDOWS, "UBR")
        name = self._text(_WINDOWS, "ProductName")
        if build.isdecimal() and int(build) >= _WINDOWS_11:
            name = name.replace("Windows 10", "Windows 11")  # the registry never learned the new name
        version = _version()
        numbers = [
            str(version.major),
            str(version.minor),
            build or str(version.build),
            *([revision] if revision else []),
        ]
        arch = platform.machine().lower()
        return Platform(
            "windows", name or "Windows", ".".join(numbers), _ARCH.get(arch, arch), socket.gethostname()
        )

    def hardware(self) -> Hardware:
        firmware = parse(_firmware_table())
        return Hardware(
            maker=firmware.maker or self._text(_BIOS, "SystemManufacturer"),
            model=firmware.model or self._text(_BIOS, "SystemProductName"),
            serial=firmware.serial,
            bios_version=firmware.bios_version or self._text(_BIOS, "BIOSVersion"),
            cpu_name=self._text(_CPU, "ProcessorNameString").strip(),
            cores=psutil.cpu_count(logical=False) or psutil.cpu_count() or 0,
            threads=psutil.cpu_count() or 0,
            memory_bytes=psutil.virtual_memory().total,
            volumes=tuple(_volumes()),
            network_cards=tuple(_network_cards()),
        )

    def software(self) -> Sequence[InstalledProgram]:
        """Programs of both views of the machine, and of the users whose registry is loaded."""
        arch = self.platform().arch
        places: list[tuple[str, View, str, Scope]] = [
            (f"HKLM\\{_UNINSTALL}", "64", arch, "machine"), (f"HKLM\\{_UNINSTALL}", "32", "x86", "machine"),
        ]  # fmt: skip
        users = [name for name in self._registry.subkeys("HKU") if not name.upper().endswith("_CLASSES")]
        places += [(f"HKU\\{user}\\{_UNINSTALL}", "64", "", "user") for user in users]
        return tuple(program for place in places for program in self._installed(*place))

    def fingerprint(self) -> str:
        identity = [self._text(_CRYPTOGRAPHY, "MachineGuid"), parse(_firmware_table()).serial]
        return hashlib.sha256("\n".join(identity).encode()).hexdigest()

    def wall(self, at: datetime) -> datetime:
        """By the rules that Windows keeps itself up to date: no list of time zones travels with the agent."""
        utc, local = _SystemTime.of(at.astimezone(UTC)), _SystemTime()
        if not ctypes.WinDLL("kernel32").SystemTimeToTzSpecificLocalTime(
            None, ctypes.byref(utc), ctypes.byref(local)
        ):
            raise DeniedError("Windows does not tell its time zone")
        return local.value()

    def _installed(self, above: str, view: View, arch: str, scope: Scope) -> Iterator[InstalledProgram]:
        try:
            names = self._registry.subkeys(above, view)
        except (MissingError, DeniedError):
            return
        for name in names:
            try:
                values = self._registry.values(f"{above}\\{name}", view)
            except (MissingError, DeniedError):  # gone meanwhile, or private to somebody
                continue
            program = installed_program(values, arch, scope)
            if program is not None:
                yield program

    def _text(self, key: str, name: str) -> str:
        try:
            return str(self._registry.value(key, name))
        except (MissingError, DeniedError):
            return ""


def installed_program(values: Mapping[str, RegistryValue], arch: str, scope: Scope) -> InstalledProgram | None:
    """What one uninstall key says; `None` for an update or a part, which Windows does not list either."""
    title = str(values.get("DisplayName", ""))
    if not title or values.get("SystemComponent") or values.get("ParentKeyName"):
        return None
    day = str(values.get("InstallDate", ""))
    try:
        installed_on = datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC).date().isoformat()
    except ValueError:  # some installers write it their own way
        installed_on = ""
    version, publisher = str(values.get("DisplayVersion", "")), str(values.get("Publisher", ""))
    return InstalledProgram(title, version, publisher, arch, scope, installed_on)


class _SystemTime(ctypes.Structure):
    _fields_: ClassVar[list[tuple[str, Any]]] = [
        (name, wintypes.WORD)
        for name in ("year", "month", "weekday", "day", "hour", "minute", "second", "millisecond")
    ]

    @classmethod
    def of(cls, at: datetime) -> "_SystemTime":
        return cls(at.year, at.month, at.isoweekday() % 7, at.day, at.hour, at.minute, at.second)

    def value(self) -> datetime:
        return datetime(self.year, self.month, self.day, self.hour, self.minute, self.second)  # noqa: DTZ001  on the wall


class _Version(ctypes.Structure):
    _fields_: ClassVar[list[tuple[str, Any]]] = [
        ("size", wintypes.ULONG), ("major", wintypes.ULONG), ("minor", wintypes.ULONG), ("build", wintypes.ULONG),
        ("platform", wintypes.ULONG), ("service_pack", wintypes.WCHAR * 128),
    ]  # fmt: skip


def _version() -> _Version:
    """The true version: `GetVersionEx` tells a program whose manifest names no Windows 10 that it runs on 6.2."""
    found = _Version()
    found.size = ctypes.sizeof(found)
    ctypes.WinDLL("ntdll").RtlGetVersion(ctypes.byref(found))
    return found


def _firmware_table() -> bytes:
    get = ctypes.WinDLL("kernel32").GetSystemFirmwareTable
    get.restype, get.argtypes = wintypes.UINT, [wintypes.DWORD, wintypes.DWORD, wintypes.LPVOID, wintypes.DWORD]
    size = get(_RSMB, 0, None, 0)
    if not size:
        return b""
    buffer = ctypes.create_string_buffer(size)
    return buffer.raw[: get(_RSMB, 0, buffer, size)]


def _volumes() -> Iterator[Volume]:
    for partition in psutil.disk_partitions(all=False):
        try:
            usage = psutil.disk_usage(partition.mountpoint)
        except OSError:  # an empty card reader
            continue
        yield Volume(partition.mountpoint, partition.fstype, usage.total, usage.free)


def _network_cards() -> Iterator[NetworkCard]:
    for name, addresses in sorted(psutil.net_if_addrs().items()):
        found = [
            one.address.partition("%")[0] for one in addresses if one.family in {socket.AF_INET, socket.AF_INET6}
        ]
        if found and all(address in {"127.0.0.1", "::1"} for address in found):
            continue
        mac = next(
            (one.address.replace("-", ":").lower() for one in addresses if one.family == psutil.AF_LINK), ""
        )
        yield NetworkCard(name, mac, tuple(found))
