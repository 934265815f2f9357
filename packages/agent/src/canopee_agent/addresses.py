"""Which addresses an agent talks to: https, or http to this machine itself, and only hosts that it was given."""

import ipaddress
from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

from canopee_agent.errors import DeniedError


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine itself, by name or by address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_safe(parts: SplitResult) -> bool:
    """Whether nothing travels in clear over a network."""
    host = parts.hostname or ""
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))


def check_address(url: str, hosts: Sequence[str]) -> SplitResult:
    """The parts of `url`, once something may be downloaded from it.

    Raises:
        DeniedError: not an address, in clear, with a password inside, or of a host that is not in `hosts`.
    """
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError as error:
        raise DeniedError(f"{url!r} is not an address: {error}") from error
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise DeniedError(f"{url!r}: an address is written in ASCII, with %20 for a space")
    if "@" in parts.netloc or parts.fragment:
        raise DeniedError(f"{url!r}: an address has no user, no password and no #fragment")
    if not is_safe(parts):
        raise DeniedError(f"{url!r}: an address starts with https:// (http:// only to this machine itself)")
    if not any(_is_listed(host, port, entry.lower()) for entry in hosts):
        raise DeniedError(f"{host} is not a host from which files may be downloaded: see download_hosts")
    return parts


def _is_listed(host: str, port: int | None, entry: str) -> bool:
    name, colon, wanted = entry.rpartition(":") if _has_port(entry) else (entry, "", "")
    if colon and wanted != str(port or 443):
        return False
    if name.startswith("*."):
        return host.endswith(name[1:]) and len(host) > len(name) - 1
    return host == name.strip("[]")


def _has_port(entry: str) -> bool:
    return entry.rpartition(":")[2].isdecimal() and (entry.count(":") == 1 or "]:" in entry)
