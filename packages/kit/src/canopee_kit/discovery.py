"""Plug-in families: one module holds one public class of the family, named as the module.

`steps/collect_hardware.py` holds `CollectHardware` and nothing else of its family. There is no list to
edit: the folder is the list.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from types import ModuleType
from typing import Any, TypeVar

from canopee_kit.errors import PluginError

T = TypeVar("T")


def discover(package: ModuleType, base: type[T]) -> Mapping[str, type[T]]:
    """The plug-ins of `package` that derive from `base`, by module name, in alphabetical order.

    Raises:
        PluginError: the package holds no plug-in (left out of a frozen build), or a module does not
            hold exactly one public class of the family, named as the module.
    """
    found = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    names = [name for name in found if not name.startswith("_")]
    if not names:
        raise PluginError(f"{package.__name__} holds no plug-in: was it left out of the build?")
    return {name: _only_plugin(f"{package.__name__}.{name}", base) for name in names}


def class_name(module_name: str) -> str:
    """`collect_hardware` → `CollectHardware`."""
    return "".join(part.capitalize() for part in module_name.split("_"))


def _only_plugin(module_path: str, base: type[T]) -> type[T]:
    module = importlib.import_module(module_path)
    plugins = [value for value in vars(module).values() if _is_plugin(value, base, module_path)]
    expected = class_name(module_path.rpartition(".")[2])
    if [plugin.__name__ for plugin in plugins] != [expected]:
        held = ", ".join(plugin.__name__ for plugin in plugins) or "none"
        raise PluginError(f"{module_path} must hold one {base.__name__}, {expected}; it holds: {held}")
    return plugins[0]


def _is_plugin(value: Any, base: type[T], module_path: str) -> bool:  # noqa: ANN401  any module attribute
    if not isinstance(value, type) or value.__module__ != module_path:
        return False
    return issubclass(value, base) and value is not base and not value.__name__.startswith("_")
