"""Runs authorised orders on one machine, for real or dry."""

from collections.abc import Callable

from canopee_agent.engine.authorise import Authorised, Kinds
from canopee_agent.engine.dry_run import DryRun
from canopee_agent.engine.policy import LocalPolicy
from canopee_agent.engine.run import Kept, Outcome, Run
from canopee_agent.ports import Machine
from canopee_contract.condition import Scalar


class Runner:
    """Runs orders on one machine."""

    def __init__(
        self,
        machine: Machine,
        kinds: Kinds,
        policy: LocalPolicy,
        kept: Kept,
        own_folders: tuple[str, ...] = (),
        expect: Callable[[float], None] = lambda _: None,
    ) -> None:
        """`expect` is told, in seconds, how long what begins may take."""
        self._machine, self._kinds, self._policy = machine, kinds, policy
        self._kept, self._own_folders, self._expect = kept, own_folders, expect

    def run(self, authorised: Authorised, facts: dict[str, Scalar]) -> Outcome:
        """Run every step, or find out what each would do; never raises for what a step does."""
        kind = DryRun if authorised.order.is_dry else Run
        run = kind(self._machine, self._kinds, self._policy, self._kept, authorised)
        run.own_folders, run.expect = self._own_folders, self._expect
        return run.go(facts)
