"""Facts as devices send them."""

from canopee_api.errors import InvalidError, UnauthenticatedError
from canopee_api.live.fleet import LiveDevice
from canopee_api.postgres import devices as sql
from canopee_api.postgres.changes import announce
from canopee_api.postgres.database import Database
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
        if await sql.key_of(tx, device.id) is None:
            raise UnauthenticatedError("device.revoked", "this enrolment is over")
        is_new = await sql.store_facts(tx, device.id, digest=sent.hash, facts=sent.facts, now=clock.now())
        if is_new:
            await announce(tx, "facts", device.id)
    device.facts_hash = sent.hash
    return is_new


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
