#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A stand-in for a Kubernetes API server on loopback: list and watch of the EndpointSlices of one Service, as
https://kubernetes.io/docs/reference/using-api/api-concepts/ has it. Prints its port, then takes a command a line:

  slice NAME [READY/SERVING/TERMINATING ...]   sets a slice; each word is an endpoint, y, n or - for no word
  delete NAME                                  deletes it
  bookmark                                     tells the version alone
  compact                                      forgets all versions up to now
  drop                                         ends all watches, as a time-out does
  cut                                          ends all connections in the middle of a line
"""
import http.server
import json
import os
import socketserver
import sys
import threading
import urllib.parse

lock = threading.Condition()
slices, history = {}, []
version, oldest, generation = 100, 100, 0
cutting = False


def slice_object(name, words):
    endpoints = []
    for i, word in enumerate(words):
        conditions = {}
        for key, letter in zip(("ready", "serving", "terminating"), word.split("/")):
            if letter != "-":
                conditions[key] = letter == "y"
        endpoints.append({"addresses": ["192.0.2.%d" % (i + 1)], "conditions": conditions})
    return {"metadata": {"name": name, "resourceVersion": str(version)}, "addressType": "IPv4", "endpoints": endpoints}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def line(self, event, cut=False):
        text = json.dumps(event).encode() + b"\n"
        if cut:
            text = text[: len(text) // 2]
        self.wfile.write(b"%x\r\n%s\r\n" % (len(text), text))
        self.wfile.flush()

    def watch(self, since):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        with lock:
            began = generation
            if since < oldest:
                self.line({"type": "ERROR", "object": {"kind": "Status", "code": 410, "message": "too old"}})
            while generation == began and since >= oldest:
                for at, event in list(history):
                    if at > since:
                        self.line(event)
                        since = at
                lock.wait(10)
            if cutting:
                self.line({"type": "ADDED", "object": {}}, cut=True)
                self.close_connection = True
                return
        self.wfile.write(b"0\r\n\r\n")

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        if (url.path != "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
                or query.get("labelSelector") != "kubernetes.io/service-name=web"):
            self.answer(404, {"kind": "Status", "code": 404})
        elif "watch" in query:
            try:
                self.watch(int(query["resourceVersion"]))
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True
        else:
            with lock:
                self.answer(200, {"kind": "EndpointSliceList", "metadata": {"resourceVersion": str(version)},
                                  "items": list(slices.values())})


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """Clients that hang up are what is tested."""


def command(words):
    global version, oldest, generation, cutting
    version += 1
    if words[0] == "slice":
        kind = "MODIFIED" if words[1] in slices else "ADDED"
        slices[words[1]] = slice_object(words[1], words[2:])
        history.append((version, {"type": kind, "object": slices[words[1]]}))
    elif words[0] == "delete":
        gone = slices.pop(words[1])
        gone["metadata"]["resourceVersion"] = str(version)
        history.append((version, {"type": "DELETED", "object": gone}))
    elif words[0] == "bookmark":
        history.append((version, {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": str(version)}}}))
    elif words[0] == "compact":
        oldest = version
        history.clear()
    generation += words[0] in ("compact", "drop", "cut")
    cutting = words[0] == "cut"
    lock.notify_all()


port = int(sys.argv[1]) if len(sys.argv) > 1 else 0
server = Server(("127.0.0.1", port), Handler)
print(server.server_port, flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
for text in sys.stdin:
    with lock:
        command(text.split())
os._exit(0)
