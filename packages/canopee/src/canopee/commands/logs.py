"""`canopee logs request | list | show | download | search | cancel | purge | again | code`: log files of PCs."""

import argparse
from collections.abc import Callable
from pathlib import Path

from canopee.home import add_home
from canopee.logs import asking, opening
from canopee.parsing import Commands
from canopee.quantities import byte_count, duration
from canopee_contract.log_requests import LOG_STATES, REQUEST_STATES


def add_to(commands: Commands) -> None:
    """The command with its actions."""
    parser = commands.add_parser("logs", help="log files of PCs: ask for them, open them, purge them")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    _request(actions)
    _again(actions)
    _code(actions)
    _list(actions)
    _show(actions)
    _download(actions)
    _search(actions)
    _cancel(actions)
    _purge(actions)


def _action(
    actions: Commands, name: str, text: str, run: Callable[[argparse.Namespace], int]
) -> argparse.ArgumentParser:
    parser = actions.add_parser(name, help=text)
    parser.add_argument("--json", action="store_true", help="one JSON value on standard output")
    add_home(parser)
    parser.set_defaults(run=run)
    return parser


def _request(actions: Commands) -> None:
    parser = _action(actions, "request", "ask PCs for their logs", asking.request)
    who = parser.add_argument_group("which PCs")
    who.add_argument("--device", action="append", default=[], metavar="ID|NAME", help="may be repeated")
    who.add_argument(
        "--practice", action="append", default=[], metavar="ID", help="every PC of it; may be repeated"
    )
    who.add_argument("--devices-file", type=Path, metavar="FILE", help="a list, one a line (`-`: standard input)")
    who.add_argument(
        "--only-found", action="store_true", help="go on although some lines stand for no PC, or for several"
    )
    _what(parser)
    parser.add_argument(
        "--total-budget", type=byte_count, default=5_000_000_000, metavar="5G", help="what all of them may send"
    )
    parser.add_argument(
        "--expires", type=duration, default=7 * 86_400, metavar="7d", help="how long PCs have to begin"
    )
    parser.add_argument("--estimate", action="store_true", help="say what would come, and ask nothing of any PC")
    _waiting(parser)


def _what(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pipeline", required=True, help="name, or name@version, of a collection of logs")
    parser.add_argument("--param", action="append", default=[], metavar="NAME=VALUE", help="may be repeated")
    parser.add_argument("--reason", required=True, help="why: the user of the PC and the audit read it")
    parser.add_argument("--ticket", required=True, help="number of the case at support")
    parser.add_argument("--budget", type=byte_count, default=50_000_000, metavar="50M", help="what a PC may send")
    parser.add_argument(
        "--keep", type=duration, default=30 * 86_400, metavar="30d", help="how long archives are kept"
    )
    parser.add_argument("--notify", action="append", default=[], metavar="EMAIL", help="told when it is complete")
    parser.add_argument("--forward", action="store_true", help="send each archive to the SFTP server too")


def _waiting(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--wait", type=duration, default=0, metavar="S", help="how long to wait until nothing more is to come"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="with --wait: where to put the archive, or the zip of several"
    )


def _again(actions: Commands) -> None:
    parser = _action(actions, "again", "ask the same again", asking.again)
    parser.add_argument("id")
    parser.add_argument("--missing", action="store_true", help="only those that have sent nothing")
    _waiting(parser)


def _code(actions: Commands) -> None:
    parser = _action(actions, "code", "a code to dictate: the user of a PC sends its logs with it", asking.code)
    _what(parser)
    parser.add_argument("--expires", type=duration, default=3_600, metavar="1h", help="how long it may be used")


def _list(actions: Commands) -> None:
    parser = _action(actions, "list", "requests, newest first", opening.list_requests)
    parser.add_argument("--state", choices=REQUEST_STATES, default="")
    parser.add_argument("--q", default="", metavar="TEXT", help="part of the reason or of the ticket")
    parser.add_argument("--device", default="", metavar="ID")
    parser.add_argument("--by", default="", metavar="LOGIN")


def _show(actions: Commands) -> None:
    parser = _action(actions, "show", "one of them, and where its PCs stand", opening.show)
    parser.add_argument("id")
    parser.add_argument("--state", choices=LOG_STATES, default="", help="PCs in this state only")
    parser.add_argument("--receipts", action="store_true", help="what was purged instead")
    parser.add_argument("--history", action="store_true", help="who did what instead")


def _download(actions: Commands) -> None:
    parser = _action(actions, "download", "the archive of a PC, or one zip of all that is there", opening.download)
    parser.add_argument("id")
    parser.add_argument("--device", default="", metavar="ID")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")


def _search(actions: Commands) -> None:
    parser = _action(actions, "search", "look for a text in what came", opening.search)
    parser.add_argument("id")
    parser.add_argument("text")
    parser.add_argument("--device", default="", metavar="ID", help="in the archive of this PC only")
    parser.add_argument("--path", default="", metavar="FILE", help="in this file of the archive only")
    parser.add_argument("--regex", action="store_true", help="the text is a regular expression")
    parser.add_argument("--case", action="store_true", help="capitals count")
    parser.add_argument("--limit", type=int, default=200, metavar="N", help="matches of each PC, at most (1000)")


def _cancel(actions: Commands) -> None:
    parser = _action(actions, "cancel", "take nothing more; what is here stays", opening.cancel)
    parser.add_argument("id")


def _purge(actions: Commands) -> None:
    parser = _action(actions, "purge", "remove what came, here and on the PCs; receipts stay", opening.purge)
    parser.add_argument("id")
    parser.add_argument("--device", default="", metavar="ID", help="only what came of this PC")
