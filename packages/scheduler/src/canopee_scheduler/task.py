"""The shape of a kind of task. A kind is one file of `tasks/`, its class named as the file."""

from typing import Any, ClassVar, Generic, TypeVar

import msgspec

from canopee_client.client import Client

OptionsT = TypeVar("OptionsT", bound=msgspec.Struct)


class TaskKind(Generic[OptionsT]):
    """One thing that can be planned. Kinds are stateless; what a kind did twice is as if done once."""

    Options: ClassVar[type[msgspec.Struct]]
    """What the configuration says of it, besides its `use`."""

    def run(self, client: Client, options: OptionsT) -> str:
        """Do it; one sentence on what was done.

        Raises:
            CanopeeError: it could not be done.
        """
        raise NotImplementedError


AnyTask = TaskKind[Any]
