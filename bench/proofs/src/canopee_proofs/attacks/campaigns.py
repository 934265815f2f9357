"""Campaign documents: who approved what, where and when."""

import hashlib
from datetime import timedelta
from typing import Any

import msgspec

from canopee_agent.testing import DEVICE
from canopee_contract.campaign import CAMPAIGN_TYPE, Ring, ring_position
from canopee_contract.order import CampaignRef, DeliveredOrder
from canopee_contract.parameters import ParameterSchema
from canopee_contract.pipeline import Step
from canopee_contract.trust_policy import TrustedKey
from canopee_contract.window import DAYS, Window
from canopee_kit.ids import new_id
from canopee_proofs.envelopes import changed, opened, payload, sealed, with_fields
from canopee_proofs.hostile import GIVEN, PROGRAM, World
from canopee_trust.ed25519 import PrivateKey


def an_action_comes_without_a_campaign(world: World) -> None:
    """Only the order, with and without the name of a document."""
    world.order(None)
    world.order(None, campaign=CampaignRef("0" * 64, 1))


def a_stranger_approves(world: World) -> None:
    """The document is signed by nobody's key."""
    world.order(world.approved(PrivateKey.generate()))


def an_online_key_approves(world: World) -> None:
    """Director, snapshot and timestamp sign the document, together."""
    keys = world.publisher.keys
    world.order(world.approved(world.director, keys["snapshot"], keys["timestamp"]))


def one_approves_where_two_are_needed(world: World) -> None:
    """The trust policy asks for two approvals of what acts."""
    world.server.publish_policy(action_approvals=2)
    world.order(world.approved())
    _try_and_restore(world)


def one_approves_twice(world: World) -> None:
    """The same approver's signature, twice, the second under another key id."""
    world.server.publish_policy(action_approvals=2)
    document = world.approved(world.server.approvers[0], world.server.approvers[0])
    first, second = opened(document)["signatures"]
    world.order(document)
    world.order(
        with_fields(document, signatures=[first, {**second, "keyid": world.server.approvers[1].public.keyid}])
    )
    _try_and_restore(world)


def an_action_is_approved_as_a_collection(world: World) -> None:
    """One approval is enough to collect, two are needed to act: the document is of the pipeline that acts."""
    world.server.publish_policy(action_approvals=2, collect_approvals=1)
    world.order(world.approved())
    world.order(world.approved(), msgspec.structs.replace(world.repair, path=world.probe.path))
    _try_and_restore(world)


def an_approver_who_was_dismissed_approves(world: World) -> None:
    """A newer trust policy does not know the approver any more."""
    document = world.approved()
    world.server.publish_policy(approvers=(_trusted(world.server.approvers[1]),))
    world.order(document)
    _try_and_restore(world)


def a_director_who_was_dismissed_orders(world: World) -> None:
    """A newer trust policy does not know the stolen online key any more."""
    new = PrivateKey.generate()
    world.server.publish_policy(directors=(_trusted(new),))
    world.order(world.approved())
    _try_and_restore(world)


def a_development_key_approves(world: World) -> None:
    """Approver and director marked as lab keys, on a PC that accepts none."""
    lab = tuple(_trusted(key, is_lab=True) for key in world.server.approvers)
    world.server.publish_policy(approvers=lab)
    world.order(world.approved())
    _try_and_restore(world)


def only_the_author_approves(world: World) -> None:
    """Whoever signed the pipeline signs the campaign, alone."""
    author = world.publisher.keys["action"]
    world.server.publish_policy(approvers=(_trusted(author),))
    world.order(world.approved(author))
    _try_and_restore(world)


def a_campaign_of_another_pipeline_is_borrowed(world: World) -> None:
    """Approved for one pipeline, used for another that acts too."""
    other = world.publish(Step("x", "run_program", {"argv": [PROGRAM]}), kind="action", name="other")
    world.order(world.approved(parameters={}), other, parameters={})
    world.order(world.approved(pipeline=other))


def a_campaign_of_another_version_is_borrowed(world: World) -> None:
    """Same pipeline, another hash, length, version or path."""
    for field, value in (("sha256", "0" * 64), ("length", 1), ("version", 2), ("path", world.probe.path)):
        world.order(world.approved(pipeline=msgspec.structs.replace(world.repair, **{field: value})))


