# SPDX-License-Identifier: BSL-1.0
"""What stands behind Services: answers every HTTP request with a name; on the next port it takes connections and closes
them. Usage: backend.py NAME PORT"""
import http.server
import socket
import sys
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):  # pylint: disable=invalid-name
        body = sys.argv[1].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def take(listener):
    while True:
        listener.accept()[0].close()


if __name__ == "__main__":
    port = int(sys.argv[2])
    with http.server.ThreadingHTTPServer(("0.0.0.0", port), Handler) as server, \
            socket.create_server(("0.0.0.0", port + 1), backlog=1024) as plain:
        threading.Thread(target=take, args=[plain], daemon=True).start()
        print("ready", flush=True)
        server.serve_forever()
