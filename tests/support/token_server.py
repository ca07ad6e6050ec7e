#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A token server for Debian's docker-registry.

    token_server.py FOLDER [TLS-CERTIFICATE TLS-KEY]

Prints its port. FOLDER/token.pem is what the registry trusts (auth.token.rootcertbundle), issuer
"tests", service "tests". FOLDER/requests.log gets a line per request, without secrets.

Everybody may pull from public/...; "user" with the password "secret", or with the identity token
"refresh-me", may pull and push everywhere. Anybody else is denied.
"""

import base64
import http.server
import json
import os
import socket
import ssl
import subprocess
import sys
import time
import urllib.parse

PASSWORD = base64.b64encode(b"user:secret").decode()
IDENTITY_TOKEN = "refresh-me"
LIFETIME = 300


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


class Signer:
    """Signs as RFC 7515 has it, with a certificate of its own (x5c)."""

    def __init__(self, folder):
        self.key = os.path.join(folder, "token-key.pem")
        certificate = os.path.join(folder, "token.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                        "-subj", "/CN=tests", "-keyout", self.key, "-out", certificate],
                       check=True, stderr=subprocess.DEVNULL)
        with open(certificate, encoding="ascii") as file:
            lines = [line.strip() for line in file if "CERTIFICATE" not in line]
        self.header = encode(json.dumps({"typ": "JWT", "alg": "RS256", "x5c": ["".join(lines)]}).encode())

    def token(self, subject, access):
        now = int(time.time())
        claims = {"iss": "tests", "sub": subject, "aud": "tests", "exp": now + LIFETIME, "nbf": now - 5,
                  "iat": now, "jti": os.urandom(8).hex(), "access": access}
        signed = self.header + b"." + encode(json.dumps(claims).encode())
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.key], input=signed,
                                   check=True, capture_output=True).stdout
        return (signed + b"." + encode(signature)).decode()


def granted(scopes, subject):
    """What of "repository:NAME:ACTION,ACTION" somebody may do."""
    access = []
    for scope in scopes:
        kind, _, rest = scope.partition(":")
        name, _, actions = rest.rpartition(":")
        allowed = [action for action in actions.split(",")
                   if subject or (action == "pull" and name.startswith("public/"))]
        access.append({"type": kind, "name": name, "actions": allowed})
    return access


class Handler(http.server.BaseHTTPRequestHandler):
    signer = None
    log = None

    def handle(self):
        plain = not isinstance(self.connection, ssl.SSLSocket)
        if plain and self.connection.recv(1, socket.MSG_PEEK) == b"\x16":  # a TLS client
            return
        super().handle()

    def log_message(self, *arguments):
        pass

    def answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def grant(self, how, subject, scopes, name):
        type(self).log.write(f"{how} {subject or '-'} {' '.join(scopes)}\n")
        if subject is None:
            return self.answer(401, {"details": "incorrect username or password"})
        token = self.signer.token(subject, granted(scopes, subject))
        return self.answer(200, {name: token, "expires_in": LIFETIME})

    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        scopes = [scope for text in query.get("scope", []) for scope in text.split(" ")]
        authorization = self.headers["Authorization"]
        subject = {None: "", f"Basic {PASSWORD}": "user"}.get(authorization)
        return self.grant("get", subject, scopes, "token")

    def do_POST(self):
        length = int(self.headers["Content-Length"])
        form = urllib.parse.parse_qs(self.rfile.read(length).decode())
        scopes = form.get("scope", [""])[0].split()
        good = (form.get("grant_type") == ["refresh_token"] and form.get("service") == ["tests"]
                and form.get("refresh_token") == [IDENTITY_TOKEN] and form.get("client_id")
                and self.headers["Authorization"] is None)
        return self.grant("post", "user" if good else None, scopes, "access_token")


def main():
    folder = sys.argv[1]
    Handler.signer = Signer(folder)
    Handler.log = open(os.path.join(folder, "requests.log"), "a", buffering=1, encoding="utf-8")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *arguments: None
    if len(sys.argv) > 2:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*sys.argv[2:4])
        server.socket = context.wrap_socket(server.socket, server_side=True)
    os.write(1, b"%d\n" % server.server_port)
    server.serve_forever()


if __name__ == "__main__":
    main()
