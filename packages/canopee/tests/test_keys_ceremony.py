"""People take the keys into their hands: `canopee keys make`, `online`, `ceremony`, `sign`, `merge`, `publish`."""

import base64
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from canopee.cli import main
from canopee_contract.codec import decode, encode
from canopee_contract.key_life import KeyLife, RoleLife
from canopee_contract.people import Publication, Published, TrustMetadata
from canopee_contract.trust_policy import TRUST_POLICY_PATH, TrustPolicy
from canopee_trust.keyfile import make_key, read_key
from canopee_trust.locked_key import lock, write_locked
from canopee_trust.proposal import read_proposal

WORDS = "four or five words"
HOLDERS = ("alice", "bob", "carol")


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where cards are gathered; every holder has a key, which opens quickly."""
    monkeypatch.setenv("CANOPEE_PASSPHRASE", WORDS)
    monkeypatch.setenv("CANOPEE_HOME", str(tmp_path))
    folder = tmp_path / "room"
    folder.mkdir()
    for name in (*HOLDERS, "dora", "eve"):
        write_locked(folder / f"{name}.key", lock(make_key(name, lab=False), WORDS, cost=2**4))
        assert main(["keys", "make", name, "--out", str(folder / f"{name}.key")]) == 0
    return folder


def _ceremony(room: Path, *more: str) -> int:
    out = room / "proposal.json"
    return main(
        ["keys", "ceremony", "--cards", str(room), "--holders", ",".join(HOLDERS), "--threshold", "2",
         "--approvers", "dora,eve", "--out", str(out), *more]
    )  # fmt: skip


def _sign(room: Path, name: str, file: str = "proposal.json") -> int:
    return main(["keys", "sign", str(room / file), "--key", str(room / f"{name}.key"), "--yes"])


def _server(room: Path, keys: Path) -> None:
    """The keys of a server, and their cards brought into the room."""
    assert main(["keys", "online", "--keys", str(keys)]) == 0
    for card in (keys / "online").glob("*.card.json"):
        shutil.copy(card, room / card.name)


def test_a_key_is_made_locked_with_its_card(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CANOPEE_PASSPHRASE", WORDS)
    path = tmp_path / "alice.key"
    assert main(["keys", "make", "alice", "--out", str(path)]) == 0
    assert b"canopee-locked-key" in path.read_bytes()
    assert "fingerprint" in capsys.readouterr().out
    assert (tmp_path / "alice.card.json").exists()
    assert main(["keys", "make", "bob", "--out", str(path)]) == 2
    monkeypatch.setenv("CANOPEE_PASSPHRASE", "another passphrase")
    assert main(["keys", "make", "alice", "--out", str(path)]) == 2
    assert main(["keys", "make", "al/ice", "--out", str(tmp_path / "x.key")]) == 2


def test_a_new_fleet_is_founded_by_two_of_three(room: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keys = room.parent / "server"
    assert _ceremony(room) == 2
    assert "the cards of director, snapshot, timestamp are not here yet" in capsys.readouterr().err
    _server(room, keys)
    assert _ceremony(room) == 0
    said = capsys.readouterr().out
    assert "root: 2 of 3 must sign" in said
    assert "approvals: 2 to act, 1 to collect" in said
    assert _ceremony(room) == 2
    assert "go on with it" in capsys.readouterr().err
    file, record = str(room / "proposal.json"), room / "record.md"
    assert _sign(room, "alice") == 0
    assert main(["keys", "show", file]) == 1
    assert main(["keys", "publish", file, "--out", str(keys)]) == 2
    assert "root lacks 1 of 2, from bob, carol" in capsys.readouterr().err
    assert not (keys / "root.json").exists()
    assert _sign(room, "dora") == 2
    assert _sign(room, "carol") == 0
    assert main(["keys", "publish", file, "--out", str(keys), "--record", str(record)]) == 0
    assert main(["keys", "publish", file, "--out", str(keys)]) == 0
    made = decode((keys / "publication.json").read_bytes(), Publication)
    assert base64.b64decode(made.metadata["root"]) == (keys / "root.json").read_bytes()
    assert "root: 2 of 2: alice" in record.read_text()
    policy = decode(base64.b64decode(made.targets[TRUST_POLICY_PATH]), TrustPolicy)
    assert [key.name for key in policy.approvers] == ["dora", "eve"]
    assert policy.directors[0].keyid == read_key(keys / "online" / "director.key").key.public.keyid
    assert not any(key.lab for key in (*policy.directors, *policy.approvers))


def test_copies_signed_in_two_places_are_put_together(room: Path) -> None:
    _server(room, room.parent / "server")
    assert _ceremony(room, "--seat", "collect=1:alice") == 0
    shutil.copy(room / "proposal.json", room / "copy.json")
    assert _sign(room, "alice") == _sign(room, "bob", "copy.json") == 0
    assert main(["keys", "show", str(room / "proposal.json")]) == 1
    assert main(["keys", "merge", str(room / "proposal.json"), str(room / "copy.json")]) == 0
    assert main(["keys", "show", str(room / "proposal.json")]) == 0
    assert _sign(room, "alice") == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--threshold", "4"), "4 signatures are wanted of 3 keys"),
        (("--action-approvals", "3"), "3 approvals are wanted of 2 approvers"),
        (("--seat", "collect:alice"), "ROLE=M:name,name"),
        (("--seat", "root=1:mallory"), "the cards of mallory are not here yet"),
        (("--holders", "alice,alice"), "the same key sits there twice"),
    ],
)
def test_what_could_not_hold_is_refused_before_anybody_signs(
    room: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], said: str
) -> None:
    _server(room, room.parent / "server")
    assert _ceremony(room, *options) == 2
    assert said in capsys.readouterr().err
    assert not (room / "proposal.json").exists()


def test_a_proposal_is_signed_by_nobody_who_was_not_asked(room: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _server(room, room.parent / "server")
    assert _ceremony(room) == 0
    before = (room / "proposal.json").read_bytes()
    file, key = str(room / "proposal.json"), str(room / "alice.key")
    assert main(["keys", "sign", file, "--key", key]) == 2
    assert "read what is above, then sign with --yes" in capsys.readouterr().err
    assert (room / "proposal.json").read_bytes() == before


@pytest.fixture
def lab(room: Path, answers: dict[str, object]) -> Path:
    """A key folder of `dev-init`, as its API has published it."""
    keys = room.parent / "keys"
    assert main(["keys", "dev-init", "--out", str(keys)]) == 0
    first = decode((keys / "publication.json").read_bytes(), Publication)
    answers["/v1/trust"] = TrustMetadata(first.metadata, [1])
    answers["/v1/trust/policy"] = msgspec.Raw(base64.b64decode(first.targets[TRUST_POLICY_PATH]))
    answers["/v1/trust/publications"] = Published(2, {})
    return keys


def test_a_lab_moves_to_people_with_the_signature_of_its_root(
    room: Path, lab: Path, sent: list[tuple[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    _server(room, lab)
    assert (lab / "online" / "director.next.key").exists()
    assert _ceremony(room, "--move") == 0
    assert _sign(room, "alice") == _sign(room, "bob") == 0
    file = str(room / "proposal.json")
    assert main(["keys", "publish", file]) == 2
    assert "root (the keys until now) lacks 1 of 1" in capsys.readouterr().err
    assert main(["keys", "sign", file, "--key", str(lab / "offline" / "root.key"), "--yes"]) == 0
    assert main(["keys", "publish", file]) == 0
    path, body = sent[-1]
    assert path == "/v1/trust/publications"
    assert set(body["metadata"]) == {"root", "targets", "collect", "action", "policy", "agent"}
    policy = decode(base64.b64decode(body["targets"][TRUST_POLICY_PATH]), TrustPolicy)
    assert (policy.epoch, {key.lab for key in policy.approvers}) == (2, {False})


def test_one_person_revokes_an_approver_at_once_and_several_by_a_proposal(
    run: Callable[..., str], room: Path, lab: Path, sent: list[tuple[str, Any]]
) -> None:
    run("keys", "revoke", "approver-1")
    policy = decode(base64.b64decode(sent[-1][1]["targets"][TRUST_POLICY_PATH]), TrustPolicy)
    assert [key.name for key in policy.approvers] == ["approver-2"]
    run("keys", "revoke", "director", "--replace", str(room / "eve.card.json"), "--out", str(room / "r.json"))
    assert set(read_proposal(room / "r.json").metadata) == {"policy"}
    assert lab.exists()


def test_an_api_that_gives_another_policy_than_the_signed_one_is_not_believed(
    room: Path, lab: Path, answers: dict[str, object], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert room.exists()
    raw = answers["/v1/trust/policy"]
    assert isinstance(raw, msgspec.Raw)
    policy = decode(bytes(raw), TrustPolicy)
    answers["/v1/trust/policy"] = msgspec.Raw(encode(msgspec.structs.replace(policy, action_approvals=2)))
    assert main(["keys", "revoke", "approver-1", "--home", str(tmp_path)]) == 1
    assert "another trust policy than the one that is signed" in capsys.readouterr().err
    assert lab.exists()


def test_the_director_is_rotated_with_its_epoch_and_the_old_key_is_put_aside(
    run: Callable[..., str], lab: Path, sent: list[tuple[str, Any]]
) -> None:
    old = read_key(lab / "online" / "director.key").key.public
    run("keys", "rotate", "director")
    policy = decode(base64.b64decode(sent[-1][1]["targets"][TRUST_POLICY_PATH]), TrustPolicy)
    new = read_key(lab / "online" / "director.key").key.public
    assert (policy.epoch, [key.keyid for key in policy.directors]) == (2, [new.keyid])
    assert read_key(lab / "online" / f"director.{old.keyid}.retired.key").key.public == old
    run("keys", "rotate", "timestamp")
    assert set(sent[-1][1]["metadata"]) == {"root"}


def test_a_role_gets_a_second_holder(
    run: Callable[..., str], room: Path, lab: Path, sent: list[tuple[str, Any]]
) -> None:
    assert lab.exists()
    run("keys", "rotate", "collect", "--add", str(room / "alice.card.json"))
    assert set(sent[-1][1]["metadata"]) == {"targets", "collect"}
    roles = json.loads(base64.b64decode(sent[-1][1]["metadata"]["targets"]))["signed"]["delegations"]["roles"]
    assert next(len(role["keyids"]) for role in roles if role["name"] == "collect") == 2


def test_a_pipeline_of_a_role_that_two_sign_is_a_proposal(
    run: Callable[..., str], room: Path, lab: Path, answers: dict[str, object], sent: list[tuple[str, Any]]
) -> None:
    seats = ("--add", str(room / "alice.card.json"), "--threshold", "2")
    run("keys", "rotate", "collect", *seats, "--out", str(room / "two.json"))
    for key in (lab / "offline" / "targets.key", lab / "offline" / "collect.key", room / "alice.key"):
        run("keys", "sign", str(room / "two.json"), "--key", str(key), "--yes")
    run("keys", "publish", str(room / "two.json"))
    held = answers["/v1/trust"]
    assert isinstance(held, TrustMetadata)
    answers["/v1/trust"] = TrustMetadata({**held.roles, **sent[-1][1]["metadata"]}, [1])
    pipeline = room / "pipeline.yaml"
    pipeline.write_text(
        "type: pipeline\nspec: 1\nname: inventory\nversion: 1\nkind: collect\ntitle: Inventaire\n"
        "steps: [{id: hardware, use: collect_hardware}]\n"
    )
    assert main(["publish", str(pipeline), "--home", str(room.parent)]) == 2
    run("publish", str(pipeline), "--out", str(room / "p.json"))
    assert read_proposal(room / "p.json").title == "publish pipelines/collect/inventory.1.json"
    assert _sign(room, "alice", "p.json") == 0
    run("keys", "sign", str(room / "p.json"), "--key", str(lab / "offline" / "collect.key"), "--yes")
    run("keys", "publish", str(room / "p.json"))
    assert list(sent[-1][1]["targets"]) == ["pipelines/collect/inventory.1.json"]


def test_a_server_s_key_that_is_published_makes_room_for_the_next(
    run: Callable[..., str], lab: Path, answers: dict[str, object]
) -> None:
    answers["/v1/trust/keys"] = KeyLife("ok", [])
    run("keys", "online", "--only", "director")
    waiting = read_key(lab / "online" / "director.next.key").key.public.keyid
    run("keys", "online", "--only", "director")
    assert read_key(lab / "online" / "director.next.key").key.public.keyid == waiting
    answers["/v1/trust/keys"] = KeyLife("ok", [RoleLife("director", [waiting], 1, "ok")])
    run("keys", "online", "--only", "director")
    assert read_key(lab / "online" / "director.key").key.public.keyid == waiting
    assert read_key(lab / "online" / "director.next.key").key.public.keyid != waiting
