"""What must never happen before a person: an error in the console, one that nobody caught, a call to another site."""

from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, ConsoleMessage, Request, WebError


class Faults:
    """Everything wrong that the pages of a profile did."""

    def __init__(self, url: str) -> None:
        self._origin, self._allowed = urlsplit(url).netloc, list[str]()
        self.found: list[str] = []

    def watch(self, context: BrowserContext) -> None:
        """Watch every page of a profile, those to come too."""
        context.on("console", self._console)
        context.on("weberror", self._error)
        context.on("request", self._request)

    def allow(self, text: str) -> None:
        """Say of what the journey provokes on purpose how its message reads, in part."""
        self._allowed.append(text)

    def check(self) -> None:
        """Raise `AssertionError` for what was found and not allowed."""
        wrong = [one for one in self.found if not any(text in one for text in self._allowed)]
        assert not wrong, "\n".join(wrong)  # noqa: S101  the verdict of a journey

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:  # a refusal of the content policy is an error of the console
            self.found.append(f"console: {message.type}: {message.text} ({message.location.get('url', '')})")

    def _error(self, error: WebError) -> None:
        self.found.append(f"not caught: {error.error}")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.netloc != self._origin:
            self.found.append(f"another site: {request.url}")
