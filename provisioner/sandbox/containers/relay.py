"""Joins sockets of two networks: what connects to one is connected to the other. One thread with an event loop for all of them."""

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from provisioner.sandbox.containers.resolver import Find, Resolver

BLOCK = 65536


class Relay:
    """Carries connections until each listener is closed."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="relay", daemon=True).start()

    def carry(self, listener: socket.socket, to: tuple[str, int], make: Callable[[], socket.socket] = socket.socket) -> Callable[[], None]:
        """Connect whoever comes to a listener with `to`, by a socket that `make` makes; the answer ends it."""
        async def joined(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await _join(reader, writer, to, make)

        async def close() -> None:
            server.close()
            if hasattr(server, "close_clients"):  # from Python 3.13 on
                server.close_clients()

        server = self._do(asyncio.start_server(joined, sock=listener))
        return lambda: self._do(close())

    def resolve(self, questions: socket.socket, find: Find) -> Callable[[], None]:
        """Answer questions of DNS that come to a socket; the answer ends it."""
        async def close() -> None:
            way.close()

        way, _ = self._do(self._loop.create_datagram_endpoint(lambda: Resolver(find), sock=questions))
        return lambda: self._do(close())

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


async def _join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, to: tuple[str, int], make: Callable[[], socket.socket]) -> None:
    with suppress(OSError):
        try:
            loop = asyncio.get_running_loop()
            other = await loop.run_in_executor(None, make)
            other.setblocking(False)
            await loop.sock_connect(other, to)
            back, forth = await asyncio.open_connection(sock=other)
            try:
                await asyncio.gather(_pass(reader, forth), _pass(back, writer))
            finally:
                forth.close()
        finally:
            writer.close()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """All that comes until its end, and the end."""
    try:
        while block := await reader.read(BLOCK):
            writer.write(block)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.close()
