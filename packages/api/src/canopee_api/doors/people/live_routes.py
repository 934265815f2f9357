"""What changes, as it changes: one stream of server-sent events, for as long as the session lasts."""

from collections.abc import AsyncGenerator
from typing import Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.response import Stream

from canopee_api.accounts.roles import rights_of
from canopee_api.doors.areas import Areas
from canopee_api.doors.people.guard import actor_of, credential_of, needs
from canopee_api.errors import BusyError, UnauthenticatedError
from canopee_api.live.watchers import Watcher
from canopee_contract.codec import encode

_RIGHT = "read"
_RETRY_MS = 2_000
_CHECKED_EVERY_S = 15.0
_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


@get("/v1/live", opt=needs(_RIGHT), media_type="text/event-stream")
async def live(request: Request[Any, Any, Any], areas: NamedDependency[Areas]) -> Stream:
    """Tell what changes: `open`, then `change` with a topic and ids, at most twice a second for each topic.

    The stream ends with the session. After a reconnection, read again what you show: events of the meantime are lost.
    """
    watcher = areas.watchers.watch(actor_of(request).login)
    return Stream(
        _events(areas, watcher, credential_of(request)), media_type="text/event-stream", headers=_HEADERS
    )


async def _events(areas: Areas, watcher: Watcher, token: str) -> AsyncGenerator[bytes]:
    clock = areas.clock
    try:
        yield f"retry: {_RETRY_MS}\n: hello\n\n".encode()
        await watcher.ready()
        yield _event("open", {"at": clock.now()}, clock.now().timestamp())
        checked_at = clock.monotonic()
        while not watcher.is_over:
            found = await watcher.next()
            for one in found:
                yield _event("change", one, clock.now().timestamp())
            if not found and not watcher.is_over:
                yield b": still here\n\n"
            if not found or clock.monotonic() - checked_at > _CHECKED_EVERY_S:
                checked_at = clock.monotonic()
                if not await _may_still_watch(areas, token):
                    yield _event("ended", {"reason": "session"}, clock.now().timestamp())
                    return
    finally:
        watcher.leave()


async def _may_still_watch(areas: Areas, token: str) -> bool:
    try:
        actor = await areas.people.authenticate(token)
    except UnauthenticatedError:
        return False
    except BusyError:
        return True  # nobody knows: the next time will tell
    return _RIGHT in rights_of(actor.roles)


def _event(name: str, data: object, at: float) -> bytes:
    return b"event: %b\nid: %d\ndata: %b\n\n" % (name.encode(), int(at * 1000), encode(data))


ROUTES = [live]
