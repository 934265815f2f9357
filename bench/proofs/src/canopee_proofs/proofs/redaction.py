"""The proof `redaction`."""

import random
import time
from collections import defaultdict
from collections.abc import Iterator
from typing import ClassVar

import msgspec

from canopee_agent.redaction import Redaction as PcRedaction
from canopee_proofs.medical_documents import Document, documents
from canopee_proofs.proof import Proof, Setting, Verdict
from canopee_proofs.traces import Traces

_LEAST = {"social_security_number": 99.5}
_LEAST_OF_OTHERS = 90.0
"""Per cent of the identifiers of a kind that must be found."""
_LEAST_PRECISION = 80.0
_THOROUGH, _TRACED = 1_000, 280
"""Documents on the PC whose logs are sent."""
_SMALL_WINDOWS = (64, 500, 4_096)


class Score(msgspec.Struct):
    """What became of one kind of identifier."""

    seeded: int = 0
    hidden: int = 0
    found: int = 0
    right: int = 0

    @property
    def recall(self) -> float:
        """Per cent of those there were that are hidden whole, under whatever name."""
        return 100 * self.hidden / self.seeded if self.seeded else 100.0

    @property
    def precision(self) -> float:
        """Per cent of those that were hidden under this name, of which a part at least was somebody's."""
        return 100 * self.right / self.found if self.found else 100.0


class Redaction(Proof):
    """Identifiers seeded in texts of practices are hidden; what surrounds them stays; the windows change nothing.

    Social-security numbers with their key: 99.5 % at least; the others as `_LEAST_OF_OTHERS` says. What is found and is
    nobody's counts against the precision of its kind. Each text is also gone through in windows of a few characters.

    Then a real agent sends logs with such identifiers to a real API, where they are searched, read and downloaded;
    asked again, its step fails with the text in hand, and in its message. Not one identifier is then in what the agent
    and the API wrote (logs at their most talkative, databases, reports, all files), nor in an address that was asked.
    """

    usual_cases: ClassVar[int] = 20_000
    short_cases: ClassVar[int] = 500

    def run(self, setting: Setting) -> Verdict:
        scores: defaultdict[str, Score] = defaultdict(Score)
        violations: list[str] = []
        draw, texts = setting.random("windows"), list[str]()
        for number, document in enumerate(documents(setting.random(), setting.cases)):
            redaction = PcRedaction()
            clean = redaction.clean(document.text)
            texts.append(document.text)
            _count(document, list(redaction.found(document.text)), scores)
            window = draw.choice(_SMALL_WINDOWS)
            if "".join(PcRedaction().stream(_parts(document.text, draw), window)) != clean:
                violations.append(f"case {number}: windows of {window} give another text: {document.text!r}")
        setting.say(_speed("".join(texts)))
        for kind, score in sorted(scores.items()):
            told = (
                f"{kind}: recall {score.recall:.2f} %, precision {score.precision:.2f} % ({score.seeded} seeded)"
            )
            setting.say(told)
            if score.recall < _LEAST.get(kind, _LEAST_OF_OTHERS) or score.precision < _LEAST_PRECISION:
                violations.append(told)
        is_thorough, traced = setting.cases >= _THOROUGH, min(setting.cases // 10, _TRACED)
        traces = Traces(setting.folder, setting.random("traces"), max(traced, 14), is_thorough=is_thorough)
        violations += traces.look()
        searched = ", ".join(f"{where} ({size / 1e6:.1f} MB)" for where, size in traces.searched.items())
        setting.say(f"{len(traces.values)} of the identifiers looked for in {searched}")
        return Verdict(setting.cases, tuple(violations))


def _speed(text: str) -> str:
    began = time.process_time()
    PcRedaction().clean(text)
    taken_s = time.process_time() - began
    size = len(text) / 1e6
    return f"{size:.1f} M characters, {size / max(taken_s, 1e-9):.1f} M a second of processor time"


def _count(document: Document, found: list[tuple[int, int, str]], scores: defaultdict[str, Score]) -> None:
    for start, end, kind in document.seeds:
        scores[kind].seeded += 1
        scores[kind].hidden += any(a <= start and end <= b for a, b, _ in found)
    for start, end, kind in found:
        scores[kind].found += 1
        scores[kind].right += any(start < b and a < end for a, b, _ in document.seeds)


def _parts(text: str, draw: random.Random) -> Iterator[str]:
    """`text` as it may come from a file: in parts of any size."""
    at = 0
    while at < len(text):
        size = draw.randrange(1, 2_000)
        yield text[at : at + size]
        at += size
