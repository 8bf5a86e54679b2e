#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A server on loopback that answers by the path: GET /PLAYS. Prints its port, then serves until its input ends.
tests/unit/gather_test.c says what each play is to lead to."""
import http.server
import ssl
import sys
import threading
import time

GOOD = b"in_flight 7\n"
seen = {}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def send(self, body=GOOD, status=200, headers=(), length=None):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def good(self):
        self.send()

    def metrics_of_token(self):
        authorised = self.headers.get("Authorization") == "Bearer opensesame"
        self.send() if authorised else self.send(b"no", 401)

    def slow(self):
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        for _ in range(100):
            self.wfile.write(b"#")
            self.wfile.flush()
            time.sleep(0.1)

    def hang(self):
        time.sleep(30)

    def endless_line(self):
        self.send(b"in_flight{x=\"" + b"a" * 200000)

    def huge(self):
        self.send(b"# nothing\n" * 20000)

    def flood(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while True:
            self.wfile.write(b"4000\r\n" + b"#" * 16383 + b"\n\r\n")

    def cut(self):
        self.send(length=100)
        self.close_connection = True

    def chunk_cut(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"c\r\nin_flight 7\n\r\n")
        self.close_connection = True

    def octet_by_octet(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for octet in GOOD:
            self.wfile.write(b"1\r\n" + bytes([octet]) + b"\r\n")
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def redirect(self):
        self.send(b"", 302, [("Location", "/good")])

    def missing(self):
        self.send(b"<html>no</html>", 404, [("Content-Type", "text/html")])

    def page(self):
        self.send(b"<html></html>\n", 200, [("Content-Type", "text/html; charset=utf-8")])

    def bomb(self):
        self.send(b"\x1f\x8b" + b"\x00" * 1000, 200, [("Content-Encoding", "gzip")])

    def headers_without_end(self):
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for i in range(5000):
            self.wfile.write(b"X-%d: %s\r\n" % (i, b"y" * 100))
        self.close_connection = True

    def no_http(self):
        self.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        self.close_connection = True

    def negative(self):
        self.send(b"in_flight -7\n")

    def nan(self):
        self.send(b"in_flight NaN\n")

    def twice(self):
        self.send(b"in_flight 7\nin_flight 8\n")

    def word(self):
        self.send(b"in_flight many\n")

    def empty(self):
        self.send(b"")

    def once_good(self):
        """Good the first time, garbage after that."""
        seen["once"] = seen.get("once", 0) + 1
        self.send() if seen["once"] == 1 else self.send(b"\x00\x01\x02\n")

    def recovers(self):
        """Garbage twice, then good."""
        seen["recovers"] = seen.get("recovers", 0) + 1
        self.send() if seen["recovers"] > 2 else self.send(b"in_flight x\n")

    def stumbles(self):
        """Garbage once, then good."""
        seen["stumbles"] = seen.get("stumbles", 0) + 1
        self.send() if seen["stumbles"] > 1 else self.send(b"in_flight x\n")

    def openmetrics(self):
        kind = "application/openmetrics-text; version=1.0.0; charset=utf-8"
        self.send(b"in_flight 7\n# EOF\n", 200, [("Content-Type", kind)])

    def openmetrics_cut(self):
        kind = "application/openmetrics-text; version=1.0.0; charset=utf-8"
        self.send(GOOD, 200, [("Content-Type", kind)])

    def orca(self):
        wanted = self.headers.get("endpoint-load-metrics-format")
        value = {"TEXT": "TEXT in_flight=1, application_utilization=0.5, named_metrics.queue=3",
                 "JSON": 'JSON {"application_utilization":0.5,"named_metrics":{"queue":3}}'}.get(wanted, "")
        self.send(b"hello", 200, [("endpoint-load-metrics", value)])

    def orca_bad(self):
        self.send(b"hello", 200, [("endpoint-load-metrics", "TEXT application_utilization=inf")])

    def do_GET(self):
        try:
            getattr(self, self.path.strip("/").partition("?")[0])()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """Clients that hang up are what is tested."""


server = Server(("127.0.0.1", 0), Handler)
if len(sys.argv) == 4:  # the server's certificate with its key; whom it asks for theirs
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    context.load_verify_locations(sys.argv[3])
    context.verify_mode = ssl.CERT_REQUIRED
    server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
