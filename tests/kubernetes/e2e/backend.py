# SPDX-License-Identifier: BSL-1.0
"""What stands behind Services: answers every HTTP request with a name. Usage: backend.py NAME PORT"""
import http.server
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):  # pylint: disable=invalid-name
        body = sys.argv[1].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    with http.server.ThreadingHTTPServer(("0.0.0.0", int(sys.argv[2])), Handler) as server:
        print("ready", flush=True)
        server.serve_forever()
