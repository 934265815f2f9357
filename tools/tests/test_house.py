import pytest

from tools.house import balance, errors, names, places, sizes
from tools.house.__main__ import rules
from tools.house.tree import Tree


def test_every_rule_is_found() -> None:
    found = {rule.__name__.rpartition(".")[2] for rule in rules()}
    assert found == {"balance", "errors", "names", "places", "sizes"}


def test_a_file_or_a_function_that_is_too_long_is_said() -> None:
    body = "\n".join(f"    x = {number}" for number in range(61))
    screens = {"ihm/src/app/a.html": "<p>\n" * 501, "ihm/src/app/schema.gen.ts": "\n" * 501}
    tree = Tree({"a.py": "x = 1\n" * 501, "b.py": f"def long():\n{body}\n", **screens})
    found = [line.split()[0] for line in sizes.violations(tree)]
    assert found == ["ihm/src/app/a.html:1", "a.py:1", "b.py:1"]


def test_a_vague_name_and_a_package_that_does_something_are_said() -> None:
    tree = Tree({"p/src/q/utils.py": "", "p/src/q/__init__.py": '"""Doc."""\nimport os\n__version__ = "1"\n'})
    assert len(list(names.violations(tree))) == 2


def test_an_exception_with_another_name_or_outside_the_drawing_is_said() -> None:
    text = '"""OneError"""\nclass OneError(Exception): ...\nclass TwoError(OneError): ...\n'
    text += "class Three(Exception): ...\n"
    lines = list(errors.violations(Tree({"p/src/q/errors.py": text})))
    assert [line.split()[1].rstrip(":") for line in lines] == ["TwoError", "Three"]


@pytest.mark.parametrize(
    ("path", "text"),
    [("a.md", "see " + "/wo" + "rk/main"), ("uv.lock", 'url = "https://mirror.example.internal/x"')],
)
def test_what_belongs_to_one_machine_is_said(path: str, text: str) -> None:
    assert len(list(places.violations(Tree({path: text})))) == 1


def test_public_registries_and_our_own_routes_are_fine() -> None:
    tree = Tree({"uv.lock": 'url = "https://files.pythonhosted.org/x"', "a.py": '"/v1/devices"'})
    assert list(places.violations(tree)) == []


def test_a_package_without_tests_is_said() -> None:
    tree = Tree({"packages/a/src/a/x.py": "x = 1\n" * 10, "packages/a/tests/test_x.py": "x = 1\n"})
    assert len(list(balance.violations(tree))) == 1
