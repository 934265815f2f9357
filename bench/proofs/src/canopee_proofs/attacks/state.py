"""The PC's own memory: a disk that loses or spoils files must not make an order run again."""

import msgspec

from canopee_agent.engine.journal import Journal
from canopee_contract.order import Order
from canopee_contract.trust_policy import TrustedKey
from canopee_kit.clock import FakeClock
from canopee_proofs.envelopes import payload
from canopee_proofs.hostile import Repair, World
from canopee_trust.ed25519 import PrivateKey
from canopee_trust.floor import MirroredFloor


def the_journal_is_lost(world: World) -> None:
    """Deleted; then the order that has run is delivered again, and its campaign ordered again."""
    document = _run_one(world)
    world.lose("journal.db", "journal.db-wal", "journal.db-shm")
    _again(world, document)


def the_journal_is_overwritten_with_zeros(world: World) -> None:
    """What a power cut leaves of a file."""
    document = _run_one(world)
    world.spoil("journal.db", lambda raw: b"\0" * len(raw))
    _again(world, document)


def the_journal_is_empty(world: World) -> None:
    """No bytes at all, which SQLite takes for a new database."""
    document = _run_one(world)
    world.spoil("journal.db", lambda _: b"")
    _again(world, document)


def the_journal_is_an_older_copy(world: World) -> None:
    """Restored from before the order."""
    old = world.read_state("journal.db")
    document = _run_one(world)
    world.spoil("journal.db", lambda _: old)
    _again(world, document)


def the_journal_is_damaged_somewhere(world: World) -> None:
    """A page of it, anywhere."""
    document = _run_one(world)
    place = world.draw.randrange(0, 40_000, 512)
    world.spoil("journal.db", lambda raw: raw[:place] + b"\xa5" * 512 + raw[place + 512 :])
    _again(world, document)


def one_floor_is_lost(world: World) -> None:
    """Either of the two files that remember, with the journal."""
    document = _run_one(world)
    world.lose(world.draw.choice(("floor.db", "floor.copy.db")), "journal.db")
    _again(world, document)


def one_floor_is_damaged(world: World) -> None:
    """Zeros, noise, nothing, or an end that is missing, with the journal lost."""
    document = _run_one(world)
    damage = world.draw.choice((b"", b"\0" * 8_192, b"noise" * 999))
    world.spoil(world.draw.choice(("floor.db", "floor.copy.db")), lambda _: damage)
    world.lose("journal.db")
    _again(world, document)


def every_memory_is_lost(world: World) -> Repair:
    """Journal and both floors: the PC knows that it does not know, and waits for an enrolment."""
    document = _run_one(world)
    world.lose("journal.db", "floor.db", "floor.copy.db")
    _again(world, document)
    return lambda: world.lose("identity.json")


def the_spool_is_damaged(world: World) -> None:
    """Records that waited are lost; orders are not run for that."""
    document = _run_one(world)
    world.spoil("spool.db", lambda raw: b"\0" * len(raw))
    _again(world, document)


def an_order_was_stored_before_the_pc_was_enrolled_again(world: World) -> None:
    """A crash, then another enrolment: what was stored is of the old one."""
    world.order(world.approved(), generation=7)
    _store_and_stop(world)


def an_order_was_stored_before_its_director_was_dismissed(world: World) -> Repair:
    """A crash between storing and running; when the agent starts again, the stolen key is trusted no more."""
    world.order(world.approved())
    new = PrivateKey.generate()
    world.server.publish_policy(directors=(TrustedKey(new.public.keyid, new.public.base64, "new"),))
    world.round()
    world.check_untouched()
    _store_and_stop(world)
    return world.server.publish_policy


def a_stored_order_is_not_what_was_signed(world: World) -> None:
    """Somebody changed the journal's row, or the disk did."""
    world.order(world.approved(), key=PrivateKey.generate())
    _store_and_stop(world)


def a_stored_order_cannot_be_read(world: World) -> None:
    """A row of nonsense must not stop the agent at each start."""
    world.order(world.approved())
    _store_and_stop(world, body=world.draw.choice((b"", b"\0", b"{}", b'{"order":1}', b"\xff" * 40)))


def an_order_had_begun_when_the_agent_died(world: World) -> None:
    """It ends `unknown`, and is not begun again."""
    world.order(world.approved())
    _store_and_stop(world, has_begun=True)


def _run_one(world: World) -> bytes:
    """Two legitimate orders run, one that acts and one that collects; the document of the campaign."""
    document = world.approved()
    world.collect()
    world.order(document)
    world.round()
    world.forgive()
    return document


def _again(world: World, document: bytes) -> None:
    """The same order is there still; a new one of the same campaign, signed by the stolen key, is added."""
    world.round()
    world.order(document)


def _store_and_stop(world: World, *, has_begun: bool = False, body: bytes | None = None) -> None:
    """What a kill just after the order was stored leaves on the disk; the agent starts again."""
    world.agent.close()
    state = world.folder / "state"
    floor = MirroredFloor((state / "floor.db", state / "floor.copy.db"))
    journal = Journal(state / "journal.db", FakeClock(world.server.now), floor)
    delivered = world.server.orders.pop()
    order = msgspec.json.decode(payload(bytes(delivered.order)), type=Order)
    journal.accept(order, "0" * 64, delivered)
    if has_begun:
        journal.begin(order.order_id, world.server.now)
    journal.close()
    floor.close()
    if body is not None:
        world.sql("journal.db", "update accepted set delivered = ?", body)
    world.reopen()
