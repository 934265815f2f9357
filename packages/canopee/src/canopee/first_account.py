"""The first account of a database, written to it directly: no administrator is there yet to ask an API."""

from canopee.errors import FailedError
from canopee_api.accounts.people import People
from canopee_api.postgres.accounts import list_users
from canopee_api.postgres.database import Database
from canopee_contract.people import NewUser
from canopee_kit.clock import SystemClock


async def create_first(address: str, new: NewUser) -> None:
    """Make the first account of a database; raises `FailedError` when there is one."""
    database = Database(address, size=1)
    await database.open()
    try:
        async with database.transaction() as tx:
            if await list_users(tx):
                raise FailedError("there are accounts already: ask an administrator")
        await People(database, SystemClock()).create_user(new, by="console")
    finally:
        await database.close()
