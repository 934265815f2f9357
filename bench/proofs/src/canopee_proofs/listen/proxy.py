"""A network between a client and PostgreSQL, which can be cut in several ways."""

import asyncio
from pathlib import Path


class Proxy:
    """Forwards a port of the loopback to a Unix socket."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._flows = _open_gate()
        self._forgotten: list[asyncio.Event] = []
        self._refuses = False

    async def start(self) -> int:
        """The port."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        self.reset()
        for gate in (self._flows, *self._forgotten):
            gate.set()
        await asyncio.sleep(0.1)

    def reset(self) -> None:
        """Cut every connection at once."""
        for writer in list(self._writers):
            writer.transport.abort()

    async def refuse(self, seconds: float) -> None:
        """Cut, and let nobody in for a while."""
        self._refuses = True
        self.reset()
        await asyncio.sleep(seconds)
        self._refuses = False

    async def swallow(self, seconds: float) -> None:
        """For a while nothing passes and nothing is said; then every connection of that time is cut."""
        self._flows.clear()
        await asyncio.sleep(seconds)
        self.reset()
        self._flows.set()

    def forget(self) -> None:
        """Nothing passes any more through the connections of now, and nobody is told; new ones are good."""
        self._flows.clear()
        self._forgotten.append(self._flows)
        self._flows = _open_gate()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refuses:
            writer.transport.abort()
            return
        there_reader, there_writer = await asyncio.open_unix_connection(self._socket)
        self._writers |= {writer, there_writer}
        gate = self._flows
        await asyncio.gather(self._pump(reader, there_writer, gate), self._pump(there_reader, writer, gate))
        self._writers -= {writer, there_writer}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gate: asyncio.Event) -> None:
        try:
            while data := await reader.read(65_536):
                await gate.wait()
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.transport.abort()


def _open_gate() -> asyncio.Event:
    gate = asyncio.Event()
    gate.set()
    return gate
