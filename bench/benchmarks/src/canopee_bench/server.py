"""The API under measure: `canopee api` itself, with one path more, the authenticated hello that it is compared with.

`python -m canopee_bench.server` takes the environment of `canopee api`.
"""

import asyncio
import os
import signal

import uvloop

from canopee_api.app import Application, serve
from canopee_api.doors.areas import Areas
from canopee_api.doors.asgi import Receive, Scope, Send, header, read_body, respond
from canopee_api.settings import Settings
from canopee_contract.checkin import CheckIn
from canopee_contract.codec import decode

HELLO = "/hello"
_JSON = [(b"content-type", b"application/json")]


def with_hello(doors: Application, areas: Areas) -> Application:
    """A POST whose token is checked and body decoded, with a fixed answer: the least that any call costs."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] != HELLO:
            await doors(scope, receive, send)
            return
        token = header(scope, b"authorization")[7:].decode("latin-1")
        areas.tokens.check(token, areas.clock.now())
        decode(await read_body(scope, receive), CheckIn)
        await respond(send, 200, _JSON, b"{}")

    return application


async def _serve() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    def ready(url: str) -> None:
        print(f"ready {url}", flush=True)  # noqa: T201  what the benchmark waits for

    await serve(Settings.from_env(os.environ), ready=ready, stop=stop, around=with_hello)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve())
