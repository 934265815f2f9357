"""Campaign documents made on the spot, to be signed by an approver."""

from datetime import timedelta
from typing import Any

from canopee.errors import UsageError
from canopee_client.client import Client
from canopee_contract.campaign import WHOLE_FLEET_BP, Campaign, Ring
from canopee_contract.condition import Scalar
from canopee_contract.people import PublishedPipeline
from canopee_kit.clock import Clock
from canopee_kit.ids import new_id


def newest(client: Client, name: str) -> PublishedPipeline:
    """A published pipeline by `name` or `name@version`; raises `UsageError`."""
    wanted, _, version = name.partition("@")
    found = [
        one for one in client.pipelines()
        if one.state == "published" and one.ref.name == wanted and version in {"", str(one.ref.version)}
    ]  # fmt: skip
    if not found:
        raise UsageError(f"{name} is not published: see `canopee pipelines`")
    return max(found, key=lambda one: one.ref.version)


def approve(
    pipeline: PublishedPipeline, condition: dict[str, Any], clock: Clock, *, parameters: dict[str, Scalar],
    expires_in_s: int, name: str = "",
) -> Campaign:  # fmt: skip
    """A campaign document for the whole fleet at once, to be signed."""
    now = clock.now()
    begins = now - timedelta(minutes=5)
    return Campaign(
        spec=1, campaign_id=new_id(now), name=name or pipeline.title, pipeline=pipeline.ref, parameters=parameters,
        condition=condition, rings=(Ring(WHOLE_FLEET_BP, begins),), not_before=begins,
        not_after=now + timedelta(seconds=expires_in_s), max_targets=1_000_000, reason="canopee run",
        requested_by="canopee run",
    )  # fmt: skip
