import asyncio

import msgspec
import pytest
from argon2 import PasswordHasher, Type, extract_parameters
from psycopg.sql import SQL, Identifier

from canopee_api.accounts.people import SESSION, Actor, People
from canopee_api.doors.areas import Areas
from canopee_api.errors import BusyError, ConflictError, ForbiddenError, InvalidError, UnauthenticatedError
from canopee_api.postgres.accounts import list_users
from canopee_api.testing import ADMIN
from canopee_contract.people import ROLES, ApiKey, Login, NewApiKey, NewUser, Role
from canopee_kit.clock import FakeClock

PASSWORD = ADMIN.password
ANNE = Actor("anne", tuple(ROLES))


@pytest.fixture
async def people(areas: Areas) -> People:
    """Accounts of which one exists: anne, who holds every role."""
    await areas.people.create_user(NewUser(ANNE.login, PASSWORD, list(ROLES)), by="test")
    return areas.people


async def _key(people: People, *roles: Role, days: int = 365) -> ApiKey:
    return await people.create_api_key(NewApiKey("ci", list(roles), expires_in_days=days), ANNE)


async def _is_refused(people: People, credential: str) -> bool:
    try:
        await people.authenticate(credential)
    except UnauthenticatedError as error:
        return error.reason == "credential.refused"
    return False


async def _sql(areas: Areas, statement: str) -> None:
    async with areas.database.transaction() as tx:
        await tx.execute(statement.encode())


async def test_a_session_lasts_twelve_hours_and_not_a_second_more(people: People, clock: FakeClock) -> None:
    session = await people.log_in(Login("anne", PASSWORD))
    assert session.expires_at == clock.now() + SESSION
    clock.advance(SESSION.total_seconds() - 1)
    assert (await people.authenticate(session.token)).login == "anne"
    clock.advance(1)
    assert await _is_refused(people, session.token)


async def test_logging_out_ends_this_session_and_no_other(people: People) -> None:
    one, other = [await people.log_in(Login("anne", PASSWORD)) for _ in range(2)]
    await people.log_out(one.token)
    with pytest.raises(ConflictError, match="no session"):
        await people.log_out(one.token)
    assert await _is_refused(people, one.token)
    assert (await people.authenticate(other.token)).login == "anne"


async def test_sessions_that_are_over_do_not_pile_up(areas: Areas, people: People, clock: FakeClock) -> None:
    for _ in range(2):
        await people.log_in(Login("anne", PASSWORD))
        clock.advance(SESSION.total_seconds() + 1)
    async with areas.database.transaction() as tx:
        cursor = await tx.execute("SELECT count(*) FROM sessions")
        assert await cursor.fetchone() == (1,)


async def test_a_disabled_account_keeps_neither_session_nor_key_nor_login(areas: Areas, people: People) -> None:
    session, key = await people.log_in(Login("anne", PASSWORD)), await _key(people, "reader")
    await _sql(areas, "UPDATE users SET state = 'disabled' WHERE login = 'anne'")
    assert await _is_refused(people, session.token)
    assert await _is_refused(people, key.secret)
    with pytest.raises(UnauthenticatedError):
        await people.log_in(Login("anne", PASSWORD))
    assert [user.state for user in await people.users()] == ["disabled"]


async def test_a_role_taken_from_a_person_is_taken_from_her_keys_too(areas: Areas, people: People) -> None:
    key = await _key(people, "admin", "support")
    await _sql(areas, "UPDATE users SET roles = '{support,reader}' WHERE login = 'anne'")
    assert (await people.authenticate(key.secret)).roles == ("support",)
    await _sql(areas, "UPDATE users SET roles = '{reader}' WHERE login = 'anne'")
    assert (await people.authenticate(key.secret)).roles == ()


async def test_a_credential_with_anything_changed_in_it_is_refused(people: People) -> None:
    session, key, other = (
        await people.log_in(Login("anne", PASSWORD)),
        await _key(people, "reader"),
        await _key(people, "reader"),
    )
    secret = key.secret.rpartition("_")[2]
    forged = [
        session.token[:-1], session.token + "x", session.token.upper(), session.token.removeprefix("cps_"), "cps_",
        key.secret[:-1], key.secret + "x", f"cpk_{key.id}_", f"cpk_{key.id}", f"cpk__{secret}", "cpk__", "cpk_",
        f"cpk_{other.id}_{secret}", f"cpk_{key.id.upper()}_{secret}", f"cps_{secret}", "", "x", "cpk_\0_x",
    ]  # fmt: skip
    assert [text for text in forged if not await _is_refused(people, text)] == []


async def test_an_api_key_ends_at_its_last_instant(people: People, clock: FakeClock) -> None:
    key = await _key(people, "reader", days=1)
    clock.advance(86_399)
    assert (await people.authenticate(key.secret)).login == "anne"
    clock.advance(1)
    assert await _is_refused(people, key.secret)
    assert [one.state for one in await people.api_keys()] == ["expired"]


