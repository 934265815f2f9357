"""What proposals are made of: a ceremony, a rotation, a revocation."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from canopee.errors import UsageError
from canopee.home import connect, home_of
from canopee.key_files import online_card, read_cards
from canopee.key_signing import finish, published, write_new
from canopee.output import print_json
from canopee_client.client import Client
from canopee_contract.codec import encode
from canopee_contract.trust_policy import TRUST_POLICY_PATH, TrustPolicy
from canopee_kit.clock import SystemClock
from canopee_trust.cards import Card
from canopee_trust.errors import KeyFileError
from canopee_trust.proposal import Proposal
from canopee_trust.review import review
from canopee_trust.revocation import find_key, propose, revoke
from canopee_trust.roles import OFFLINE, ONLINE
from canopee_trust.rotation import adopt, adopt_online, rotate
from canopee_trust.seats import Seats, first, seats_of

CEREMONY_ROLES = tuple(role for role in OFFLINE if role != "tools")
_DIRECTOR = "director"


def ceremony(arguments: argparse.Namespace) -> int:
    """A root that people hold: of a new fleet, or after that of a fleet at work (`--move`)."""
    _ask_what_is_missing(arguments)
    if arguments.out.exists():
        raise UsageError(
            f"{arguments.out} is there: go on with it (canopee keys show {arguments.out}), or remove it"
        )
    cards = {card.name: card for card in read_cards(arguments.cards)}
    wanted = _seatings(arguments)
    approvers = _names(arguments.approvers)
    online = {name: _online(cards, name) for name in (*ONLINE, _DIRECTOR)}
    missing = sorted({name for names, _ in wanted.values() for name in names if name not in cards}
                     | {name for name in approvers if name not in cards}
                     | {name for name, card in online.items() if card is None})  # fmt: skip
    if missing:
        said = "each runs `canopee keys make NAME`, the server `canopee keys online`; then run this again"
        raise KeyFileError(f"the cards of {', '.join(missing)} are not here yet: {said}")
    held = {name: card for name, card in online.items() if card is not None}
    seats = {role: Seats(tuple(cards[one] for one in names), number) for role, (names, number) in wanted.items()}
    seats |= {role: Seats((held[role],)) for role in ONLINE}
    policy = TrustPolicy(
        1, 1, (held[_DIRECTOR].trusted,), tuple(cards[name].trusted for name in approvers),
        arguments.action_approvals, arguments.collect_approvals,
    )  # fmt: skip
    _check_approvals(policy)
    proposal = _moved(arguments, seats, policy) if arguments.move else _founded(seats, policy)
    return write_new(arguments.out, proposal)


def rotation(arguments: argparse.Namespace) -> int:
    """New keys for a role: other seats (`--add`, `--remove`, `--threshold`), or the one key of a folder."""
    role: str = arguments.role
    keys: Path = arguments.keys or home_of(arguments).keys
    now = SystemClock().now()
    if arguments.add or arguments.remove or arguments.threshold:
        with connect(arguments) as client:
            newest, policy = published(client)
            proposal = _reseated(newest, policy, arguments, now)
            return _end(arguments, proposal, keys, client, now)
    if arguments.out:
        raise UsageError("--out is for --add CARD, --remove WHO or --threshold N: say what changes")
    with connect(arguments) as client:
        if role in {*ONLINE, _DIRECTOR}:
            newest, policy = published(client)
            proposal = _online_rotated(newest, policy, role, keys / "online", now)
            answer = finish(proposal, keys / "offline", client, now) if proposal else None
            adopt_online(role, keys / "online")
        else:
            newest, _ = published(client)
            made = rotate(newest, role, keys / "offline", now)
            answer = client.publish(made) if made.metadata else None
            adopt(role, keys / "offline")
    print_json(answer or "unchanged")
    return 0


def revocation(arguments: argparse.Namespace) -> int:
    """A key that signs nothing any more, wherever it counted."""
    keys: Path = arguments.keys or home_of(arguments).keys
    now = SystemClock().now()
    with connect(arguments) as client:
        newest, policy = published(client)
        replacement = read_cards([arguments.replace])[0] if arguments.replace else None
        proposal = revoke(newest, policy, arguments.who, replacement=replacement, now=now)
        return _end(arguments, proposal, keys, client, now)


def _end(arguments: argparse.Namespace, proposal: Proposal, keys: Path, client: Client, now: datetime) -> int:
    if arguments.out:
        return write_new(arguments.out, proposal)
    for line in review(proposal):
        sys.stderr.write(f"{line}\n")
    print_json(finish(proposal, keys / "offline", client, now))
    return 0


def _founded(seats: Mapping[str, Seats], policy: TrustPolicy) -> Proposal:
    now, content = SystemClock().now(), encode(policy)
    metadata = first(seats, content, now=now)
    return Proposal(1, "found a repository", now, {}, metadata, {TRUST_POLICY_PATH: content})


def _moved(arguments: argparse.Namespace, seats: dict[str, Seats], policy: TrustPolicy) -> Proposal:
    """From the root of today (of a lab, mostly): every key of it goes, by a rotation that every PC follows."""
    with connect(arguments) as client:
        newest, held = published(client)
    following = TrustPolicy(
        1, held.epoch + 1, policy.directors, policy.approvers, policy.action_approvals, policy.collect_approvals
    )
    return propose("move to a root that people hold", newest, seats, encode(following), now=SystemClock().now())


def _reseated(
    newest: Mapping[str, bytes], policy: TrustPolicy, arguments: argparse.Namespace, now: datetime
) -> Proposal:
    role, added = arguments.role, read_cards(arguments.add)
    if role == _DIRECTOR:
        raise UsageError("a director is replaced by canopee keys revoke DIRECTOR --replace CARD")
    held = seats_of(newest, role)
    gone = {find_key(newest, policy, who).keyid for who in arguments.remove}
    if strange := gone - {card.key.keyid for card in held.holders}:
        raise UsageError(f"{', '.join(sorted(strange))} does not sit at {role}")
    holders = tuple(card for card in held.holders if card.key.keyid not in gone) + tuple(added)
    threshold = arguments.threshold or held.threshold
    title = f"{role}: {threshold} of {len(holders)}"
    return propose(title, newest, {role: Seats(holders, threshold)}, None, now=now)


def _online_rotated(
    newest: Mapping[str, bytes], policy: TrustPolicy, role: str, online: Path, now: datetime
) -> Proposal | None:
    """`None` when the key that waits is published already: a rotation that was cut is only ended."""
    card = online_card(online, role)
    if role == _DIRECTOR:
        if any(key.public_key == card.public_key for key in policy.directors):
            return None
        changed = TrustPolicy(
            1,
            policy.epoch + 1,
            (card.trusted,),
            policy.approvers,
            policy.action_approvals,
            policy.collect_approvals,
        )
        return propose("another director", newest, {}, encode(changed), now=now)
    if card.key.keyid in {one.key.keyid for one in seats_of(newest, role).holders}:
        return None
    return propose(f"another key for {role}", newest, {role: Seats((card,))}, None, now=now)


def _seatings(arguments: argparse.Namespace) -> dict[str, tuple[list[str], int]]:
    """Role → who sits there, and how many must sign; `--seat ROLE=M:a,b,c` goes before what holds for all."""
    usual = (_names(arguments.holders), arguments.threshold)
    wanted = dict.fromkeys(CEREMONY_ROLES, usual)
    for given in arguments.seat:
        role, is_pair, rest = given.partition("=")
        number, is_counted, names = rest.partition(":")
        if not is_pair or not is_counted or not number.isdecimal() or role not in OFFLINE:
            raise UsageError(f"--seat {given}: ROLE=M:name,name is expected; roles: {', '.join(OFFLINE)}")
        wanted[role] = (_names(names), int(number))
    return wanted


def _ask_what_is_missing(arguments: argparse.Namespace) -> None:
    """On a terminal, what no option says is asked for."""
    asked: Sequence[tuple[str, str]] = (
        ("holders", "Who holds the root and the roles that sign? (names, with commas)"),
        ("threshold", "How many of them must sign?"),
        ("approvers", "Who approves campaigns? (names, with commas)"),
    )
    for name, question in asked:
        if getattr(arguments, name):
            continue
        if not sys.stdin.isatty():
            raise UsageError(f"--{name} is missing: {question}")
        sys.stdout.write(f"{question} ")
        sys.stdout.flush()
        answer = sys.stdin.readline().strip()
        setattr(arguments, name, int(answer) if name == "threshold" and answer.isdecimal() else answer)
    if not isinstance(arguments.threshold, int):
        raise UsageError("--threshold: a number is expected")


def _check_approvals(policy: TrustPolicy) -> None:
    needed = max(policy.action_approvals, policy.collect_approvals)
    if len(policy.approvers) < needed:
        raise UsageError(f"{needed} approvals are wanted of {len(policy.approvers)} approvers: name more of them")


def _online(cards: Mapping[str, Card], name: str) -> Card | None:
    """The card of a key of the server: `canopee keys online` calls it by its role and the beginning of its id."""
    found = [card for held, card in cards.items() if held.partition("-")[0] == name]
    if len(found) > 1:
        raise UsageError(f"several cards of {name}: leave only the newest in --cards")
    return found[0] if found else None


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
