"""Time: the server tells the agent what time it is, and lies."""

from datetime import UTC, datetime, timedelta

from canopee_agent.service_ports import Reply, Request
from canopee_contract.campaign import Ring
from canopee_proofs.hostile import World


def the_server_says_it_is_last_month(world: World) -> None:
    """A campaign that is over comes back to life."""
    document, start = world.approved(), world.server.now
    world.later(days=30)
    _publish_now(world)
    world.server.lies["server_time"] = start + timedelta(hours=1)
    world.round()
    world.order(document)


def the_server_says_it_is_next_month(world: World) -> None:
    """A campaign and a ring begin before their time."""
    start = world.server.now + timedelta(days=30)
    end = start + timedelta(days=1)
    world.server.lies["server_time"] = start + timedelta(hours=1)
    world.round()
    world.order(world.approved(not_before=start, not_after=end), expires_at=end)
    world.order(world.approved(rings=(Ring(10_000, start),), not_after=end), expires_at=end)


def the_server_says_it_is_next_month_and_is_honest_again(world: World) -> None:
    """Everything expires on the PC: it must be the PC's trouble for as long as the lie lasts."""
    world.server.lies["server_time"] = world.server.now + timedelta(days=3_000)
    world.round()
    world.order(world.approved())
    world.round()


def the_clock_is_pushed_back_little_by_little(world: World) -> None:
    """An hour at each check-in, so that no step looks large."""
    document = world.approved()
    world.later(days=8)
    _publish_now(world)
    for hours in range(0, 8 * 24 + 2, 12):
        world.server.lies["server_time"] = world.machine.clock.now() - timedelta(hours=hours)
        world.round()
    world.order(document)


def old_metadata_are_kept_fresh_by_an_old_time(world: World) -> None:
    """Freeze: the timestamp has expired; the server says that it is still last week."""
    start = world.server.now
    world.later(days=9)
    world.server.lies["server_time"] = start
    world.round()
    world.order(world.approved(not_after=start + timedelta(days=60)), expires_at=start + timedelta(days=60))


def the_battery_of_the_pc_is_empty_and_the_server_lies(world: World) -> None:
    """Both clocks are in the past: what both had reached before is remembered."""
    document, start = world.approved(), world.server.now
    world.later(days=30)
    _publish_now(world)
    world.round()
    true_now = world.machine.clock.now()
    world.machine.clock.set_wall(start + timedelta(hours=1))
    world.restart()
    world.order(document)
    for _ in range(2):
        world.round()
    world.check_untouched()
    world.server.orders.clear()
    world.machine.clock.set_wall(true_now)


def the_clock_of_the_pc_is_years_off(world: World) -> None:
    """The server is honest, the PC's clock is not: nothing acts until somebody sets it."""
    world.later(days=3)
    _publish_now(world)
    true_now = world.server.now = world.machine.clock.now()
    world.machine.clock.set_wall(datetime(2009, 1, 1, tzinfo=UTC))
    world.server.lies["server_time"] = true_now
    world.order(world.approved())
    world.round()
    world.machine.clock.set_wall(true_now + timedelta(days=365 * 60))
    world.round()
    world.check_untouched()
    world.machine.clock.set_wall(true_now)


def the_server_tells_an_impossible_time(world: World) -> None:
    """The first and the last instant that can be written, and one without zone."""
    for text in (
        "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59",
        "2026-11-24T08:00:00", "", "now", "2026-02-30T00:00:00Z",
    ):  # fmt: skip
        world.answer("check-in", 200, b'{"server_time":"%s"}' % text.encode())
        world.round()
        world.later(seconds=1)


def a_renewal_is_refused_with_an_impossible_time(world: World) -> None:
    """The refusal `clock.skewed` carries the server's time: here, nonsense."""
    world.later(hours=2)
    for text in ("", "soon", "9999-12-31T23:59:59+00:00", "0001-01-01T00:00:00", "2026-11-24T08:00:00", "1" * 99):
        problem = b'{"code":"clock.skewed","title":"","status":400,"detail":"%s"}' % text.encode()
        world.answer("renew", 400, problem)
        world.round()


def a_token_expires_at_an_impossible_time(world: World) -> None:
    """What is stored with the identity must be usable at the next start."""
    world.later(hours=2)
    for text in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-11-24T08:00:00"):
        body = b'{"token":"t","token_expires_at":"%s","server_time":"2026-11-24T08:00:00Z"}' % text.encode()
        world.answer("renew", 200, body)
        world.round()
        world.restart()
        world.round()


def an_order_is_revived_by_an_old_time(world: World) -> None:
    """Withheld until it expired; then the server says that it has not."""
    order_id = world.order(world.approved(not_after=world.server.now + timedelta(days=30)))
    held = list(world.server.orders)
    world.server.orders.clear()
    told = world.server.now + timedelta(hours=1)
    world.later(days=3)
    _publish_now(world)
    world.server.lies["server_time"] = told
    world.round()
    world.server.orders.extend(held)
    world.round()
    world.check_untouched()
    world.server.reports.pop(order_id, None)


def time_goes_back_and_forth(world: World) -> None:
    """A different lie at each answer."""
    document, start = world.approved(), world.server.now
    world.later(days=10)
    _publish_now(world)
    lies = [start + timedelta(hours=world.draw.randint(0, 24 * 700)) for _ in range(10)]

    def check_in(request: Request) -> Reply:
        if lies:
            world.server.lies["server_time"] = lies.pop()
        return honest(request)

    honest = world.server.link.handler("/agent/v1/check-in")
    world.server.link.answer("/agent/v1/check-in", check_in)
    world.order(document)
    for _ in range(8):
        world.round()


def _publish_now(world: World) -> None:
    world.publisher.now = world.machine.clock.now()
    world.publisher.serve()
