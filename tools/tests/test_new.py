import ast
import subprocess
import sys

import pytest

from tools.new.__main__ import ROOT, files_of


def test_a_new_step_is_two_files_named_after_it() -> None:
    assert list(files_of("step", "collect_printers")) == [
        "packages/agent/src/canopee_agent/steps/collect_printers.py",
        "packages/agent/tests/steps/test_collect_printers.py",
    ]


@pytest.mark.parametrize("verb", [("check", "--no-fix"), ("format", "--check")])
def test_a_new_step_keeps_the_rules_of_the_linter_and_of_the_formatter(verb: tuple[str, ...]) -> None:
    for path, text in files_of("step", "collect_printers").items():
        ast.parse(text)
        command = [f"{sys.prefix}/bin/ruff", *verb, "--stdin-filename", str(ROOT / path), "-"]
        ended = subprocess.run(command, input=text, capture_output=True, text=True, check=False, cwd=ROOT)
        assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize(("kind", "name"), [("step", "CollectPrinters"), ("step", "../x"), ("sink", "x")])
def test_a_name_or_a_family_that_makes_no_sense_is_refused(kind: str, name: str) -> None:
    with pytest.raises(ValueError, match="="):
        files_of(kind, name)
