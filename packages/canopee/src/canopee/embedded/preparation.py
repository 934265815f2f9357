"""What an embedded installation needs before its fleet can work: keys, an administrator, a catalog, identities."""

import asyncio
import secrets
import shutil
from pathlib import Path

import msgspec
from rich.console import Console

from canopee.approval import approve, newest
from canopee.catalog_folder import print_faults, read_folder
from canopee.documents import read_document, write_private
from canopee.errors import UsageError
from canopee.home import Credential, Home
from canopee.publishing import publish_awaiting, publish_first
from canopee_api.accounts.people import Actor, People
from canopee_api.postgres.accounts import list_users
from canopee_api.postgres.database import Database
from canopee_client.client import Client
from canopee_contract.catalog import ApplyRequest, PlanRequest
from canopee_contract.codec import encode
from canopee_contract.condition import Scalar
from canopee_contract.people import ROLES, CollectRequest, NewApiKey, NewCampaign, NewEnrolmentTokens, NewUser
from canopee_contract.recurrence import Recurrence
from canopee_kit.clock import Clock
from canopee_swarm.fleet import practice_of
from canopee_swarm.swarm import missing
from canopee_trust.ceremony import make_lab_keys, read_approvers
from canopee_trust.documents import seal_campaign

ADMIN = "admin"
_CHANGED_SINCE = frozenset({"catalog.owner", "catalog.older", "catalog.published"})
"""People have changed it since the first start: theirs stays."""
_POLICY = """# Local policy of this machine's agent: what orders may do here. No order can change it.
enabled = true
accept_lab_keys = true      # this is a development installation: its keys were made by `canopee up`
registry_roots = ['HKLM\\SOFTWARE']
program_roots = ["/usr/bin"]
read_roots = ["/var/log"]   # what `canopee logs request --pipeline product_logs` may take here
"""


class Planned(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of `catalog/campaigns/`: what starts with the sample catalog."""

    name: str
    pipeline: str
    condition: dict[str, object]
    parameters: dict[str, Scalar] = {}
    expires_in_s: int = 30 * 86_400
    recurrence: Recurrence | None = None


def make_keys(home: Home, clock: Clock) -> None:
    """Development keys, once: the folder appears whole or not at all."""
    if (home.keys / "root.json").is_file():
        return
    part = home.keys.with_name("keys.part")
    shutil.rmtree(part, ignore_errors=True)
    make_lab_keys(part, clock.now())
    part.rename(home.keys)


def make_administrator(address: str, url: str, home: Home, clock: Clock) -> str:
    """The first administrator and the API key of this machine; the password, or empty when there is one already."""
    if home.credential.is_file():
        held = msgspec.json.decode(home.credential.read_bytes(), type=Credential)
        write_private(home.credential, encode(Credential(url, held.api_key)))
        return ""
    password = secrets.token_urlsafe(12)
    api_key = asyncio.run(_first_account(address, password, clock))
    write_private(home.credential, encode(Credential(url, api_key)))
    return password


def apply_catalog(client: Client, home: Home, catalog: Path, clock: Clock) -> list[str]:
    """Publish and start what the catalog holds; what is there already stays. Names of the campaigns started."""
    if "targets" not in client.trust().roles:
        publish_first(client, home.keys)
    files = read_folder(catalog)
    plan = client.plan_catalog(PlanRequest(files, partial=True))
    theirs = {one.path for one in plan.faults if one.code in _CHANGED_SINCE}
    if theirs:
        files = [file for file in files if file.path not in theirs]
        plan = client.plan_catalog(PlanRequest(files, partial=True))
    if errors := [one for one in plan.faults if one.severity == "error"]:
        print_faults(catalog, errors, Console(stderr=True, highlight=False, soft_wrap=True))
        raise UsageError(f"{catalog} has {len(errors)} errors: see `canopee plan`")
    outcome = client.apply_catalog(ApplyRequest(files, plan.revision, partial=True))
    publish_awaiting(client, home.keys, outcome.to_sign)
    held = {view.name for view in client.campaigns()}
    planned = [read_document(path, Planned) for path in sorted((catalog / "campaigns").glob("*.yaml"))]
    fresh = [one for one in planned if one.name not in held]
    for one in fresh:
        client.start_campaign(_campaign(client, one, home, clock))
    return [one.name for one in fresh]


def make_agent_home(client: Client, home: Home) -> None:
    """Home of the agent of this machine; its address follows the API's."""
    home.agent.mkdir(parents=True, exist_ok=True)
    token = ""
    if not (home.agent / "state" / "identity.json").is_file():
        token = client.mint_tokens(NewEnrolmentTokens(practice_id="LOCAL")).tokens[0]
    config = f'server_url = "{client.url}"\nenrolment_token = "{token}"\n'
    write_private(home.agent / "agent.toml", config.encode())
    (home.agent / "root.json").write_bytes((home.keys / "root.json").read_bytes())
    if not (home.agent / "policy.toml").is_file():
        (home.agent / "policy.toml").write_text(_POLICY)


def mint_swarm_tokens(client: Client, home: Home, devices: int) -> Path:
    """Tokens of the simulated devices that have no identity yet, one a line, in a private file."""
    home.swarm.mkdir(parents=True, exist_ok=True)
    numbers = missing(home.swarm, devices)
    by_practice: dict[str, int] = {}
    for number in numbers:
        by_practice[practice_of(number)] = by_practice.get(practice_of(number), 0) + 1
    tokens: list[str] = []
    for practice, count in by_practice.items():
        tokens += client.mint_tokens(NewEnrolmentTokens(count, practice, simulated=True)).tokens
    path = home.swarm / "tokens"
    write_private(path, "\n".join(tokens).encode())
    return path


def _campaign(client: Client, planned: Planned, home: Home, clock: Clock) -> NewCampaign:
    pipeline = newest(client, planned.pipeline)
    if pipeline.approval == "none":
        return NewCampaign(
            collect=CollectRequest(
                pipeline.id, planned.condition, planned.parameters, expires_in_s=planned.expires_in_s, living=True,
                name=planned.name, recurrence=planned.recurrence,
            )
        )  # fmt: skip
    campaign = approve(
        pipeline, planned.condition, clock, parameters=planned.parameters, expires_in_s=planned.expires_in_s,
        name=planned.name,
    )  # fmt: skip
    campaign = msgspec.structs.replace(campaign, recurrence=planned.recurrence)
    approver = read_approvers(home.keys / "offline")[0]
    return NewCampaign(document=msgspec.Raw(seal_campaign(campaign, [approver.key])))


async def _first_account(address: str, password: str, clock: Clock) -> str:
    database = Database(address, size=1)
    await database.open()
    try:
        people = People(database, clock)
        async with database.transaction() as tx:
            is_new = not await list_users(tx)
        if is_new:
            await people.create_user(NewUser(ADMIN, password, list(ROLES)), by="console")
        key = await people.create_api_key(
            NewApiKey("this machine", list(ROLES), expires_in_days=3650), Actor(ADMIN, tuple(ROLES))
        )
        return key.secret
    finally:
        await database.close()
