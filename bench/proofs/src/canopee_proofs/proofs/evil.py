"""The proof `evil`."""

from typing import ClassVar

from canopee_proofs.attack import all_attacks, carry_out, scratch
from canopee_proofs.proof import Proof, Setting, Verdict


class Evil(Proof):
    """A server that holds every online key makes no agent run a step that was not approved, and ends no agent.

    `docs/reference/attacks.md` is the list. Each attack is carried out at least once, then again with other choices of
    the seed. After each, the agent must carry out a legitimate order: so an agent that runs nothing proves nothing.
    """

    usual_cases: ClassVar[int] = 400
    short_cases: ClassVar[int] = 1
    """Each attack, once."""

    def run(self, setting: Setting) -> Verdict:
        attacks = all_attacks()
        count = max(setting.cases, len(attacks))
        violations: list[str] = []
        with scratch(setting.folder) as folder:
            for number in range(count):
                attack = attacks[number % len(attacks)]
                draw = setting.random(f"{number}/{attack.name}")
                if violation := carry_out(attack, folder / f"{number}", draw):
                    violations.append(f"case {number}: {violation}")
        return Verdict(count, tuple(violations))
