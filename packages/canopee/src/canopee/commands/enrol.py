"""`canopee enrol …`: tokens for a fleet, the PCs that wait for an approval, the rules that decide by themselves."""

from canopee.enrolling import queue, rules, tokens
from canopee.parsing import Commands


def add_to(commands: Commands) -> None:
    """The command with its actions."""
    parser = commands.add_parser("enrol", help="tokens for a fleet, PCs that wait for an approval, rules")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    for part in (tokens, queue, rules):
        part.add_to(actions)
