"""A file has at most 500 lines, those of the web interface too, a function at most 60: beyond, nobody sees it whole."""

import ast
from collections.abc import Iterator

from tools.house.tree import Tree

FILE_LINES, FUNCTION_LINES = 500, 60
_SCREENS = (".ts", ".html", ".scss")


def violations(tree: Tree) -> Iterator[str]:
    """Files and functions that are too long."""
    for path, text in tree.files.items():
        if path.startswith("ihm/src/") and path.endswith(_SCREENS) and not path.endswith(".gen.ts"):
            lines = text.count("\n")
            if lines > FILE_LINES:
                yield f"{path}:1 {lines} lines; at most {FILE_LINES}: split it"
    for path, module in tree.modules.items():
        lines = tree.files[path].count("\n")
        if lines > FILE_LINES:
            yield f"{path}:1 {lines} lines; at most {FILE_LINES}: split it"
        for node in ast.walk(module):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > FUNCTION_LINES:
                    yield f"{path}:{node.lineno} {node.name} has {length} lines; at most {FUNCTION_LINES}: split it"
