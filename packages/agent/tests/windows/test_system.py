import sys
from datetime import timedelta, timezone

import pytest

from canopee_agent.step import Ceiling
from canopee_agent.steps.collect_hardware import CollectHardware, CollectHardwareParameters
from canopee_contract.version import version_key
from canopee_kit.clock import SystemClock

assert sys.platform == "win32"

import winreg  # noqa: E402

from canopee_agent.windows.machine import WindowsMachine  # noqa: E402
from canopee_agent.windows.smbios import parse  # noqa: E402
from canopee_agent.windows.system import installed_program  # noqa: E402


def _machine() -> WindowsMachine:
    return WindowsMachine(SystemClock())


def test_the_platform_is_a_windows_with_a_version_that_conditions_can_compare() -> None:
    platform = _machine().system.platform()
    assert (platform.family, platform.arch) == ("windows", "x86_64")
    assert version_key(platform.version) is not None
    assert platform.hostname


def test_the_hardware_has_processors_memory_and_a_volume() -> None:
    hardware = _machine().system.hardware()
    assert hardware.cores >= 1
    assert hardware.memory_bytes > 2**28
    assert any(volume.mount.upper().startswith("C:") for volume in hardware.volumes)


def test_installed_programs_are_those_of_both_views() -> None:
    path = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\Canopee-test"
    for view, name in ((winreg.KEY_WOW64_64KEY, "Cabinet 64"), (winreg.KEY_WOW64_32KEY, "Cabinet 32")):
        with winreg.CreateKeyEx(winreg.HKEY_LOCAL_MACHINE, path, 0, winreg.KEY_ALL_ACCESS | view) as key:
            winreg.SetValueEx(key, "DisplayName", 0, winreg.REG_SZ, name)
            winreg.SetValueEx(key, "DisplayVersion", 0, winreg.REG_SZ, "8.1.0")
    try:
        found = {program.name: program.version for program in _machine().system.software()}
    finally:
        for view in (winreg.KEY_WOW64_64KEY, winreg.KEY_WOW64_32KEY):
            winreg.DeleteKeyEx(winreg.HKEY_LOCAL_MACHINE, path, view, 0)
    assert found.get("Cabinet 64") == found.get("Cabinet 32") == "8.1.0"


def test_the_fingerprint_is_the_same_each_time() -> None:
    assert _machine().system.fingerprint() == _machine().system.fingerprint()


def test_the_step_collect_hardware_makes_one_record_here() -> None:
    records = list(CollectHardware().run(_machine(), CollectHardwareParameters(), Ceiling()))
    assert len(records) == 1


def test_a_damaged_firmware_table_is_read_as_far_as_it_goes() -> None:
    strings = b"ACME\x00Model T\x00S-1\x00\x00"
    system = bytes([1, 8, 0, 0, 1, 2, 0, 3]) + strings
    raw = bytes([0, 3, 0, 0]) + len(system).to_bytes(4, "little") + system
    assert (parse(raw).maker, parse(raw).model, parse(raw).serial) == ("ACME", "Model T", "S-1")
    for length in range(len(raw)):
        parse(raw[:length])


def test_programs_of_a_user_are_found_with_their_scope_and_date() -> None:
    path = r".DEFAULT\Software\Microsoft\Windows\CurrentVersion\Uninstall\Canopee-test"
    with winreg.CreateKeyEx(winreg.HKEY_USERS, path, 0, winreg.KEY_ALL_ACCESS) as key:
        for name, value in (("DisplayName", "Agenda"), ("DisplayVersion", "2.0"), ("InstallDate", "20260131")):
            winreg.SetValueEx(key, name, 0, winreg.REG_SZ, value)
    try:
        found = [program for program in _machine().system.software() if program.name == "Agenda"]
    finally:
        winreg.DeleteKey(winreg.HKEY_USERS, path)
    assert [(one.version, one.scope, one.installed_on) for one in found] == [("2.0", "user", "2026-01-31")]


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        ({"DisplayName": "Cabinet", "InstallDate": "31/01/2026"}, True),
        ({"DisplayName": "Cabinet", "InstallDate": 20260131}, True),
        ({"DisplayName": "KB5031356", "ParentKeyName": "OperatingSystem"}, False),
        ({"DisplayName": "Part", "SystemComponent": 1}, False),
        ({"DisplayVersion": "1"}, False),
    ],
)
def test_updates_and_parts_are_no_programs(values: dict[str, str | int], *, kept: bool) -> None:
    assert (installed_program(values, "x86", "machine") is not None) == kept


def test_the_clock_on_the_wall_is_that_of_the_system_whatever_the_zone_of_the_instant() -> None:
    system, now = _machine().system, SystemClock().now().replace(microsecond=0)
    wall = system.wall(now)
    assert wall == now.astimezone().replace(tzinfo=None)
    assert wall == system.wall(now.astimezone(timezone(timedelta(hours=11))))
