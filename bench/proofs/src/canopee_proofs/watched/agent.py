"""`python -m canopee_proofs.watched.agent FILE …`: the agent; where `FILE` is, its redaction fails, the text in hand.

No step of ours does so, but one may: what it raises has the text in its message, as `int("…")` would.
"""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from canopee_agent.redaction import WINDOW, Redaction
from canopee_agent.service.cli import main


def fail_where(trigger: Path) -> None:
    """From now on, redaction looks for `trigger` at each text."""
    stream = Redaction.stream

    def failing(self: Redaction, parts: Iterable[str], window: int = WINDOW) -> Iterator[str]:
        texts = list(parts)
        if trigger.exists() and any("\n" in text for text in texts):  # a text, and not the path of a file
            raise LookupError("cannot make sense of " + "".join(texts))
        return stream(self, texts, window)

    Redaction.stream = failing


if __name__ == "__main__":
    fail_where(Path(sys.argv[1]))
    sys.exit(main(sys.argv[2:]))
