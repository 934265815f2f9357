"""Everything a door may call."""

import msgspec

from canopee_api.accounts.people import People
from canopee_api.accounts.views import Views
from canopee_api.campaigns.actions import Actions
from canopee_api.campaigns.approvals import CampaignApprovals
from canopee_api.campaigns.campaigns import Campaigns
from canopee_api.campaigns.drafts import CampaignDrafts
from canopee_api.campaigns.freeze_calendar import FreezeCalendar
from canopee_api.campaigns.preview import Previews
from canopee_api.campaigns.progress import Progress
from canopee_api.campaigns.recurring import Recurring
from canopee_api.campaigns.releases import Releases
from canopee_api.campaigns.rings import Rings
from canopee_api.campaigns.standstill import EmergencyStop
from canopee_api.campaigns.targeting import Targeting
from canopee_api.catalog.activity import Activity
from canopee_api.catalog.datasets import Datasets
from canopee_api.catalog.drafts import Drafts
from canopee_api.catalog.folder import Folders
from canopee_api.catalog.target_files import TargetFiles
from canopee_api.catalog.trust import TrustStore
from canopee_api.devices.annotations import Annotations
from canopee_api.devices.approvals import Approvals
from canopee_api.devices.enrolment import Enrolment
from canopee_api.devices.enrolment_tokens import TokenOffice
from canopee_api.devices.fleet_table import FleetTable
from canopee_api.devices.practices import Practices
from canopee_api.devices.selections import Selections
from canopee_api.devices.story import Story
from canopee_api.devices.tokens import Tokens
from canopee_api.files.uploads import Uploads
from canopee_api.live.fleet import LiveFleet
from canopee_api.live.watchers import Watchers
from canopee_api.logs.archives import Archives
from canopee_api.logs.cancelling import Cancels
from canopee_api.logs.codes import LogCodes
from canopee_api.logs.forwarding import Forwarding
from canopee_api.logs.purging import Purges
from canopee_api.logs.requests import LogRequests
from canopee_api.logs.targets import LogTargets
from canopee_api.orders.delivery import Delivery
from canopee_api.orders.epochs import Epochs
from canopee_api.postgres.database import Database
from canopee_api.records.intake import Intake
from canopee_api.records.storage import Storage
from canopee_kit.clock import Clock


class Areas(msgspec.Struct, frozen=True, kw_only=True):
    """The areas of one process, wired together by `app.py`."""

    clock: Clock
    database: Database
    fleet: LiveFleet
    watchers: Watchers
    people: People
    views: Views
    tokens: Tokens
    enrolment: Enrolment
    token_office: TokenOffice
    approvals: Approvals
    practices: Practices
    fleet_table: FleetTable
    selections: Selections
    annotations: Annotations
    story: Story
    datasets: Datasets
    folders: Folders
    drafts: Drafts
    activity: Activity
    trust: TrustStore
    target_files: TargetFiles
    campaigns: Campaigns
    campaign_approvals: CampaignApprovals
    epochs: Epochs
    rings: Rings
    recurring: Recurring
    emergency_stop: EmergencyStop
    freezes: FreezeCalendar
    releases: Releases
    targeting: Targeting
    campaign_drafts: CampaignDrafts
    actions: Actions
    previews: Previews
    progress: Progress
    delivery: Delivery
    intake: Intake
    storage: Storage
    uploads: Uploads
    log_requests: LogRequests
    log_targets: LogTargets
    log_archives: Archives
    log_cancels: Cancels
    log_purges: Purges
    log_codes: LogCodes
    log_forwarding: Forwarding
    tick_s: int = 30
    """Between two rounds of periodic work."""
