"""Server-sent events of `GET /v1/live`, from their lines."""

from collections.abc import Iterable, Iterator

import msgspec

from canopee_client.errors import NoAnswerError
from canopee_contract.live import LiveEvent

EVERYTHING = LiveEvent("all")


def changes(lines: Iterable[str]) -> Iterator[LiveEvent]:
    """What changed, as the stream tells it; it returns when the session has ended.

    Raises:
        NoAnswerError: the stream stopped before, or does not hold what was expected.
    """
    name, data = "", list[str]()
    for line in lines:
        field, _, value = line.partition(":")
        if field == "event":
            name = value.removeprefix(" ")
        elif field == "data":
            data.append(value.removeprefix(" "))
        elif not line:
            if name == "ended":
                return
            if name == "open":
                yield EVERYTHING
            if name == "change":
                yield _event("\n".join(data))
            name, data = "", []
    raise NoAnswerError("the stream of changes stopped: the API stops, or the network was cut")


def _event(data: str) -> LiveEvent:
    try:
        return msgspec.json.decode(data, type=LiveEvent)
    except msgspec.DecodeError as error:
        raise NoAnswerError(f"the stream of changes holds something else: {error}") from error
