"""Orders: whose they are, for whom, and whether they were seen before."""

import base64
import hashlib
from datetime import timedelta

import msgspec

from canopee_agent.testing import DEVICE
from canopee_contract.order import CampaignRef, DeliveredOrder
from canopee_contract.pipeline import Step
from canopee_kit.ids import new_id
from canopee_proofs.envelopes import changed, opened, payload, sealed, signature, with_fields
from canopee_proofs.hostile import Repair, World
from canopee_trust.ed25519 import PrivateKey


def a_stranger_signs_an_order(world: World) -> None:
    """The key of the order is in no trust policy."""
    world.order(world.approved(), key=PrivateKey.generate())


def another_online_key_signs_an_order(world: World) -> None:
    """Snapshot and timestamp keys are no directors."""
    for role in ("snapshot", "timestamp"):
        world.order(world.approved(), key=world.publisher.keys[role])


def an_order_has_no_signature(world: World) -> None:
    """An envelope with an empty list of signatures."""
    world.order(world.approved())
    _replace(world, with_fields(world.order_bytes(), signatures=[]))


def an_order_is_signed_without_its_type(world: World) -> None:
    """The director signed the bytes alone, as another protocol would."""
    world.order(world.approved())
    content = payload(world.order_bytes())
    raw = base64.b64encode(world.director.sign(content)).decode()
    signatures = [{"keyid": world.director.public.keyid, "sig": raw}]
    _replace(world, with_fields(world.order_bytes(), signatures=signatures))


def an_order_calls_itself_something_else(world: World) -> None:
    """Signed as a campaign document, delivered as an order; and the other way round."""
    world.order(world.approved())
    content, kind = payload(world.order_bytes()), "application/vnd.canopee.campaign.v1+json"
    _replace(world, sealed(world.director, content, kind))
    world.deliver(with_fields(sealed(world.director, content), payloadType=kind))


def one_byte_of_an_order_is_changed(world: World) -> None:
    """Any bit of what was signed is turned."""
    world.order(world.approved())
    content = payload(world.order_bytes())
    place, bit = world.draw.randrange(len(content)), 1 << world.draw.randrange(8)
    _replace(
        world,
        changed(world.order_bytes(), lambda raw: raw[:place] + bytes([raw[place] ^ bit]) + raw[place + 1 :]),
    )


def a_signature_borrows_the_key_id_of_the_director(world: World) -> None:
    """A stranger's signature under the director's name."""
    world.order(world.approved(), key=PrivateKey.generate())
    signatures = [{**opened(world.order_bytes())["signatures"][0], "keyid": world.director.public.keyid}]
    _replace(world, with_fields(world.order_bytes(), signatures=signatures))


def an_order_drowns_its_signature_among_others(world: World) -> None:
    """A thousand signatures that cost time, none of them good."""
    world.order(world.approved(), key=PrivateKey.generate())
    bad = opened(world.order_bytes())["signatures"][0]
    _replace(world, with_fields(world.order_bytes(), signatures=[bad] * 1_000))


def an_order_is_for_another_device(world: World) -> None:
    """Made for a neighbour, delivered here."""
    world.order(world.approved(), device_id=new_id(world.server.now))


def an_order_is_for_the_device_in_another_spelling(world: World) -> None:
    """The same id in upper case, with spaces, or in braces."""
    for spelling in (DEVICE.upper(), f" {DEVICE}", f"{{{DEVICE}}}", f"{DEVICE}\n"):
        world.order(world.approved(), device_id=spelling)


def an_order_is_of_another_enrolment(world: World) -> None:
    """The generation before, the one to come, and none."""
    for generation in (0, 2, -1, 2**40):
        world.order(world.approved(), generation=generation)


def an_order_is_of_another_trust_policy(world: World) -> None:
    """An epoch that is over, and one that has not begun."""
    for epoch in (0, 2, 2**40):
        world.order(world.approved(), epoch=epoch)


def an_order_that_has_run_is_delivered_again(world: World) -> None:
    """The very same bytes, at every check-in, and after a restart."""
    _run_one(world)
    world.round()
    world.restart()


def an_order_that_has_run_is_sealed_again(world: World) -> None:
    """Same payload; other key id, other signature order, other spaces in the envelope."""
    _run_one(world)
    envelope = world.order_bytes()
    content = payload(envelope)
    again = {**signature(world.director, content), "keyid": "0" * 16}
    world.server.orders.clear()
    world.deliver(with_fields(envelope, signatures=[again, again]))
    world.deliver(envelope.replace(b":", b" : ", 1))


