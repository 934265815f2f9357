"""Documents of campaigns that wait: uploaded or composed, signed by approvers one after the other, then started.

What approvers sign are the document's exact bytes, which never change here; who has signed is counted against the
trust policy in force each time somebody looks.
"""

import base64
import hashlib

import msgspec

from canopee_api.audit.chain import note
from canopee_api.campaigns.campaigns import Campaigns, check_document
from canopee_api.campaigns.documents import composed
from canopee_api.campaigns.pace import check_pace
from canopee_api.campaigns.prerequisites import check_prerequisites, prerequisites
from canopee_api.campaigns.signals import require_datasets
from canopee_api.catalog.trust import KnownPipeline, TrustStore
from canopee_api.errors import ConflictError, InvalidError, NotFoundError
from canopee_api.postgres import campaign_drafts as sql
from canopee_api.postgres.database import Connection, Database
from canopee_contract.campaign import CAMPAIGN_TYPE, Campaign
from canopee_contract.codec import decode, encode
from canopee_contract.envelope import Envelope, Signature
from canopee_contract.errors import MalformedError
from canopee_contract.people import CampaignView
from canopee_contract.rollouts import CampaignRequest, DraftSignature, DraftState, DraftView
from canopee_kit.clock import Clock
from canopee_kit.ids import is_id
from canopee_trust.approvals import lacking
from canopee_trust.documents import seal_campaign
from canopee_trust.dsse import MAX_BYTES, MAX_SIGNATURES, open_envelope, payload_of, read_envelope
from canopee_trust.ed25519 import PublicKey
from canopee_trust.errors import EnvelopeError


