import json
from pathlib import Path

import msgspec
import pytest

from canopee_contract.codec import encode
from canopee_trust.cards import card_of, fingerprint, read_card, write_card
from canopee_trust.errors import KeyFileError
from canopee_trust.keyfile import make_key, write_key
from canopee_trust.locked_key import lock, open_key, unlock, write_locked

CHEAP, WORDS = 2**4, "correct horse battery"


def test_a_locked_key_opens_with_its_passphrase_only(tmp_path: Path) -> None:
    key, path = make_key("alice", lab=False), tmp_path / "alice.key"
    write_locked(path, lock(key, WORDS, cost=CHEAP))
    assert key.seed not in path.read_text()
    assert open_key(path, lambda _: WORDS) == key
    with pytest.raises(KeyFileError, match="not its passphrase"):
        open_key(path, lambda _: "correct horse batter")
    with pytest.raises(KeyFileError, match="never overwritten"):
        write_locked(path, lock(key, WORDS, cost=CHEAP))
    path.chmod(0o644)
    with pytest.raises(KeyFileError, match="readable by others"):
        open_key(path, lambda _: WORDS)


@pytest.mark.parametrize("field", ["name", "public_key", "salt", "locked", "seal"])
def test_a_locked_key_of_which_anything_was_changed_does_not_open(field: str) -> None:
    locked = lock(make_key("alice", lab=False), WORDS, cost=CHEAP)
    other = lock(make_key("bob", lab=False), WORDS, cost=CHEAP)
    mixed = msgspec.structs.replace(locked, **{field: getattr(other, field)})
    with pytest.raises(KeyFileError):
        unlock(mixed, WORDS, Path("alice.key"))


@pytest.mark.parametrize("cost", [0, 3, -16, 2**40])
def test_a_cost_that_would_be_no_work_or_no_end_is_refused(cost: int) -> None:
    locked = msgspec.structs.replace(lock(make_key("alice", lab=False), WORDS, cost=CHEAP), cost=cost)
    with pytest.raises(KeyFileError, match="cost"):
        unlock(locked, WORDS, Path("alice.key"))


def test_two_locks_of_one_key_have_nothing_in_common() -> None:
    key = make_key("alice", lab=False)
    one, other = lock(key, WORDS, cost=CHEAP), lock(key, WORDS, cost=CHEAP)
    assert one.locked != other.locked
    assert one.seal != other.seal


def test_a_short_passphrase_is_refused() -> None:
    with pytest.raises(KeyFileError, match="at least 12"):
        lock(make_key("alice", lab=False), "too short", cost=CHEAP)


def test_a_key_that_is_not_locked_asks_for_nothing(tmp_path: Path) -> None:
    key = make_key("root", lab=True)
    write_key(tmp_path / "root.key", key)
    assert open_key(tmp_path / "root.key", lambda _: pytest.fail("asked")) == key


def test_a_card_proves_that_its_holder_has_the_key(tmp_path: Path) -> None:
    card, path = card_of(make_key("alice", lab=False)), tmp_path / "alice.card.json"
    write_card(path, card)
    write_card(path, card)
    assert read_card(path) == card
    assert len(fingerprint(card.key).split()) == 16
    with pytest.raises(KeyFileError, match="another key"):
        write_card(path, card_of(make_key("alice", lab=False)))
    path.write_bytes(encode(msgspec.structs.replace(card, name="mallory")))
    with pytest.raises(KeyFileError, match="did not hold the key"):
        read_card(path)


@pytest.mark.parametrize("name", ["", "a/b", "é", "a b", "x" * 65, "\x1b[2J"])
def test_a_name_that_would_trick_a_screen_or_a_disk_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    path.write_text(json.dumps(msgspec.to_builtins(card_of(make_key(name, lab=False)))))
    with pytest.raises(KeyFileError, match="name"):
        read_card(path)
