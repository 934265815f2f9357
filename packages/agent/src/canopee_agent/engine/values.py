"""Whole values taken from parameters and from outputs: `{"$param": "name"}`, `{"$output": "step.name"}`."""

from collections.abc import Mapping
from typing import Any, cast

from canopee_agent.errors import StepError
from canopee_contract.condition import Scalar


def resolve(value: Any, known: Mapping[str, Scalar], *, in_argv: bool = False) -> Any:  # noqa: ANN401  any JSON value
    """`value` with every reference replaced. Names in `known` are `params.<name>` and `steps.<id>.<output>`.

    Raises:
        StepError: a reference to something that is not known; an output, among the items of `argv`, that a program
            would take for an option (the signed schema sees to parameters).
    """
    if isinstance(value, list):
        return [resolve(item, known, in_argv=in_argv) for item in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    document = cast("dict[str, Any]", value)
    for key, prefix in (("$param", "params"), ("$output", "steps")):
        if set(document) == {key}:
            name = f"{prefix}.{document[key]}"
            if name not in known:
                raise StepError(f"there is no {document[key]!r} among the {prefix}")
            found = known[name]
            if in_argv and prefix == "steps":
                _refuse_option(name, found)
            return found
    return {key: resolve(item, known, in_argv=in_argv or key == "argv") for key, item in document.items()}


def _refuse_option(name: str, found: Scalar) -> None:
    if isinstance(found, str) and found.startswith(("-", "/")):
        raise StepError(f"{name} is {found[:80]!r}: the program would take it for an option")
