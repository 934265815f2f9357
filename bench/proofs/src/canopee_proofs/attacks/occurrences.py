"""Documents that recur: an occurrence too many, of another time, or of another document."""

import hashlib
from datetime import datetime, timedelta

from canopee_agent.testing import DEVICE
from canopee_contract.order import CampaignRef
from canopee_contract.recurrence import Recurrence, delay, latest, written
from canopee_proofs.envelopes import changed, payload
from canopee_proofs.hostile import BrokenError, World

_HOURLY = Recurrence("0 * * * *")


def an_occurrence_is_ordered_twice(world: World) -> None:
    """It has run; it comes again under a new id and number, also after a restart, or a loss of the journal."""
    document, occurrence = world.approved(recurrence=_HOURLY), _come(world)
    _order(world, document, occurrence)
    world.round()
    world.forgive()
    world.server.orders.clear()
    for is_lost in (False, True):
        _order(world, document, occurrence)
        world.round()
        world.check_untouched()
        if is_lost:
            world.lose("journal.db")
        else:
            world.restart()
    _order(world, document, occurrence)


def an_occurrence_that_was_missed_is_ordered_after_a_later_one(world: World) -> None:
    """Some were kept back for hours and are all delivered at once: the PC runs the newest, and none of the others."""
    document = world.approved(recurrence=_HOURLY)
    missed = [_come(world)]
    for _ in range(world.draw.randint(2, 5)):
        world.later(hours=1)
        missed.append(_wall_hour(world))
    for occurrence in missed[:-1]:
        _order(world, document, occurrence)
    world.round()
    world.check_untouched()
    world.server.orders.clear()
    _order(world, document, missed[-1])
    world.round()
    world.forgive()
    world.server.orders.clear()
    _order(world, document, missed[-2])


def an_occurrence_is_not_in_the_expression(world: World) -> None:
    """Another minute, hour or day, none at all, or a text that only looks like one."""
    document, at = world.approved(recurrence=Recurrence("0 */2 * * 2")), _come(world)
    minute = world.draw.randint(1, 59)
    for occurrence in (
        at[:-2] + f"{minute:02}",
        at[:-5] + "09:00",
        "2026-11-23T10:00",
        "",
        at + ":00",
        at + "Z",
        "now",
    ):
        _order(world, document, occurrence)


def an_occurrence_before_the_campaign_began_is_ordered(world: World) -> None:
    """The newest one of the expression came before the document was to begin."""
    world.later(minutes=30)
    world.server.now = world.machine.clock.now()
    _order(world, world.approved(recurrence=_HOURLY), _wall_hour(world))


def an_occurrence_is_to_come(world: World) -> None:
    """The next hour, tomorrow, and years away; the server says that it is that late already."""
    document, hour = world.approved(recurrence=_HOURLY), _wall(world)
    for ahead in (timedelta(hours=1), timedelta(days=1), timedelta(days=world.draw.randint(2, 300))):
        _order(world, document, written(hour + ahead))
    for hours in (1.5, 25.0):
        world.server.lies["server_time"] = world.machine.clock.now() + timedelta(hours=hours)
        world.round()
        world.check_untouched()
    world.server.lies.clear()
    world.server.orders.clear()


def an_occurrence_comes_before_the_place_of_this_pc_in_the_jitter(world: World) -> None:
    """All PCs at once, instead of each at its own place within the half day that was approved."""
    recurrence = Recurrence("0 10 * * *", 43_200)
    document, occurrence = world.approved(recurrence=recurrence), _come(world)
    place = delay(recurrence, DEVICE, occurrence)
    if place < timedelta(hours=1):
        raise BrokenError(f"the place of this PC comes too soon to tell anything: {place}")
    _order(world, document, occurrence)


def an_occurrence_of_another_document_is_borrowed(world: World) -> None:
    """Two documents of the pipeline recur at other hours, or one does not: the order names the other's time."""
    mine, other = world.approved(recurrence=Recurrence("30 10 * * *")), world.approved(recurrence=_HOURLY)
    occurrence = _come(world)
    _order(world, mine, occurrence)
    _order(world, mine, occurrence, named=other)
    _order(world, world.approved(), occurrence)


def a_recurrence_is_stretched_under_its_old_signature(world: World) -> None:
    """Every hour instead of at eight in the evening, or a document of one run: the signature stays as it was."""
    occurrence = _come(world)
    evening = world.approved(recurrence=Recurrence("0 20 * * *"))
    stretched = changed(evening, lambda raw: raw.replace(b"0 20 * * *", b"0 10 * * *"))
    _order(world, stretched, occurrence)
    once = world.approved()
    often = b',"recurrence":{"every":"0 * * * *"}}'
    _order(world, changed(once, lambda raw: raw[:-1] + often), occurrence)


def a_recurrence_cannot_be_read(world: World) -> None:
    """An approver signed nonsense: more than once an hour, two days at once, a jitter that is longer than the pause."""
    occurrence = _come(world)
    for recurrence in (
        Recurrence("0,30 * * * *"),
        Recurrence("0 10 24 11 2"),
        Recurrence("0 10 * *"),
        Recurrence("0 * * * *", -7_200),
        Recurrence("0 * * * *", 3_601),
    ):
        _order(world, world.approved(recurrence=recurrence), occurrence)


def _order(world: World, document: bytes, occurrence: str, *, named: bytes | None = None) -> None:
    """Have the stolen director order an occurrence of a document, or of the one that is `named`."""
    sha256 = hashlib.sha256(payload(named or document)).hexdigest()
    world.order(document, campaign=CampaignRef(sha256, 1, occurrence))


def _come(world: World) -> str:
    """Ten o'clock on the wall has come, five minutes ago; documents of the world began before."""
    world.later(hours=1, minutes=5)
    return _wall_hour(world)


def _wall_hour(world: World) -> str:
    return written(_wall(world))


def _wall(world: World) -> datetime:
    """The last full hour on the wall of the PC."""
    found = latest(_HOURLY, world.machine.system.wall(world.machine.clock.now()))
    if found is None:
        raise BrokenError("no hour has come")
    return found
