"""Whom a condition reaches, how many, and why not this one."""

import asyncio
from typing import Any

from canopee_api.errors import InvalidError, NotFoundError
from canopee_api.postgres import targeting as sql
from canopee_api.postgres.database import Database
from canopee_contract.condition import Condition, describe, each_test, evaluate, parse_condition
from canopee_contract.errors import ConditionError
from canopee_contract.matching import MATCH_LIMIT, Match, Matched, TestCount, TestOnDevice, Why, WhyMatch
from canopee_kit.ids import is_id

MAX_COUNTED = 50
"""Different tests whose devices are counted: each costs a comparison a device."""
_AT_ONCE = 2
"""Previews of one process: each reads every fact, and the agents need the connections too."""


class Targeting:
    """Previews: nothing is changed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.room = asyncio.Semaphore(_AT_ONCE)

    async def match(self, asked: Match) -> Matched:
        """A page of the devices for which a condition holds now, with the counts unless `asked` says not to.

        Raises:
            InvalidError: the condition is malformed or too slow, or the page is not one.
        """
        condition = read_condition(asked.condition)
        if not 0 <= asked.limit <= MATCH_LIMIT:
            raise InvalidError("match.limit", f"0 to {MATCH_LIMIT} ids", at="$.limit")
        if asked.after and not is_id(asked.after):
            raise InvalidError("page.cursor", "pass the `next` of the page before", at="$.after")
        tests = list(dict.fromkeys(test for _, test in each_test(condition)))[:MAX_COUNTED]
        async with self.room, self._database.transaction() as tx, sql.preview(tx):
            counts = await sql.count_matching(tx, condition, tests) if asked.counts else None
            ids = await sql.matching_ids(tx, condition, after=asked.after, limit=asked.limit)
        following = ids[-1] if ids and len(ids) == asked.limit else None
        if counts is None:
            return Matched(None, ids, next=following)
        fleet, total, passing = counts
        devices = dict(zip(tests, passing, strict=True))
        funnel = [TestCount(at, describe(test), devices.get(test)) for at, test in each_test(condition)]
        return Matched(total, ids, fleet=fleet, tests=funnel, next=following)

    async def why(self, asked: WhyMatch) -> Why:
        """Each test of a condition on one device.

        Raises:
            InvalidError: the condition is malformed.
            NotFoundError: there is no such device.
        """
        condition = read_condition(asked.condition)
        async with self._database.transaction() as tx:
            found = await sql.facts_of(tx, asked.device_id) if is_id(asked.device_id) else None
        if found is None:
            raise NotFoundError("device.unknown", f"there is no device {asked.device_id[:40]}")
        state, facts = found
        held = facts or {}
        tests = [
            TestOnDevice(at, describe(test), evaluate(test, held), held.get(test.fact))
            for at, test in each_test(condition)
        ]
        obstacle = "device.revoked" if state == "revoked" else "" if facts is not None else "device.no_facts"
        return Why(asked.device_id, evaluate(condition, held), tests, obstacle)


def read_condition(data: dict[str, Any]) -> Condition:
    """A condition of a request; raises `InvalidError`, whose message names the place."""
    try:
        return parse_condition(data)
    except ConditionError as error:
        raise InvalidError("condition.malformed", error.message, at="$.condition") from error
