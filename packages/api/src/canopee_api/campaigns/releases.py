"""Releases of the agent, and where the fleet stands with each."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from canopee_api.campaigns.campaigns import Campaigns
from canopee_api.catalog.trust import TrustStore
from canopee_api.postgres import releases as sql
from canopee_api.postgres.campaigns import CampaignRow, campaigns_giving
from canopee_api.postgres.database import Database
from canopee_api.postgres.trust import list_targets
from canopee_contract.people import CampaignView
from canopee_contract.release import UPDATE_PIPELINE, platform_of, read_signed
from canopee_contract.release_views import Release, ReleaseFailure
from canopee_contract.version import version_key
from canopee_trust.repository import TargetInfo

_UNFINISHED = ("pending", "delivered")


class Releases:
    """What was released, and what became of it."""

    def __init__(self, database: Database, trust: TrustStore, campaigns: Campaigns) -> None:
        self._database, self._trust, self._campaigns = database, trust, campaigns

    async def list(self) -> list[Release]:
        """Every release that the newest metadata name: by platform, the highest version first."""
        await self._trust.catch_up()
        infos = self._trust.releases()
        async with self._database.transaction() as tx:
            fleet = await sql.fleet_by_version(tx)
            failed = await sql.failed_updates(tx, UPDATE_PIPELINE)
            rows = await campaigns_giving(tx, UPDATE_PIPELINE)
            views = await self._campaigns.views_of(tx, rows)
            published = {row.path: row.published_at for row in await list_targets(tx) if row.is_current}
        giving = list(zip(rows, views, strict=True))
        found: list[Release] = []
        for info in infos:
            own = [(row, view) for row, view in giving if row.parameters.get("path") == info.path]
            codes = Counter({code: number for path, code, number in failed if path == info.path})
            if info.path in published:  # else withdrawn meanwhile
                found.append(_release(info, own, fleet, codes, published[info.path]))
        return sorted(found, key=_place, reverse=True)


def _release(
    info: TargetInfo,
    giving: Sequence[tuple[CampaignRow, CampaignView]],
    fleet: Sequence[sql.FleetPart],
    codes: Counter[str],
    published_at: datetime,
) -> Release:
    signed = read_signed(info.path, info.custom)
    own = [part for part in fleet if platform_of(part.family, part.arch) == signed.platform]
    for part in own:
        version, _, reason = part.update_failed.partition(" ")
        if version == signed.version:
            codes[f"returned: {reason}"] += part.devices
    standing = [(row, view) for row, view in giving if view.state == "running"]
    return Release(
        id=f"{signed.platform}/{signed.version}", version=signed.version, platform=signed.platform,
        release_seq=signed.release_seq, min_release_seq=signed.min_release_seq, path=info.path, sha256=info.sha256,
        length=info.length, published_at=published_at,
        state="standing" if standing else "stopped" if giving else "waiting",
        reach_bp=max((row.reach_bp for row, _ in standing), default=0),
        on_version=sum(part.devices for part in own if part.version == signed.version),
        waiting=sum(view.states.get(state, 0) for _, view in standing for state in _UNFINISHED),
        failed=codes.total(), failures=[ReleaseFailure(reason, number) for reason, number in codes.most_common()],
        campaigns=[view for _, view in giving],
    )  # fmt: skip


def _place(release: Release) -> tuple[str, object, int]:
    return release.platform, version_key(release.version), release.release_seq
