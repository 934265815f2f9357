"""An exception of ours ends in `Error`, and is drawn in the tree at the head of its package's `errors.py`."""

import ast
from collections.abc import Iterator

from tools.house.tree import Tree


def violations(tree: Tree) -> Iterator[str]:
    """Exceptions with another name, and those missing from the drawing."""
    for path, module in tree.sources():
        drawing = ast.get_docstring(module) or ""
        for node in ast.walk(module):
            if not isinstance(node, ast.ClassDef) or not _is_exception(node):
                continue
            if not node.name.endswith("Error"):
                yield f"{path}:{node.lineno} {node.name}: the name of an exception ends in Error"
            elif path.endswith("/errors.py") and node.name not in drawing:
                yield f"{path}:{node.lineno} {node.name} is not in the tree at the head of the file"


def _is_exception(node: ast.ClassDef) -> bool:
    names = [base.id for base in node.bases if isinstance(base, ast.Name)]
    return any(name.endswith("Error") or name == "Exception" for name in names)
