"""The benchmark `targeting`."""

import time
from typing import Any

import psycopg

from canopee_bench.benchmark import Benchmark, Figure, Result, Setting, figure
from canopee_bench.installation import Api, api, database
from canopee_contract.matching import Match

_DEVICES = 1_000_000
_CONDITIONS: dict[str, dict[str, Any]] = {
    "broad: Windows": {"fact": "os.family", "op": "eq", "value": "windows"},
    "narrow: one practice": {"fact": "practice.id", "op": "eq", "value": "C000123"},
    "version: product below 8.2": {"fact": "product.version", "op": "version_lt", "value": "8.2"},
    "pattern: a model": {"fact": "hardware.model", "op": "matches", "value": "Model [0-9]"},
    "all of them": {
        "all": [
            {"fact": "os.family", "op": "eq", "value": "windows"},
            {"fact": "product.version", "op": "version_ge", "value": "8.1"},
            {"fact": "hardware.memory_bytes", "op": "ge", "value": 8 * 2**30},
            {"not": {"fact": "product.edition", "op": "eq", "value": "solo"}},
        ]
    },
}
_BY_HAND = "SELECT count(*) FROM device_facts WHERE facts->>'os.family' = 'windows'"


class Targeting(Benchmark):
    """The preview of a condition over a million devices: counts, the devices that pass each test, a first page of ids.

    Compared with a count written by hand in SQL for the broadest of them.
    """

    def run(self, setting: Setting) -> Result:
        devices = setting.count(_DEVICES)
        setting.say(f"targeting: filling a database with {devices} devices")
        taken: dict[str, list[float]] = {name: [] for name in _CONDITIONS}
        by_hand: list[float] = []
        with database(setting.folder, devices) as held, api(setting.folder, held.address) as served:
            for _ in range(setting.rounds + 1):
                by_hand.append(_count_by_hand(held.address))
                for name, condition in _CONDITIONS.items():
                    taken[name].append(_preview(served, condition))
        broad = next(iter(taken.values()))
        ratios = [one / hand for one, hand in zip(broad, by_hand, strict=True)][1:]
        return Result(
            "targeting",
            figure("preview of the broadest condition", ratios),
            "a count written by hand",
            (
                *(figure(f"preview, {name}", values[1:], "s", at_most=2) for name, values in taken.items()),
                figure("count by hand", by_hand[1:], "s"),
                Figure("devices", devices),
            ),
        )


def _preview(served: Api, condition: dict[str, Any]) -> float:
    started = time.perf_counter()
    served.client.match_page(Match(condition))
    return time.perf_counter() - started


def _count_by_hand(address: str) -> float:
    with psycopg.connect(address) as connection:
        started = time.perf_counter()
        connection.execute(_BY_HAND).fetchone()
        return time.perf_counter() - started
