"""`canopee campaign …`: a pipeline version, given ring by ring. What comes before and after is in `campaigning.py`."""

import argparse
from pathlib import Path

import msgspec
import yaml

from canopee.approval import (
    approve,
    campaign_in,
    check_approver,
    is_envelope,
    newest,
    prerequisite,
    ringed,
    signed,
)
from canopee.campaigning import add_actions, approve_draft
from canopee.commands.run import condition_to
from canopee.documents import read_bytes, write_whole
from canopee.errors import UsageError
from canopee.given import parameters_of
from canopee.home import add_home, connect, home_of
from canopee.key_files import passphrase
from canopee.output import print_list, print_object
from canopee.parsing import Commands
from canopee.quantities import add_recurrence, basis_points, byte_count, duration, recurrence, window
from canopee.signals import FORMS, signal
from canopee.trying import add_dry_run
from canopee_client.client import Client
from canopee_client.errors import AnswerError, NoAnswerError
from canopee_contract.campaign import Campaign, Rollout
from canopee_contract.people import NewCampaign
from canopee_kit.clock import SystemClock
from canopee_kit.ids import is_id
from canopee_trust.ceremony import read_approvers
from canopee_trust.ed25519 import PrivateKey, PublicKey

_COLUMNS = ("id", "name", "pipeline", "state", "total", "states", "reason")
_USUAL = Rollout()
_HALT_IF = f"what its PCs may send after their run; above, it halts; may be repeated: {FORMS.replace('%', '%%')}"
_OF_ONE = {
    "pause": (Client.pause_campaign, "make and deliver no order until it is resumed"),
    "resume": (Client.resume_campaign, "go on after a pause or a halt; what halted it is not counted again"),
    "abort": (Client.stop_campaign, "end it for good: what no PC has yet is cancelled"),
}


def add_to(commands: Commands) -> None:
    """The command and its verbs."""
    parser = commands.add_parser("campaign", help="give a pipeline to the fleet ring by ring, and follow it")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    _add_draft(actions.add_parser("draft", help="write the document of a campaign, to be read and signed"))
    signing = actions.add_parser("approve", help="say what a document does, and sign it with an approver's key")
    signing.add_argument(
        "what", help="a document, an envelope that needs one more signature, or the id of a draft"
    )
    signing.add_argument("--approver", default="approver-1", help="name of the key in offline/")
    signing.add_argument("--keys", type=Path, help="key folder (default: keys/ of the home)")
    signing.add_argument("--out", type=Path, help="envelope to write (default: FILE.signed.json, or FILE itself)")
    signing.set_defaults(run=_approve)
    starting = actions.add_parser("start", help="start the campaign of a signed document")
    starting.add_argument("what", help="the envelope that `canopee campaign approve` wrote, or the id of a draft")
    starting.set_defaults(run=_start)
    listing = actions.add_parser("list", help="campaigns, the newest first")
    listing.add_argument(
        "--state", default="", help="only those: running, paused, halted, finished, aborted (commas)"
    )
    listing.add_argument("--pipeline", default="", help="only those of name, or name@version")
    listing.set_defaults(run=_list)
    add_actions(actions)
    add_dry_run(actions)
    for name, (call, said) in _OF_ONE.items():
        action = actions.add_parser(name, help=said)
        action.add_argument("id")
        action.set_defaults(run=_call, call=call)
    for action in actions.choices.values():
        action.add_argument("--json", action="store_true", help="JSON on standard output")
        add_home(action)


