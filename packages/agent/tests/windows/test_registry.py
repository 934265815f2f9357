import sys
import uuid
from collections.abc import Iterator

import pytest

from canopee_agent.errors import MissingError

assert sys.platform == "win32"

import winreg  # noqa: E402

from canopee_agent.windows.registry import WindowsRegistry  # noqa: E402

FULL = winreg.KEY_ALL_ACCESS


@pytest.fixture
def key() -> Iterator[str]:
    path = f"SOFTWARE\\Éditeur\\Cabinet-{uuid.uuid4()}"
    for view, version in ((winreg.KEY_WOW64_64KEY, "8.1.0"), (winreg.KEY_WOW64_32KEY, "7.9.4")):
        with winreg.CreateKeyEx(winreg.HKEY_LOCAL_MACHINE, path, 0, FULL | view) as handle:
            winreg.SetValueEx(handle, "Version", 0, winreg.REG_SZ, version)
            winreg.SetValueEx(handle, "Postes", 0, winreg.REG_DWORD, 5)
            winreg.SetValueEx(handle, "Grand", 0, winreg.REG_QWORD, 2**40)
            winreg.SetValueEx(handle, "Clé", 0, winreg.REG_BINARY, b"\x00\xff")
            winreg.SetValueEx(handle, "Modules", 0, winreg.REG_MULTI_SZ, ["agenda", "comptabilité"])
            winreg.CreateKeyEx(handle, "Sous-clé", 0, FULL | view).Close()
    yield f"HKLM\\{path}"
    for view in (winreg.KEY_WOW64_64KEY, winreg.KEY_WOW64_32KEY):
        winreg.DeleteKeyEx(winreg.HKEY_LOCAL_MACHINE, path + "\\Sous-clé", view, 0)
        winreg.DeleteKeyEx(winreg.HKEY_LOCAL_MACHINE, path, view, 0)


def test_the_two_views_hold_their_own_values(key: str) -> None:
    registry = WindowsRegistry()
    assert (registry.value(key, "Version"), registry.value(key, "Version", "32")) == ("8.1.0", "7.9.4")


def test_every_type_of_value_is_read(key: str) -> None:
    assert WindowsRegistry().values(key) == {
        "Version": "8.1.0", "Postes": 5, "Grand": 2**40, "Clé": b"\x00\xff", "Modules": ("agenda", "comptabilité"),
    }  # fmt: skip


def test_names_do_not_depend_on_their_case_and_long_hive_names_are_read(key: str) -> None:
    long = key.replace("HKLM", "HKEY_LOCAL_MACHINE").upper()
    assert WindowsRegistry().value(long, "VERSION") == "8.1.0"


def test_subkeys_are_listed(key: str) -> None:
    assert WindowsRegistry().subkeys(key) == ["Sous-clé"]


@pytest.mark.parametrize(("suffix", "name"), [("\\Nothing", "Version"), ("", "Nothing")])
def test_what_is_not_there_is_missing(key: str, suffix: str, name: str) -> None:
    with pytest.raises(MissingError):
        WindowsRegistry().value(key + suffix, name)


def test_a_key_of_no_known_hive_is_missing() -> None:
    with pytest.raises(MissingError, match="HKLM or HKU"):
        WindowsRegistry().value("HKXX\\SOFTWARE", "Version")
