"""An archive to an SFTP server: written beside, read back, renamed once it is the same."""

import asyncio
import hashlib
import posixpath
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress

import asyncssh

from canopee_api.destinations import SftpServer
from canopee_kit.errors import TemporaryError

_PIECE_BYTES = 1_048_576
_CONNECT_S, _PIECE_S = 20, 120
_SAID = 300
_USUAL_PORT = 22
_GoingOn = Callable[[], Awaitable[None]]


class ForwardError(TemporaryError):
    """It did not arrive; the message says why."""


async def send(
    server: SftpServer,
    path: str,
    pieces: Iterator[bytes],
    *,
    size: int,
    sha256: str,
    going_on: _GoingOn,
) -> None:
    """Put a file at `path`, below the folder of the server. One that is there and the same is as good.

    `going_on` is called after each piece, on its way there and back.

    Raises:
        ForwardError: it is not there, or not the same; nothing bears its name then.
    """
    target = posixpath.join(server.folder, path)
    try:
        async with await _connected(server) as connection, connection.start_sftp_client() as sftp:
            if not await _is_same(sftp, target, size, sha256, going_on):
                await sftp.makedirs(posixpath.dirname(target), exist_ok=True)
                await _write(sftp, f"{target}.part", pieces, going_on)
                if not await _is_same(sftp, f"{target}.part", size, sha256, going_on):
                    await sftp.remove(f"{target}.part")
                    raise ForwardError("what arrived there is not what was sent: it was removed")
                await sftp.posix_rename(f"{target}.part", target)
    except asyncssh.HostKeyNotVerifiable as error:
        raise ForwardError("another server answers: its host key is not the one of sftp.toml") from error
    except (asyncssh.Error, OSError, TimeoutError, ValueError) as error:
        raise ForwardError(f"{server.host}: {str(error)[:_SAID] or type(error).__name__}") from error


async def _connected(server: SftpServer) -> asyncssh.SSHClientConnection:
    """A connection to the server whose key is pinned, whatever this machine's own settings of SSH say."""
    name = f"[{server.host}]:{server.port}" if server.port != _USUAL_PORT else server.host
    return await asyncssh.connect(
        server.host, server.port, username=server.user, config=None, agent_path=None,
        known_hosts=asyncssh.import_known_hosts(f"{name} {server.host_key}\n"),
        client_keys=[server.private_key] if server.private_key else None, password=server.password or None,
        login_timeout=_CONNECT_S, connect_timeout=_CONNECT_S, keepalive_interval=15,
    )  # fmt: skip


async def _write(sftp: asyncssh.SFTPClient, path: str, pieces: Iterator[bytes], going_on: _GoingOn) -> None:
    async with sftp.open(path, "wb") as stream:
        async for piece in _in_thread(pieces):
            async with asyncio.timeout(_PIECE_S):
                await stream.write(piece)
            await going_on()


async def _is_same(sftp: asyncssh.SFTPClient, path: str, size: int, sha256: str, going_on: _GoingOn) -> bool:
    """Whether a file is there, with these bytes: read back, as servers say no hash."""
    with suppress(asyncssh.SFTPNoSuchFile):
        if (await sftp.stat(path)).size != size:
            return False
        digest = hashlib.sha256()
        async with sftp.open(path, "rb") as stream:
            while True:
                async with asyncio.timeout(_PIECE_S):
                    piece: bytes = await stream.read(_PIECE_BYTES)
                if not piece:
                    return digest.hexdigest() == sha256
                digest.update(piece)
                await going_on()
    return False


async def _in_thread(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    while (piece := await asyncio.to_thread(next, pieces, b"")) != b"":
        yield piece
