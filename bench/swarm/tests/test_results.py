from pathlib import Path
from typing import Any

import pytest

from canopee_swarm.fleet import pc
from canopee_swarm.results import outputs_of, records_of

KINDS = Path(__file__).parents[3] / "packages" / "contract" / "step_kinds"
WITH: dict[str, dict[str, Any]] = {
    "collect_software": {"wanted": [{"name": "product", "display_name": "Cabinet (standard|premium)"}]},
    "read_registry": {"values": [{"name": "version", "key": "k"}]},
    "read_file": {"path": "C:\\x", "values": [{"name": "v", "by": "line", "at": "x"}]},
    "download_file": {"url": "https://a/x", "sha256": "0" * 64, "size_bytes": 9, "to": "C:\\x"},
    "unzip_archive": {"archive": "C:\\x", "to": "C:\\y"},
    "move_path": {"from": "C:\\x", "to": "C:\\y"},
}


@pytest.mark.parametrize("use", sorted(path.stem for path in KINDS.glob("*.json")))
def test_every_step_kind_is_answered_by_simulated_pcs(use: str) -> None:
    assert records_of(use, pc(1), WITH.get(use, {}))


def test_programs_differ_between_pcs_and_the_product_is_on_each_in_the_version_of_its_facts() -> None:
    fleet = [pc(number) for number in range(50)]
    lists = [tuple(record["name"] for record in records_of("collect_software", one, {})) for one in fleet]
    assert len(set(lists)) > 10
    for one in fleet:
        outputs = outputs_of("collect_software", one, WITH["collect_software"])
        assert outputs["product"] == one.product_version
