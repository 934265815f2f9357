"""Bearer tokens of devices: stateless, two microseconds to check."""

import binascii
import hmac
from datetime import UTC, datetime, timedelta

import msgspec

from canopee_api.errors import UnauthenticatedError

LIFE = timedelta(hours=1)
_LONGEST = 160
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


class Bearer(msgspec.Struct, frozen=True, gc=False):
    """What a good token says."""

    device_id: str
    generation: int


class Tokens:
    """Makes and checks `id.expiry.generation.HMAC`."""

    def __init__(self, secret: bytes) -> None:
        self._key = hmac.digest(secret, b"canopee device tokens", "sha256")

    def make(self, device_id: str, generation: int, now: datetime) -> tuple[str, datetime]:
        """A token, and when it expires."""
        expires_at = datetime.fromtimestamp(int((now + LIFE).timestamp()), UTC)
        head = f"{device_id}.{int(expires_at.timestamp())}.{generation}"
        return f"{head}.{self._mac(head)}", expires_at

    def check(self, token: str, now: datetime) -> Bearer:
        """What the token says.

        Raises:
            UnauthenticatedError: `token.malformed` or `token.expired`.
        """
        head, _, mac = token.rpartition(".")
        if len(token) > _LONGEST or not token.isascii() or not hmac.compare_digest(mac, self._mac(head)):
            raise UnauthenticatedError("token.malformed", "renew the token, or enrol again")
        device_id, expiry, generation = head.split(".")
        if now.timestamp() >= int(expiry):
            raise UnauthenticatedError("token.expired", "renew the token")
        return Bearer(device_id, int(generation))

    def _mac(self, head: str) -> str:
        digest = hmac.digest(self._key, head.encode(), "sha256")
        return binascii.b2a_base64(digest, newline=False).translate(_URL_SAFE, b"=").decode()
