# SPDX-License-Identifier: BSL-1.0
"""An API server in trouble: a proxy that ends TLS before a real server and answers by itself what the test says.

Requests are taken one by one and passed on, or refused; what a server has begun to answer (a watch) goes on. It runs in
a thread of its own and knows nothing of Kubernetes but the form of a Status.
"""
import asyncio
import http
import json
import ssl
import threading

_HEAD_MAX = 65536
_EXPIRED = b'"code":410'


class FaultProxy:
    """Serves https at `address`:`port` with `pair` (certificates.Pair), before `server` (an ApiServer)."""

    def __init__(self, address, port, pair, server, authority):
        self.url = f"https://{address}:{port}"
        self.refused = 0  # requests so far
        self.expired = []  # addresses of those that were answered 410, by a status or in a watch, by the server itself
        self._pair, self._upstream = pair, (server.address, server.port)
        self._refusal, self._only_watches = None, False
        self._writers = set()
        self._trust = ssl.create_default_context(cafile=authority)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(*pair)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._call(asyncio.start_server(self._serve, address, port, ssl=self._context, limit=_HEAD_MAX))

    def _call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10.0)

    def close(self):
        async def end():
            self._server.close()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for each in others:
                each.cancel()
            await asyncio.gather(*others, return_exceptions=True)
        self._call(end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def refuse(self, status, retry_after=None, only_watches=False):
        """From now on requests, or only those for watches, are answered with this status."""
        self._refusal, self._only_watches = (status, retry_after), only_watches

    def serve_again(self):
        self._refusal = None

    def use(self, server):
        """From now on new connections lead to this server."""
        self._upstream = (server.address, server.port)

    def drop_connections(self):
        """Resets all that are open."""
        async def drop():
            for writer in list(self._writers):
                writer.transport.abort()
        self._call(drop())

    def show_new_certificate(self):
        """New connections are shown what the files of `pair` hold now."""
        self._context.load_cert_chain(*self._pair)

    async def _serve(self, reader, writer):
        self._writers.add(writer)
        upstream, pump = None, None
        try:
            while True:
                request = await self._request(reader)
                if self._refusal and (not self._only_watches or b"watch=1" in request.partition(b"\r\n")[0]):
                    self.refused += 1
                    writer.write(_refusal(*self._refusal))
                    await writer.drain()
                    continue
                if upstream is None:
                    back, upstream = await asyncio.open_connection(*self._upstream, ssl=self._trust)
                    pump = asyncio.create_task(self._pass_on(back, writer))
                upstream.write(request)
                await upstream.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            self._writers.discard(writer)
            if pump:
                pump.cancel()
            for each in (writer, upstream):
                if each:
                    each.transport.abort()

    @staticmethod
    async def _request(reader):
        head = await reader.readuntil(b"\r\n\r\n")
        size = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
        return head + await reader.readexactly(size)

    async def _pass_on(self, back, writer):
        end = b""
        try:
            while data := await back.read(65536):
                seen = end + data
                self.expired += [writer.get_extra_info("peername")[0]] * seen.count(_EXPIRED)
                end = seen[1 - len(_EXPIRED):]
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        writer.transport.abort()


def _refusal(status, retry_after):
    reason = {429: "TooManyRequests", 500: "InternalError"}.get(status, "Unknown")
    body = json.dumps({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": reason,
                       "message": f"the test answers with {status}", "code": status}).encode()
    head = [f"HTTP/1.1 {status} {http.HTTPStatus(status).phrase}", "Content-Type: application/json",
            f"Content-Length: {len(body)}", *([f"Retry-After: {retry_after}"] if retry_after is not None else [])]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body
