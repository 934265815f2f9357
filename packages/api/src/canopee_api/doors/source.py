"""Where a call came from. This process listens on loopback only: behind a proxy, the proxy says it."""

from ipaddress import IPv4Address, IPv6Address, ip_address

from canopee_api.doors.asgi import Scope, header

_FORWARDED = b"x-forwarded-for"


def source_of(scope: Scope) -> str:
    """The IP address of the caller, or empty.

    The last address of `X-Forwarded-For` is the one that the proxy on this machine saw; those before it are what the
    caller pretends. The header counts only when the connection comes from this machine.
    """
    peer = _address(str((scope.get("client") or ("",))[0]))
    if peer is None or not peer.is_loopback:
        return str(peer or "")
    told = header(scope, _FORWARDED).decode("latin-1").rpartition(",")[2].strip()
    return str((_address(told) if told else peer) or "")


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found
