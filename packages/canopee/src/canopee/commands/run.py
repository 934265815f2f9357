"""`canopee run PIPELINE --to …`: give a published pipeline to PCs now, and say what became of it."""

import argparse
from pathlib import Path
from typing import Any

import msgspec

from canopee.approval import approve, newest
from canopee.documents import read_bytes, read_condition
from canopee.dry_run import SHORTEST_S, answers_of, tell
from canopee.errors import UsageError
from canopee.given import parameters_of
from canopee.home import add_home, connect, home_of
from canopee.key_files import passphrase
from canopee.output import print_object
from canopee.parsing import Commands
from canopee.quantities import add_recurrence, duration, recurrence
from canopee_client.client import Client
from canopee_contract.people import CampaignView, CollectRequest, NewCampaign, NewDryRun
from canopee_contract.recurrence import Recurrence
from canopee_kit.clock import Clock, SystemClock
from canopee_trust.ceremony import read_approvers
from canopee_trust.documents import seal_campaign

_ONCE_S, _RECURRING_S = 3_600, 30 * 86_400


def add_to(commands: Commands) -> None:
    """The command."""
    parser = commands.add_parser("run", help="give a published pipeline to PCs now")
    parser.add_argument("pipeline", help="name, or name@version")
    parser.add_argument("--to", required=True, help="id of a device, `all`, or a condition (file or JSON)")
    parser.add_argument("--param", action="append", default=[], metavar="NAME=VALUE", help="may be repeated")
    parser.add_argument(
        "--expires",
        type=duration,
        metavar="S",
        help="how long the order stays good (default: 1h; with --every, 30d)",
    )
    add_recurrence(parser)
    parser.add_argument(
        "--wait", type=duration, default=0, metavar="S", help="how long to wait for the end of every run"
    )
    parser.add_argument("--approver", default="approver-1", help="key that signs when the pipeline needs approval")
    parser.add_argument("--keys", type=Path, help="key folder (default: keys/ of the home)")
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="let the PCs (by id, 50 at most) say what it would do: nothing is done",
    )
    parser.add_argument("--document", type=Path, help="start this signed campaign document instead")
    parser.add_argument("--json", action="store_true", help="the campaign as JSON; with --wait, its runs")
    add_home(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    clock = SystemClock()
    with connect(arguments) as client:
        view = _start(client, arguments, clock)
        if not arguments.wait:
            print_object(view, as_json=arguments.json)
            return 0
        runs = answers_of(client, view, arguments.wait, clock)
    return tell(runs, is_dry=arguments.dry_run, as_json=arguments.json)


def _start(client: Client, arguments: argparse.Namespace, clock: Clock) -> CampaignView:
    if not arguments.dry_run:
        return client.start_campaign(_request(client, arguments, clock, recurrence(arguments)))
    if arguments.document:
        raise UsageError("--dry-run needs no document: name the pipeline")
    return client.start_dry_run(
        NewDryRun(
            newest(client, arguments.pipeline).id, arguments.to.split(","), parameters_of(arguments.param),
            arguments.expires or SHORTEST_S,
        )
    )  # fmt: skip


def condition_to(text: str) -> dict[str, Any]:
    """The condition that `--to` stands for."""
    if text == "all":
        return {"all": []}
    is_condition = text.lstrip().startswith("{") or Path(text).suffix in {".yaml", ".yml", ".json"}
    return read_condition(text) if is_condition else {"fact": "device.id", "op": "eq", "value": text}


def _request(client: Client, arguments: argparse.Namespace, clock: Clock, every: Recurrence | None) -> NewCampaign:
    if arguments.document:
        return NewCampaign(document=msgspec.Raw(read_bytes(arguments.document)))
    pipeline = newest(client, arguments.pipeline)
    condition, parameters = condition_to(arguments.to), parameters_of(arguments.param)
    expires = arguments.expires or (_RECURRING_S if every else _ONCE_S)
    if pipeline.approval == "none":
        return NewCampaign(
            collect=CollectRequest(pipeline.id, condition, parameters, expires_in_s=expires, recurrence=every)
        )
    campaign = approve(pipeline, condition, clock, parameters=parameters, expires_in_s=expires)
    campaign = msgspec.structs.replace(campaign, recurrence=every)
    keys: Path = arguments.keys or home_of(arguments).keys
    approver = read_approvers(keys / "offline", (arguments.approver,), passphrase)[0]
    return NewCampaign(document=msgspec.Raw(seal_campaign(campaign, [approver.key])))
