"""Making orders: one for each device, signed by the online key, numbered within the device."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from canopee_api.postgres import orders as sql
from canopee_api.postgres.changes import announce_orders
from canopee_api.postgres.database import Connection
from canopee_contract.codec import decode
from canopee_contract.condition import Scalar
from canopee_contract.order import CampaignRef, Consent, Order
from canopee_contract.pipeline import PipelineRef
from canopee_kit.ids import new_id
from canopee_trust.documents import seal_order
from canopee_trust.dsse import payload_of, read_envelope
from canopee_trust.ed25519 import PrivateKey


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """What every order of a campaign has in common."""

    campaign_id: str
    document_sha256: str | None
    pipeline: PipelineRef
    parameters: dict[str, Scalar]
    not_before: datetime
    expires_at: datetime
    epoch: int
    """Of the trust policy."""
    is_dry: bool = False
    ring: int = 0
    occurrence: str = ""
    """Which one, of a campaign that recurs."""
    upload_budget_bytes: int | None = None
    consents: Mapping[str, Consent] = {}
    """By device; none is asked of the others."""


async def issue(
    tx: Connection,
    assignment: Assignment,
    ordinals: Mapping[str, int],
    *,
    key: PrivateKey,
    now: datetime,
) -> int:
    """Sign and store one order a device, given with its ordinal; the number made. Runs in the caller's transaction."""
    orders: list[sql.NewOrder] = []
    taken = await sql.take_sequence(tx, list(ordinals))
    for device_id, generation, seq in taken:
        ordinal, sha256 = ordinals[device_id], assignment.document_sha256
        campaign = CampaignRef(sha256, ordinal, assignment.occurrence) if sha256 else None
        order = Order(
            spec=1, order_id=new_id(now), device_id=device_id, generation=generation, epoch=assignment.epoch,
            seq=seq, issued_at=now, not_before=assignment.not_before, expires_at=assignment.expires_at,
            pipeline=assignment.pipeline, parameters=assignment.parameters, campaign=campaign,
            is_dry=assignment.is_dry, upload_budget_bytes=assignment.upload_budget_bytes,
            consent=assignment.consents.get(device_id, "none"),
        )  # fmt: skip
        orders.append(
            sql.NewOrder(
                id=order.order_id, device_id=device_id, generation=generation, seq=seq,
                campaign_id=assignment.campaign_id, ordinal=ordinal, envelope=seal_order(order, key),
                created_at=now, expires_at=assignment.expires_at, ring=assignment.ring,
                occurrence=assignment.occurrence,
            )
        )  # fmt: skip
    await sql.insert_orders(tx, orders)
    await announce_orders(tx, {order.device_id: order.seq for order in orders})
    return len(orders)


async def renew(
    tx: Connection, campaign_id: str, *, epoch: int, key: PrivateKey, now: datetime, limit: int
) -> int:
    """Sign orders of a campaign again under new numbers, where the device has had a later one meanwhile; how many.

    A device takes no number below one that it has had. No device has had these orders: none can run twice by it.
    """
    old = {one.device_id: one for one in await sql.overtaken(tx, campaign_id, now=now, limit=limit)}
    renewed: list[tuple[str, int, bytes]] = []
    taken = await sql.take_sequence(tx, list(old))
    for device_id, _, seq in taken:
        held = decode(payload_of(read_envelope(old[device_id].envelope)), Order)
        order = msgspec.structs.replace(held, seq=seq, epoch=epoch, issued_at=now)
        renewed.append((order.order_id, seq, seal_order(order, key)))
    await sql.renumber(tx, renewed)
    return len(renewed)
