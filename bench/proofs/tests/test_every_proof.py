"""Every proof, in its short form, as its user runs it."""

import inspect
import os
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from canopee_kit.discovery import discover
from canopee_proofs import proofs
from canopee_proofs.cli import Line, main
from canopee_proofs.proof import Proof

PROOFS = discover(proofs, Proof)
_MEMORY, _ROOM_BYTES = Path("/dev/shm"), 3 * 1024**3  # noqa: S108  a proof makes a folder of its own in it


@pytest.fixture
def environment() -> dict[str, str]:
    """Work in memory where there is room: no power is cut here, and disks that are waited for prove no more."""
    has_room = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM_BYTES
    return {**os.environ, **({"TMPDIR": str(_MEMORY)} if has_room else {})}


@pytest.mark.real
@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", sorted(PROOFS))
def test_the_short_form_of_a_proof_finds_no_violation(name: str, environment: dict[str, str]) -> None:
    what, cases = name.replace("_", "-"), PROOFS[name].short_cases
    ended = subprocess.run(
        [sys.executable, "-m", "canopee_proofs", what, "--cases", str(cases), "--seed", "20261125"],
        capture_output=True, text=True, check=False, env=environment,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr[-8_000:]
    line = msgspec.json.decode(ended.stdout.splitlines()[-1], type=Line)
    assert (line.what, line.violations, line.seed) == (what, 0, 20_261_125)
    assert line.cases >= cases


@pytest.mark.parametrize("name", sorted(PROOFS))
def test_a_proof_says_what_it_proves(name: str) -> None:
    assert len(inspect.getdoc(PROOFS[name]) or "") > 80


def test_a_proof_that_nobody_wrote_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["coffee"])
    assert ended.value.code == 2
    assert "commit-order" in capsys.readouterr().err
