"""Facts as devices send them, and what changed in them."""

from collections.abc import Mapping

from canopee_api.errors import InvalidError, UnauthenticatedError
from canopee_api.live.fleet import LiveDevice
from canopee_api.postgres import devices
from canopee_api.postgres import facts as sql
from canopee_api.postgres.changes import announce
from canopee_api.postgres.database import Database
from canopee_contract.condition import Scalar, same_scalar
from canopee_contract.facts import MAX_FACTS, MAX_TEXT, FactSet, facts_hash
from canopee_kit.clock import Clock

_LONGEST_NAME = 200


async def store(database: Database, clock: Clock, device: LiveDevice, sent: FactSet) -> bool:
    """Store the facts of a device; `False` when nothing changed.

    Raises:
        InvalidError: too many, too long, of another device, or not what the hash says.
        UnauthenticatedError: the device was removed meanwhile.
    """
    _check(device, sent)
    async with database.transaction() as tx:
        if await devices.key_of(tx, device.id) is None:
            raise UnauthenticatedError("device.revoked", "this enrolment is over")
        held = await sql.lock_facts(tx, device.id)
        is_new = await sql.store_facts(tx, device.id, digest=sent.hash, facts=sent.facts, now=clock.now())
        if is_new:
            await announce(tx, "facts", device.id)
            if held is not None and (changes := differences(held[1], sent.facts)):
                await sql.insert_changes(tx, device.id, changes, clock.now())
    device.facts_hash = sent.hash
    return is_new


def differences(
    old: Mapping[str, Scalar], new: Mapping[str, Scalar]
) -> dict[str, tuple[Scalar | None, Scalar | None]]:
    """Name → old and new value of the facts that differ; `None` where one is absent.

    PostgreSQL gives a number back as it writes it (1e20 as an integer): the same double is no change, unless both are
    integers.
    """
    names = sorted({*old, *new})
    return {name: (old.get(name), new.get(name)) for name in names if not _same(old.get(name), new.get(name))}


def _same(old: Scalar | None, new: Scalar | None) -> bool:
    if old is None or new is None or type(old) is type(new):
        return old == new
    return same_scalar(old, new)


def _check(device: LiveDevice, sent: FactSet) -> None:
    if len(sent.facts) > MAX_FACTS:
        raise InvalidError("facts.too_many", f"at most {MAX_FACTS} facts", at="$.facts")
    for name, value in sent.facts.items():
        if len(name) > _LONGEST_NAME or (isinstance(value, str) and len(value) > MAX_TEXT):
            raise InvalidError("facts.too_long", f"at most {MAX_TEXT} characters", at=f"$.facts.{name[:80]}")
    if sent.facts.get("device.id") != device.id:
        raise InvalidError("facts.device", "the fact device.id is the id of the device that sends", at="$.facts")
    if facts_hash(sent.facts) != sent.hash:
        raise InvalidError("facts.hash", "the hash is not that of these facts", at="$.hash")
