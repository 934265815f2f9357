"""Where a call came from. This process listens on loopback only: behind a proxy, the proxy says it."""

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from canopee_api.doors.asgi import Scope

_FORWARDED, _PROTOCOL = b"x-forwarded-for", b"x-forwarded-proto"


def source_of(scope: Scope) -> str:
    """The IP address of the caller, or empty.

    The last address of the last `X-Forwarded-For` is the one that the proxy on this machine saw, with or without its
    port; those before it, and the headers before it, are what the caller pretends. It counts only when the connection
    comes from this machine.
    """
    peer = _address(str((scope.get("client") or ("",))[0]))
    if peer is None or not peer.is_loopback:
        return str(peer or "")
    lines = [value for name, value in scope["headers"] if name == _FORWARDED]
    told = lines[-1].decode("latin-1").rpartition(",")[2].strip() if lines else ""
    return str((_address(_without_port(told)) if told else peer) or "")


def is_https(scope: Mapping[str, Any]) -> bool:
    """Whether the caller speaks TLS, to the proxy of this machine since this process does not."""
    peer = _address(str((scope.get("client") or ("",))[0]))
    said = [value for name, value in scope["headers"] if name == _PROTOCOL]
    return scope.get("scheme") == "https" or bool(
        peer is not None and peer.is_loopback and said and said[-1].strip().lower() == b"https"
    )


def _without_port(text: str) -> str:
    """`192.0.2.7:51234` and `[2001:db8::7]:51234` without what comes after the address."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found