def parameters_are_not_those_approved(world: World) -> None:
    """Within the schema, and not what the approver signed."""
    document = world.approved()
    for parameters in ({"label": "abc", "wait_s": 6}, {"label": "abd", "wait_s": 5}, {"label": "abc"}, {}):
        world.order(document, parameters=parameters)
    for parameters in ({**GIVEN, "wait_s": 5.0}, {**GIVEN, "wait_s": True}, {**GIVEN, "more": 1}):
        world.order(document, parameters=parameters)


def a_boolean_stands_for_the_number_approved(world: World) -> None:
    """In some languages true equals 1."""
    schema = {"flag": ParameterSchema("boolean")}
    step = Step("x", "run_program", {"argv": [PROGRAM]}, when={"fact": "params.flag", "op": "eq", "value": True})
    ref = world.publish(step, kind="action", name="flagged", parameters=schema)
    world.order(world.approved(pipeline=ref, parameters={"flag": 1}), ref, parameters={"flag": True})


def one_byte_of_a_document_is_changed(world: World) -> None:
    """Any bit of what the approver signed is turned."""
    document = world.approved()
    content = payload(document)
    place, bit = world.draw.randrange(len(content)), 1 << world.draw.randrange(8)
    spoiled = content[:place] + bytes([content[place] ^ bit]) + content[place + 1 :]
    world.order(changed(document, lambda _: spoiled))


def a_document_is_stretched_under_its_old_signature(world: World) -> None:
    """More targets, a later end, a wider ring: the signature stays as it was."""
    document = world.approved(max_targets=10, rings=(Ring(1, world.server.now),))
    world.order(changed(document, lambda raw: raw.replace(b'"up_to_bp":1,', b'"up_to_bp":10000,')))
    world.order(changed(document, lambda raw: raw.replace(b'"max_targets":10', b'"max_targets":99999')))


def an_order_names_one_document_and_carries_another(world: World) -> None:
    """Both were approved, for the same pipeline."""
    world.order(world.approved(reason="one"))
    other = world.approved(reason="another")
    world.server.orders[-1] = DeliveredOrder(world.server.orders[-1].order, msgspec.Raw(other))
    world.order(other, campaign=None)


def a_document_is_an_order(world: World) -> None:
    """What the director signed is delivered as what approvers sign."""
    world.order(world.approved())
    world.deliver(world.order_bytes(), world.order_bytes())
    world.server.orders.pop(0)
    content = payload(world.approved())
    world.order(sealed(world.director, content, CAMPAIGN_TYPE))


def a_ring_was_not_reached(world: World) -> None:
    """This device's turn is tomorrow, or in half an hour."""
    for minutes in (30, 24 * 60, world.draw.randint(30, 10**5)):
        world.order(world.approved(rings=(Ring(10_000, world.server.now + timedelta(minutes=minutes)),)))


def a_pilot_is_added_or_another_one_was_named(world: World) -> None:
    """The first ring has begun for pilots alone: this device is written in under the old signature, or is none."""
    now = world.server.now
    rings = (Ring(1, now), Ring(10_000, now + timedelta(days=1)))
    other = new_id(now)
    document = world.approved(rings=rings, pilots=(other,))
    world.order(document)
    world.order(changed(document, lambda raw: raw.replace(other.encode(), DEVICE.encode())))


def no_ring_reaches_this_device(world: World) -> None:
    """The last ring ends just before this device's place."""
    world.order(world.approved(rings=(Ring(ring_position(DEVICE), world.server.now),)))


def a_campaign_has_no_rings(world: World) -> None:
    """None at all, empty ones, and negative ones."""
    for bounds in ((), (0,), (-1,), (0, 0)):
        world.order(world.approved(rings=tuple(Ring(bound, world.server.now) for bound in bounds)))


def rings_overlap_or_go_backwards(world: World) -> None:
    """An approver signed nonsense: nobody can say which ring counts, or it goes beyond the fleet."""
    now, later = world.server.now, world.server.now + timedelta(days=30)
    for rings in (
        (Ring(10_000, now), Ring(100, later)),
        (Ring(9_999, now), Ring(9_999, later)),
        (Ring(10_001, now),),
    ):
        world.order(world.approved(rings=rings))


def a_campaign_that_was_superseded_is_delivered_late(world: World) -> None:
    """Kept back, and delivered once a newer campaign, which ends the older ones, has run here; also after a restart."""
    old = world.approved()
    world.machine.clock.advance(1)
    world.server.now = world.machine.clock.now()
    world.order(world.approved(supersedes=True))
    world.round()
    world.forgive()
    world.server.orders.clear()
    world.restart()
    world.order(old)


