"""What the user of this PC has to say before files leave it: told, or asked, before anything is read.

The stricter of the order and of the local policy counts. An order that awaits an answer is held, unbegun, as one that
awaits its window: check-ins and other orders go on. Without an answer in time it is refused.
"""

from datetime import timedelta

from canopee_agent.engine.authorise import Authorised, Kinds
from canopee_agent.engine.policy import LocalPolicy
from canopee_agent.engine.questions import Questions
from canopee_agent.errors import AwaitedAnswerError, RefusedError
from canopee_agent.service_ports import Asker
from canopee_agent.step import clean_text
from canopee_contract.order import CONSENTS, Order
from canopee_kit.clock import Clock
from canopee_kit.logs import get_logger

_log = get_logger(__name__)
_LONGEST_TITLE = 200
_WHAT = (
    "Le support demande à recevoir des fichiers de ce poste :\n\n{title}\n\n"
    "Les données personnelles y sont masquées."
)
_ASKED = f"{_WHAT}\n\nAcceptez-vous qu'ils soient envoyés ?"


class Consent:
    """The consent that orders need on one PC."""

    def __init__(
        self, questions: Questions, asker: Asker, policy: LocalPolicy, kinds: Kinds, clock: Clock
    ) -> None:
        self._questions, self._asker, self._policy, self._kinds, self._clock = (
            questions,
            asker,
            policy,
            kinds,
            clock,
        )
        self._shown: set[str] = set()

    @property
    def is_awaited(self) -> bool:
        """Whether a question is open that this process has asked."""
        return any(question.order_id in self._shown for question in self._questions.open())

    def require(self, authorised: Authorised) -> None:
        """Return once an order may begin.

        Raises:
            AwaitedAnswerError: nobody has answered yet.
            RefusedError: `consent_refused` or `consent_unanswered`.
        """
        order = authorised.order
        needed = max(order.consent, self._policy.consent, key=CONSENTS.index)
        if order.is_dry or needed == "none" or not self._leaves(authorised):
            return
        title = clean_text(authorised.pipeline.title)[:_LONGEST_TITLE]
        if needed == "inform":
            self._inform(order, _WHAT.format(title=title))
        else:
            self._ask(order, _ASKED.format(title=title))

    def _leaves(self, authorised: Authorised) -> bool:
        kinds = [self._kinds[step.use] for step in authorised.pipeline.steps]
        return any(kind.sends_files or kind.reads_file_content for kind in kinds)

    def _inform(self, order: Order, text: str) -> None:
        if self._questions.ask(order.order_id, text).is_granted is None:
            self._questions.answer(order.order_id, is_granted=True)
            self._asker.inform(text)

    def _ask(self, order: Order, text: str) -> None:
        self._take_answers()
        question = self._questions.ask(order.order_id, text)
        until = min(question.asked_at + timedelta(seconds=self._policy.consent_wait_s), order.expires_at)
        left_s = (until - self._clock.now()).total_seconds()
        if question.is_granted is None and left_s <= 0:
            self._questions.answer(order.order_id, is_granted=False)
            self._asker.withdraw(order.order_id)
            raise RefusedError(
                "consent_unanswered", f"nobody on this PC answered in {self._policy.consent_wait_s:.0f} s"
            )
        if question.is_granted is None:
            if order.order_id not in self._shown:
                self._shown.add(order.order_id)
                self._asker.ask(order.order_id, text, within_s=left_s)
            raise AwaitedAnswerError("the user of this PC is asked")
        self._asker.withdraw(order.order_id)
        if not question.is_granted:
            raise RefusedError("consent_refused", "the user of this PC has refused")
        _log.info("order %s: the user of this PC has agreed", order.order_id)

    def _take_answers(self) -> None:
        for order_id, is_granted in self._asker.answers().items():
            self._questions.answer(order_id, is_granted=is_granted)
