"""`canopee runs | records | …`: every list verb, and the commands that show one object."""

import argparse
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from canopee.home import add_home, connect
from canopee.output import print_list, print_object
from canopee.parsing import Commands
from canopee_client.client import Client


class _List(msgspec.Struct, frozen=True):
    """One list verb."""

    help: str
    fetch: Callable[[Client, dict[str, str]], Iterator[Any]]
    columns: tuple[str, ...]
    filters: tuple[str, ...] = ()


_LISTS = {
    "runs": _List(
        "executions of orders", lambda client, filters: client.runs(**filters),
        ("id", "device_id", "pipeline", "kind", "state", "code", "finished_at"),
        ("device", "pipeline", "campaign", "state"),
    ),
    "orders": _List(
        "orders, one a device", lambda client, filters: client.orders(**filters),
        ("id", "device_id", "seq", "pipeline", "kind", "state", "created_at"), ("device", "campaign"),
    ),
    "records": _List(
        "what was collected", lambda client, filters: client.records(**filters),
        ("id", "device_id", "dataset", "at", "body"), ("dataset", "device"),
    ),
    "rejected": _List(
        "records refused for good", lambda client, _: client.rejected(),
        ("id", "device_id", "dataset", "code", "detail", "received_at"),
    ),
    "pipelines": _List(
        "published pipelines", lambda client, _: client.pipelines(),
        ("id", "kind", "approval", "state", "title", "published_at"),
    ),
    "awaiting": _List(
        "what awaits a signature, and the command that signs it", lambda client, _: client.awaiting(),
        ("id", "kind", "target", "sha256"),
    ),
    "campaigns": _List(
        "campaigns and where their devices stand", lambda client, _: client.campaigns(),
        ("id", "name", "pipeline", "state", "total", "states", "reason", "not_after"),
    ),
    "users": _List("local accounts", lambda client, _: client.users(), ("id", "roles", "state", "created_at")),
    "api-keys": _List(
        "API keys", lambda client, _: client.api_keys(), ("id", "name", "owner", "roles", "state", "expires_at")
    ),
    "datasets": _List(
        "declared shapes of records", lambda client, _: client.datasets(), ("name", "version", "title", "managed_by")
    ),
    "jobs": _List(
        "work behind the doors: what waits, runs, is tried again or failed, and the last of each kind",
        lambda client, filters: client.jobs(**filters),
        ("id", "name", "queue", "state", "attempts", "changed_at", "next_at", "error"), ("state", "name"),
    ),
    "audit": _List("who did what", lambda client, _: client.audit(), ("id", "at", "actor", "action", "object")),
}  # fmt: skip


def add_to(commands: Commands) -> None:
    """Every list verb, and `result ID`."""
    for name, verb in _LISTS.items():
        parser = commands.add_parser(name, help=verb.help)
        for one in verb.filters:
            parser.add_argument(f"--{one}", default="", help=f"only of this {one}")
        _add_common(parser)
        parser.set_defaults(run=_list, verb=verb)
    parser = commands.add_parser("result", help="one run, with everything known")
    parser.add_argument("id")
    _add_common(parser)
    parser.set_defaults(run=_show)


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON value on standard output")
    add_home(parser)


def _list(arguments: argparse.Namespace) -> int:
    verb: _List = arguments.verb
    filters = {name: value for name in verb.filters if (value := getattr(arguments, name))}
    with connect(arguments) as client:
        print_list(verb.fetch(client, filters), verb.columns, as_json=arguments.json)
    return 0


def _show(arguments: argparse.Namespace) -> int:
    with connect(arguments) as client:
        print_object(client.run(arguments.id), as_json=arguments.json)
    return 0
