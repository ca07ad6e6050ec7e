#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A proxy that knows hosts nobody else knows.

usage: http_proxy.py FOLDER [--password] HOST:PORT=LOCAL-PORT...

Prints its port. HOST:PORT leads to LOCAL-PORT of 127.0.0.1, by CONNECT or, for port 80, by requests with
a whole URL; other hosts are not found (502).
With --password it wants "user" and "secret". FOLDER/proxy.log gets a line per request, without secrets.
"""

import base64
import os
import socket
import socketserver
import sys
import threading
import urllib.parse

PASSWORD = "Basic " + base64.b64encode(b"user:secret").decode()


def copy(source, target):
    """Until one side ends; then the other is told."""
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    finally:
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Handler(socketserver.StreamRequestHandler):
    hosts = {}
    wants_password = False
    log = None

    def refuse(self, status):
        self.wfile.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())

    def handle(self):
        method, target, _ = self.rfile.readline().decode("latin-1").split()
        headers = {}
        while line := self.rfile.readline().decode("latin-1").strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        known = headers.get("proxy-authorization") == PASSWORD
        type(self).log.write(f"{method} {target} {'known' if known else 'unknown'}\n")
        if self.wants_password and not known:
            return self.refuse("407 Proxy Authentication Required")
        url = urllib.parse.urlsplit(target)
        place = target if method == "CONNECT" else f"{url.netloc}:80"
        if place not in self.hosts:
            return self.refuse("502 Bad Gateway")
        with socket.create_connection(("127.0.0.1", self.hosts[place])) as server:
            if method == "CONNECT":
                self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                # One request per connection: the next may be for another host.
                headers["connection"] = "close"
                path = url._replace(scheme="", netloc="").geturl()
                lines = [f"{method} {path} HTTP/1.1"] + [f"{name}: {value}" for name, value in headers.items()]
                server.sendall("\r\n".join(lines + ["", ""]).encode("latin-1"))
            back = threading.Thread(target=copy, args=(server, self.connection), daemon=True)
            back.start()
            copy(self.connection, server)
            back.join()
        return None


class Proxy(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # clients go away in the middle


def main():
    folder, *rest = sys.argv[1:]
    Handler.wants_password = "--password" in rest
    for word in rest:
        if word != "--password":
            host, _, port = word.partition("=")
            Handler.hosts[host] = int(port)
    Handler.log = open(os.path.join(folder, "proxy.log"), "a", buffering=1, encoding="utf-8")
    proxy = Proxy(("127.0.0.1", 0), Handler)
    os.write(1, b"%d\n" % proxy.server_address[1])
    proxy.serve_forever()


if __name__ == "__main__":
    main()
