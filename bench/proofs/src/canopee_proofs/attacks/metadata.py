"""The TUF repository: what is published, by whom, how new it is."""

import json
from datetime import timedelta

import msgspec

from canopee_contract.codec import encode
from canopee_contract.pipeline import Pipeline, Step
from canopee_contract.trust_policy import TRUST_POLICY_PATH, TrustedKey, TrustPolicy
from canopee_proofs.hostile import PROGRAM, Repair, World
from canopee_trust.ed25519 import PrivateKey
from canopee_trust.repository import (
    RoleKeys,
    make_root,
    make_targets,
    make_timestamp,
    next_delegated,
    sign,
    version_of,
)

ACT = Step("x", "run_program", {"argv": [PROGRAM]})


def an_older_repository_is_served(world: World) -> None:
    """Rollback: everything as it was before a pipeline was withdrawn."""
    old = dict(world.publisher.files)
    _withdraw(world, "action", world.repair.path)
    world.round()
    new, world.publisher.files = world.publisher.files, old
    world.order(world.approved())
    world.round()
    world.check_untouched()
    world.publisher.files = new
    _restore(world)


def an_older_repository_is_served_to_a_pc_that_lost_its_metadata(world: World) -> None:
    """The same, once the local TUF files are gone: only the floor remembers."""
    old = dict(world.publisher.files)
    _withdraw(world, "action", world.repair.path)
    world.round()
    new, world.publisher.files = world.publisher.files, old
    _forget_metadata(world)
    world.order(world.approved())
    world.round()
    world.check_untouched()
    world.publisher.files = new
    _restore(world)


def an_older_role_is_mixed_into_a_new_snapshot(world: World) -> None:
    """Mix and match: the stolen keys sign a newer snapshot of an older role, which was good in its time."""
    held = version_of(world.publisher.metadata["action"])
    files = dict(world.publisher.files)
    _withdraw(world, "action", world.repair.path)
    world.round()
    listed = {"targets": 1, "collect": 2, "policy": 2, "action": held}
    world.publisher.files = {**files, **world.publisher.files}
    world.serve_online(listed)
    world.order(world.approved())
    world.round()
    _forget_metadata(world)
    world.round()
    world.check_untouched()
    _restore(world)


def an_older_trust_policy_is_mixed_into_a_new_snapshot(world: World) -> None:
    """The policy that still trusted the stolen director comes back."""
    held = version_of(world.publisher.metadata["policy"])
    world.server.publish_policy(directors=(_trusted(PrivateKey.generate()),), epoch=2)
    world.round()
    world.serve_online({"targets": 1, "collect": 2, "action": 2, "policy": held})
    world.order(world.approved())
    world.round()
    _forget_metadata(world)
    world.round()
    world.check_untouched()
    world.server.publish_policy(epoch=3)
    world.epoch = 3


def a_snapshot_leaves_a_role_out(world: World) -> None:
    """Without the role `policy`, or without `action`: an absent rule is no permission."""
    for role in ("policy", "action"):
        listed = {"targets": 1, "collect": 2, "policy": 2, "action": 2}
        del listed[role]
        world.serve_online(listed, version=world.publisher.version + 5)
        _forget_metadata(world)
        world.order(world.approved())
        world.round()


def the_timestamp_goes_back(world: World) -> None:
    """Signed with the stolen key, with a lower number."""
    _withdraw(world, "action", world.repair.path)
    world.round()
    world.serve_online({"targets": 1, "collect": 2, "policy": 2, "action": 2}, version=1)
    world.order(world.approved())
    world.round()
    world.check_untouched()
    _restore(world)


def an_online_key_publishes_a_pipeline(world: World) -> Repair:
    """The role `action` signed by snapshot, timestamp and director. New online keys, then, as after any theft."""
    pipeline = Pipeline(spec=1, name="evil", version=1, kind="action", title="", steps=(ACT,))
    content = encode(pipeline)
    path = "pipelines/action/evil.1.json"
    raw = next_delegated(
        world.publisher.metadata["action"], "action", add={path: content}, now=world.publisher.now
    )
    for key in _online(world):
        raw = sign(raw, key)
    world.publisher.metadata["action"], good = raw, world.publisher.metadata["action"]
    world.publisher.serve()
    ref = world.reference(path, content)
    world.order(world.approved(pipeline=ref, parameters={}), ref, parameters={})
    world.round()
    world.publisher.metadata["action"] = good
    return lambda: _rotate(world)


