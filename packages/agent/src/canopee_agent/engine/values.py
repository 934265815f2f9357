"""Whole values taken from parameters and from outputs: `{"$param": "name"}`, `{"$output": "step.name"}`."""

from collections.abc import Mapping
from typing import Any, cast

from canopee_agent.errors import StepError
from canopee_contract.condition import Scalar


def resolve(value: Any, known: Mapping[str, Scalar]) -> Any:  # noqa: ANN401  any JSON value
    """`value` with every reference replaced. Names in `known` are `params.<name>` and `steps.<id>.<output>`.

    Raises:
        StepError: a reference to something that is not known.
    """
    if isinstance(value, list):
        return [resolve(item, known) for item in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    document = cast("dict[str, Any]", value)
    for key, prefix in (("$param", "params"), ("$output", "steps")):
        if set(document) == {key}:
            name = f"{prefix}.{document[key]}"
            if name not in known:
                raise StepError(f"there is no {document[key]!r} among the {prefix}")
            return known[name]
    return {key: resolve(item, known) for key, item in document.items()}