def _add_draft(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("pipeline", help="name, or name@version")
    parser.add_argument("--to", required=True, help="id of a device, `all`, or a condition (file or JSON)")
    parser.add_argument("--out", type=Path, required=True, help="document to write (YAML)")
    parser.add_argument(
        "--rings", default="1%,10%,50%,100%", metavar="1%,10%,…", help="parts of the fleet that rise"
    )
    parser.add_argument("--pilot", action="append", default=[], metavar="ID", help="a device of the first ring")
    parser.add_argument("--param", action="append", default=[], metavar="NAME=VALUE", help="may be repeated")
    parser.add_argument("--name", default="", help="how people call it (default: the pipeline's title)")
    parser.add_argument("--reason", required=True, help="why, for those who approve it and for the audit")
    parser.add_argument(
        "--expires", type=duration, default="30d", metavar="30d", help="over after (s, m, h, d, w)"
    )
    parser.add_argument(
        "--window", type=window, action="append", default=[], metavar="'mon-fri 20:00-06:00'",
        help="only then, by the clock on the wall of the PC; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--supersede", action="store_true", help="it ends the older campaigns of the same pipeline when it starts"
    )
    parser.add_argument(
        "--through-freezes", action="store_true", help="an emergency: the freeze calendar does not hold it back"
    )
    add_recurrence(parser)
    parser.add_argument(
        "--after", action="append", default=[], metavar="PIPELINE[@VERSION]",
        help="PCs wait until a run of it, of that version or a later one, was done there; may be repeated",
    )  # fmt: skip
    parser.add_argument("--max-targets", type=int, default=1_000_000, metavar="N", help="orders, at most")
    for name, said in (
        ("advance-after", "how long a ring stays alone before the next"),
        ("silent-after", "how long a PC has to answer"),
    ):
        usual = getattr(_USUAL, f"{name.replace('-', '_')}_s")
        parser.add_argument(
            f"--{name}", type=duration, default=usual, metavar="1h", help=f"{said} (s, m, h, d, w)"
        )
    for name, said in (
        ("min-answered-pct", "PCs of the open rings that must have answered"),
        ("max-failed-pct", "runs that may fail; above, it halts"),
        ("max-silent-pct", "PCs that may not answer in time; above, it halts"),
        ("min-runs", "runs below which no share halts anything"),
    ):
        usual = getattr(_USUAL, name.replace("-", "_"))
        parser.add_argument(f"--{name}", type=int, default=usual, metavar="N", help=f"{said} (default: {usual})")
    parser.add_argument("--orders-per-min", type=int, metavar="N", help="orders made a minute, at most")
    parser.add_argument(
        "--bytes-per-hour", type=byte_count, metavar="2G", help="downloads begun in any hour, at most (k, M, G, T)"
    )
    parser.add_argument("--halt-if", action="append", default=[], metavar="LIMIT WHAT", help=_HALT_IF)
    parser.set_defaults(run=_draft)


def _draft(arguments: argparse.Namespace) -> int:
    out: Path = arguments.out
    if out.exists():
        raise UsageError(f"{out} is there already: name another file")
    with connect(arguments) as client:
        pipeline = newest(client, arguments.pipeline)
        after = tuple(prerequisite(client, one) for one in arguments.after)
    whole = approve(
        pipeline, condition_to(arguments.to), SystemClock(), parameters=parameters_of(arguments.param),
        expires_in_s=arguments.expires, name=arguments.name,
    )  # fmt: skip
    rollout = Rollout(
        arguments.advance_after, arguments.min_answered_pct, arguments.max_failed_pct, arguments.max_silent_pct,
        arguments.silent_after, arguments.min_runs,
        signals=tuple(signal(one) for one in arguments.halt_if) or msgspec.UNSET,
        orders_per_min=msgspec.UNSET if arguments.orders_per_min is None else arguments.orders_per_min,
        bytes_per_hour=msgspec.UNSET if arguments.bytes_per_hour is None else arguments.bytes_per_hour,
    )  # fmt: skip
    shares = [basis_points(one.strip()) for one in arguments.rings.split(",")]
    campaign = ringed(whole, shares, pilots=arguments.pilot, rollout=rollout, reason=arguments.reason)
    document = msgspec.structs.replace(
        campaign,
        max_targets=arguments.max_targets,
        windows=tuple(arguments.window),
        supersedes=arguments.supersede,
        through_freezes=arguments.through_freezes,
        recurrence=recurrence(arguments),
        after=after,
    )
    write_whole(out, yaml.safe_dump(msgspec.to_builtins(document), allow_unicode=True, sort_keys=False).encode())
    print_object(document, as_json=arguments.json)
    return 0


def _approve(arguments: argparse.Namespace) -> int:
    if is_id(arguments.what):
        with connect(arguments) as client:
            approve_draft(client, arguments.what, _key(arguments), as_json=arguments.json)
        return 0
    source = Path(arguments.what)
    raw = read_bytes(source)
    campaign, key = campaign_in(raw, source), _key(arguments)
    print_object(campaign, as_json=arguments.json)  # all of it: what you see is what you sign
    _check_approver(arguments, campaign, key.public)
    out = arguments.out or (source if is_envelope(raw) else source.with_suffix(".signed.json"))
    write_whole(out, signed(raw, source, key))
    return 0


def _key(arguments: argparse.Namespace) -> PrivateKey:
    keys: Path = arguments.keys or home_of(arguments).keys
    return read_approvers(keys / "offline", (arguments.approver,), passphrase)[0].key


def _check_approver(arguments: argparse.Namespace, campaign: Campaign, key: PublicKey) -> None:
    """Where an API is known and answers; a machine that is kept off the network signs all the same."""
    try:
        with connect(arguments) as client:
            life = client.key_life()
    except (UsageError, AnswerError, NoAnswerError):
        return
    check_approver(life, campaign, key)


def _start(arguments: argparse.Namespace) -> int:
    if is_id(arguments.what):
        with connect(arguments) as client:
            print_object(client.start_draft(arguments.what), as_json=arguments.json)
        return 0
    raw = read_bytes(Path(arguments.what))
    if not is_envelope(raw):
        raise UsageError(f"{arguments.what} is not signed: canopee campaign approve {arguments.what}")
    with connect(arguments) as client:
        print_object(client.start_campaign(NewCampaign(document=msgspec.Raw(raw))), as_json=arguments.json)
    return 0


def _list(arguments: argparse.Namespace) -> int:
    asked = {"state": arguments.state, "pipeline": arguments.pipeline}
    filters = {name: value for name, value in asked.items() if value}
    with connect(arguments) as client:
        print_list(client.campaigns(**filters), _COLUMNS, as_json=arguments.json)
    return 0


def _call(arguments: argparse.Namespace) -> int:
    with connect(arguments) as client:
        print_object(arguments.call(client, arguments.id), as_json=arguments.json)
    return 0