def an_online_key_publishes_a_trust_policy(world: World) -> Repair:
    """Approvers and directors of the attacker's choice. New online keys, then."""
    key = PrivateKey.generate()
    policy = TrustPolicy(
        spec=1, epoch=1, directors=(_trusted(key),), approvers=(_trusted(key),), action_approvals=1
    )
    good = world.publisher.metadata["policy"]
    raw = next_delegated(good, "policy", add={TRUST_POLICY_PATH: encode(policy)}, now=world.publisher.now)
    for online in _online(world):
        raw = sign(raw, online)
    world.publisher.metadata["policy"] = raw
    world.publisher.serve()
    world.order(world.approved(key), key=key)
    world.round()
    world.publisher.metadata["policy"] = good
    return lambda: _rotate(world)


def an_online_key_delegates_to_itself(world: World) -> Repair:
    """A root, top-level targets and a role of the attacker's own keys. New online keys, then."""
    publisher = world.publisher
    evil = {role: PrivateKey.generate() for role in publisher.keys}
    roles = {role: RoleKeys((key.public,)) for role, key in evil.items()}
    targets, root = (make(roles, now=publisher.now, version=2) for make in (make_targets, make_root))
    for key in (*_online(world), *evil.values()):
        targets, root = sign(targets, key), sign(root, key)
    content, path = world.content(world.probe).replace(b'"probe"', b'"evil"'), "pipelines/collect/evil.1.json"
    collect = next_delegated(publisher.metadata["collect"], "collect", add={path: content}, now=publisher.now)
    good = dict(publisher.metadata)
    publisher.files["metadata/2.root.json"] = root
    publisher.metadata |= {"targets": targets, "collect": sign(collect, evil["collect"])}
    publisher.serve()
    world.order(None, world.reference(path, content))
    world.round()
    world.restart()
    world.round()
    del publisher.files["metadata/2.root.json"]
    publisher.metadata |= good
    return lambda: _rotate(world)


def one_author_signs_where_two_are_needed(world: World) -> Repair:
    """The role `action` asks for two signatures: one signs twice, under two key ids. New online keys, then."""
    publisher, second = world.publisher, PrivateKey.generate()
    roles = {role: RoleKeys((key.public,)) for role, key in publisher.keys.items()}
    roles["action"] = RoleKeys((publisher.keys["action"].public, second.public), 2)
    publisher.metadata["targets"] = sign(
        make_targets(roles, now=publisher.now, version=2), publisher.keys["targets"]
    )
    for key in (publisher.keys["action"], second):
        publisher.metadata["action"] = sign(publisher.metadata["action"], key)
    publisher.serve()
    world.round()
    good = publisher.metadata["action"]
    pipeline = Pipeline(spec=1, name="evil", version=1, kind="action", title="", steps=(ACT,))
    content, path = encode(pipeline), "pipelines/action/evil.1.json"
    once = sign(next_delegated(good, "action", add={path: content}, now=publisher.now), publisher.keys["action"])
    document = json.loads(once)
    document["signatures"].append({**document["signatures"][0], "keyid": second.public.keyid})
    publisher.metadata["action"] = json.dumps(document).encode()
    publisher.serve()
    ref = world.reference(path, content)
    world.order(world.approved(pipeline=ref, parameters={}), ref, parameters={})
    world.round()
    publisher.metadata["action"] = good
    roles["action"] = RoleKeys((publisher.keys["action"].public,))

    def one_is_enough_again() -> None:
        targets = make_targets(roles, now=publisher.now, version=3)
        publisher.metadata["targets"] = sign(targets, publisher.keys["targets"])
        _rotate(world)

    return one_is_enough_again


def one_role_is_served_as_another(world: World) -> None:
    """The metadata of `collect` under the name of `action`, and the other way round."""
    publisher = world.publisher
    good = dict(publisher.metadata)
    publisher.metadata |= {"action": good["collect"], "collect": good["action"]}
    publisher.serve()
    _forget_metadata(world)
    world.order(world.approved())
    world.collect()
    world.round()
    world.check_untouched()
    world.server.orders.clear()
    publisher.metadata |= good


