"""`canopee enrol list | show | approve | reject`: the PCs that wait."""

import argparse
from functools import partial
from typing import get_args

from canopee.errors import FailedError, UsageError
from canopee.home import add_home, connect
from canopee.output import print_json, print_list, print_object
from canopee.parsing import Commands
from canopee_client.client import Client
from canopee_contract.admission import MAX_IDS, Decided, Decision, RequestFilter, RequestState

_FILTERS = {
    "practice": ("GLOB", "of practices such as 'FR-69-*'"),
    "hostname": ("GLOB", "whose name is such as 'ACCUEIL-*'"),
    "network": ("CIDR", "that called from 192.168.0.0/16, for instance"),
    "platform": ("OS", "windows or linux"),
    "token": ("ID", "that asked with these tokens"),
}
_COLUMNS = (
    "id", "state", "hostname", "practice_id", "practice_known", "platform", "address", "reason", "last_asked_at",
)  # fmt: skip


def add_to(actions: Commands) -> None:
    """The four actions."""
    listed = actions.add_parser("list", help="PCs that wait, or that were decided on")
    listed.add_argument("--state", default="waiting", choices=(*get_args(RequestState), "all"))
    _add_filters(listed)
    _add_common(listed)
    listed.set_defaults(run=_list)
    shown = actions.add_parser("show", help="one of them, with everything known")
    shown.add_argument("id")
    _add_common(shown)
    shown.set_defaults(run=_show)
    for name, help_text in (("approve", "let PCs enrol"), ("reject", "refuse PCs")):
        decided = actions.add_parser(name, help=help_text)
        decided.add_argument("ids", nargs="*", metavar="ID")
        decided.add_argument("--all-matching", action="store_true", help="those that wait, of the options below")
        decided.add_argument("--reason", required=name == "reject", default="", help="kept, and told to the PC")
        if name == "approve":
            decided.add_argument(
                "--replace", action="store_true", help="each was installed again: revoke what it was before"
            )
        _add_filters(decided)
        _add_common(decided)
        decided.set_defaults(run=partial(_decide, name))


def _add_filters(parser: argparse.ArgumentParser) -> None:
    for name, (metavar, help_text) in _FILTERS.items():
        parser.add_argument(f"--{name}", default="", metavar=metavar, help=f"only those {help_text}")


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON value on standard output")
    add_home(parser)


def _filter(arguments: argparse.Namespace) -> RequestFilter:
    return RequestFilter(
        arguments.practice, arguments.hostname, arguments.network, arguments.platform, arguments.token
    )


def _list(arguments: argparse.Namespace) -> int:
    wanted = _filter(arguments)
    filters = {name: value for name in wanted.__struct_fields__ if (value := getattr(wanted, name))}
    if arguments.state != "all":
        filters["state"] = arguments.state
    with connect(arguments) as client:
        print_list(client.enrolments(**filters), _COLUMNS, as_json=arguments.json)
    return 0


def _show(arguments: argparse.Namespace) -> int:
    with connect(arguments) as client:
        print_object(client.enrolment(arguments.id), as_json=arguments.json)
    return 0


def _decide(name: str, arguments: argparse.Namespace) -> int:
    if bool(arguments.ids) == arguments.all_matching:
        raise UsageError(f"canopee enrol {name}: name ids, or --all-matching with what they have in common")
    with connect(arguments) as client:
        decided = _decided(client, name, arguments)
    if arguments.json:
        print_json(decided)
    else:
        verb = "approved: they get their identity when they ask again" if name == "approve" else "rejected"
        print(f"{decided.count} PCs {verb}")  # noqa: T201  the output of the command
    if decided.undecided:
        first = decided.undecided[0]
        raise FailedError(f"{len(decided.undecided)} could not be decided on: {first.id} is {first.state}")
    return 0


def _decided(client: Client, name: str, arguments: argparse.Namespace) -> Decided:
    decide = client.approve_enrolments if name == "approve" else client.reject_enrolments
    replace = getattr(arguments, "replace", False)
    if arguments.all_matching:
        return decide(Decision(matching=_filter(arguments), reason=arguments.reason, replace=replace))
    parts = [
        decide(Decision(ids=arguments.ids[start : start + MAX_IDS], reason=arguments.reason, replace=replace))
        for start in range(0, len(arguments.ids), MAX_IDS)
    ]
    return Decided(
        sum(one.count for one in parts), [one for part in parts for one in part.ids],
        [one for part in parts for one in part.undecided],
    )  # fmt: skip
