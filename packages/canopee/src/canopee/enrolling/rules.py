"""`canopee enrol rules list | set FILE`: what is decided without anybody."""

import argparse
from pathlib import Path

import msgspec

from canopee.documents import read_document
from canopee.home import add_home, connect
from canopee.output import print_json, print_list
from canopee.parsing import Commands
from canopee_contract.admission import EnrolmentRule, EnrolmentRules, HeldRules


class Line(msgspec.Struct):
    """One rule, as a person reads it."""

    order: int
    rule: str
    then: str
    when: str


def add_to(actions: Commands) -> None:
    """The action with its two verbs."""
    parser = actions.add_parser("rules", help="rules that approve, let wait or reject by themselves")
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    listed = verbs.add_parser("list", help="the rules in force, in their order")
    listed.set_defaults(run=_list)
    put = verbs.add_parser("set", help="put the rules of a file in force, instead of those before")
    put.add_argument("file", type=Path, metavar="FILE.yaml")
    put.set_defaults(run=_set)
    for one in (listed, put):
        one.add_argument("--json", action="store_true", help="one JSON value on standard output")
        add_home(one)


def _list(arguments: argparse.Namespace) -> int:
    with connect(arguments) as client:
        _print(client.enrolment_rules(), as_json=arguments.json)
    return 0


def _set(arguments: argparse.Namespace) -> int:
    rules = read_document(arguments.file, EnrolmentRules)
    with connect(arguments) as client:
        _print(client.set_enrolment_rules(rules), as_json=arguments.json)
    return 0


def _print(held: HeldRules, *, as_json: bool) -> None:
    if as_json:
        print_json(held)
        return
    lines = [Line(order, rule.name, rule.then, when_of(rule)) for order, rule in enumerate(held.rules.rules, 1)]
    print_list(lines, ("order", "rule", "then", "when"), as_json=False)
    print("no rule holds: the token decides; what waits is forgotten after", held.rules.expires_in_days, "days")  # noqa: T201  the output of the command


def when_of(rule: EnrolmentRule) -> str:
    """What a rule asks, in a line: only what it asks."""
    asked = {name: getattr(rule.when, name) for name in rule.when.__struct_fields__}
    given = [f"{name} {_text(value)}" for name, value in asked.items() if value not in {None, ()}]
    return " and ".join(given) or "always"


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return msgspec.json.encode(value).decode() if isinstance(value, tuple) else str(value)