def an_order_that_has_run_comes_back_under_a_new_id(world: World) -> None:
    """The stolen director signs it again: other id, higher number, same campaign."""
    document = world.approved()
    world.order(document)
    world.round()
    world.forgive()
    for _ in range(3):
        world.order(document)


def an_approved_campaign_is_ordered_many_times_at_once(world: World) -> None:
    """Twenty orders of one campaign in one answer: the first may run, the others may not."""
    document = world.approved()
    world.order(document)
    world.round()
    world.forgive()
    for _ in range(20):
        world.order(document, campaign=_ref(document, world.draw.randint(1, 10)))


def a_number_is_not_above_the_last_one(world: World) -> None:
    """Zero, the same, the one before, and negative ones."""
    _run_one(world)
    world.server.orders.clear()
    last = world.server.seq
    for seq in (0, last, last - 1, -1, -(2**63)):
        world.order(world.approved(), seq=seq)


def a_number_does_not_fit(world: World) -> None:
    """Beyond 53 and beyond 64 bits, and written as a real."""
    world.order(world.approved(), seq=2**63 - 1)
    content = payload(world.order_bytes())
    for text in (b"9223372036854775808", b"1e300", b"2.0", b'"7"', b"null"):
        world.deliver(sealed(world.director, content.replace(b"9223372036854775807", text)))


def the_highest_number_is_spent(world: World) -> Repair:
    """Fast-forward: no later order would be above it. A trust policy of a new epoch, signed offline, begins again."""
    world.collect(seq=2**53 - 1, parameters={})
    world.round()

    def new_epoch() -> None:
        world.epoch = 2
        world.server.publish_policy(epoch=2)
        world.server.seq = 0

    return new_epoch


def an_order_has_expired(world: World) -> None:
    """It was to run before now."""
    world.later(hours=3)
    world.order(world.approved(), expires_at=world.server.now)


def an_order_has_not_begun(world: World) -> None:
    """Its start is to come."""
    for minutes in (30, world.draw.randint(1, 10**6)):
        start = world.server.now + timedelta(minutes=minutes)
        world.order(world.approved(), not_before=start, expires_at=start + timedelta(days=1))
        world.collect(not_before=start, expires_at=start + timedelta(days=1))


def an_order_outlives_its_campaign(world: World) -> None:
    """Valid for a thousand years, of a campaign that is over."""
    document = world.approved()
    world.later(days=8)
    world.order(document, expires_at=world.server.now + timedelta(days=365_000))
    world.publisher.now = world.machine.clock.now()
    world.publisher.serve()


def an_order_has_dates_without_zone(world: World) -> None:
    """Such a date can be compared with nothing: an agent that stores the order first would fail for ever."""
    world.order(world.approved())
    content = payload(world.order_bytes())
    for name in (b"not_before", b"expires_at", b"issued_at"):
        start = content.index(name) + len(name) + 3
        end = content.index(b'"', start)
        world.deliver(sealed(world.director, content[:start] + b"2026-11-24T08:00:00" + content[end:]))
    world.server.orders.pop(0)


def an_order_has_impossible_dates(world: World) -> None:
    """The first and the last years that can be written, the thirtieth of February, a leap second."""
    world.order(world.approved())
    content = payload(world.order_bytes())
    start = content.index(b"expires_at") + 13
    for text in (b"0001-01-01T00:00:00+23:59", b"2026-02-30T00:00:00Z", b"2026-12-31T23:59:60Z", b""):
        world.deliver(sealed(world.director, content[:start] + text + content[content.index(b'"', start) :]))
    world.server.orders.pop(0)


def an_order_id_is_a_path(world: World) -> None:
    """An id that somebody may use as a file name, a key or a line of a log."""
    for text in ("../../x", "C:\\x", "", "a" * 500_000, "\n", "01890A5D-AC96-774B-BCCE-B302099A8057", "'; drop"):
        world.collect(order_id=text)


def an_order_says_a_key_twice(world: World) -> None:
    """One reader would see the first device, another the second."""
    world.order(world.approved())
    content = payload(world.order_bytes())
    twice = content.replace(b'"device_id":', b'"device_id":"01890a5d-ac96-774b-bcce-000000000000","device_id":', 1)
    _replace(world, sealed(world.director, twice))
    text = world.order_bytes().replace(b'{"payloadType"', b'{"payload":"e30=","payloadType"', 1)
    world.deliver(text)


