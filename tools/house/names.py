"""A module is named after what it holds, and `__init__.py` holds a docstring only."""

import ast
from collections.abc import Iterator
from pathlib import PurePosixPath

from tools.house.tree import Tree

VAGUE = frozenset(
    {"util", "utils", "common", "manager", "base", "misc", "helper", "helpers", "tools", "lib", "core"}
)
_ALLOWED_NAMES = frozenset({"__version__"})


def violations(tree: Tree) -> Iterator[str]:
    """Vague names, and packages whose `__init__` does something."""
    for path, module in tree.sources():
        name = PurePosixPath(path).stem
        if name in VAGUE:
            yield f"{path}:1 {name} says nothing of what is in it"
        if name == "__init__":
            yield from (
                f"{path}:{node.lineno} only a docstring goes into __init__.py"
                for node in module.body[1:]
                if not _is_version(node)
            )


def _is_version(node: ast.stmt) -> bool:
    names = (
        [target.id for target in node.targets if isinstance(target, ast.Name)]
        if isinstance(node, ast.Assign)
        else []
    )
    return bool(names) and _ALLOWED_NAMES.issuperset(names)
