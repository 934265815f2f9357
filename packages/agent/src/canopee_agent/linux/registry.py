"""There is no registry on Linux."""

from collections.abc import Mapping, Sequence
from typing import NoReturn

from canopee_agent.errors import NotSupportedError
from canopee_agent.ports import RegistryValue, View


class NoRegistry:
    """Refuses every call."""

    def value(self, key: str, name: str, view: View = "64") -> RegistryValue:
        _refuse(key, name, view)

    def values(self, key: str, view: View = "64") -> Mapping[str, RegistryValue]:
        _refuse(key, view)

    def subkeys(self, key: str, view: View = "64") -> Sequence[str]:
        _refuse(key, view)


def _refuse(*_: str) -> NoReturn:
    raise NotSupportedError("there is no registry on this machine")
