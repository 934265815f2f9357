"""The order: a pipeline for ONE device, signed by the API's online key, in a DSSE envelope.

The order alone authorises nothing: the pipeline it names must be in the TUF repository, the campaign it names
must be signed by approvers, and the local policy must allow both.
"""

from typing import Annotated, Literal, TypeAlias, get_args

import msgspec
from msgspec import Meta

from canopee_contract.condition import Scalar
from canopee_contract.instant import Instant
from canopee_contract.pipeline import PipelineRef
from canopee_contract.raw import absent, present

ORDER_TYPE = "application/vnd.canopee.order.v1+json"
Consent: TypeAlias = Literal["none", "inform", "ask"]
"""What the user of the PC has to say before files leave it: nothing, they are told, or they must agree."""
CONSENTS: tuple[Consent, ...] = get_args(Consent)


class CampaignRef(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The exact campaign document, and which of its targets this order is."""

    sha256: str
    """Lower-case hexadecimal SHA-256 of the document's payload bytes."""
    ordinal: int
    """1 for the first target; never above `max_targets`. A device keeps its own at each occurrence."""
    occurrence: str = ""
    """Which one of a campaign that recurs, as `recurrence.written`; empty of one that does not."""


class Order(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="type", tag="order"
):
    """The payload of an order envelope."""

    spec: Literal[1]
    order_id: str
    """UUID version 7; also the id of the run."""
    device_id: str
    generation: int
    """Of the device's key: an order dies with the enrolment it was made for."""
    epoch: int
    """Of the trust policy: raised when the online key is replaced."""
    seq: int
    """Strictly increasing for a device and generation."""
    issued_at: Instant
    not_before: Instant
    expires_at: Instant
    pipeline: PipelineRef
    parameters: dict[str, Scalar]
    campaign: CampaignRef | None
    is_dry: bool = False
    """Nothing is done: the PC finds out what would be, and reports it. It then comes without campaign."""
    upload_budget_bytes: Annotated[int, Meta(ge=0)] | None = None
    """What its files may weigh together, as they travel; `None`: as the local policy says."""
    consent: Consent = "none"
    """Asked for, or told, before anything is read that is to leave the PC."""


class DeliveredOrder(msgspec.Struct, frozen=True):
    """An order as it travels in a check-in reply."""

    order: msgspec.Raw
    """DSSE envelope of an `Order`."""
    campaign: msgspec.Raw = msgspec.field(default_factory=absent)
    """DSSE envelope of its `Campaign`; null for a pipeline that needs no approval."""

    @property
    def document(self) -> bytes | None:
        """The campaign's envelope, if there is one."""
        return present(self.campaign)
