"""JSON schemas of what people write, derived from the contract's structs, their sentences and the step kinds."""

import ast
import inspect
import textwrap
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any, cast

import msgspec

from canopee_contract import condition
from canopee_contract.dataset import Dataset, Field
from canopee_contract.facts import FactSources, RegistryFact, SoftwareFact
from canopee_contract.parameters import ParameterSchema
from canopee_contract.pipeline import Limits, Pipeline, Retry, Step

Schema = dict[str, Any]
CONDITION = {"$ref": "#/$defs/Condition"}
_REFERENCE: Schema = {
    "type": "object",
    "description": "A whole value taken from a parameter of the order, or from an output of an earlier step.",
    "properties": {
        "$param": {"type": "string", "description": "Name of a parameter of this pipeline."},
        "$output": {"type": "string", "description": "Output of an earlier step, as in `product.version`."},
    },
    "minProperties": 1,
    "maxProperties": 1,
    "additionalProperties": False,
}


class StepKindView(msgspec.Struct, frozen=True):
    """A step kind, as the agent describes it."""

    name: str
    effect: str
    reads_file_content: bool
    sends_files: bool
    manual: str
    parameters: Schema
    outputs: Schema


@cache
def step_kinds() -> dict[str, StepKindView]:
    """Every step kind that agents of this version know, by name."""
    found = [one for one in (files("canopee_api.catalog") / "step_kinds").iterdir() if one.name.endswith(".json")]
    kinds = [msgspec.json.decode(one.read_bytes(), type=StepKindView) for one in found]
    return {kind.name: kind for kind in sorted(kinds, key=lambda kind: kind.name)}


@cache
def pipeline_schema() -> Schema:
    """The schema of a pipeline, with what `with` holds for each step kind and the grammar of conditions."""
    schema = _described(Pipeline, (Step, Retry, Limits, ParameterSchema))
    defs = schema["$defs"]
    defs["Pipeline"]["properties"]["condition"] |= CONDITION
    defs["Pipeline"]["properties"]["condition"].pop("anyOf")
    step = defs["Step"]["properties"]
    step["when"] = {"description": step["when"].get("description", ""), **CONDITION}
    kinds = step_kinds()
    step["use"] |= {
        "enum": list(kinds), "enumDescriptions": [kind.manual.partition("\n")[0] for kind in kinds.values()],
    }  # fmt: skip
    defs["Step"]["allOf"] = [_with(kind, defs) for kind in kinds.values()]
    defs["Pipeline"]["properties"]["steps"]["minItems"] = 1
    return schema | {"$defs": defs | _condition_defs()}


@cache
def dataset_schema() -> Schema:
    """The schema of a dataset."""
    return _described(Dataset, (Field,))


@cache
def facts_schema() -> Schema:
    """The schema of the sources of facts."""
    return _described(FactSources, (RegistryFact, SoftwareFact))


def _described(root: type[msgspec.Struct], others: tuple[type[msgspec.Struct], ...]) -> Schema:
    """The schema that msgspec derives, with the sentence that follows each field in the source."""
    schema = msgspec.json.schema(root)
    for kind in (root, *others):
        properties = schema["$defs"][kind.__name__]["properties"]
        for name, sentence in _sentences(kind).items():
            if name in properties:
                properties[name]["description"] = sentence
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _sentences(kind: type[msgspec.Struct]) -> dict[str, str]:
    (node,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    body, found = cast("ast.ClassDef", node).body, dict[str, str]()
    names = dict(zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True))
    for field, after in pairwise(body):
        if not isinstance(field, ast.AnnAssign) or not isinstance(field.target, ast.Name):
            continue
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            found[names[field.target.id]] = " ".join(str(after.value.value).split())
    return found


def _with(kind: StepKindView, defs: Schema) -> Schema:
    """What `with` holds when a step uses this kind; its definitions join the others, under names of their own."""
    for name, one in kind.parameters["$defs"].items():
        defs[f"{kind.name}.{name}"] = _open(one, kind.name)
    root = {"$ref": f"#/$defs/{kind.name}.{kind.parameters['$ref'].rpartition('/')[2]}"}
    needs = ["with"] if defs[root["$ref"].rpartition("/")[2]].get("required") else []
    return {
        "if": {"properties": {"use": {"const": kind.name}}, "required": ["use"]},
        "then": {"properties": {"with": root}, "required": needs},
    }


def _open(schema: Schema, prefix: str) -> Schema:
    """A schema in which every value may be a reference."""
    changed = dict(schema)
    if "properties" in schema:
        changed["properties"] = {name: _or_reference(one, prefix) for name, one in schema["properties"].items()}
    return changed


def _or_reference(schema: Schema, prefix: str) -> Schema:
    inner = dict(schema)
    if "$ref" in inner:
        inner["$ref"] = f"#/$defs/{prefix}.{inner['$ref'].rpartition('/')[2]}"
    if isinstance(inner.get("items"), dict):
        inner["items"] = _or_reference(inner["items"], prefix)
    described = {"description": schema["description"]} if "description" in schema else {}
    return {"anyOf": [inner, _REFERENCE], **described}


def _condition_defs() -> Schema:
    scalar = {"type": ["string", "number", "boolean"]}
    members = {"type": "array", "items": CONDITION}
    test = {
        "type": "object",
        "title": "Condition",
        "description": "all, any, not, or one comparison of one fact: fact, op and value.",
        "properties": {
            "all": members | {"description": "True when every member is; an empty list holds everywhere."},
            "any": members | {"description": "True when a member is."},
            "not": CONDITION | {"description": "True when its member is false."},
            "fact": {"type": "string", "description": "Name of a fact, such as `os.family`."},
            "op": {"enum": sorted(condition.OPERATORS), "description": "How the fact is compared."},
            "value": {"anyOf": [scalar, {"type": "array", "items": scalar}], "description": "With what."},
        },
        "additionalProperties": False,
    }
    return {"Condition": test}