class CampaignDrafts:
    """Everything about documents before their campaign starts."""

    def __init__(self, database: Database, trust: TrustStore, campaigns: Campaigns, clock: Clock) -> None:
        self._database, self._trust, self._campaigns, self._clock = database, trust, campaigns, clock

    async def compose(self, asked: CampaignRequest, *, by: str) -> DraftView:
        """Write the document of a request, for its approvers; raises as `submit`."""
        await self._trust.catch_up()
        if not asked.reason.strip():
            raise InvalidError(
                "campaign.reason", "say why: approvers and the audit read it", at="$.request.reason"
            )
        known = self._trust.pipeline(asked.pipeline)
        campaign = composed(known, asked, self._clock.now(), by=by, after=prerequisites(self._trust, asked.after))
        return await self.submit_campaign(campaign, by=by)

    async def submit_campaign(self, campaign: Campaign, *, by: str) -> DraftView:
        """Keep a document that nobody has signed yet; raises as `submit`."""
        return await self.submit(seal_campaign(campaign, []), by=by)

    async def submit(self, envelope: bytes, *, by: str) -> DraftView:
        """Keep a document with the signatures that it has so far. The same document twice is one draft.

        Raises:
            ConflictError: its id has another document, or has a campaign already.
            InvalidError: no PC would take it, were it signed.
            NotFoundError: its pipeline is not published.
        """
        await self._trust.catch_up()
        campaign, payload = _read(envelope)
        known = self._trust.pipeline(f"{campaign.pipeline.name}@{campaign.pipeline.version}")
        check_document(campaign, known)
        check_prerequisites(self._trust, campaign)
        check_pace(campaign.rollout, self._campaigns.sizes(known, campaign.parameters))
        now = self._clock.now()
        if campaign.not_after <= now:
            raise InvalidError("campaign.over", "its last day has passed: write a new document", at="$.not_after")
        sha256, kept = self._merged(payload, envelope)
        row = sql.DraftRow(campaign.campaign_id, kept, sha256, by, now)
        async with self._database.transaction() as tx:
            await require_datasets(tx, campaign.rollout)
            is_new = await sql.insert_draft(tx, row)
            held = await self._held(tx, row.id)
            if held.document_sha256 != sha256:
                raise ConflictError("draft.exists", f"draft {row.id} has another document: make a new id")
            if is_new:
                await note(
                    tx, now, by, "campaign.submit", row.id, name=campaign.name, sha256=sha256,
                    reason=campaign.reason[:500],
                )  # fmt: skip
        if not is_new and read_envelope(kept).signatures:
            return await self.sign(row.id, envelope, by=by)
        return self._view(held, is_whole=True)

    async def sign(self, draft_id: str, envelope: bytes, *, by: str) -> DraftView:
        """Add the signatures of approvers that an envelope of the same document has.

        Raises:
            ConflictError: it has started, or was withdrawn.
            InvalidError: another document, or no valid signature of an approver.
            NotFoundError: there is no such draft.
        """
        await self._trust.catch_up()
        _, payload = _read(envelope)
        async with self._database.transaction() as tx:
            held = await self._open(tx, draft_id)
            if payload_of(read_envelope(held.envelope)) != payload:
                raise InvalidError(
                    "draft.document", "it signs another document than this draft's", at="$.envelope"
                )
            before = {one.keyid for one in self._signatures(held)}
            _, merged = self._merged(payload, held.envelope, envelope)
            signed = msgspec.structs.replace(held, envelope=merged)
            after = self._signatures(signed)
            new = [one for one in after if one.keyid not in before]
            if not new and not self._approvers_in(envelope):
                raise InvalidError(
                    "draft.signature", "no approver of the trust policy has signed it: see `canopee keys status`",
                    at="$.envelope",
                )  # fmt: skip
            await sql.set_envelope(tx, held.id, merged)
            for one in new:
                await note(tx, self._clock.now(), by, "campaign.sign", held.id, approver=one.name, key=one.keyid)
        return self._view(signed, is_whole=True)

    async def start(self, draft_id: str, *, by: str) -> CampaignView:
        """Start the campaign of a document that has its signatures.

        Raises:
            ConflictError: it lacks signatures, or was withdrawn.
            NotFoundError: there is no such draft.
        """
        await self._trust.catch_up()
        async with self._database.transaction() as tx:
            held = await self._held(tx, draft_id)
        view = self._view(held, is_whole=False)
        if view.state not in {"ready", "started"}:
            raise ConflictError(f"draft.{view.state}", view.obstacle)
        return await self._campaigns.start_signed(held.envelope, by=by)

    async def withdraw(self, draft_id: str, *, by: str) -> DraftView:
        """Take a document back: it can neither be signed nor started any more. Raises as `sign`."""
        now = self._clock.now()
        async with self._database.transaction() as tx:
            held = await self._open(tx, draft_id)
            await sql.withdraw_draft(tx, held.id, now=now)
            await note(tx, now, by, "campaign.withdraw", held.id)
        return self._view(msgspec.structs.replace(held, withdrawn_at=now), is_whole=True)

    async def view(self, draft_id: str) -> DraftView:
        """One document, whole; raises `NotFoundError`."""
        await self._trust.catch_up()
        async with self._database.transaction() as tx:
            return self._view(await self._held(tx, draft_id), is_whole=True)

    async def views(self, *, is_open: bool, after: str, limit: int) -> list[DraftView]:
        """Documents, newest first, without their text; `is_open`: those that still wait."""
        await self._trust.catch_up()
        async with self._database.transaction() as tx:
            rows = await sql.list_drafts(tx, is_open=is_open, after=after, limit=limit)
        return [self._view(row, is_whole=False) for row in rows]

    async def _held(self, tx: Connection, draft_id: str) -> sql.DraftRow:
        row = await sql.lock_draft(tx, draft_id) if is_id(draft_id) else None
        if row is None:
            raise NotFoundError("draft.unknown", f"there is no document {draft_id[:40]} of a campaign")
        return row

    async def _open(self, tx: Connection, draft_id: str) -> sql.DraftRow:
        row = await self._held(tx, draft_id)
        if row.is_started:
            raise ConflictError("draft.started", "its campaign has started: pause or abort that")
        if row.withdrawn_at is not None:
            raise ConflictError("draft.withdrawn", "it was withdrawn: write a new document")
        return row

    def _merged(self, payload: bytes, *envelopes: bytes) -> tuple[str, bytes]:
        """SHA-256 of a document, and its envelope with one good signature of each approver who signed some of these."""
        found: dict[str, Signature] = {}
        for raw in envelopes:
            for signature in read_envelope(raw).signatures:
                alone = encode(Envelope(CAMPAIGN_TYPE, base64.b64encode(payload).decode(), (signature,)))
                for keyid in self._approvers_in(alone):
                    found.setdefault(keyid, Signature(keyid, signature.sig))
        kept = tuple(found.values())[:MAX_SIGNATURES]
        whole = Envelope(CAMPAIGN_TYPE, base64.b64encode(payload).decode(), kept)
        return hashlib.sha256(payload).hexdigest(), encode(whole)

    def _approvers_in(self, envelope: bytes) -> tuple[str, ...]:
        keys = [PublicKey.from_base64(one.public_key) for one in self._trust.policy.approvers]
        try:
            return open_envelope(envelope, CAMPAIGN_TYPE, keys).signers
        except EnvelopeError:
            return ()

    def _signatures(self, row: sql.DraftRow) -> list[DraftSignature]:
        campaign, _ = _read(row.envelope)
        known = self._known(campaign)
        authors = self._trust.authors(known.pipeline.kind) if known else frozenset[str]()
        names = {PublicKey.from_base64(one.public_key).keyid: one for one in self._trust.policy.approvers}
        found = [
            DraftSignature(keyid, names[keyid].name, names[keyid].lab, keyid in authors)
            for keyid in self._approvers_in(row.envelope)
        ]
        return sorted(found, key=lambda one: (one.name, one.keyid))

    def _known(self, campaign: Campaign) -> KnownPipeline | None:
        try:
            return self._trust.pipeline(f"{campaign.pipeline.name}@{campaign.pipeline.version}")
        except NotFoundError:
            return None

    def _view(self, row: sql.DraftRow, *, is_whole: bool) -> DraftView:
        campaign, payload = _read(row.envelope)
        known, policy = self._known(campaign), self._trust.policy
        kind = known.pipeline.kind if known else campaign.pipeline.path.split("/")[1]
        signatures = self._signatures(row)
        needed = policy.action_approvals if kind == "action" else policy.collect_approvals
        state, obstacle = self._standing(row, campaign, known, signatures, needed)
        return DraftView(
            id=row.id, state=state, name=campaign.name, kind=kind, reason=campaign.reason,
            pipeline=f"{campaign.pipeline.name}@{campaign.pipeline.version}", requested_by=campaign.requested_by,
            submitted_by=row.submitted_by, created_at=row.created_at, not_after=campaign.not_after, needed=needed,
            signatures=signatures, obstacle=obstacle, sha256=row.document_sha256,
            document=payload.decode() if is_whole else "",
            envelope=msgspec.json.decode(row.envelope) if is_whole else {},
        )  # fmt: skip

    def _standing(
        self, row: sql.DraftRow, campaign: Campaign, known: KnownPipeline | None, signatures: list[DraftSignature],
        needed: int,
    ) -> tuple[DraftState, str]:  # fmt: skip
        """Its state, and what it lacks."""
        if row.is_started:
            return "started", ""
        if row.withdrawn_at is not None:
            return "withdrawn", "it was withdrawn: write a new document"
        if campaign.not_after <= self._clock.now():
            return "over", "its last day has passed: write a new document"
        obstacle = ""
        if known is None or known.ref != campaign.pipeline:
            obstacle = "its pipeline is not published, or has other bytes: write a new document"
        elif missing := self._lacking(known, signatures):
            obstacle = f"{missing} more of {needed} approvals needed"
            if any(one.is_author for one in signatures):
                obstacle += ": the signature of an author of the pipeline is no approval"
        return "awaiting" if obstacle else "ready", obstacle

    def _lacking(self, known: KnownPipeline, signatures: list[DraftSignature]) -> int:
        kind = known.pipeline.kind
        signers = {one.keyid for one in signatures}
        return lacking(self._trust.policy, kind, signers, self._trust.authors(kind))


def _read(envelope: bytes) -> tuple[Campaign, bytes]:
    """The document in an envelope, and its bytes; raises `InvalidError`."""
    try:
        read = read_envelope(envelope)
        payload = payload_of(read)
        if read.payload_type != CAMPAIGN_TYPE:
            raise InvalidError("draft.malformed", f"an envelope of {CAMPAIGN_TYPE} is expected", at="$.envelope")
        return decode(payload, Campaign, max_bytes=MAX_BYTES), payload
    except EnvelopeError as error:
        raise InvalidError(f"campaign.{error.reason}", error.message, at="$.envelope") from error
    except MalformedError as error:
        raise InvalidError("campaign.malformed", error.message, at="$.envelope") from error
