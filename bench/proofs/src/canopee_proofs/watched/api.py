"""`python -m canopee_proofs.watched.api FILE`: an API that tells all in its log, and each address in `FILE`."""

import os
import sys
from pathlib import Path

from canopee.until_stopped import until_stopped
from canopee_api.app import Application, serve
from canopee_api.doors.areas import Areas
from canopee_api.doors.asgi import Receive, Scope, Send
from canopee_api.settings import Settings
from canopee_kit import logs


def main(addresses: Path) -> None:
    """Serve until it is told to stop."""
    logs.set_up("DEBUG")

    def around(doors: Application, _: Areas) -> Application:
        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            with addresses.open("ab") as file:
                file.write(f"{scope['path']}?".encode() + scope["query_string"] + b"\n")
            await doors(scope, receive, send)

        return application

    def ready(url: str) -> None:
        print(f"ready {url}", flush=True)  # noqa: T201  what the proof waits for

    settings = Settings.from_env(os.environ)
    until_stopped(lambda stop: serve(settings, ready=ready, stop=stop, around=around))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
