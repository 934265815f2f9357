import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from canopee_swarm.fleet import pc
from canopee_swarm.results import outputs_of, records_of

KINDS = Path(__file__).parents[3] / "packages" / "api" / "src" / "canopee_api" / "catalog" / "step_kinds"
PIPELINES = Path(__file__).parents[3] / "catalog" / "pipelines"
USED = {
    step["use"]
    for path in PIPELINES.glob("*.yaml")
    for step in yaml.safe_load(path.read_text(encoding="utf-8"))["steps"]
}
"""What the sample catalog asks of PCs; a kind that nobody asks them for is not simulated."""
WITH: dict[str, dict[str, Any]] = {
    "collect_software": {"wanted": [{"name": "product", "display_name": "Cabinet (standard|premium)"}]},
    "read_registry": {"values": [{"name": "version", "key": "k"}]},
    "read_file": {"path": "C:\\x", "values": [{"name": "v", "by": "line", "at": "x"}]},
    "download_file": {"url": "https://a/x", "sha256": "0" * 64, "size_bytes": 9, "to": "C:\\x"},
    "unzip_archive": {"archive": "C:\\x", "to": "C:\\y"},
    "move_path": {"from": "C:\\x", "to": "C:\\y"},
}


@pytest.mark.parametrize("use", sorted({"update_agent", *WITH, *USED}))
def test_the_steps_that_simulated_pcs_are_asked_for_have_their_records_and_outputs(use: str) -> None:
    kind, with_ = json.loads((KINDS / f"{use}.json").read_text()), WITH.get(use, {})
    records, outputs = records_of(use, pc(1), with_), outputs_of(use, pc(1), with_)
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
