"""The areas of enrolment on a database, and PCs that ask them, without doors."""

import random

import msgspec

from canopee_api.devices.approvals import Approvals
from canopee_api.devices.enrolment import Enrolment
from canopee_api.devices.enrolment_tokens import TokenOffice
from canopee_api.devices.practices import Practices
from canopee_api.devices.tokens import Tokens
from canopee_api.errors import ApiError, WaitingError
from canopee_api.live.fleet import LiveFleet
from canopee_api.postgres.database import Database
from canopee_contract.codec import encode
from canopee_contract.enrolment import Enrol, signed_bytes
from canopee_kit.clock import FakeClock
from canopee_trust.ed25519 import PrivateKey

PRACTICES = ("FR-1", "FR-2", "BE-1")
_PATH = "/agent/v1/enrol"


class Office:
    """Everything that decides on enrolments, as one process has it."""

    def __init__(self, database: Database, clock: FakeClock) -> None:
        self.database, self.clock = database, clock
        self.enrolment = Enrolment(database, LiveFleet(), Tokens(bytes(32)), clock)
        self.tokens, self.approvals = TokenOffice(database, clock), Approvals(database, clock)
        self.practices = Practices(database, clock)


class Pc:
    """A PC with a key, a token and what it says; it remembers every identity that it got."""

    def __init__(self, token: str, token_practice: str, draw: random.Random) -> None:
        """`token_practice`: the one practice of the token; empty when the PC names its own."""
        self.token, self.token_practice, self._key = token, token_practice, PrivateKey.generate()
        self.public_key = self._key.public.raw
        self.practice = draw.choice((*PRACTICES, ""))
        self._hostname = f"PC-{draw.randrange(4)}"
        self._fingerprint = f"{draw.randrange(6):064x}"
        self.ids = set[str]()

    async def ask(self, office: Office) -> str:
        """Ask once: `enrolled`, or the code of the refusal."""
        now = office.clock.now()
        request = Enrol(
            self.token, self._key.public.base64, self._hostname, "windows", "0.1.0", self._fingerprint, now, "n",
            self.practice,
        )  # fmt: skip
        body = encode(request)
        signature = self._key.sign(signed_bytes(_PATH, body))
        try:
            enrolled = await office.enrolment.enrol(request, path=_PATH, body=body, signature=signature)
        except WaitingError as error:
            return error.code
        except ApiError as error:
            return error.reason
        self.ids.add(enrolled.device_id)
        return "enrolled"


class Kept(msgspec.Struct, frozen=True):
    """What the database holds of a token's enrolments."""

    used: int
    uses: int
    devices: int
    audited: int


async def kept(database: Database, token_sha256: bytes) -> Kept:
    """Uses counted, devices made and links of the audit, of one token."""
    async with database.transaction() as tx:
        cursor = await tx.execute(
            """SELECT t.used, t.uses, (SELECT count(*) FROM devices d WHERE d.token_sha256 = t.sha256),
                      (SELECT count(*) FROM audit a JOIN devices d ON d.id::text = a.object
                       WHERE a.action = 'device.enrol' AND d.token_sha256 = t.sha256)
               FROM enrolment_tokens t WHERE t.sha256 = %s""",
            (token_sha256,),
        )
        row = await cursor.fetchone()
    return Kept(*row) if row else Kept(0, 0, 0, 0)


async def decided(database: Database, token_sha256: bytes) -> dict[bytes, tuple[str, str]]:
    """What people decided with a token: key of the PC → state and practice."""
    async with database.transaction() as tx:
        cursor = await tx.execute(
            """SELECT public_key, state, practice_id FROM enrolment_requests
               WHERE token_sha256 = %s AND NOT by_rule AND state IN ('approved', 'rejected')""",
            (token_sha256,),
        )
        return {bytes(row[0]): (row[1], row[2]) for row in await cursor.fetchall()}


async def contradictions(database: Database) -> list[str]:
    """Requests whose state and device do not agree, and devices of a practice that their token does not let."""
    async with database.transaction() as tx:
        cursor = await tx.execute(
            """SELECT 'request ' || r.id || ' is ' || r.state || ', its device is ' || coalesce(d.id::text, 'nowhere')
               FROM enrolment_requests r LEFT JOIN devices d USING (public_key, token_sha256)
               WHERE (r.state = 'enrolled') <> (d.id IS NOT NULL) OR r.device_id IS DISTINCT FROM d.id
               UNION ALL
               SELECT 'device ' || d.id || ' is of ' || d.practice_id || ', its token is for ' || t.practice_id
                      || t.practice_pattern
               FROM devices d JOIN enrolment_tokens t ON t.sha256 = d.token_sha256
               WHERE d.practice_id <> t.practice_id AND (t.practice_pattern = '' OR d.practice_id = ''
                     OR d.practice_id NOT LIKE replace(t.practice_pattern, '*', '%'))"""
        )
        return [row[0] for row in await cursor.fetchall()]
