"""Every proof, in its short form."""

import inspect

import pytest

from canopee_kit.discovery import discover
from canopee_proofs import proofs
from canopee_proofs.cli import prove
from canopee_proofs.proof import Proof

PROOFS = discover(proofs, Proof)


@pytest.mark.real
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", sorted(PROOFS))
def test_the_short_form_of_a_proof_finds_no_violation(name: str) -> None:
    line = prove(name, PROOFS[name], cases=PROOFS[name].short_cases, seed=20_261_125)
    assert line.violations == 0
    assert line.cases >= PROOFS[name].short_cases


@pytest.mark.parametrize("name", sorted(PROOFS))
def test_a_proof_says_what_it_proves(name: str) -> None:
    assert len(inspect.getdoc(PROOFS[name]) or "") > 80
