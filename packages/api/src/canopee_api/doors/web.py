"""The web interface: its files, as `make ui` built them into this package, under a strict content policy.

`index.html` is never kept by a browser: it names the other files, whose names change with their content, and carries
the nonce of its own style elements. Any address without an extension is a page of the application.

Files come compressed: `ihm/pack.mjs` has put the brotli of each beside it (`NAME.br`), gzip is made when the
door opens.
"""

import gzip
import mimetypes
import secrets
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath

import msgspec

from canopee_api.doors.asgi import Receive, Scope, Send
from canopee_api.doors.compression import SMALL, encoding_of, pack

_INDEX, _NONCE = "index.html", b"CANOPEE_NONCE"
_BROTLI = ".br"
_HEADERS = [(b"x-content-type-options", b"nosniff"), (b"cross-origin-resource-policy", b"same-origin")]
_OF_PAGES = [
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
]
_KEPT, _NOT_KEPT = b"public, max-age=31536000, immutable", b"no-store"
_NOT_BUILT = """<!doctype html><meta charset="utf-8"><title>Canopée</title><h1>Canopée</h1>
<p>L'interface web n'est pas construite ici : lancez <code>make ui</code>, puis relancez l'API.</p>
<p lang="en">The web interface is not built here: run <code>make ui</code>, then start the API again.</p>
"""


class _File(msgspec.Struct, frozen=True):
    """One file, ready to be sent."""

    plain: bytes
    kind: bytes
    is_hashed: bool
    packed: dict[bytes, bytes]
    """By encoding, the smallest first."""


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
        headers = [html, (b"content-security-policy", policy(nonce)), (b"cache-control", _NOT_KEPT), *_OF_PAGES]
        if not self.is_built:
            await _send(send, scope, 503, headers, _NOT_BUILT.encode())
            return
        body = self._files[_INDEX].plain.replace(_NONCE, nonce.encode())
        headers.append((b"vary", b"accept-encoding"))
        encoding = encoding_of(scope, (b"zstd", b"gzip")) if len(body) >= SMALL else b""
        if encoding:
            headers.append((b"content-encoding", encoding))
            body = await pack(body, encoding)
        await _send(send, scope, 200, headers, body)

    async def _file(self, scope: Scope, send: Send, found: _File) -> None:
        headers = [(b"content-type", found.kind), (b"vary", b"accept-encoding")]
        headers.append((b"cache-control", _KEPT if found.is_hashed else b"public, max-age=3600"))
        encoding = encoding_of(scope, tuple(found.packed))
        if encoding:
            headers.append((b"content-encoding", encoding))
        await _send(send, scope, 200, headers, found.packed.get(encoding, found.plain))


def _read(folder: Traversable, prefix: str = "") -> dict[str, _File]:
    """Every file below a folder, by its path; none when the folder is not there."""
    if not folder.is_dir():
        return {}
    found: dict[str, _File] = {}
    here = {entry.name: entry for entry in folder.iterdir()}
    for name, entry in here.items():
        if entry.is_dir():
            found |= _read(entry, f"{prefix}{name}/")
        elif not name.endswith(_BROTLI):
            brotli = here.get(name + _BROTLI)
            found[prefix + name] = _ready(name, entry.read_bytes(), brotli.read_bytes() if brotli else b"")
    return found


def _ready(name: str, content: bytes, brotli: bytes) -> _File:
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    if name.endswith(".js"):
        kind = "text/javascript"
    is_text = kind.startswith("text/") or kind in {"image/svg+xml", "application/json"}
    packed = {b"br": brotli} if brotli else {}
    if is_text and len(content) > SMALL:
        packed[b"gzip"] = gzip.compress(content, 9, mtime=0)
    stated = f"{kind}; charset=utf-8" if is_text else kind
    return _File(content, stated.encode(), "-" in PurePosixPath(name).stem, packed)


async def _send(send: Send, scope: Scope, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *_HEADERS, length]})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
