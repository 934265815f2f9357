"""Campaigns whose approvals no longer suffice, since a key was revoked: they halt, and say why."""

from canopee_api.audit.chain import note
from canopee_api.catalog.trust import TrustStore
from canopee_api.postgres import key_life as sql
from canopee_api.postgres import rings as ring_sql
from canopee_api.postgres.database import Database
from canopee_contract.pipeline import Kind
from canopee_kit.clock import Clock
from canopee_kit.logs import get_logger
from canopee_trust.errors import EnvelopeError

_log = get_logger(__name__)


class CampaignApprovals:
    """Looks at the documents of campaigns under way again, whenever the trust policy or the authors change."""

    def __init__(self, database: Database, trust: TrustStore, clock: Clock) -> None:
        self._database, self._trust, self._clock = database, trust, clock
        self._looked_at: object = None

    async def halt_unapproved(self) -> int:
        """Halt what nobody who counts approves any more; how many. PCs refuse their orders by themselves."""
        judged_by = self._trust.approving
        if judged_by is None or judged_by == self._looked_at:
            return 0
        halted = 0
        async with self._database.transaction() as tx:
            now = self._clock.now()
            for one in await sql.documents_under_way(tx, now):
                reason = self._fault(one.document, "action" if one.kind == "action" else "collect")
                if reason is None:
                    continue
                why = ring_sql.Halt(reason, "unapproved", {})
                await ring_sql.halt(tx, one.id, why, now=now)
                await note(tx, now, "canopee", "campaign.halt", one.id, reason=reason, code=why.code)
                _log.warning("campaign %s (%s) halts: %s", one.id, one.name, reason)
                halted += 1
        self._looked_at = judged_by
        return halted

    def _fault(self, document: bytes, kind: Kind) -> str | None:
        try:
            self._trust.approved(document, kind)
        except EnvelopeError as error:
            return f"its approvals count no more ({error.message}): let approvers sign a new document"
        return None
