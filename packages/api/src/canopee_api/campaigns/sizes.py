"""What each device downloads for a campaign, as far as what is signed says."""

from collections.abc import Sequence
from typing import Any

import msgspec

from canopee_api.catalog.trust import KnownPipeline
from canopee_contract.rollouts import BytesOf
from canopee_trust.repository import TargetInfo


class Sizes(msgspec.Struct, frozen=True):
    """At most: a file that is there already is not downloaded again."""

    known: list[BytesOf]
    unknown: list[str]
    """What is downloaded too, of a size that nothing says: not counted, never guessed."""

    @property
    def total(self) -> int:
        """Bytes a device, of what is known."""
        return sum(one.bytes for one in self.known)


def sizes_of(known: KnownPipeline, parameters: dict[str, Any], releases: Sequence[TargetInfo]) -> Sizes:
    """The pipeline, the files that its steps name, a release of the agent."""
    sizes, unknown = [BytesOf(f"{known.ref.name}@{known.ref.version}", known.ref.length)], list[str]()
    lengths = {info.path: info.length for info in releases}
    for step in known.pipeline.steps:
        given = {name: _value(value, parameters) for name, value in step.with_.items()}
        if step.use == "download_file":
            what, size = given.get("url"), given.get("size_bytes")
        elif step.use == "update_agent":
            what, size = given.get("path"), lengths.get(str(given.get("path")))
        else:
            continue
        name = what[:200] if isinstance(what, str) else step.id
        if isinstance(size, int) and not isinstance(size, bool):
            sizes.append(BytesOf(name, size))
        else:
            unknown.append(name)
    return Sizes(sizes, unknown)


def _value(value: object, parameters: dict[str, Any]) -> object:
    """What a `with` of a step says, once the parameters are known."""
    try:
        wanted = msgspec.convert(value, dict[str, str])
    except msgspec.ValidationError:
        return value
    return parameters.get(wanted.get("$param", ""), value)