def a_collection_is_an_action_inside(world: World) -> None:
    """The collect role signs, at its own path, a pipeline that says it is an action."""
    world.order(world.approved())
    world.round()
    world.forgive()
    pipeline = Pipeline(spec=1, name="evil", version=1, kind="action", title="", steps=(ACT,))
    ref = world.publish_as("collect", pipeline, "pipelines/collect/evil.1.json")
    world.order(None, ref, parameters={})
    world.order(world.approved(pipeline=ref, parameters={}), ref, parameters={})


def a_collection_uses_a_step_that_acts(world: World) -> None:
    """The collect role signs a pipeline that calls itself a collection, and runs a program."""
    ref = world.publish(ACT, name="evil")
    world.order(None, ref, parameters={})
    world.order(world.approved(pipeline=ref, parameters={}), ref, parameters={})


def an_action_asks_for_no_approval(world: World) -> None:
    """Signed by the action role with `approval: none`."""
    ref = world.publish(ACT, kind="action", name="evil", approval="none")
    world.order(None, ref, parameters={})


def a_role_signs_at_the_path_of_another(world: World) -> None:
    """The collect role signs at the path of actions, and of the trust policy."""
    pipeline = Pipeline(spec=1, name="evil", version=1, kind="action", title="", steps=(ACT,))
    ref = world.publish_as("collect", pipeline)
    world.order(world.approved(pipeline=ref, parameters={}), ref, parameters={})
    key = PrivateKey.generate()
    policy = TrustPolicy(
        spec=1, epoch=1, directors=(_trusted(key),), approvers=(_trusted(key),), action_approvals=1
    )
    world.publisher.publish("collect", {TRUST_POLICY_PATH: encode(policy)})
    world.order(world.approved(key), key=key)
    world.round()
    world.server.publish_policy()


def a_pipeline_has_other_bytes(world: World) -> None:
    """The file served is another one: changed, cut, longer, or a whole other pipeline."""
    name = world.file_of(world.repair)
    good = world.publisher.files[name]
    other = next(raw for path, raw in world.publisher.files.items() if path.endswith("probe.1.json"))
    for content in (good.replace(b'"5"', b'"6"'), good[:-1], good + b" ", other, b"", good * 3_000):
        world.publisher.files[name] = content
        world.order(world.approved())
        world.round()
    world.publisher.files[name] = good


def a_pipeline_was_withdrawn(world: World) -> None:
    """Authors removed it from their role; the attacker still orders it, and still has its file."""
    _withdraw(world, "action", world.repair.path)
    world.order(world.approved())
    world.round()
    world.check_untouched()
    _restore(world)


def an_order_names_other_bytes(world: World) -> None:
    """A hash in upper case, another length, another name or version for the same path."""
    for field, value in (
        ("sha256", world.repair.sha256.upper()), ("length", world.repair.length + 1), ("length", -1),
        ("name", "harmless"), ("version", 2),
    ):  # fmt: skip
        ref = msgspec.structs.replace(world.repair, **{field: value})
        world.order(world.approved(pipeline=ref), ref)


def metadata_out_of_date_is_served(world: World) -> None:
    """Freeze: eight days without a newer timestamp, then an action."""
    world.later(days=8)
    world.order(world.approved(not_after=_far(world)), expires_at=_far(world))


def nothing_newer_is_ever_announced(world: World) -> None:
    """Freeze: the process runs on, and is told for a fortnight that there is nothing new."""
    world.server.lies["trust_version"] = 0
    for _ in range(14):
        world.later(days=1)
        world.round()
    world.order(world.approved(not_after=_far(world)), expires_at=_far(world))


def authors_are_away_for_a_year(world: World) -> None:
    """Online roles are signed again every day, offline ones have expired: nothing acts. Then authors sign again."""
    world.later(days=200)
    world.publisher.now = world.machine.clock.now()
    world.publisher.serve()
    world.order(world.approved(not_after=_far(world)), expires_at=_far(world))
    world.round()
    world.check_untouched()
    world.server.orders.clear()
    world.server.publish_policy()
    for role in ("collect", "action"):
        world.publisher.publish(role, {})


def the_version_of_the_timestamp_is_spent(world: World) -> Repair:
    """Fast-forward: numbers so high that no honest one is above. A root with new online keys mends it."""
    world.serve_online(version=2**53 - 5)
    world.round()
    world.restart()
    return lambda: _rotate(world)


