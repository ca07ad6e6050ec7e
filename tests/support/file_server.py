#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A web server for files of a folder that does what servers do: ranges, redirects, breaking off.

    file_server.py FOLDER [CERTIFICATE KEY]

Prints the port. With a certificate it speaks TLS. Before the file's name a path may have:

    /cut/BYTES/NAME     the first answer of a file breaks off after so many bytes
    /once/NAME          breaks off like that after half of it, and says no version (no resuming)
    /slow/NAME          a piece every 0.2 seconds
    /busy/NAME          the first answer is 503
    /to/URL             redirects there (percent-encoded)
    /forbidden/NAME     403

Every request is a line of FOLDER/../requests: method, path, range.
"""
import http.server
import os
import ssl
import sys
import time
import urllib.parse

folder = os.path.abspath(sys.argv[1])
requests = os.path.join(os.path.dirname(folder), "requests")
seen = set()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        with open(requests, "a") as log:
            log.write(f"{self.command} {self.path} {self.headers.get('Range', '-')}\n")
        first = self.path not in seen
        seen.add(self.path)
        words = urllib.parse.urlsplit(self.path).path.split("/")[1:]
        if words[0] == "to":
            return self.answer(302, b"", {"Location": urllib.parse.unquote(words[1])})
        if words[0] == "forbidden":
            return self.answer(403, b"no")
        if words[0] == "busy" and first:
            return self.answer(503, b"busy")
        cut, versioned = None, True
        if words[0] == "cut":
            cut = int(words[1]) if first else None
        if words[0] == "once":
            versioned = False
            cut = 0.5 if first else None
        name = urllib.parse.unquote(words[-1])
        try:
            with open(os.path.join(folder, name), "rb") as file:
                data = file.read()
        except OSError:
            return self.answer(404, b"nothing here")
        self.send_file(data, versioned, cut, words[0] == "slow")

    def send_file(self, data, versioned, cut, slow):
        tag = f'"{len(data)}-{hash(data) & 0xffffffff}"'
        headers = {"ETag": tag, "Accept-Ranges": "bytes"} if versioned else {}
        wanted = self.headers.get("Range")
        status, begin = 200, 0
        if versioned and wanted and self.headers.get("If-Range", tag) == tag:
            begin = int(wanted.removeprefix("bytes=").split("-")[0])
            if begin >= len(data):
                return self.answer(416, b"", {"Content-Range": f"bytes */{len(data)}"})
            status = 206
            headers["Content-Range"] = f"bytes {begin}-{len(data) - 1}/{len(data)}"
        body = data[begin:]
        if cut is not None:
            body = body[: cut if isinstance(cut, int) else len(body) // 2]
        self.send_response(status)
        headers["Content-Length"] = str(len(data) - begin)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            if slow:
                for at in range(0, len(body), 4096):
                    self.wfile.write(body[at : at + 4096])
                    self.wfile.flush()
                    time.sleep(0.2)
            else:
                self.wfile.write(body)
        except OSError:
            pass
        if cut is not None:
            self.close_connection = True

    def answer(self, status, body, headers=None):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


server = Server(("127.0.0.1", 0), Handler)
if len(sys.argv) > 2:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
    server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
