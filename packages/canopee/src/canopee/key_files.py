"""Keys of people and their cards on this machine: passphrases, files, and the online keys of a server."""

import argparse
import getpass
import os
from pathlib import Path

from canopee.errors import UsageError
from canopee.home import connect, home_of
from canopee.output import print_json
from canopee_trust.cards import Card, card_of, check_name, fingerprint, read_card, write_card
from canopee_trust.errors import KeyFileError
from canopee_trust.keyfile import KeyFile, make_folder, make_key, read_key, write_key
from canopee_trust.locked_key import lock, open_key, write_locked
from canopee_trust.rotation import adopt_online

ONLINE_NAMES = ("snapshot", "timestamp", "director")


def make(arguments: argparse.Namespace) -> int:
    """A key of a person, locked with a passphrase, and its card; the card again when the key is there."""
    name: str = arguments.name
    check_name(name)
    path: Path = arguments.out or Path(f"{name}.key")
    if path.exists():
        key = open_key(path, passphrase)
        if key.name != name:
            raise KeyFileError(f"{path} is the key of {key.name}: name another file with --out")
    else:
        key = make_key(name, lab=False)
        write_locked(path, lock(key, _new_passphrase(path)))
    card = path.with_suffix(".card.json")
    write_card(card, card_of(key))
    print(f"{path}: keep it, and a copy in another place. {card}: give it to whoever leads.")  # noqa: T201  output
    print(f"fingerprint  {fingerprint(key.key.public)}")  # noqa: T201  output
    return 0


def make_online(arguments: argparse.Namespace) -> int:
    """The keys that this server signs with, and their cards; those that are there already are kept."""
    folder: Path = (arguments.keys or home_of(arguments).keys) / "online"
    make_folder(folder)
    _adopt_published(arguments, folder)
    cards = [online_card(folder, name) for name in arguments.only or ONLINE_NAMES]
    print_json([{"name": card.name, "fingerprint": fingerprint(card.key)} for card in cards])
    return 0


def _adopt_published(arguments: argparse.Namespace, folder: Path) -> None:
    """A key that waited, and that is published by now, takes its place: the next one that is made comes after it."""
    waiting = [name for name in ONLINE_NAMES if (folder / f"{name}.next.key").exists()]
    if not waiting:
        return
    with connect(arguments) as client:
        in_use = {keyid for role in client.key_life().roles for keyid in role.keyids}
    for name in waiting:
        if read_key(folder / f"{name}.next.key").key.public.keyid in in_use:
            adopt_online(name, folder)


def online_card(folder: Path, name: str) -> Card:
    """The card of a key of the server; a key that works already gets a successor, which waits as `.next.key`."""
    path = folder / f"{name}.next.key" if (folder / f"{name}.key").exists() else folder / f"{name}.key"
    if not path.exists():
        key = make_key(name, lab=False)
        write_key(path, KeyFile(f"{name}-{key.key.public.keyid[:4]}", key.seed))
    card = card_of(read_key(path))
    target = folder / f"{name}.card.json"
    if target.exists() and read_card(target) != card:
        target.rename(folder / f"{name}.{read_card(target).key.keyid}.card.json")
    write_card(target, card)
    return card


def read_cards(paths: list[Path]) -> list[Card]:
    """Cards by their files, and all those of folders; each holder once.

    Raises:
        KeyFileError: one is malformed, or two keys have one name.
    """
    files = [file for path in paths for file in (sorted(path.glob("*.card.json")) if path.is_dir() else [path])]
    cards: dict[str, Card] = {}
    for file in files:
        card = read_card(file)
        if cards.setdefault(card.name, card) != card:
            raise KeyFileError(f"{file}: another key is called {card.name} too: use one card of each holder")
    return list(cards.values())


def passphrase(path: Path) -> str:
    """That of a locked key: of CANOPEE_PASSPHRASE, else asked for on the terminal."""
    return os.environ.get("CANOPEE_PASSPHRASE") or getpass.getpass(f"passphrase of {path}: ")


def _new_passphrase(path: Path) -> str:
    if given := os.environ.get("CANOPEE_PASSPHRASE"):
        return given
    first = getpass.getpass(f"new passphrase of {path}: ")
    if first != getpass.getpass("the same again: "):
        raise UsageError("the two are not the same: nothing was made")
    return first
