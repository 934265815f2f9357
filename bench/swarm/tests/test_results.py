import json
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


@pytest.mark.parametrize("path", sorted(KINDS.glob("*.json")), ids=lambda path: path.stem)
def test_every_step_kind_is_answered_by_simulated_pcs_with_its_records_and_outputs(path: Path) -> None:
    kind, with_ = json.loads(path.read_text()), WITH.get(path.stem, {})
    records, outputs = records_of(path.stem, pc(1), with_), outputs_of(path.stem, pc(1), with_)
    assert bool(records) == (kind["record"] is not None)
    for schema, found in ((kind["record"], records[:1]), (kind["outputs"], [outputs] if outputs else [])):
        for one in found:
            definition = schema["$defs"][schema["$ref"].rpartition("/")[2]]
            assert set(one) >= set(definition.get("required", ())) - {"values"}


def test_programs_differ_between_pcs_and_the_product_is_on_each_in_the_version_of_its_facts() -> None:
    fleet = [pc(number) for number in range(50)]
    lists = [tuple(record["name"] for record in records_of("collect_software", one, {})) for one in fleet]
    assert len(set(lists)) > 10
    for one in fleet:
        outputs = outputs_of("collect_software", one, WITH["collect_software"])
        assert outputs["product"] == one.product_version
