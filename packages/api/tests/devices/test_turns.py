import asyncio

import pytest

from canopee_api.devices.turns import MOST, Turns
from canopee_api.errors import BusyError


class Work:
    """Callers that note when they begin and end; they go on when `go` is set."""

    def __init__(self) -> None:
        self.turns, self.seen, self.go = Turns(), list[str](), asyncio.Event()

    async def call(self, name: str, key: bytes = b"k") -> None:
        async with self.turns.turn(key):
            self.seen.append(f"{name} begins")
            await self.go.wait()
            self.seen.append(f"{name} ends")


async def _begun(work: Work, count: int) -> None:
    async with asyncio.timeout(30):
        while len(work.seen) < count:  # noqa: ASYNC110  what has begun is only to be looked at
            await asyncio.sleep(0)


async def test_callers_of_one_key_go_one_after_the_other_as_they_came() -> None:
    work = Work()
    tasks = [asyncio.create_task(work.call(name)) for name in "abc"]
    await _begun(work, 1)
    assert work.seen == ["a begins"]
    work.go.set()
    await asyncio.gather(*tasks)
    assert work.seen == [f"{name} {verb}" for name in "abc" for verb in ("begins", "ends")]


async def test_another_key_waits_for_nobody_and_nothing_is_kept_afterwards() -> None:
    work = Work()
    tasks = [asyncio.create_task(work.call(name, name.encode())) for name in "ab"]
    await _begun(work, 2)
    assert (work.seen, len(work.turns)) == (["a begins", "b begins"], 2)
    work.go.set()
    await asyncio.gather(*tasks)
    assert len(work.turns) == 0


async def test_who_is_cut_while_he_waits_leaves_his_turn_to_the_next() -> None:
    work = Work()
    tasks = [asyncio.create_task(work.call(name)) for name in "abc"]
    await _begun(work, 1)
    tasks[1].cancel()
    work.go.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert work.seen == ["a begins", "a ends", "c begins", "c ends"]
    assert len(work.turns) == 0


async def test_more_than_can_be_served_soon_are_told_to_come_back() -> None:
    work = Work()
    tasks = [asyncio.create_task(work.call(str(number))) for number in range(MOST)]
    await _begun(work, 1)
    with pytest.raises(BusyError) as busy:
        await work.call("late")
    assert busy.value.retry_after_s == 10
    work.go.set()
    await asyncio.gather(*tasks)
    assert len(work.seen) == 2 * MOST
