"""People: accounts, sessions and API keys. A password or a key is kept as a hash only."""

import asyncio
import base64
import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from canopee_api.audit.chain import note
from canopee_api.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    ThrottledError,
    UnauthenticatedError,
)
from canopee_api.postgres import accounts as sql
from canopee_api.postgres.database import Database
from canopee_contract.people import ROLES, ApiKey, Login, NewApiKey, NewPassword, NewUser, Role, Session, User
from canopee_kit.clock import Clock

SESSION = timedelta(hours=12)
MIN_PASSWORD = 12
_LONGEST = 256
_ATTEMPTS = 10
_ATTEMPT_WINDOW_S = 900.0
_LOGIN = 64
HASHER = PasswordHasher()
"""argon2id with the second recommended option of RFC 9106, section 4: 64 MiB, 3 passes, 4 lanes."""


class Actor(msgspec.Struct, frozen=True):
    """Who makes a request, and with which roles."""

    login: str
    roles: tuple[str, ...]


class People:
    """Everything about accounts."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._hasher = HASHER
        self._hashing = asyncio.Semaphore(2)  # each takes 64 MiB and a core
        self._attempts: dict[str, list[float]] = {}
        """Login → when it was tried without success; the login tried last comes last."""
        self._nobody = self._hasher.hash(secrets.token_urlsafe())

    async def log_in(self, login: Login) -> Session:
        """A session.

        Raises:
            UnauthenticatedError: wrong login or password; the answer takes as long for both.
            ThrottledError: too many failures for this login.
        """
        attempt = self._count_attempt(login.login)
        async with self._database.transaction() as tx:
            user = await sql.get_user(tx, login.login)
        is_good = await self._verify(user.password_hash if user else self._nobody, login.password)
        if user is None or not is_good or user.state != "active":
            raise UnauthenticatedError("session.refused", "wrong login or password")
        self._attempts.get(user.login, []).remove(attempt)
        now = self._clock.now()
        token, expires_at = f"cps_{secrets.token_urlsafe(32)}", now + SESSION
        async with self._database.transaction() as tx:
            await sql.insert_session(tx, _sha256(token), user.login, now=now, expires_at=expires_at)
            await note(tx, now, user.login, "session.open", user.login)
        return Session(token, expires_at)

    async def log_out(self, token: str) -> None:
        """End a session; raises `ConflictError` for what is none, such as an API key."""
        async with self._database.transaction() as tx:
            if not await sql.delete_session(tx, _sha256(token)):
                raise ConflictError("session.none", "this credential is no session: an API key is revoked instead")

    async def change_password(self, login: str, new: NewPassword, *, token: str) -> None:
        """Take another password; every session of the account ends but that of `token`.

        Raises:
            InvalidError: the new password is too short or too long.
            ForbiddenError: the current one is wrong.
            ThrottledError: too many failures for this login.
        """
        _check_password(new.password)
        attempt = self._count_attempt(login)
        async with self._database.transaction() as tx:
            user = await sql.get_user(tx, login)
        if user is None or not await self._verify(user.password_hash, new.current):
            raise ForbiddenError("user.password", "the current password is another one", at="$.current")
        self._attempts.get(login, []).remove(attempt)
        hashed = await self._hash(new.password)
        async with self._database.transaction() as tx:
            await sql.set_password(tx, login, hashed, keep=_sha256(token))
            await note(tx, self._clock.now(), login, "user.password", login)

    async def authenticate(self, token: str) -> Actor:
        """Who stands behind a session token or an API key.

        Raises:
            UnauthenticatedError: nobody.
        """
        now = self._clock.now()
        if not token.isprintable():
            raise _refused()
        async with self._database.transaction() as tx:
            if token.startswith("cps_"):
                user = await sql.user_of_session(tx, _sha256(token), now=now)
                if user is not None:
                    return Actor(user.login, tuple(user.roles))
            elif token.startswith("cpk_") and token.count("_") >= 2:  # noqa: PLR2004  cpk_<id>_<secret>
                key = await sql.get_api_key(tx, token.split("_", 2)[1])
                if key is not None and _is_good(key, token, now):
                    return Actor(key.owner, tuple(role for role in key.roles if role in key.owner_roles))
        raise _refused()

    async def create_user(self, new: NewUser, *, by: str) -> User:
        """A local account.

        Raises:
            InvalidError: a login, a password or a role that is not acceptable.
            ConflictError: the login is taken.
        """
        _check_user(new)
        now = self._clock.now()
        hashed = await self._hash(new.password)
        row = sql.UserRow(new.login, hashed, list[str](new.roles), "active", now)
        async with self._database.transaction() as tx:
            if not await sql.insert_user(tx, row):
                raise ConflictError("user.exists", f"{new.login} exists: choose another login", at="$.login")
            await note(tx, now, by, "user.create", new.login, roles=new.roles)
        return _user(row)

    async def users(self) -> list[User]:
        async with self._database.transaction() as tx:
            return [_user(row) for row in await sql.list_users(tx)]

    async def create_api_key(self, new: NewApiKey, actor: Actor) -> ApiKey:
        """An API key of `actor`; its secret is in the answer, and nowhere else.

        Raises:
            ForbiddenError: it would hold more than its owner.
            InvalidError: a name or a duration that is not acceptable.
        """
        if missing := sorted(set(new.roles) - set(actor.roles)):
            raise ForbiddenError("api_key.roles", f"you do not hold: {', '.join(missing)}", at="$.roles")
        if not 1 <= len(new.name) <= _LOGIN or not 1 <= new.expires_in_days <= 3650 or not new.roles:  # noqa: PLR2004
            raise InvalidError("api_key.malformed", "a name of 1 to 64 characters, a role, 1 to 3650 days")
        now = self._clock.now()
        key_id = base64.b32encode(secrets.token_bytes(10)).decode().lower()
        secret = f"cpk_{key_id}_{secrets.token_urlsafe(32)}"
        row = sql.ApiKeyRow(
            key_id, _sha256(secret), new.name, actor.login, list[str](new.roles), now,
            now + timedelta(days=new.expires_in_days), None, list(actor.roles), "active",
        )  # fmt: skip
        async with self._database.transaction() as tx:
            await sql.insert_api_key(tx, row)
            await note(tx, now, actor.login, "api_key.create", key_id, roles=new.roles, name=new.name)
        return msgspec.structs.replace(self._api_key(row), secret=secret)

    async def api_keys(self) -> list[ApiKey]:
        async with self._database.transaction() as tx:
            return [self._api_key(row) for row in await sql.list_api_keys(tx)]

    async def revoke_api_key(self, key_id: str, *, by: str) -> None:
        """End an API key; raises `NotFoundError`."""
        now = self._clock.now()
        async with self._database.transaction() as tx:
            if not await sql.revoke_api_key(tx, key_id, now=now):
                raise NotFoundError("api_key.unknown", f"there is no living API key {key_id[:40]}")
            await note(tx, now, by, "api_key.revoke", key_id)

    def _api_key(self, row: sql.ApiKeyRow) -> ApiKey:
        is_old = row.expires_at <= self._clock.now()
        state = "revoked" if row.revoked_at else "expired" if is_old else "active"
        return ApiKey(row.id, row.name, row.owner, _roles(row.roles), row.created_at, row.expires_at, state)

    async def _hash(self, password: str) -> str:
        async with self._hashing:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def _verify(self, hashed: str, password: str) -> bool:
        if len(password) > _LONGEST:
            return False
        async with self._hashing:
            try:
                return await asyncio.to_thread(self._hasher.verify, hashed, password)
            except (VerificationError, InvalidHashError):
                return False

    def _count_attempt(self, login: str) -> float:
        """Note an attempt before its password is looked at, so that those made at once count too; when it was.

        Raises:
            ThrottledError: too many of them failed.
        """
        now, name = self._clock.monotonic(), login[:_LOGIN]
        self._forget_attempts(now - _ATTEMPT_WINDOW_S)
        recent = [at for at in self._attempts.pop(name, []) if at > now - _ATTEMPT_WINDOW_S]
        self._attempts[name] = recent
        if len(recent) >= _ATTEMPTS:
            wait_s = recent[0] + _ATTEMPT_WINDOW_S - now
            raise ThrottledError("too many failures for this login: wait", retry_after_s=max(1.0, wait_s))
        recent.append(now)
        return now

    def _forget_attempts(self, before: float) -> None:
        """Forget the logins that nobody tried lately: a stranger may invent as many as he likes."""
        while self._attempts:
            name, attempts = next(iter(self._attempts.items()))
            if attempts and attempts[-1] > before:
                return
            del self._attempts[name]


def _refused() -> UnauthenticatedError:
    return UnauthenticatedError("credential.refused", "log in again, or use an API key that is still good")


def _is_good(key: sql.ApiKeyRow, token: str, now: datetime) -> bool:
    is_alive = key.revoked_at is None and key.expires_at > now and key.owner_state == "active"
    return is_alive and hmac.compare_digest(key.sha256, _sha256(token))


def _check_user(new: NewUser) -> None:
    if not 1 <= len(new.login) <= _LOGIN or not new.login.isprintable() or new.login != new.login.strip():
        raise InvalidError("user.login", "a login has 1 to 64 printable characters", at="$.login")
    _check_password(new.password)
    if not new.roles:
        raise InvalidError("user.roles", f"at least one of {', '.join(ROLES)}", at="$.roles")


def _check_password(password: str) -> None:
    if not MIN_PASSWORD <= len(password) <= _LONGEST:
        raise InvalidError("user.password", f"a password has {MIN_PASSWORD} to 256 characters", at="$.password")


def _user(row: sql.UserRow) -> User:
    return User(row.login, _roles(row.roles), row.created_at, "active" if row.state == "active" else "disabled")


def _roles(names: list[str]) -> list[Role]:
    return [role for role in ROLES if role in names]


def _sha256(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
