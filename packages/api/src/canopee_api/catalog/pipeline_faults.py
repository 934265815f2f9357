"""Everything that is wrong with the text of a pipeline: its shape, its steps, its parameters, its conditions."""

import re
from collections.abc import Collection, Iterator
from typing import Any, cast

import msgspec

from canopee_api.catalog.schemas import StepKindView, pipeline_schema, step_kinds
from canopee_api.catalog.shape_faults import shape_faults
from canopee_api.catalog.yaml_text import Path, YamlText
from canopee_contract.catalog import Fault
from canopee_contract.condition import each_test, facts_read, parse_condition
from canopee_contract.errors import ConditionError, SchemaError
from canopee_contract.parameters import ParameterSchema, check_schema
from canopee_contract.pipeline import NAME_PATTERN

_PART = re.compile(r"\.([^.\[]+)|\[(\d+)\]")
_CONDITIONS = ("condition", "when")
_REFERENCES = {"$param": "params", "$output": "steps"}


def pipeline_faults(text: YamlText, *, datasets: Collection[str] = ()) -> list[Fault]:
    """Every fault, in the order of the text; `datasets`: names that are declared, when it is known."""
    found = [*text.faults, *shape_faults(text, pipeline_schema(), skipped=_CONDITIONS)]
    if text.document is not None:
        found += [*_names(text), *_approval(text), *_parameters(text), *_steps(text, datasets)]
        if text.document.get("condition") is not None:
            found += condition_faults(text, text.document["condition"], ("condition",))
    return sorted({(one.line, one.column, one.code, one.at): one for one in found}.values(), key=_order)


def condition_faults(text: YamlText, data: object, at: Path) -> Iterator[Fault]:
    """Every test that is not well formed; then what only the whole may break, such as too many of them."""
    found = list(_condition_parts(text, data, at, 0))
    yield from found
    if not found:
        try:
            parse_condition(data)
        except ConditionError as error:
            yield _of_condition(text, error, at)


def _condition_parts(text: YamlText, data: Any, at: Path, depth: int) -> Iterator[Fault]:  # noqa: ANN401  any JSON value
    document: dict[str, Any] = cast("dict[str, Any]", data) if isinstance(data, dict) else {}
    key = next(iter(document)) if len(document) == 1 else ""
    inside: Any = document.get(key)
    if key in {"all", "any"} and isinstance(inside, list) and depth < 40:  # noqa: PLR2004  `parse_condition` refuses it
        for number, member in enumerate(cast("list[object]", inside)):
            yield from _condition_parts(text, member, (*at, key, number), depth + 1)
    elif key == "not" and isinstance(inside, dict):
        yield from _condition_parts(text, cast("dict[str, Any]", inside), (*at, "not"), depth + 1)
    else:
        try:
            parse_condition(cast("object", data))
        except ConditionError as error:
            yield _of_condition(text, error, at)


def _of_condition(text: YamlText, error: ConditionError, at: Path) -> Fault:
    """The place that the error names is below `at`."""
    place, _, message = error.message.partition(": ")
    below = tuple(int(number) if number else name for name, number in _PART.findall(place))
    return text.fault((*at, *below), "condition.malformed", message, reason=message)


def _order(fault: Fault) -> tuple[int, int, str]:
    return fault.line, fault.column, fault.code


def _names(text: YamlText) -> Iterator[Fault]:
    document = text.document or {}
    named: list[tuple[Path, object]] = [(("name",), document.get("name"))]
    named += [(("steps", n, "id"), step.get("id")) for n, step in _each_step(document)]
    seen = set[str]()
    for path, name in named:
        if not isinstance(name, str):
            continue
        if not re.fullmatch(NAME_PATTERN, name):
            message = "a name is 1 to 63 of a-z, 0-9 and _, a letter first"
            yield text.fault(path, "pipeline.name", message, found=name[:80])
        if path[0] == "steps":
            if name in seen:
                yield text.fault(
                    path, "pipeline.same_id", f"another step is called {name[:80]} too", found=name[:80]
                )
            seen.add(name)


