"""What a Linux machine is: from /proc, /sys, os-release and the package manager's own files."""

import hashlib
import platform
import socket
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import psutil

from canopee_agent.ports import Hardware, InstalledProgram, NetworkCard, Platform, Volume

_DMI = Path("/sys/class/dmi/id")
_DPKG = Path("/var/lib/dpkg/status")
_ARCH = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64", "i386": "x86"}


class LinuxSystem:
    """`ports.MachineReader`."""

    def platform(self) -> Platform:
        release = platform.freedesktop_os_release() if Path("/etc/os-release").is_file() else {}
        return Platform(
            family="linux",
            name=release.get("PRETTY_NAME", "Linux"),
            version=_debian_version() or release.get("VERSION_ID", "") or platform.release().partition("-")[0],
            arch=_ARCH.get(platform.machine().lower(), platform.machine()),
            hostname=socket.gethostname(),
        )

    def hardware(self) -> Hardware:
        return Hardware(
            maker=_text(_DMI / "sys_vendor"),
            model=_text(_DMI / "product_name"),
            serial=_text(_DMI / "product_serial"),
            bios_version=_text(_DMI / "bios_version"),
            cpu_name=_cpu_name(),
            cores=psutil.cpu_count(logical=False) or psutil.cpu_count() or 0,
            threads=psutil.cpu_count() or 0,
            memory_bytes=psutil.virtual_memory().total,
            volumes=tuple(_volumes()),
            network_cards=tuple(_network_cards()),
        )

    def software(self) -> Sequence[InstalledProgram]:
        """Debian packages; an empty list elsewhere."""
        if not _DPKG.is_file():
            return ()
        return tuple(_packages(_DPKG.read_text("utf-8", errors="replace"), _DPKG.parent / "info"))

    def fingerprint(self) -> str:
        identity = [_text(Path("/etc/machine-id")), _text(_DMI / "product_uuid"), _text(_DMI / "product_serial")]
        return hashlib.sha256("\n".join(identity).encode()).hexdigest()

    def wall(self, at: datetime) -> datetime:
        time.tzset()  # the zone may have been changed since
        return at.astimezone().replace(tzinfo=None)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", errors="replace").strip()
    except OSError:  # absent in a container, or readable by root only
        return ""


def _debian_version() -> str:
    version = _text(Path("/etc/debian_version"))
    return version if version[:1].isdigit() else ""


def _cpu_name() -> str:
    for line in _text(Path("/proc/cpuinfo")).splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return ""


def _volumes() -> Iterator[Volume]:
    for partition in psutil.disk_partitions():
        try:
            usage = psutil.disk_usage(partition.mountpoint)
        except OSError:
            continue
        yield Volume(partition.mountpoint, partition.fstype, usage.total, usage.free)


def _network_cards() -> Iterator[NetworkCard]:
    for name, addresses in sorted(psutil.net_if_addrs().items()):
        if name == "lo":
            continue
        mac = next((one.address for one in addresses if one.family == psutil.AF_LINK), "")
        found = [
            one.address.partition("%")[0] for one in addresses if one.family in {socket.AF_INET, socket.AF_INET6}
        ]
        yield NetworkCard(name, mac, tuple(found))


def _packages(status: str, info: Path) -> Iterator[InstalledProgram]:
    for paragraph in status.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in paragraph.splitlines() if ": " in line and line[0] != " ")
        if fields.get("Status", "").endswith(" installed"):
            name, arch = fields.get("Package", ""), fields.get("Architecture", "")
            is_multi = fields.get("Multi-Arch") == "same"
            yield InstalledProgram(
                name, fields.get("Version", ""), fields.get("Maintainer", ""), _ARCH.get(arch, arch),
                installed_on=_installed_on(info / (f"{name}:{arch}.list" if is_multi else f"{name}.list")),
            )  # fmt: skip


def _installed_on(listing: Path) -> str:
    """The day on which dpkg wrote the list of the package's files."""
    try:
        return datetime.fromtimestamp(listing.stat().st_mtime, UTC).date().isoformat()
    except OSError:
        return ""
