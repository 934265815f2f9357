"""Answers of the API, well formed or not, that would stop the agent, fill its disk or make it talk for ever."""

import msgspec

from canopee_agent.fakes import json_reply, problem_reply
from canopee_agent.service_ports import Reply
from canopee_contract.codec import encode
from canopee_contract.enrolment import Enrolled
from canopee_contract.records import RecordsReply
from canopee_contract.report import RunsReply, RunVerdict
from canopee_proofs.envelopes import sealed
from canopee_proofs.hostile import BrokenError, World
from canopee_trust.ed25519 import PrivateKey


def the_agent_is_told_to_wait_for_ever(world: World) -> None:
    """By a check-in, by a header, by a problem: a thousand years, or a number that no clock holds."""
    for seconds in (10**9, 2**62, -1, -(2**62)):
        world.server.lies["next_in_s"] = seconds
        world.round()
    for value in ("9" * 400, "-1", "1e9", "0x10", "\u0669", "Wed, 21 Oct 2099 07:28:00 GMT"):
        world.answer("check-in", 503, b"", retry_after=value)
        world.round()
    for value in ("9" * 300, "-5", "1e300"):
        body = b'{"code":"busy","title":"","status":503,"retry_after_s":%s}' % value.encode()
        world.answer("check-in", 503, body)
        world.round()


def no_report_is_ever_acknowledged(world: World) -> None:
    """The server answers, and takes none: the agent would send them again and again."""
    world.server.link.answer("/agent/v1/runs", lambda _: json_reply(RunsReply(())))
    for _ in range(5):
        world.order(None)
    world.round()


def reports_that_were_not_sent_are_acknowledged(world: World) -> None:
    """Verdicts on other orders."""
    verdicts = tuple(RunVerdict(f"{number}", "accepted") for number in range(60))
    world.server.link.answer("/agent/v1/runs", lambda _: json_reply(RunsReply(verdicts)))
    world.order(None)
    world.round()


def no_record_is_ever_acknowledged(world: World) -> None:
    """A mark that is zero, negative, or beyond everything."""
    world.collect()
    for mark in (0, -1, 2**62):
        world.server.link.answer("/agent/v1/records", lambda _, mark=mark: json_reply(RecordsReply(mark, ())))
        world.round()
    world.forgive()


def reports_are_refused(world: World) -> None:
    """With an error that says not to try again: what waits must not keep the agent from checking in."""
    world.server.link.answer("/agent/v1/runs", lambda _: problem_reply(413, "too_large"))
    world.order(None)
    world.round()
    before = world.server.link.paths().count("/agent/v1/check-in")
    world.round()
    if world.server.link.paths().count("/agent/v1/check-in") == before:
        raise BrokenError("the agent does not check in any more")


def refused_orders_fill_the_disk(world: World) -> None:
    """Thousands of refusals wait to be reported, no report is taken, and more such orders come."""
    world.server.link.answer("/agent/v1/runs", lambda _: json_reply(RunsReply(())))
    first = world.order(None)
    world.round()
    world.sql(
        "journal.db",
        """with recursive n(x) as (select 1 union all select x + 1 from n where x < 2100)
        insert into report select 'copy' || x, cast(replace(cast(body as text), ?, 'copy' || x) as blob)
        from n, (select body from report limit 1)""",
        first,
    )
    before = world.count("report")
    world.server.orders.clear()
    for _ in range(20):
        world.order(None)
    world.round()
    if (after := world.count("report")) > before:
        raise BrokenError(f"{after} reports wait in the journal, and were {before}")


def the_agent_is_told_that_it_is_revoked(world: World) -> None:
    """A lie told once to the whole fleet must not end every agent."""
    for code in ("device.revoked", "device.unknown"):
        world.server.link.answer("/agent/v1/check-in", lambda _, code=code: problem_reply(401, code))
        world.round()


def a_check_in_is_refused_for_good(world: World) -> None:
    """Every status that says: never ask again."""
    for status in (301, 302, 307, 400, 401, 403, 404, 405, 407, 410, 413, 418, 422, 451, 204, 100, 999, 0):
        world.answer("check-in", status, b'{"code":"x","title":"x","status":%d}' % status)
        world.round()


