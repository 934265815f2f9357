"""`python -m tools.house`: every violation on a line; 1 when there is one."""

import importlib
import pkgutil
import sys
from types import ModuleType

import tools.house as package
from tools.house.tree import Tree


def rules() -> list[ModuleType]:
    """The modules of this folder that hold a rule."""
    names = [module.name for module in pkgutil.iter_modules(package.__path__)]
    modules = [importlib.import_module(f"{package.__name__}.{name}") for name in names if name[:2] != "__"]
    return [module for module in modules if hasattr(module, "violations")]


def main() -> int:
    """Print what is wrong."""
    tree = Tree.tracked()
    found = [line for rule in rules() for line in rule.violations(tree)]
    print(*found, sep="\n") if found else print(f"{len(rules())} rules kept by {len(tree.files)} files")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
