"""The proof `two-apis`."""

from collections import Counter
from typing import ClassVar

from canopee.testing import Installation
from canopee_api.postgres.location import forget
from canopee_client.client import Client
from canopee_client.errors import NoAnswerError
from canopee_contract.people import CollectRequest, NewCampaign
from canopee_kit.clock import SystemClock
from canopee_proofs.proof import Proof, Setting, Verdict
from canopee_proofs.two_processes import kill_one, until

_DEVICES = 12
_PIPELINE = "inventory_hardware"
_ACCEPT_S = 20.0
_SETTLE_S = 120.0


class TwoApis(Proof):
    """Of two API processes behind the shipped nginx, one is killed (-9) again and again while the fleet works.

    Each time a collection is asked for through the other: it is accepted within seconds. In the end every device has
    had one order of each collection and no more, has run it, and its record is there once; nobody is suspected.
    """

    usual_cases: ClassVar[int] = 40
    short_cases: ClassVar[int] = 2

    def run(self, setting: Setting) -> Verdict:
        installation = Installation(setting.folder / "home")
        try:
            installation.up("--api", "2", "--devices", str(_DEVICES), "--no-agent")
            with installation.client() as client:
                return Verdict(setting.cases, tuple(_tried(setting, installation, client)))
        finally:
            installation.run("down", expect=None)
            forget(installation.home.folder / "postgres")


def _tried(setting: Setting, installation: Installation, client: Client) -> list[str]:
    draw, accepted, violations = setting.random(), list[str](), list[str]()
    if not until(lambda: _state(client, "online") == _DEVICES, _SETTLE_S):
        return [f"{_state(client, 'online')} of {_DEVICES} devices are there at the start"]
    for number in range(setting.cases):
        kill_one(installation, draw)
        SystemClock().sleep(draw.choice((0.0, 0.01, 0.2, 1.0)))
        if (campaign := _collect(client, f"after kill {number}")) is None:
            violations.append(f"case {number}: no process took an order within {_ACCEPT_S:g} s")
        else:
            accepted.append(campaign)
        if number % 10 == 9:  # noqa: PLR2004  tell from time to time
            setting.say(f"two-apis: {number + 1} kills")
    wanted = _DEVICES * len(accepted)
    if not until(lambda: sum(_runs(client, one) for one in accepted) >= wanted, _SETTLE_S):
        violations.append(f"{sum(_runs(client, one) for one in accepted)} of {wanted} runs ended")
    until(lambda: set(_records(client)) >= _orders(client, accepted), _SETTLE_S)  # sent beside the reports of runs
    return [*violations, *_found(client, accepted)]


def _found(client: Client, campaigns: list[str]) -> list[str]:
    """What should not be there in the end."""
    records = _records(client)
    violations = [f"device {one.id} is {one.state}" for one in client.devices() if one.state != "online"]
    for campaign in campaigns:
        orders = list(client.orders(campaign=campaign))
        given = Counter(order.device_id for order in orders)
        if len(given) != _DEVICES or max(given.values(), default=0) != 1:
            violations.append(f"campaign {campaign}: {len(orders)} orders to {len(given)} devices")
        violations += [
            f"order {order.id} of campaign {campaign}: {order.state}, {records[order.id]} records"
            for order in orders
            if order.state != "done" or records[order.id] != 1
        ]
    return violations


def _collect(client: Client, name: str) -> str | None:
    """Ask for a collection until it is accepted; its campaign."""
    clock = SystemClock()
    end = clock.monotonic() + _ACCEPT_S
    while clock.monotonic() < end:
        try:
            return client.start_campaign(
                NewCampaign(collect=CollectRequest(_PIPELINE, {"all": []}, {}, name=name))
            ).id
        except NoAnswerError:
            clock.sleep(0.1)
    return None


def _state(client: Client, state: str) -> int:
    return sum(device.state == state for device in client.devices())


def _runs(client: Client, campaign: str) -> int:
    return sum(1 for _ in client.runs(campaign=campaign))


def _records(client: Client) -> Counter[str]:
    """How many records were stored of each order."""
    return Counter(record.order_id for record in client.records(dataset="collect_hardware") if record.order_id)


def _orders(client: Client, campaigns: list[str]) -> set[str]:
    return {order.id for campaign in campaigns for order in client.orders(campaign=campaign)}