def an_answer_is_of_somebody_else(world: World) -> None:
    """A captive portal, a proxy, a page of HTML under any status."""
    for status in (200, 302, 403, 404, 407, 500, 502):
        world.answer("check-in", status, b"<html>please log in</html>", location="http://portal/")
        world.answer("tuf/", status, b"<html>please log in</html>")
        world.round()


def an_answer_is_nested_very_deep(world: World) -> None:
    """In a field that nobody knows, in an order, in a problem."""
    deep = b"[" * 200_000 + b"]" * 200_000
    for body in (
        b'{"x":' + deep + b"}",
        b'{"server_time":"2026-11-24T08:00:00Z","orders":[{"order":' + deep + b"}]}",
    ):
        for status in (200, 400, 503):
            world.answer("check-in", status, body)
            world.round()


def an_answer_is_cut_or_spoiled(world: World) -> None:
    """Any byte of a good answer is turned, or the end is missing."""
    world.collect()
    good = encode({"server_time": "2026-11-24T08:00:00Z", "orders": [], "trust_version": 3, "next_in_s": 0})
    for _ in range(20):
        place = world.draw.randrange(len(good))
        spoiled = good[:place] + bytes([world.draw.randrange(256)]) + good[place + 1 :]
        world.answer("check-in", 200, world.draw.choice((spoiled, good[:place])))
        world.round()
    world.server.orders.clear()


def a_token_would_break_the_next_request(world: World) -> None:
    """A renewed token that holds new lines, other headers, a megabyte, or letters that no header holds."""
    world.later(hours=2)
    for token in ("a\r\nx: y", "a" * 1_000_000, "é", "\u20ac", "a\0b", "a\n"):
        body = {"token": token, "token_expires_at": "2030-01-01T00:00:00Z", "server_time": "2026-11-24T08:00:00Z"}
        world.answer("renew", 200, encode(body))
        world.round()
        world.restart()
    if any("\n" in value for request in world.server.link.requests for value in request.headers.values()):
        raise BrokenError("a token with a new line was put into a header")


def an_enrolment_gives_an_impossible_identity(world: World) -> None:
    """A generation beyond every integer, an id that is a path: stored, it would stop the agent at each start."""
    world.lose("identity.json")
    good = Enrolled("01890a5d-ac96-774b-bcce-b302099a8057", 1, "C", "t", world.server.now, world.server.now)
    for changes in ({"generation": 2**62}, {"generation": 0}, {"device_id": "../x"}, {"device_id": ""}):
        answer = json_reply(msgspec.structs.replace(good, **changes))
        world.server.link.answer("/agent/v1/enrol", lambda _, answer=answer: answer)
        world.round()
        world.restart()


def the_same_facts_are_asked_for_at_every_answer(world: World) -> None:
    """They are sent once an answer, and no more."""
    world.server.lies["send_facts"] = True
    for _ in range(3):
        world.round()


def newer_metadata_are_announced_at_every_answer(world: World) -> None:
    """A version that does not exist: one refresh an answer, and no more."""
    world.server.lies["trust_version"] = 2**62
    for _ in range(3):
        world.round()


def the_report_of_a_run_that_is_going_on_is_forged(world: World) -> None:
    """An unsigned order under the id of one that waits would take its place in the journal."""
    held = world.order(world.approved())
    name = world.file_of(world.repair)
    good = world.publisher.files[name]
    world.answer(f"tuf/{name}", 503, b"")
    forged = world.order_bytes()
    world.round()
    stranger = PrivateKey.generate()
    content = msgspec.json.decode(forged)["payload"]
    world.server.orders.clear()
    world.deliver(encode({"payloadType": "x", "payload": content, "signatures": []}))
    world.deliver(sealed(stranger, b"{}"))
    world.round()
    if held in world.server.reports:
        raise BrokenError("an order that waits was reported as refused by a forgery")
    world.server.orders.clear()
    world.server.link.answer(f"/agent/v1/tuf/{name}", lambda _: Reply(200, {}, good))
    world.round()
    if held not in world.server.reports or world.server.reports[held].state != "done":
        raise BrokenError("an order that waited was lost")
    world.forgive()
