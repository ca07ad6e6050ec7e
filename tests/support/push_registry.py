#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A registry that takes pushes, and goes wrong on request.

    push_registry.py FOLDER

Prints its port. The first component of a repository is the fault: 127.0.0.1:PORT/flaky/image:1.
Blobs and manifests are kept in memory and can be pulled; FOLDER/requests.log has a line per request.
"""

import hashlib
import http.server
import json
import os
import re
import socket
import struct
import sys
import threading
import urllib.parse

TOKEN = "secret-push-token"
UPLOAD = re.compile(r"^/v2/(?P<name>.+)/blobs/uploads/(?P<id>[^/]*)$")
THING = re.compile(r"^/v2/(?P<name>.+)/(?P<kind>blobs|manifests)/(?P<reference>[^/]+)$")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    things = {}  # (repository, kind, digest or tag) -> (bytes, type)
    seen = set()
    lock = threading.Lock()
    log = None

    def handle(self):
        if self.connection.recv(1, socket.MSG_PEEK) == b"\x16":  # a TLS client
            self.close_connection = True
            return
        super().handle()

    def log_message(self, *arguments):
        pass

    def answer(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def refuse(self, status, message):
        # Whatever is still being sent is not read.
        self.close_connection = True
        self.answer(status, json.dumps({"errors": [{"code": "X", "message": message}]}).encode(),
                    [("Connection", "close")])

    def first_time(self, *key):
        with self.lock:
            new = key not in self.seen
            self.seen.add(key)
            return new

    def reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def begin(self):
        """The path, the query, the fault; None when the request has been answered."""
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        parts = url.path.split("/")
        fault = parts[2] if len(parts) > 3 else ""
        self.log.write(f"{self.command} {self.path} auth={self.headers['Authorization']} "
                       f"type={self.headers['Content-Type']}\n")
        if fault == "token" and self.headers["Authorization"] != f"Bearer {TOKEN}":
            realm = f"http://127.0.0.1:{self.server.server_port}/token"
            self.close_connection = True
            self.answer(401, headers=[("WWW-Authenticate",
                                       f'Bearer realm="{realm}",scope="repository:x:pull"')])
            return None
        return url.path, query, fault

    def do_GET(self):
        if self.path.startswith("/token"):
            self.log.write(f"{self.command} {self.path} auth={self.headers['Authorization']}\n")
            return self.answer(200, json.dumps({"token": TOKEN}).encode())
        request = self.begin()
        if request is None:
            return None
        match = THING.match(request[0])
        found = match and self.things.get((match["name"], match["kind"], match["reference"]))
        if not found or (request[2] == "lost" and match["kind"] == "manifests"):
            return self.answer(404)
        body, media_type = found
        digest = "sha256:" + hashlib.sha256(body).hexdigest()
        return self.answer(200, body, [("Content-Type", media_type),
                                       ("Docker-Content-Digest", digest)])

    do_HEAD = do_GET

    def do_POST(self):
        request = self.begin()
        if request is None:
            return None
        path, query, fault = request
        name = UPLOAD.match(path)["name"]
        if fault == "denied":
            return self.refuse(403, "you may only read")
        if fault == "read-only":
            return self.refuse(405, "unsupported")
        if "mount" in query and fault != "no-mount":
            found = self.things.get((query["from"], "blobs", query["mount"]))
            if found:
                self.things[name, "blobs", query["mount"]] = found
                return self.answer(201)
        location = f"/v2/{name}/blobs/uploads/7"
        if fault == "absolute":
            location = f"http://127.0.0.1:{self.server.server_port}{location}?_state=a%2Fb"
        headers = [] if fault == "no-location" else [("Location", location)]
        return self.answer(202, headers=headers)

    def do_PUT(self):
        request = self.begin()
        if request is None:
            return None
        path, query, fault = request
        upload = UPLOAD.match(path)
        if upload and fault == "early":
            return self.refuse(400, "not that one")
        if upload and (fault == "broken" or (fault == "flaky" and self.first_time(fault))):
            return self.refuse(503, "come back later")
        length = int(self.headers["Content-Length"])
        if upload and fault == "reset" and self.first_time(fault):
            self.rfile.read(length // 2)
            return self.reset()
        body = self.rfile.read(length)
        digest = "sha256:" + hashlib.sha256(body).hexdigest()
        if not upload:
            match = THING.match(path)
            for reference in (digest, match["reference"]):
                self.things[match["name"], "manifests", reference] = (body, self.headers["Content-Type"])
            return self.answer(201)
        if query.get("digest") != digest or (fault == "absolute" and query.get("_state") != "a/b"):
            return self.refuse(400, "digest invalid")
        self.things[upload["name"], "blobs", digest] = (body, "application/octet-stream")
        return self.answer(201)


def main():
    Handler.log = open(os.path.join(sys.argv[1], "requests.log"), "a", buffering=1, encoding="utf-8")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *arguments: None  # clients go away in the middle: that is tested
    # One write: whoever reads it may close the pipe then.
    os.write(1, b"%d\n" % server.server_port)
    server.serve_forever()


main()
