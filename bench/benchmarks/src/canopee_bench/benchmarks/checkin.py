"""The benchmark `checkin`."""

import random
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count

import msgspec

from canopee_bench.benchmark import Benchmark, Result, Setting, figure
from canopee_bench.charge import Charged, charge
from canopee_bench.installation import Api, Database, api, database, tokens_of
from canopee_bench.load import NextRequest, cycled, post
from canopee_bench.server import HELLO
from canopee_contract.checkin import CheckIn
from canopee_contract.codec import encode

_CONNECTIONS = 64
_CALLING = 10_000
_FEW, _MANY = 10_000, 1_000_000
_FIRST = 1_000_000_000
_REST = encode(CheckIn(0, "0.1.0", "", 0)).removeprefix(b'{"counter":0')


class _Fleet(msgspec.Struct, frozen=True):
    """One API with its known devices, and the requests of those that call."""

    database: Database
    api: Api
    hello: Sequence[NextRequest]
    check_in: Sequence[NextRequest]


class Checkin(Benchmark):
    """A check-in without news, to the authenticated hello of the same server: 64 connections, 10 000 devices calling.

    Once with 10 000 devices known, once with a million: what a check-in costs must not depend on it.
    """

    def run(self, setting: Setting) -> Result:
        with ExitStack() as stack:
            few, many = (
                stack.enter_context(_fleet(setting, name, setting.count(size)))
                for name, size in (("few", _FEW), ("many", _MANY))
            )
            rounds = [_round(setting, few, many) for _ in range(setting.rounds + 1)][1:]
        hello, check_in, large = ([one[place] for one in rounds] for place in range(3))
        pairs = list(zip(hello, check_in, large, strict=True))
        return Result(
            "checkin",
            figure("check-ins per core-second", [h.micros / c.micros for h, c, _ in pairs], at_least=0.7),
            "authenticated hello",
            (
                figure("check-ins per core-second", [c.per_core_second for c in check_in], "/s", at_least=15_000),
                figure("check-in, CPU", [c.micros for c in check_in], "µs"),
                figure("hello, CPU", [c.micros for c in hello], "µs"),
                figure("CPU, a million known to 10 000", [m.micros / c.micros for _, c, m in pairs], at_most=1.2),
                figure("PostgreSQL, CPU per check-in", [c.database_micros for c in check_in], "µs"),
                figure("p99 at full load", [1e3 * c.load.quantile(0.99) for c in check_in], "ms"),
                figure("share of its core that the API had", [c.api_share for c in check_in]),
                figure("share of its core that the generator used", [c.load.client_share for c in check_in]),
            ),
        )  # fmt: skip


@contextmanager
def _fleet(setting: Setting, name: str, devices: int) -> Generator[_Fleet]:
    """An installation of its own."""
    folder = setting.folder / name
    folder.mkdir()
    folder.chmod(0o755)
    setting.say(f"checkin: an installation with {devices} devices")
    with database(folder, devices) as held, api(folder, held.address) as served:
        numbers = random.Random(devices).sample(range(1, devices + 1), min(devices, _CALLING))  # noqa: S311  a sample
        tokens = tokens_of(folder, numbers)
        calling = [tokens[place::_CONNECTIONS] for place in range(min(_CONNECTIONS, len(tokens)))]
        hello = [cycled(_hellos(mine)) for mine in calling]
        yield _Fleet(held, served, hello, [cycled(_check_ins(mine)) for mine in calling])


def _round(setting: Setting, few: _Fleet, many: _Fleet) -> tuple[Charged, Charged, Charged]:
    hello = charge(few.api, few.database, few.hello, seconds=setting.seconds)
    check_in = charge(few.api, few.database, few.check_in, seconds=setting.seconds)
    return hello, check_in, charge(many.api, many.database, many.check_in, seconds=setting.seconds)


def _hellos(tokens: Sequence[str]) -> Iterator[bytes]:
    """The same bytes as a check-in, but to the hello."""
    while True:
        for token in tokens:
            yield post(HELLO, token, _body(_FIRST))


def _check_ins(tokens: Sequence[str]) -> Iterator[bytes]:
    """Each device in turn, its counter one higher each time."""
    for counter in count(_FIRST):
        for token in tokens:
            yield post("/agent/v1/check-in", token, _body(counter))


def _body(counter: int) -> bytes:
    return b'{"counter":%d%b' % (counter, _REST)