@pytest.mark.parametrize(
    "change",
    [{"name": ""}, {"name": "x" * 65}, {"expires_in_days": 0}, {"expires_in_days": 3651}, {"roles": []}],
    ids=str,
)
async def test_a_senseless_api_key_is_refused_and_not_made(people: People, change: dict[str, object]) -> None:
    new = msgspec.structs.replace(NewApiKey("ci", ["reader"]), **change)
    with pytest.raises(InvalidError) as refused:
        await people.create_api_key(new, ANNE)
    assert refused.value.reason == "api_key.malformed"
    assert await people.api_keys() == []


async def test_a_key_cannot_hold_a_role_that_its_maker_does_not(people: People) -> None:
    with pytest.raises(ForbiddenError, match="approver") as refused:
        await people.create_api_key(NewApiKey("ci", ["reader", "approver"]), Actor("anne", ("reader",)))
    assert (refused.value.reason, refused.value.at) == ("api_key.roles", "$.roles")


def test_a_password_costs_what_rfc_9106_recommends(real_hasher: PasswordHasher) -> None:
    cost = extract_parameters(real_hasher.hash("a long enough password"))
    assert (cost.type, cost.memory_cost, cost.time_cost, cost.parallelism) == (Type.ID, 65_536, 3, 4)


async def test_no_password_no_session_and_no_key_can_be_read_in_the_database(areas: Areas, people: People) -> None:
    secrets = [
        PASSWORD,
        (await people.log_in(Login("anne", PASSWORD))).token,
        (await _key(people, "reader")).secret,
    ]
    async with areas.database.transaction() as tx:
        kept = ""
        for table in ("users", "sessions", "api_keys", "audit"):
            cursor = await tx.execute(SQL("SELECT t::text FROM {} t").format(Identifier(table)))
            kept += str(await cursor.fetchall())
    assert "anne" in kept
    assert [secret for secret in secrets if max(secret.split("_"), key=len) in kept] == []


async def test_guesses_made_at_once_are_no_more_than_guesses_made_one_by_one(people: People) -> None:
    guesses = [people.log_in(Login("anne", f"guess number {number}")) for number in range(14)]
    answers = await asyncio.gather(*guesses, return_exceptions=True)
    assert sum(isinstance(answer, UnauthenticatedError) for answer in answers) == 10
    assert sum(isinstance(answer, BusyError) for answer in answers) == 4


async def test_a_closed_login_opens_again_after_a_quarter_of_an_hour_and_others_stay_open(
    people: People, clock: FakeClock
) -> None:
    for _ in range(10):
        with pytest.raises(UnauthenticatedError):
            await people.log_in(Login("anne", "x" * 257))  # too long to be hashed: refused at once
    with pytest.raises(BusyError) as busy:
        await people.log_in(Login("anne", PASSWORD))
    assert busy.value.retry_after_s == 900
    with pytest.raises(UnauthenticatedError):
        await people.log_in(Login("bruno", "x" * 257))
    clock.advance(900)
    assert await people.log_in(Login("anne", PASSWORD))


async def test_good_passwords_are_not_counted_as_failures(people: People) -> None:
    for _ in range(11):
        await people.log_in(Login("anne", PASSWORD))


async def test_logins_that_strangers_invent_are_forgotten(people: People, clock: FakeClock) -> None:
    for number in range(50):
        with pytest.raises(UnauthenticatedError):
            await people.log_in(Login(f"nobody-{number}", "x" * 257))
        clock.advance(1)
    clock.advance(890)
    with pytest.raises(UnauthenticatedError):
        await people.log_in(Login("nobody", "x" * 257))
    assert len(people._attempts) < 20  # pyright: ignore[reportPrivateUsage]  what is kept in memory


async def test_two_who_take_the_same_login_at_once_do_not_share_it(areas: Areas, people: People) -> None:
    both = [people.create_user(NewUser("bruno", PASSWORD, [role]), by="test") for role in ("reader", "admin")]
    answers = await asyncio.gather(*both, return_exceptions=True)
    assert sum(isinstance(answer, ConflictError) for answer in answers) == 1
    async with areas.database.transaction() as tx:
        assert [user.login for user in await list_users(tx)] == ["anne", "bruno"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"login": ""}, "user.login"),
        ({"login": "x" * 65}, "user.login"),
        ({"login": "a\tb"}, "user.login"),
        ({"login": "anne "}, "user.login"),
        ({"login": "an\N{RIGHT-TO-LEFT OVERRIDE}ne"}, "user.login"),
        ({"password": "x" * 11}, "user.password"),
        ({"password": "x" * 257}, "user.password"),
    ],
)
async def test_a_login_or_a_password_that_cannot_be_used_is_said(
    areas: Areas, change: dict[str, str], reason: str
) -> None:
    new = msgspec.structs.replace(NewUser("new", PASSWORD, ["reader"]), **change)
    with pytest.raises(InvalidError) as refused:
        await areas.people.create_user(new, by="test")
    assert (refused.value.reason, refused.value.at) == (reason, f"$.{reason.removeprefix('user.')}")


async def test_a_password_of_any_script_is_a_password(people: People) -> None:
    zoe = Login("zoé", "mot de passe très ßûr 🔑")
    await people.create_user(NewUser(zoe.login, zoe.password, ["reader"]), by="test")
    assert await people.log_in(zoe)
    with pytest.raises(UnauthenticatedError):
        await people.log_in(Login("zoe", zoe.password))
