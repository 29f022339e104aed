# SPDX-License-Identifier: BSL-1.0
"""A network path that can be cut: forwards TCP connections, and while it is stalled holds everything back.

Nothing is lost: what was sent into the partition arrives when it heals, as packets that are sent again do.
"""
import asyncio
import threading


class Forwarder:
    """Forwards from a port of 127.0.0.1 to `address`, a (host, port); `url` replaces the target's."""

    def __init__(self, address):
        self._target = address
        self._loop = asyncio.new_event_loop()
        self._open = None
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        ready.wait()

    def _run(self, ready):
        asyncio.set_event_loop(self._loop)
        self._open = asyncio.Event()
        self._open.set()
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.url = "https://127.0.0.1:{}".format(server.sockets[0].getsockname()[1])
        ready.set()
        try:
            self._loop.run_forever()
        finally:
            server.close()
            running = asyncio.all_tasks(self._loop)
            for task in running:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*running, return_exceptions=True))
            self._loop.close()

    async def _serve(self, reader, writer):
        await self._open.wait()
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.close()
            return
        await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))

    async def _pump(self, reader, writer):
        try:
            while data := await reader.read(65536):
                await self._open.wait()
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    def stall(self):
        self._loop.call_soon_threadsafe(self._open.clear)

    def heal(self):
        self._loop.call_soon_threadsafe(self._open.set)

    def close(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
