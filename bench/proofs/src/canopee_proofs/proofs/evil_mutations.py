"""The proof `evil-mutations`."""

from pathlib import Path
from typing import ClassVar

from canopee_proofs.attack import all_attacks, carry_out, scratch
from canopee_proofs.mutants import Mutant, all_mutants, applied
from canopee_proofs.proof import Proof, Setting, Verdict


class EvilMutations(Proof):
    """The attacks of `evil` can fail: an agent that lacks any one of its checks is found out by one of them.

    Each case removes one check (`mutants.py`) and tries the attacks that it names. A mutant that none of them finds
    is a violation. The seed chooses which checks are removed when `N` is less than all of them.
    """

    usual_cases: ClassVar[int] = 1_000
    """All of them."""
    short_cases: ClassVar[int] = 20

    def run(self, setting: Setting) -> Verdict:
        mutants = all_mutants()
        chosen = setting.random().sample(mutants, min(setting.cases, len(mutants)))
        with scratch(setting.folder) as folder:
            violations = [
                f"{mutant.name}: no attack finds it out"
                for mutant in chosen
                if not _is_found(mutant, setting, folder)
            ]
        return Verdict(len(chosen), tuple(violations))


def _is_found(mutant: Mutant, setting: Setting, folder: Path) -> bool:
    known = {attack.name: attack for attack in all_attacks()}
    draw = setting.random(mutant.name)
    with applied(mutant):
        return any(carry_out(known[name], folder / "mutant", draw) for name in mutant.attacks)
