#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A stand-in for a Kubernetes API server on loopback: list and watch of Services and EndpointSlices, of one namespace or
of all, with a labelSelector, as https://kubernetes.io/docs/reference/using-api/api-concepts/ has it. Arguments: a port (0:
any), an address, a file. Prints its port, then takes a command a line, from the file as it grows or else from its input:

  slice NAME [READY/SERVING/TERMINATING ...]   sets a slice of default/web; each word is an endpoint, y, n or - for no word
  delete NAME                                  deletes it
  service NAMESPACE/NAME JSON                  sets a Service: its annotations, and its spec under the key "spec"
  unservice NAMESPACE/NAME                     deletes it
  endpoints NAMESPACE/NAME PORT [ADDRESS/READY/SERVING/TERMINATING ...]   sets the one slice of a Service
  bookmark                                     tells the version alone
  compact                                      forgets all versions up to now
  drop                                         ends all watches, as a time-out does
  cut                                          ends all connections in the middle of a line
"""
import http.server
import json
import os
import re
import socketserver
import sys
import threading
import time
import urllib.parse

SERVICES = re.compile("/api/v1(?:/namespaces/([^/]+))?/services")
SLICES = re.compile("/apis/discovery.k8s.io/v1(?:/namespaces/([^/]+))?/endpointslices")
OWNER = "kubernetes.io/service-name"

lock = threading.Condition()
objects = {"Service": {}, "EndpointSlice": {}}
history = []  # version, kind, event
version, oldest, generation = 100, 100, 0
namespaces = {"default"}
cutting = False


def metadata(namespace, name, **more):
    namespaces.add(namespace)
    return {"name": name, "namespace": namespace, "resourceVersion": str(version), **more}


def slice_object(namespace, owner, name, port, words):
    endpoints = []
    for word in words:
        address, *letters = word.split("/")
        conditions = {}
        for key, letter in zip(("ready", "serving", "terminating"), letters):
            if letter != "-":
                conditions[key] = letter == "y"
        endpoints.append({"addresses": [address], "conditions": conditions})
    ports = [{"name": "", "protocol": "TCP", "port": port}] if port else []
    return {"metadata": metadata(namespace, name, labels={OWNER: owner}), "addressType": "IPv4",
            "ports": ports, "endpoints": endpoints}


def service_object(namespace, name, text):
    told = json.loads(text)
    spec = told.pop("spec", {"ports": [{"port": 80, "protocol": "TCP"}]})
    was = objects["Service"].get((namespace, name))
    created = was["metadata"]["creationTimestamp"] if was else "2026-11-25T10:%02d:%02dZ" % divmod(version % 3600, 60)
    return {"metadata": metadata(namespace, name, annotations=told, creationTimestamp=created), "spec": spec,
            "status": {"loadBalancer": {}}}


def selected(item, namespace, selector):
    """key=value and "key in (value,value)"."""
    if namespace and item["metadata"]["namespace"] != namespace:
        return False
    if not selector:
        return True
    key, values = re.fullmatch(r"([^=\s]+)(?:=| in \()([^)]*)\)?", selector).groups()
    return item["metadata"].get("labels", {}).get(key) in values.split(",")


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

    def watch(self, kind, since, wanted):
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
                for at, of, event in list(history):
                    if at > since:
                        if event["type"] == "BOOKMARK" or (of == kind and wanted(event["object"])):
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
        services, slices = SERVICES.fullmatch(url.path), SLICES.fullmatch(url.path)
        namespace = (services or slices).group(1) if services or slices else None
        kind = "Service" if services else "EndpointSlice"

        def wanted(item):
            return selected(item, namespace, query.get("labelSelector"))

        if not (services or slices) or (namespace and namespace not in namespaces):
            self.answer(404, {"kind": "Status", "code": 404})
        elif "watch" in query:
            try:
                self.watch(kind, int(query["resourceVersion"]), wanted)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True
        else:
            with lock:
                self.answer(200, {"kind": kind + "List", "metadata": {"resourceVersion": str(version)},
                                  "items": [o for o in objects[kind].values() if wanted(o)]})


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """Clients that hang up are what is tested."""


def put(kind, item):
    key = (item["metadata"]["namespace"], item["metadata"]["name"])
    event = "MODIFIED" if key in objects[kind] else "ADDED"
    objects[kind][key] = item
    history.append((version, kind, {"type": event, "object": item}))


def drop(kind, key):
    gone = objects[kind].pop(key)
    gone["metadata"]["resourceVersion"] = str(version)
    history.append((version, kind, {"type": "DELETED", "object": gone}))


def command(words):
    global version, oldest, generation, cutting
    version += 1
    if words[0] == "slice":
        ends = ["192.0.2.%d/%s" % (i + 1, word) for i, word in enumerate(words[2:])]
        put("EndpointSlice", slice_object("default", "web", words[1], 80, ends))
    elif words[0] == "delete":
        drop("EndpointSlice", ("default", words[1]))
    elif words[0] == "service":
        put("Service", service_object(*words[1].split("/"), " ".join(words[2:])))
    elif words[0] == "unservice":
        drop("Service", tuple(words[1].split("/")))
    elif words[0] == "endpoints":
        namespace, name = words[1].split("/")
        put("EndpointSlice", slice_object(namespace, name, name + "-1", int(words[2]), words[3:]))
    elif words[0] == "bookmark":
        history.append((version, None, {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": str(version)}}}))
    elif words[0] == "compact":
        oldest = version
        history.clear()
    generation += words[0] in ("compact", "drop", "cut")
    cutting = words[0] == "cut"
    lock.notify_all()


def lines():
    if len(sys.argv) <= 3:
        yield from sys.stdin
        return
    with open(sys.argv[3], encoding="utf-8") as file:
        text = ""
        while True:
            text += file.readline()
            if text.endswith("\n"):
                yield text
                text = ""
            else:
                time.sleep(0.05)


port = int(sys.argv[1]) if len(sys.argv) > 1 else 0
server = Server((sys.argv[2] if len(sys.argv) > 2 else "127.0.0.1", port), Handler)
print(server.server_port, flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
for text in lines():
    with lock:
        command(text.split())
os._exit(0)
