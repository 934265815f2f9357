"""`canopee campaign dry-run`: what a document would do on PCs that it reaches, with nothing done."""

import argparse
import random
from itertools import islice
from pathlib import Path
from typing import Any

from canopee.approval import campaign_in, newest
from canopee.documents import read_bytes
from canopee.dry_run import SHORTEST_S, answers_of, tell
from canopee.errors import UsageError
from canopee.home import connect
from canopee.output import print_object
from canopee.quantities import duration
from canopee_client.client import Client
from canopee_contract.campaign import Campaign
from canopee_contract.codec import encode
from canopee_contract.people import NewDryRun
from canopee_kit.clock import SystemClock
from canopee_kit.ids import is_id

MOST = 50
"""Devices of one dry run, as the API has it."""
_AMONG = 1_000
"""A sample is taken of so many that were heard of last: they answer at once."""
_LONGEST_CONDITION = 6_000
"""In an address, in bytes."""


def add_dry_run(actions: Any) -> None:  # noqa: ANN401  argparse names its own class of verbs nowhere
    """The verb."""
    parser = actions.add_parser("dry-run", help="let PCs say what a document would do there: nothing is done")
    parser.add_argument("what", help="a document, an envelope, or the id of a draft")
    who = parser.add_mutually_exclusive_group()
    who.add_argument("--to", metavar="DEVICE[,…]", help=f"ids of devices that it reaches, {MOST} at most")
    who.add_argument("--sample", type=int, metavar="N", help="so many of those that it reaches and that are on")
    parser.add_argument(
        "--wait", type=duration, default=60, metavar="S",
        help="how long to wait for the end of every run (default: 60; 0: say only what was started)",
    )  # fmt: skip
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    clock = SystemClock()
    with connect(arguments) as client:
        campaign = _document(client, arguments.what)
        pipeline = newest(client, f"{campaign.pipeline.name}@{campaign.pipeline.version}")
        if pipeline.ref != campaign.pipeline:
            raise UsageError(f"{pipeline.id} is published with other bytes: write the document again")
        devices = _chosen(client, campaign, arguments)
        view = client.start_dry_run(
            NewDryRun(pipeline.id, devices, campaign.parameters, max(SHORTEST_S, arguments.wait))
        )
        if not arguments.wait:
            print_object(view, as_json=arguments.json)
            return 0
        runs = answers_of(client, view, arguments.wait, clock)
    return tell(runs, is_dry=True, as_json=arguments.json)


def _document(client: Client, what: str) -> Campaign:
    """Of a file, or of a draft that waits on the API, started or not."""
    if not is_id(what):
        path = Path(what)
        return campaign_in(read_bytes(path), path)
    draft = client.campaign_draft(what)
    return campaign_in(encode(draft.envelope), Path(what))


def _chosen(client: Client, campaign: Campaign, arguments: argparse.Namespace) -> list[str]:
    if arguments.sample is not None:
        return _sample(client, campaign, arguments.sample)
    if arguments.to is None:
        raise UsageError("on which PCs? --to DEVICE[,…], or --sample 5 of those that it reaches")
    return _named(client, campaign, arguments.to)


def _named(client: Client, campaign: Campaign, text: str) -> list[str]:
    """Those that were named, once each; raises `UsageError` where the document does not reach one."""
    devices = list(dict.fromkeys(one.strip() for one in text.split(",") if one.strip()))
    if not 1 <= len(devices) <= MOST:
        raise UsageError(f"--to: 1 to {MOST} ids of devices, with commas; {len(devices)} were given")
    for device in devices:
        why = client.why(campaign.condition, device)
        if why.obstacle:
            raise UsageError(f"--to {device}: orders never reach it: {why.obstacle}")
        if not why.holds:
            tests = "; ".join(f"{one.test}, it has {one.fact!r}" for one in why.tests if not one.holds)
            raise UsageError(
                f"--to {device}: the document does not reach it ({tests or 'its condition does not hold'})"
            )
    return devices


def _sample(client: Client, campaign: Campaign, number: int) -> list[str]:
    """So many at random of those that it reaches and that were heard of last; all of them where there are fewer."""
    if not 1 <= number <= MOST:
        raise UsageError(f"--sample: 1 to {MOST}")
    condition = encode(campaign.condition).decode()
    if len(condition) > _LONGEST_CONDITION:
        raise UsageError("--sample: the condition is too long to be looked for so; name devices with --to")
    found = client.devices(condition=condition, state="online", sort="-last_seen")
    devices = [one.id for one in islice(found, _AMONG)]
    if not devices:
        raise UsageError(
            "--sample: no PC that it reaches is on now; name some with --to, they answer when they are back"
        )
    return random.sample(devices, min(number, len(devices)))
