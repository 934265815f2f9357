"""The benchmark `fleet_table`."""

import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psycopg

from canopee.embedded import preparation
from canopee.home import Home
from canopee_bench.benchmark import Benchmark, Figure, Result, Setting, figure
from canopee_bench.catalog import CATALOG
from canopee_bench.installation import Api, api, database
from canopee_bench.rollouts import LARGE, fill_campaigns
from canopee_contract.matching import Match
from canopee_contract.rollouts import CampaignRequest
from canopee_kit.clock import SystemClock

_DEVICES = 100_000
_PAGE = "50"
_CONDITION = (
    '{"all":[{"fact":"os.family","op":"eq","value":"windows"},{"fact":"hardware.cores","op":"ge","value":8}]}'
)
_PAGES: Mapping[str, Mapping[str, str | list[str]]] = {
    "first page": {"sort": "hostname"},
    "by last contact": {"sort": "-last_seen"},
    "by a fact": {"sort": "-fact:hardware.memory_bytes"},
    "by version of the product": {"sort": "fact:product.version"},
    "by practice": {"sort": "practice"},
    "by state": {"sort": "state"},
    "by agent": {"sort": "-agent_version"},
    "one state": {"state": "offline", "sort": "hostname"},
    "with an old agent": {"watch": "outdated", "sort": "hostname"},
    "two facets": {"os": ["Windows 10 Pro"], "product": ["8.1.3", "8.2.4"], "sort": "hostname"},
    "search": {"q": "poste-99", "sort": "hostname"},
    "search that finds nothing": {"q": "nulle part", "sort": "hostname"},
    "condition": {"condition": _CONDITION, "sort": "practice"},
}
_DEVICES_OF: Mapping[str, Mapping[str, str]] = {
    "first page": {}, "failed": {"state": "failed"}, "waiting": {"state": "waiting"},
    "delivered": {"state": "delivered"}, "of a cause": {"step": "step_1", "code": "program.exit"},
    "search": {"q": "poste-99"}, "search that finds nothing": {"q": "nulle part"},
}  # fmt: skip
_BROAD: dict[str, Any] = {"fact": "os.family", "op": "eq", "value": "windows"}
_REQUEST = CampaignRequest(
    pipeline="inventory_hardware", condition={"all": [_BROAD, {"fact": "hardware.cores", "op": "ge", "value": 4}]}
)
_BY_HAND = """SELECT d.id, d.hostname, p.last_seen_at, f.facts
              FROM devices d JOIN device_presence p ON p.device_id = d.id JOIN device_facts f ON f.device_id = d.id
              ORDER BY p.last_seen_at DESC LIMIT 50"""


class FleetTable(Benchmark):
    """The table of devices at 100 000 of them: pages in several orders, the counts beside them, overview, export.

    And campaigns: the list, one of the whole fleet with its devices and failures, whom a condition reaches, a preview.
    Compared with the same page in SQL written by hand, without the API.
    """

    def run(self, setting: Setting) -> Result:
        devices = setting.count(_DEVICES)
        setting.say(f"fleet_table: filling a database with {devices} devices")
        taken: dict[str, list[float]] = {}
        by_hand: list[float] = []
        with database(setting.folder, devices) as held, api(setting.folder, held.address) as served:
            fill_campaigns(held.address, devices)
            _publish(served, setting.folder)
            calls = {
                **{name: _page(served, asked) for name, asked in _PAGES.items()},
                **_counts(served),
                **_campaigns(served),
            }
            for turn in range(setting.rounds + 1):
                by_hand.append(_count_by_hand(held.address))
                for name, call in calls.items():
                    seconds = _timed(call)
                    if turn:  # the first one warms up
                        taken.setdefault(name, []).append(seconds)
            previews = [
                _timed(lambda: served.client.preview_campaign(_REQUEST)) for _ in range(setting.rounds + 1)
            ][1:]
            export = [_timed(lambda: _export(served)) for _ in range(setting.rounds)]
        ratios = [one / hand for one, hand in zip(taken["by last contact"], by_hand[1:], strict=True)]
        return Result(
            "fleet_table",
            figure("a page by last contact", ratios),
            "the same page in SQL written by hand",
            (
                *(figure(name, values, "s", at_most=0.2) for name, values in taken.items()),
                figure("campaign: preview", previews, "s", at_most=1),
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
        "counts of a system": lambda: served.client.device_facets(os=["Windows 10 Pro"]),
        "counts of a condition": lambda: served.client.device_facets(condition=_CONDITION),
        "overview": served.client.fleet_overview,
    }


def _campaigns(served: Api) -> dict[str, Callable[[], object]]:
    def devices(asked: Mapping[str, str]) -> Callable[[], object]:
        return lambda: served.client.send("GET", f"/v1/campaigns/{LARGE}/devices", query={**asked, "limit": _PAGE})

    return {
        **{f"campaign: devices, {name}": devices(asked) for name, asked in _DEVICES_OF.items()},
        "campaign: its counts": lambda: served.client.send("GET", f"/v1/campaigns/{LARGE}"),
        "campaign: its failures": lambda: served.client.send("GET", f"/v1/campaigns/{LARGE}/failures"),
        "campaigns: list": lambda: served.client.send("GET", "/v1/campaigns", query={"limit": _PAGE}),
        "campaigns: running ones": lambda: served.client.send(
            "GET", "/v1/campaigns", query={"state": "running", "limit": _PAGE}
        ),
        "condition: how many": lambda: served.client.match_page(Match(_BROAD, 10)),
    }


def _publish(served: Api, folder: Path) -> None:
    """The sample catalog, without the campaigns that it would start."""
    catalog = folder / "catalog"
    shutil.copytree(CATALOG, catalog, ignore=shutil.ignore_patterns("campaigns"))
    preparation.apply_catalog(served.client, Home(folder), catalog, SystemClock())


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
