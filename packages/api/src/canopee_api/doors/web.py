"""The web interface: its files, as `make ui` built them into this package, under a strict content policy.

`index.html` is never kept by a browser: it names the other files, whose names change with their content, and carries
the nonce of its own style elements. Any address without an extension is a page of the application.
"""

import gzip
import mimetypes
import secrets
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath

import msgspec

from canopee_api.doors.asgi import Receive, Scope, Send

_INDEX, _NONCE = "index.html", b"CANOPEE_NONCE"
_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
]
_KEPT, _NOT_KEPT = b"public, max-age=31536000, immutable", b"no-store"
_SMALL = 1_000
"""Bytes below which nothing is gained by compression."""
_NOT_BUILT = """<!doctype html><meta charset="utf-8"><title>Canopée</title><h1>Canopée</h1>
<p>L'interface web n'est pas construite ici : lancez <code>make ui</code>, puis relancez l'API.</p>
<p lang="en">The web interface is not built here: run <code>make ui</code>, then start the API again.</p>
"""


class _File(msgspec.Struct, frozen=True):
    """One file, ready to be sent."""

    plain: bytes
    packed: bytes | None
    kind: bytes
    is_hashed: bool


def policy(nonce: str) -> bytes:
    """What a page may load, and from where (Content Security Policy level 3, Trusted Types)."""
    return (
        "default-src 'none'; script-src 'self'; "
        f"style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
        "worker-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types angular angular#bundler default"
    ).encode()


class WebDoor:
    """Answers for every address that is neither of the agents nor of the API."""

    def __init__(self, folder: Traversable | None = None) -> None:
        self._files = _read(folder or files("canopee_api").joinpath("webui"))

    @property
    def is_built(self) -> bool:
        """Whether there is an interface to serve."""
        return _INDEX in self._files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  ASGI
        if scope["method"] not in {"GET", "HEAD"}:
            await _send(send, scope, 405, [(b"allow", b"GET, HEAD")], b"")
            return
        name = scope["path"].lstrip("/")
        found = self._files.get(name)
        if found is not None and name != _INDEX:
            await self._file(scope, send, found)
        elif PurePosixPath(name).suffix and name != _INDEX:
            await _send(
                send, scope, 404, [(b"content-type", b"text/plain; charset=utf-8")], b"There is no such file.\n"
            )
        else:
            await self._page(scope, send)

    async def _page(self, scope: Scope, send: Send) -> None:
        """The application itself, whatever its page."""
        nonce = secrets.token_urlsafe(16)
        html = (b"content-type", b"text/html; charset=utf-8")
        headers = [html, (b"content-security-policy", policy(nonce)), (b"cache-control", _NOT_KEPT)]
        if not self.is_built:
            await _send(send, scope, 503, headers, _NOT_BUILT.encode())
            return
        await _send(send, scope, 200, headers, self._files[_INDEX].plain.replace(_NONCE, nonce.encode()))

    async def _file(self, scope: Scope, send: Send, found: _File) -> None:
        headers = [(b"content-type", found.kind), (b"vary", b"accept-encoding")]
        headers.append((b"cache-control", _KEPT if found.is_hashed else b"public, max-age=3600"))
        accepted = b",".join(value for key, value in scope["headers"] if key == b"accept-encoding")
        if found.packed is not None and b"gzip" in accepted:
            await _send(send, scope, 200, [*headers, (b"content-encoding", b"gzip")], found.packed)
        else:
            await _send(send, scope, 200, headers, found.plain)


def _read(folder: Traversable, prefix: str = "") -> dict[str, _File]:
    """Every file below a folder, by its path; none when the folder is not there."""
    if not folder.is_dir():
        return {}
    found: dict[str, _File] = {}
    for entry in folder.iterdir():
        name = prefix + entry.name
        found |= _read(entry, f"{name}/") if entry.is_dir() else {name: _ready(name, entry.read_bytes())}
    return found


def _ready(name: str, content: bytes) -> _File:
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    if name.endswith(".js"):
        kind = "text/javascript"
    is_text = kind.startswith("text/") or kind in {"image/svg+xml", "application/json"}
    packed = gzip.compress(content, 9, mtime=0) if is_text and len(content) > _SMALL else None
    stem = PurePosixPath(name).stem
    return _File(content, packed, f"{kind}; charset=utf-8".encode() if is_text else kind.encode(), "-" in stem)


async def _send(send: Send, scope: Scope, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *_HEADERS, length]})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