def a_version_does_not_fit(world: World) -> None:
    """Beyond 53 bits, beyond 64, negative, zero, a text, a real."""
    stamp = make_timestamp(1, version=1, key=world.publisher.keys["timestamp"], now=world.publisher.now)
    for version in (2**53 + 1, 2**70, -1, 0, "7", 1.5, None, True):
        _serve_signed(world, json.loads(stamp)["signed"] | {"version": version})
        world.round()
    world.order(world.approved())


def metadata_are_nonsense(world: World) -> None:
    """Not JSON, of another type, nested deep, with keys twice, empty, in another encoding."""
    nonsense = (
        b"", b"{", b"[]", b"null", b"[" * 50_000, b'{"signed":{},"signed":{}}', b"\xff\xfe", b"\x00" * 5_000,
        json.dumps({"signatures": [], "signed": {"_type": "snapshot"}}).encode(), b'{"signed":' + b"9" * 5_000 + b"}",
    )  # fmt: skip
    for content in nonsense:
        world.publisher.files["metadata/timestamp.json"] = content
        _forget_metadata(world)
        world.collect(order_id="x")
        world.round()


def a_root_is_nonsense(world: World) -> None:
    """A new root at the next number: unsigned, empty, the old one again."""
    for content in (b"", b"{}", world.publisher.root, b'{"signatures":[],"signed":{"_type":"root","version":2}}'):
        world.publisher.files["metadata/2.root.json"] = content
        _forget_metadata(world)
        world.round()
    del world.publisher.files["metadata/2.root.json"]


def metadata_are_very_large(world: World) -> None:
    """Fifteen megabytes for each role."""
    for name in ("metadata/timestamp.json", f"metadata/{world.publisher.version}.snapshot.json"):
        good = world.publisher.files[name]
        world.publisher.files[name] = good + b" " * 15_000_000
        _forget_metadata(world)
        world.round()
        world.publisher.files[name] = good
    world.order(world.approved(), msgspec.structs.replace(world.repair, length=2**40))


def the_repository_is_withheld(world: World) -> None:
    """Every file answered with 404, 500, a page of HTML, or nothing."""
    for status, body in ((404, b""), (500, b"x"), (200, b"<html>"), (403, b"{}"), (302, b""), (200, b"")):
        world.answer("tuf/", status, body)
        _forget_metadata(world)
        world.round()


def _online(world: World) -> tuple[PrivateKey, ...]:
    return world.publisher.keys["snapshot"], world.publisher.keys["timestamp"], world.director


def _trusted(key: PrivateKey) -> TrustedKey:
    return TrustedKey(key.public.keyid, key.public.base64, "test")


def _far(world: World) -> object:
    return world.server.now + timedelta(days=400)


def _withdraw(world: World, role: str, path: str) -> None:
    publisher = world.publisher
    raw = next_delegated(publisher.metadata[role], role, add={}, remove=[path], now=publisher.now)
    publisher.metadata[role] = sign(raw, publisher.keys[role])
    publisher.serve()


def _restore(world: World) -> None:
    """Authors publish `repair` again."""
    world.server.orders.clear()
    world.publisher.publish("action", {world.repair.path: world.content(world.repair)})


def _forget_metadata(world: World) -> None:
    """The local TUF metadata is lost, as python-tuf writes it without flushing; and the agent starts again."""
    world.lose("tuf")


def _serve_signed(world: World, signed: dict[str, object]) -> None:
    """A timestamp of any content, with a good signature of the stolen key over its canonical form."""
    content = json.dumps(signed, sort_keys=True, separators=(",", ":")).encode()  # canonical, for such values
    key = world.publisher.keys["timestamp"]
    signatures = [{"keyid": key.public.keyid, "sig": key.sign(content).hex()}]
    raw = json.dumps({"signatures": signatures, "signed": signed}).encode()
    world.publisher.files["metadata/timestamp.json"] = raw


def _rotate(world: World) -> None:
    """A new root names new snapshot and timestamp keys."""
    publisher = world.publisher
    for role in ("snapshot", "timestamp"):
        publisher.keys[role] = PrivateKey.generate()
    roles = {role: RoleKeys((key.public,)) for role, key in publisher.keys.items()}
    root = sign(make_root(roles, now=publisher.now, version=2), publisher.keys["root"])
    publisher.files["metadata/2.root.json"] = root
    publisher.serve()
