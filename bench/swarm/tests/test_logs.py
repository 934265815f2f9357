"""Log requests of simulated PCs: every answer that a real fleet gives, by the number of the PC."""

import hashlib
import io
import zipfile
from datetime import timedelta

import pytest

from canopee_contract.codec import decode
from canopee_contract.log_manifest import MANIFEST, LogManifest
from canopee_contract.order import Order
from canopee_contract.pipeline import PipelineRef
from canopee_kit.clock import FakeClock
from canopee_swarm.fleet import pc
from canopee_swarm.log_results import answer_to

NOW = FakeClock().now()
ORDER = Order(
    1, "o", "d", 1, 1, 1, NOW, NOW, NOW + timedelta(days=1), PipelineRef("p", "product_logs", 1, "0" * 64, 1), {}, None,
    upload_budget_bytes=1_000_000, consent="ask",
)  # fmt: skip


@pytest.mark.parametrize(
    ("number", "state", "code"),
    [(0, "done", ""), (18, "done", ""), (26, "skipped", "nothing_found"), (37, "failed", "over_budget"),
     (49, "skipped", "consent_refused")],
)  # fmt: skip
def test_a_pc_answers_by_its_number(number: int, state: str, code: str) -> None:
    answer = answer_to(ORDER, pc(number), NOW)
    assert (answer.state, answer.code, bool(answer.content)) == (state, code, state == "done")
    assert answer.is_slow == (number == 18)
    assert answer == answer_to(ORDER, pc(number), NOW)


def test_its_archive_is_one_that_a_real_pc_sends() -> None:
    answer = answer_to(ORDER, pc(3), NOW)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        manifest = decode(archive.read(MANIFEST), LogManifest)
        texts = {one.name: archive.read(one.name) for one in manifest.files}
    assert {one.name: one.sha256 for one in manifest.files} == {
        name: hashlib.sha256(text).hexdigest() for name, text in texts.items()
    }
    assert answer.record is not None
    assert answer.record["sha256"] == hashlib.sha256(answer.content).hexdigest()
    assert answer != answer_to(ORDER, pc(4), NOW)
