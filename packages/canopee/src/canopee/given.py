"""Parameters of a pipeline, as people write them."""

import msgspec

from canopee.errors import UsageError
from canopee_contract.condition import Scalar


def parameters_of(given: list[str]) -> dict[str, Scalar]:
    """`NAME=VALUE`: a value that is JSON is what it says, any other is a text."""
    parameters: dict[str, Scalar] = {}
    for pair in given:
        name, is_pair, text = pair.partition("=")
        if not is_pair or not name:
            raise UsageError(f"--param {pair}: NAME=VALUE is expected")
        try:
            value = msgspec.json.decode(text)
        except msgspec.DecodeError:
            value = text
        parameters[name] = value if isinstance(value, str | int | float | bool) else text
    return parameters
