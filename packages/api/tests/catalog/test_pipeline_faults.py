from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from canopee_api.catalog.kinds.pipelines import Pipelines
from canopee_api.catalog.pipeline_faults import pipeline_faults
from canopee_api.catalog.schemas import dataset_schema, facts_schema, pipeline_schema, step_kinds
from canopee_api.catalog.yaml_text import read_yaml

SAMPLES = sorted((Path(__file__).parents[4] / "catalog" / "pipelines").glob("*.yaml"))
GOOD = """type: pipeline
spec: 1
name: good
version: 1
kind: collect
title: Good
approval: none
steps:
  - {id: hardware, use: collect_hardware}
  - id: version
    use: read_registry
    when: {fact: steps.hardware.cores, op: ge, value: 2}
    with: {values: [{name: version, key: 'HKLM\\SOFTWARE', value: Version}]}
"""


def found(source: str) -> list[tuple[int, str, str]]:
    """Line, code and place of every fault."""
    return [(fault.line, fault.code, fault.at) for fault in pipeline_faults(read_yaml(source))]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_the_sample_catalog_has_no_fault(path: Path) -> None:
    assert Pipelines().read(f"pipelines/{path.name}", path.read_text("utf-8")).faults == ()


def test_all_faults_are_said_at_once_each_at_its_line() -> None:
    source = (
        GOOD.replace("title: Good", "titel: Good")
        .replace("version: 1\n", "version: 0\n", 1)
        .replace("steps.hardware", "steps.later")
        .replace("{id: hardware, use: collect_hardware}", "{id: hardware, use: collect_hardwar}")
        .replace("key: 'HKLM", "kye: 'HKLM")
    )
    assert found(source) == [
        (1, "schema.missing_key", "$"),
        (4, "schema.bound", "$.version"),
        (6, "schema.unknown_key", "$.titel"),
        (9, "schema.value", "$.steps[0].use"),
        (12, "pipeline.no_step", "$.steps[1].when.fact"),
        (13, "schema.missing_key", "$.steps[1].with.values[0]"),
        (13, "schema.unknown_key", "$.steps[1].with.values[0].kye"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("name: good", "name: Not-Good", "pipeline.name"),
        ("id: version", "id: hardware", "pipeline.same_id"),
        ("use: read_registry", "use: read_file", "pipeline.approval_step"),
        ("use: read_registry", "use: run_program", "pipeline.collect_step"),
        ("kind: collect", "kind: action", "pipeline.approval_action"),
        ("name: version,", "name: {$param: none},", "pipeline.no_parameter"),
        ("name: version,", "name: {$output: after.name},", "pipeline.no_step"),
        ("op: ge, value: 2", "op: gee, value: 2", "condition.malformed"),
        ("op: ge, value: 2", "op: ge, value: two", "condition.malformed"),
        ("title: Good", "title: Good\nparameters: {p: {type: string}}", "pipeline.parameter"),
        ("title: Good", "title: Good\ncondition: {all: [{some: 1}]}", "condition.malformed"),
        ("title: Good", "title: [Good]", "schema.type"),
    ],
)
def test_what_no_pc_would_obey_is_a_fault(old: str, new: str, code: str) -> None:
    assert found(GOOD) == []
    assert code in [one for _, one, _ in found(GOOD.replace(old, new, 1))]


def test_every_test_of_a_condition_is_judged() -> None:
    condition = (
        "condition:\n  all:\n    - {fact: a.b, op: eqq, value: 1}\n    - not: {fact: a.b, op: lt, value: x}\n"
    )
    assert found(GOOD + condition) == [
        (16, "condition.malformed", "$.condition.all[0].op"),
        (17, "condition.malformed", "$.condition.all[1].not.value"),
    ]


def test_a_value_may_come_from_a_parameter_wherever_a_value_may_be() -> None:
    source = GOOD.replace("kind: collect", "kind: action").replace("approval: none\n", "") + (
        "  - id: run\n    use: run_program\n    with: {argv: ['C:\\x.exe', {$param: to}, {$output: version.version}]}\n"
        "parameters:\n  to: {type: string, enum: [a]}\n"
    )
    assert found(source) == []
    assert found(source.replace("{$param: to}", "{$parm: to}"))[0][1] in {"schema.unknown_key", "schema.type"}


def test_a_dataset_that_nobody_declared_is_a_warning_only() -> None:
    text = read_yaml(GOOD.replace("use: collect_hardware", "use: collect_hardware, dataset: other"))
    (fault,) = pipeline_faults(text, datasets={"collect_hardware"})
    assert (fault.code, fault.severity) == ("pipeline.dataset", "warning")


def test_the_schemas_are_schemas_and_every_key_has_a_sentence() -> None:
    for schema in (pipeline_schema(), dataset_schema(), facts_schema()):
        Draft202012Validator.check_schema(schema)
    defs = pipeline_schema()["$defs"]
    for name in ("Pipeline", "Step"):
        silent = [
            key for key, one in defs[name]["properties"].items() if not one.get("description") and key != "type"
        ]
        assert silent == []
    assert defs["Step"]["properties"]["use"]["enum"] == list(step_kinds())


def test_step_kinds_of_this_version_are_all_here() -> None:
    assert {"collect_hardware", "run_program", "update_agent"} <= set(step_kinds())