def an_order_has_a_key_that_nobody_knows(world: World) -> None:
    """Unknown to this agent: perhaps a restriction that a newer one would obey."""
    world.order(world.approved())
    content = payload(world.order_bytes())
    _replace(world, sealed(world.director, content.replace(b'{"type"', b'{"unless":"monday","type"', 1)))


def an_order_is_written_in_another_way(world: World) -> None:
    """The bytes are what counts: re-encoded JSON, a byte order mark, UTF-16, under the old signature."""
    world.order(world.approved())
    envelope = world.order_bytes()
    world.server.orders.clear()
    world.deliver(changed(envelope, lambda raw: msgspec.json.format(raw, indent=1)))
    world.deliver(changed(envelope, lambda raw: b"\xef\xbb\xbf" + raw))
    world.deliver(changed(envelope, lambda raw: raw.decode().encode("utf-16")))
    world.deliver(changed(envelope, lambda raw: raw + b" "))
    world.deliver(sealed(world.director, payload(envelope).decode().encode("utf-16")))


def an_order_holds_text_that_cannot_be_stored(world: World) -> None:
    """NUL and half a surrogate, in its parameters and in the name of its pipeline."""
    world.order(world.approved())
    content = payload(world.order_bytes())
    world.server.orders.clear()
    for text in (b"\\u0000", b"\\ud800"):
        world.deliver(sealed(world.director, content.replace(b'"name":"repair"', b'"name":"' + text + b'"')))
        world.deliver(sealed(world.director, content.replace(b'"abc"', b'"' + text + b'"')))


def an_order_is_nested_very_deep(world: World) -> None:
    """A parser that recurses would end the process."""
    for depth in (33, 5_000):
        world.deliver(sealed(world.director, b"[" * depth + b"]" * depth))
        world.deliver(b'{"payloadType":' + b"[" * 500 + b"]" * 500 + b"}")


def an_order_is_very_large(world: World) -> None:
    """Megabytes of parameters."""
    world.collect(parameters={"label": "a" * 5_000_000})


def an_order_is_no_envelope(world: World) -> None:
    """A number, a list, nothing, a text: whatever JSON holds."""
    for raw in (b"1", b"[]", b"null", b'""', b"{}", b"true", b'{"payload":1}', b"-0.0", b'{"signatures":[]}'):
        world.deliver(raw, raw)


def a_payload_is_not_quite_base64(world: World) -> None:
    """Spaces, the other alphabet, cut padding: some decoders forgive them."""
    world.order(world.approved())
    envelope = world.order_bytes()
    text = opened(envelope)["payload"]
    world.server.orders.clear()
    for spoiled in (text[:-1] + "!", text.replace("I", "I\n", 1), "-_" + text, text + "=", "é" + text):
        world.deliver(with_fields(envelope, payload=spoiled))


def thousands_of_orders_come_in_one_answer(world: World) -> None:
    """None of them good, each to be verified."""
    bad = DeliveredOrder(msgspec.Raw(sealed(PrivateKey.generate(), b"{}")))
    world.server.orders.extend([bad] * 3_000)


def a_bad_order_comes_before_a_good_one(world: World) -> None:
    """The bad one must not keep the good one from running: here the good one is looked for."""
    for raw in (b"1", sealed(world.director, b"\xff"), sealed(world.director, b"{}")):
        world.deliver(raw)
    order_id = world.collect()
    world.round()
    if order_id in world.server.reports and world.server.reports[order_id].state == "done":
        world.forgive()


def a_good_order_comes_while_the_pipeline_of_another_is_withheld(world: World) -> None:
    """The withheld one waits; the other runs: it is looked for."""
    held = world.publish(Step("hardware", "collect_hardware"), name="held")
    for name in world.publisher.files:
        if name.endswith("held.1.json"):
            world.answer(f"tuf/{name}", 503, b"{}", retry_after="1")
    world.order(None, held, parameters={})
    order_id = world.collect()
    world.round()
    if order_id in world.server.reports:
        world.forgive()


def _run_one(world: World) -> None:
    """Two legitimate orders run: one that acts, one that collects."""
    world.collect()
    world.order(world.approved())
    world.round()
    world.forgive()


def _replace(world: World, envelope: bytes) -> None:
    held = world.server.orders[-1]
    world.server.orders[-1] = DeliveredOrder(msgspec.Raw(envelope), held.campaign)


def _ref(document: bytes, ordinal: int) -> CampaignRef:
    return CampaignRef(hashlib.sha256(payload(document)).hexdigest(), ordinal)