def _approval(text: YamlText) -> Iterator[Fault]:
    document = text.document or {}
    if document.get("approval") != "none":
        return
    if document.get("kind") == "action":
        yield text.fault(("approval",), "pipeline.approval_action", "only a collect may need no approval")
    for number, step in _each_step(document):
        kind = step_kinds().get(str(step.get("use")))
        if kind is not None and (kind.reads_file_content or kind.effect != "collect"):
            why = "reads the content of files" if kind.reads_file_content else "changes the PC"
            message = f"{kind.name} {why}: this pipeline needs approval"
            yield text.fault(("steps", number, "use"), "pipeline.approval_step", message, step=kind.name)


def _parameters(text: YamlText) -> Iterator[Fault]:
    given = (text.document or {}).get("parameters")
    for name, data in (cast("dict[str, Any]", given) if isinstance(given, dict) else {}).items():
        try:
            check_schema({name: msgspec.convert(data, ParameterSchema)})
        except msgspec.ValidationError:
            continue  # said by its shape
        except SchemaError as error:
            message = error.message.partition(": ")[2] or error.message
            yield text.fault(("parameters", name), "pipeline.parameter", message, name=name, reason=message)


def _steps(text: YamlText, datasets: Collection[str]) -> Iterator[Fault]:
    document, before = text.document or {}, dict[str, StepKindView | None]()
    parameters = document.get("parameters")
    names = set(cast("dict[str, Any]", parameters)) if isinstance(parameters, dict) else set[str]()
    for number, step in _each_step(document):
        at: Path = ("steps", number)
        kind = step_kinds().get(str(step.get("use")))
        if kind is not None and kind.effect != "collect" and document.get("kind") == "collect":
            message = f"{kind.name} changes the PC: this pipeline is an action, not a collect"
            yield text.fault((*at, "use"), "pipeline.collect_step", message, step=kind.name)
        yield from _references(text, step.get("with"), (*at, "with"), names, before)
        if step.get("when") is not None:
            yield from condition_faults(text, step["when"], (*at, "when"))
            yield from _facts(text, step["when"], (*at, "when"), names, before)
        dataset = step.get("dataset")
        if datasets and isinstance(dataset, str) and dataset and dataset not in datasets:
            message = f"no dataset {dataset[:80]} is declared: its records would be rejected"
            yield text.fault((*at, "dataset"), "pipeline.dataset", message, warns=True, found=dataset[:80])
        before[str(step.get("id"))] = kind


def _references(
    text: YamlText, value: object, at: Path, parameters: Collection[str], before: Collection[str]
) -> Iterator[Fault]:
    if isinstance(value, list):
        for number, item in enumerate(cast("list[object]", value)):
            yield from _references(text, item, (*at, number), parameters, before)
    elif isinstance(value, dict):
        for key, item in cast("dict[str, object]", value).items():
            if key in _REFERENCES:
                yield from _reference(text, f"{_REFERENCES[key]}.{item}", (*at, key), parameters, before)
            else:
                yield from _references(text, item, (*at, key), parameters, before)


def _reference(
    text: YamlText, name: str, at: Path, parameters: Collection[str], before: Collection[str]
) -> Iterator[Fault]:
    """`params.<name>` or `steps.<id>.<output>`."""
    prefix, _, rest = name.partition(".")
    subject = rest.partition(".")[0]
    if prefix == "params" and rest not in parameters:
        message = f"there is no parameter {rest[:80]!r}: {', '.join(parameters) or 'none is declared'}"
        yield text.fault(at, "pipeline.no_parameter", message, found=rest[:80])
    if prefix == "steps" and subject not in before:
        message = f"no step before this one is called {subject[:80]!r}"
        yield text.fault(at, "pipeline.no_step", message, found=subject[:80])


def _facts(
    text: YamlText, data: object, at: Path, parameters: Collection[str], before: Collection[str]
) -> Iterator[Fault]:
    """Facts of a `when` that are about parameters and steps."""
    try:
        condition = parse_condition(data)
    except ConditionError:
        return
    if not any(name.startswith(("params.", "steps.")) for name in facts_read(condition)):
        return
    for place, test in each_test(condition):
        below = tuple(int(number) if number else name for name, number in _PART.findall(place))
        yield from _reference(text, test.fact, (*at, *below, "fact"), parameters, before)


def _each_step(document: dict[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    steps: Any = document.get("steps")
    for number, step in enumerate(cast("list[object]", steps) if isinstance(steps, list) else []):
        if isinstance(step, dict):
            yield number, cast("dict[str, Any]", step)