def a_window_is_shut(world: World) -> None:
    """It is Tuesday, nine o'clock on the wall of the PC: the order comes outside every window that was approved."""
    for window in (
        Window(DAYS, "20:00", "06:00"),
        Window(("mon", "wed"), "00:00", "00:00"),
        Window(("tue",), "09:05", "09:00"),
    ):
        world.order(world.approved(windows=(window,)))


def a_window_is_shut_and_the_server_says_that_it_is_open(world: World) -> None:
    """The server's clock is in the window, within the two hours that a PC's clock may be off, or days away."""
    document = world.approved(windows=(Window(DAYS, "10:00", "11:00"), Window(("sat",), "00:00", "00:00")))
    world.order(document)
    for hours in (1.5, 4 * 24, -3 * 24):
        world.server.lies["server_time"] = world.machine.clock.now() + timedelta(hours=hours)
        world.round()
        world.check_untouched()
    world.server.orders.clear()


def a_window_is_stretched_under_its_old_signature(world: World) -> None:
    """Its end, its days, and no window at all: the signature stays as it was."""
    document = world.approved(windows=(Window(("tue",), "20:00", "22:00"),))
    world.order(changed(document, lambda raw: raw.replace(b'"20:00"', b'"08:00"')))
    world.order(changed(document, lambda raw: raw.replace(b'"20:00"', b'"22:00"')))
    world.order(changed(document, lambda raw: raw[: raw.index(b',"windows"')] + b"}"))


def a_window_cannot_be_read(world: World) -> None:
    """An approver signed nonsense: no day, a day twice, an hour that no clock shows."""
    for window in (
        Window((), "08:00", "23:00"),
        Window(("tue", "tue"), "08:00", "23:00"),
        Window(("tue",), "8:00", "23:00"),
        Window(("tue",), "24:00", "23:00"),
    ):
        world.order(world.approved(windows=(window,)))


def a_campaign_has_not_begun(world: World) -> None:
    """Its start is to come, tomorrow or in half an hour."""
    for minutes in (30, 24 * 60, world.draw.randint(30, 10**5)):
        start = world.server.now + timedelta(minutes=minutes)
        world.order(world.approved(not_before=start, not_after=start + timedelta(days=1)))


def a_campaign_is_over(world: World) -> None:
    """Its end has passed, whatever the order says."""
    world.order(world.approved(not_after=world.server.now))
    world.order(
        world.approved(not_before=world.server.now + timedelta(1), not_after=world.server.now - timedelta(1))
    )


def there_are_more_targets_than_were_approved(world: World) -> None:
    """An ordinal above the maximum, zero and negative ones."""
    document = world.approved(max_targets=10)
    named = CampaignRef(_sha256(document), 1)
    for ordinal in (11, 0, -1, 2**62):
        world.order(document, campaign=msgspec.structs.replace(named, ordinal=ordinal))
    world.order(world.approved(max_targets=0))


def a_condition_does_not_hold_here(world: World) -> None:
    """The server says that this PC is one of those meant; the PC looks for itself."""
    conditions: tuple[dict[str, Any], ...] = (
        {"fact": "os.family", "op": "eq", "value": "linux"},
        {"fact": "practice.id", "op": "in", "value": ["C9999"]},
        {"any": []},
        {"not": {"fact": "os.family", "op": "exists", "value": True}},
    )
    for condition in conditions:
        world.order(world.approved(condition=condition))


def a_condition_cannot_be_read(world: World) -> None:
    """An unknown operator, a test without value, fifty levels: no answer is not yes."""
    deep: dict[str, object] = {"all": []}
    for _ in range(20):
        deep = {"not": deep}
    for condition in ({"fact": "os.family", "op": "resembles", "value": "w"}, {"fact": "os.family"}, {}, deep):
        world.order(world.approved(condition=condition))


def a_hidden_key_widens_a_condition(world: World) -> None:
    """Two operators in one object: a lenient reader would take the wider one."""
    never = {"fact": "os.family", "op": "eq", "value": "linux"}
    world.order(world.approved(condition={"any": [never], "all": []}))


def _trusted(key: PrivateKey, *, is_lab: bool = False) -> TrustedKey:
    return TrustedKey(key.public.keyid, key.public.base64, "test", lab=is_lab)


def _sha256(document: bytes) -> str:
    return hashlib.sha256(payload(document)).hexdigest()


def _try_and_restore(world: World) -> None:
    """The attack is tried under the trust policy that was published for it; then the usual one is back."""
    world.round()
    world.check_untouched()
    world.server.orders.clear()
    world.server.publish_policy()
