"""The Windows registry, read only."""

import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager

from canopee_agent.errors import DeniedError, MissingError
from canopee_agent.ports import RegistryValue, View

assert sys.platform == "win32"  # noqa: S101  lets type checkers know

import winreg  # noqa: E402

_HIVES = {
    "HKLM": winreg.HKEY_LOCAL_MACHINE,
    "HKEY_LOCAL_MACHINE": winreg.HKEY_LOCAL_MACHINE,
    "HKU": winreg.HKEY_USERS,
    "HKEY_USERS": winreg.HKEY_USERS,
}
_VIEWS: Mapping[View, int] = {"64": winreg.KEY_WOW64_64KEY, "32": winreg.KEY_WOW64_32KEY}


class WindowsRegistry:
    """`ports.RegistryReader`."""

    def value(self, key: str, name: str, view: View = "64") -> RegistryValue:
        with _opened(key, view) as handle:
            try:
                return _value(winreg.QueryValueEx(handle, name)[0])
            except FileNotFoundError as error:
                raise MissingError(f"{key} has no value {name!r}") from error

    def values(self, key: str, view: View = "64") -> Mapping[str, RegistryValue]:
        with _opened(key, view) as handle:
            found = (winreg.EnumValue(handle, number) for number in range(winreg.QueryInfoKey(handle)[1]))
            return {name: _value(value) for name, value, _ in found}

    def subkeys(self, key: str, view: View = "64") -> Sequence[str]:
        with _opened(key, view) as handle:
            names = [winreg.EnumKey(handle, number) for number in range(winreg.QueryInfoKey(handle)[0])]
        return sorted(names, key=str.upper)


@contextmanager
def _opened(key: str, view: View) -> Generator[winreg.HKEYType]:
    hive, _, path = key.partition("\\")
    root = _HIVES.get(hive.upper())
    if root is None:
        raise MissingError(f"{key}: a key starts with HKLM or HKU")
    try:
        handle = winreg.OpenKey(root, path, 0, winreg.KEY_READ | _VIEWS[view])
    except FileNotFoundError as error:
        raise MissingError(f"{key} does not exist") from error
    except PermissionError as error:
        raise DeniedError(f"{key}: access is denied") from error
    with handle:
        yield handle


def _value(raw: object) -> RegistryValue:
    """Text, integer, bytes or texts; a value without data is empty bytes."""
    if isinstance(raw, str | int | bytes):
        return raw
    if isinstance(raw, list):
        items: list[object] = raw  # pyright: ignore[reportUnknownVariableType]  what winreg gives for REG_MULTI_SZ
        return tuple(map(str, items))
    return b""
