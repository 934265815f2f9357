import asyncio
import json
from typing import Any

import msgspec
import pytest
import zstandard

from canopee_api.testing import Office, ReplyError
from canopee_contract.codec import encode
from canopee_contract.problem import Problem

CHECK_IN = {"counter": 1, "agent_version": "0.1.0", "facts_hash": "", "order_seq": 0}


async def _refused(
    office: Office, body: bytes, call: str = "check-in", headers: dict[str, str] | None = None
) -> Problem:
    pc = await office.pc()
    with pytest.raises(ReplyError) as refused:
        await pc.post(call, body, dict, headers=headers or {})
    return refused.value.problem


def _with(**changes: Any) -> bytes:  # noqa: ANN401
    return json.dumps({**CHECK_IN, **changes}).encode()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "message.bad_json"),
        (b"{", "message.bad_json"),
        (b'{"counter": 1, "counter": 2}', "message.duplicate_key"),
        (b'{"counter": NaN}', "message.bad_number"),
        (b'{"counter": Infinity}', "message.bad_number"),
        (b'{"counter": 1e999}', "message.bad_number"),
        (b'{"counter": 9223372036854775808}', "message.bad_number"),
        (_with(agent_version="a\x00b"), "message.bad_string"),
        (b'{"agent_version": "\\ud800"}', "message.bad_string"),
        (b'{"agent_version": "\xff"}', "message.bad_utf8"),
        (b"[" * 40 + b"]" * 40, "message.too_deep"),
        (b"[" * 100_000, "message.too_deep"),
        (_with(counter="one"), "message.bad_shape"),
        (_with(counter=1.5), "message.bad_shape"),
        (b"[]", "message.bad_shape"),
        (b"null", "message.bad_shape"),
    ],
)
async def test_a_malformed_message_is_a_specific_400(office: Office, body: bytes, code: str) -> None:
    problem = await _refused(office, body)
    assert (problem.status, problem.code) == (400, code)


async def test_more_than_a_mebibyte_is_refused_before_it_is_read(office: Office) -> None:
    assert (await _refused(office, b" " * 1_048_577)).status == 413


async def test_a_bomb_is_refused_without_being_unpacked(office: Office) -> None:
    bomb = zstandard.compress(b"\0" * 500_000_000)
    problem = await _refused(office, bomb, headers={"content-encoding": "zstd"})
    assert (problem.status, problem.code) == (413, "body.too_large")


@pytest.mark.parametrize(("encoding", "code"), [("gzip", "body.encoding"), ("zstd", "body.zstd")])
async def test_an_unknown_or_broken_encoding_is_said(office: Office, encoding: str, code: str) -> None:
    assert (await _refused(office, b"not compressed", headers={"content-encoding": encoding})).code == code


async def test_a_compressed_message_is_read(office: Office) -> None:
    pc = await office.pc()
    await pc.post("check-in", zstandard.compress(_with()), dict, headers={"content-encoding": "zstd"})


@pytest.mark.parametrize("header", ["", "Basic abc", "Bearer", "Bearer a.b.c.d"])
async def test_without_a_good_token_nothing_is_answered(office: Office, header: str) -> None:
    pc = await office.pc()
    status, body = await pc.request("POST", "/agent/v1/check-in", _with(), {"authorization": header})
    assert status == 401
    assert msgspec.json.decode(body, type=Problem).code.startswith("token.")


async def test_an_unknown_route_is_a_problem_document(office: Office) -> None:
    pc = await office.pc()
    for method, path in (("POST", "/agent/v1/nothing"), ("PUT", "/agent/")):
        status, body = await pc.request(method, path, b"", {})
        assert (status, msgspec.json.decode(body, type=Problem).code) == (404, "route.unknown")


async def test_facts_of_another_device_or_with_a_wrong_hash_are_refused(office: Office) -> None:
    pc = await office.pc()
    for facts, code in (({"device.id": "other"}, "facts.device"), ({"device.id": pc.id}, "facts.hash")):
        with pytest.raises(ReplyError) as refused:
            await pc.post("facts", encode({"hash": "0" * 16, "facts": facts}), dict)
        assert (refused.value.problem.status, refused.value.problem.code) == (400, code)


async def test_a_device_whose_facts_are_not_known_is_asked_for_them(office: Office) -> None:
    pc = await office.pc({"os.family": "windows"})
    assert not (await pc.check_in()).send_facts
    assert (await pc.check_in(facts_hash="f" * 16)).send_facts


async def test_a_long_poll_is_answered_as_soon_as_there_is_an_order(office: Office) -> None:
    await office.publish_pipeline("repair", "action")
    pc = await office.pc()
    trust = office.areas.fleet.trust_version
    waiting = asyncio.create_task(pc.check_in(wait_s=60, trust_version=trust))
    await asyncio.sleep(0)
    campaign = office.campaign("repair", {"all": []})
    await office.areas.campaigns.start_signed(office.sign(campaign), by="test")
    assert len((await asyncio.wait_for(waiting, 20)).orders) == 1


async def test_a_long_poll_is_answered_when_the_process_stops(office: Office) -> None:
    pc = await office.pc()
    trust = office.areas.fleet.trust_version
    waiting = asyncio.create_task(pc.check_in(wait_s=60, trust_version=trust))
    await asyncio.sleep(0.05)
    office.areas.fleet.close()
    assert (await asyncio.wait_for(waiting, 20)).next_in_s > 0


async def test_the_signed_repository_is_served_to_devices_only(office: Office) -> None:
    pc = await office.pc()
    for path in ("metadata/timestamp.json", "metadata/1.root.json", "metadata/1.targets.json"):
        assert (await pc.request("GET", f"/agent/v1/tuf/{path}", b"", {}))[0] == 401
        good = {"authorization": f"Bearer {pc.token}"}
        assert (await pc.request("GET", f"/agent/v1/tuf/{path}", b"", good))[0] == 200
    status, _ = await pc.request("GET", "/agent/v1/tuf/other/x", b"", {"authorization": f"Bearer {pc.token}"})
    assert status == 404
