"""The benchmark `fleet_table`."""

import time
from collections.abc import Callable, Mapping

import psycopg

from canopee_bench.benchmark import Benchmark, Figure, Result, Setting, figure
from canopee_bench.installation import Api, api, database

_DEVICES = 100_000
_PAGE = "50"
_CONDITION = (
    '{"all":[{"fact":"os.family","op":"eq","value":"windows"},{"fact":"hardware.cores","op":"ge","value":8}]}'
)
_PAGES: Mapping[str, Mapping[str, str | list[str]]] = {
    "first page": {"sort": "hostname"},
    "by last contact": {"sort": "-last_seen"},
    "by a fact": {"sort": "-fact:hardware.memory_bytes"},
    "two facets": {"os": ["Windows 10 Pro"], "product": ["8.1.3", "8.2.4"], "sort": "hostname"},
    "search": {"q": "poste-99", "sort": "hostname"},
    "search that finds nothing": {"q": "nulle part", "sort": "hostname"},
    "condition": {"condition": _CONDITION, "sort": "practice"},
}
_BY_HAND = """SELECT d.id, d.hostname, p.last_seen_at, f.facts
              FROM devices d JOIN device_presence p ON p.device_id = d.id JOIN device_facts f ON f.device_id = d.id
              ORDER BY p.last_seen_at DESC LIMIT 50"""


class FleetTable(Benchmark):
    """The table of devices at 100 000 of them: pages in several orders, the counts beside them, overview, export.

    Compared with the same page in SQL written by hand, without the API.
    """

    def run(self, setting: Setting) -> Result:
        devices = setting.count(_DEVICES)
        setting.say(f"fleet_table: filling a database with {devices} devices")
        taken: dict[str, list[float]] = {}
        by_hand: list[float] = []
        with database(setting.folder, devices) as held, api(setting.folder, held.address) as served:
            calls = {**{name: _page(served, asked) for name, asked in _PAGES.items()}, **_counts(served)}
            for turn in range(setting.rounds + 1):
                by_hand.append(_count_by_hand(held.address))
                for name, call in calls.items():
                    seconds = _timed(call)
                    if turn:  # the first one warms up
                        taken.setdefault(name, []).append(seconds)
            export = [_timed(lambda: _export(served)) for _ in range(setting.rounds)]
        ratios = [one / hand for one, hand in zip(taken["by last contact"], by_hand[1:], strict=True)]
        return Result(
            "fleet_table",
            figure("a page by last contact", ratios),
            "the same page in SQL written by hand",
            (
                *(figure(name, values, "s", at_most=0.2) for name, values in taken.items()),
                figure("page by hand", by_hand[1:], "s"),
                figure("export of everything", export, "s"),
                Figure("devices", devices),
            ),
        )


def _page(served: Api, asked: Mapping[str, str | list[str]]) -> Callable[[], object]:
    return lambda: served.client.send("GET", "/v1/devices", query={**asked, "limit": _PAGE})


def _counts(served: Api) -> dict[str, Callable[[], object]]:
    return {
        "counts of every filter": served.client.device_facets,
        "counts of a search": lambda: served.client.device_facets(q="poste-99"),
        "overview": served.client.fleet_overview,
    }


def _export(served: Api) -> int:
    return sum(len(part) for part in served.client.export_devices())


def _timed(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _count_by_hand(address: str) -> float:
    with psycopg.connect(address) as connection:
        started = time.perf_counter()
        connection.execute(_BY_HAND).fetchall()
        return time.perf_counter() - started
