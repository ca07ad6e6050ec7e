#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A registry that goes wrong on request.

usage: fault_registry.py FOLDER [TAG=LAYOUT]...

Makes a few images below FOLDER, serves them on a free port of 127.0.0.1 and prints that port. Every
repository has every image (see make_images); the first part of the repository's name is the fault:
127.0.0.1:PORT/truncated/image:small. FOLDER/requests.log gets a line per request. TAG is the single
image of the OCI layout LAYOUT.

With openssl(1) there is the same registry with TLS: its port is in FOLDER/tls-port, its certificate in
FOLDER/ca.pem.

FOLDER/one is an OCI layout with a single image; one.tar, one.tar.gz and docker.tar hold the same
layers as an OCI archive, compressed, and as a docker archive.
"""

import base64
import email.utils
import gzip
import hashlib
import http.server
import io
import json
import os
import random
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tarfile
import threading
import time

import oci_layout
from oci_layout import Entry, directory, opaque, symlink, whiteout

TOKEN = "a-token"
PASSWORD = "Basic " + base64.b64encode(b"user:secret").decode()


def make_images(folder):
    layout = oci_layout.Layout(os.path.join(folder, "layout"))
    noise = random.Random(7).randbytes(3 * 1024 * 1024)
    base = layout.layer(oci_layout.tar_bytes([
        directory("bin"), Entry("bin/sh", b"\x7fELF\x02\x01\x01" + bytes(11) + b"\x3e\x00", mode=0o755),
        directory("etc", mode=0o750), Entry("etc/hello", b"hello\n"), Entry("etc/gone", b"x"),
        directory("opt"), Entry("opt/old", b"x")]))
    large = layout.layer(oci_layout.tar_bytes([Entry("noise", noise)]))
    middle = layout.layer(oci_layout.tar_bytes([
        whiteout("etc/gone"), Entry("etc/new", b"new\n"), symlink("link", "etc/hello")]), "zstd")
    top = layout.layer(oci_layout.tar_bytes([
        directory("opt"), opaque("opt"), Entry("opt/new", b"y")]), "none")
    variables = ["PATH=/usr/bin:/bin", "LANG=C.UTF-8"]
    layout.image([base], variables=variables, tag="small")
    layout.image([base, large, middle, top], variables=variables, tag="big")
    layout.image([base, middle, base], tag="twice")
    layout.image([base] + [layout.layer(oci_layout.tar_bytes([Entry(f"f{i}", b"%d" % i)]))
                           for i in range(120)], tag="many")
    bomb = layout.layer(oci_layout.tar_bytes([Entry("zeros", bytes(64 * 1024 * 1024))]))
    layout.image([bomb], tag="bomb")
    layout.image([(base[0], middle[1])], tag="wrong-diff-id")
    layout.image([layout.layer(b"no tar at all" * 1000)], tag="no-tar")
    layout.image([layout.layer(oci_layout.tar_bytes([Entry("../../escaped", b"x")]))], tag="escape")
    # An index holds everything, so that the test passes on any machine.
    images = [layout.image([base], architecture=architecture, variables=[f"ARCH={architecture}"])
              for architecture in ("amd64", "arm64", "riscv64", "ppc64le")]
    attestation = layout.image([middle], architecture="unknown")
    attestation["platform"] = {"architecture": "unknown", "os": "unknown"}
    layout.index([attestation] + images, "index")
    layout.image([base], architecture="s390x", tag="foreign")
    layout.index([layout.image([base], architecture="s390x")], "foreign-index")
    layout.finish()
    make_archives(folder, base, middle)
    return layout


def make_archives(folder, base, middle):
    one = oci_layout.Layout(os.path.join(folder, "one"))
    for descriptor in (base[0], middle[0]):
        name = descriptor["digest"].removeprefix("sha256:")
        os.link(os.path.join(folder, "layout", "blobs", "sha256", name),
                os.path.join(one.path, "blobs", "sha256", name))
    image = one.image([base, middle], variables=["A=b"], tag="x")
    one.finish()
    with tarfile.open(os.path.join(folder, "one.tar"), "w") as tar:
        tar.add(one.path, arcname=".")
    with open(os.path.join(folder, "one.tar"), "rb") as plain, \
         gzip.open(os.path.join(folder, "one.tar.gz"), "wb") as packed:
        shutil.copyfileobj(plain, packed)
    # A docker archive as old versions write it: a folder per layer, one of them a link to another,
    # another one compressed (nobody does, some tools can).
    with tarfile.open(os.path.join(folder, "docker.tar"), "w") as tar:
        def add(name, data):
            entry = Entry(name, data)
            tar.addfile(entry.info, io.BytesIO(entry.data))
        blob = lambda digest: os.path.join(one.path, "blobs", "sha256", digest.removeprefix("sha256:"))
        manifest = json.load(open(blob(image["digest"]), encoding="utf-8"))
        config = manifest["config"]["digest"].removeprefix("sha256:")
        add("b" * 64 + "/layer.tar", gzip.decompress(open(blob(base[0]["digest"]), "rb").read()))
        tar.addfile(symlink("a" * 64 + "/layer.tar", "../" + "b" * 64 + "/layer.tar").info)
        add("c" * 64 + "/layer.tar", open(blob(middle[0]["digest"]), "rb").read())
        add(config + ".json", open(blob(manifest["config"]["digest"]), "rb").read())
        add("manifest.json", json.dumps([{
            "Config": config + ".json", "RepoTags": ["x:latest"],
            "Layers": ["a" * 64 + "/layer.tar", "c" * 64 + "/layer.tar"]}]).encode())


class Registry:
    """What all handlers share."""

    def __init__(self, folder, layouts):
        made = make_images(folder)
        self.folders = [made.path, *layouts.values()]
        self.tags = {m["annotations"]["org.opencontainers.image.ref.name"]: m for m in made.manifests}
        for tag, path in layouts.items():
            with open(os.path.join(path, "index.json"), encoding="utf-8") as index:
                [self.tags[tag]] = json.load(index)["manifests"]
        self.log = open(os.path.join(folder, "requests.log"), "a", buffering=1, encoding="utf-8")
        self.seen = {}
        self.lock = threading.Lock()
        self.ports = []

    def blob(self, digest):
        for folder in self.folders:
            try:
                with open(os.path.join(folder, "blobs", "sha256", digest.removeprefix("sha256:")), "rb") as file:
                    return file.read()
            except OSError:
                pass
        return None

    def first_time(self, key):
        return self.count(key) == 1

    def count(self, key):
        with self.lock:
            self.seen[key] = self.seen.get(key, 0) + 1
            return self.seen[key]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    registry = None

    def handle(self):
        # A TLS client is told at once that there is no TLS.
        plain = not isinstance(self.connection, ssl.SSLSocket)
        if plain and self.connection.recv(1, socket.MSG_PEEK) == b"\x16":
            self.close_connection = True
            return
        super().handle()

    def log_message(self, *arguments):
        pass

    def answer(self, status, body=b"", headers=(), length=None):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def deny(self, message, status=401, headers=()):
        self.answer(status, json.dumps({"errors": [{"code": "X", "message": message}]}).encode(), headers)

    def reset(self):
        """Ends the connection with RST."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def do_GET(self):
        registry = self.registry
        other = self.server.server_port == registry.ports[1]
        registry.log.write(f"{'other' if other else 'main'} {self.path} range={self.headers['Range']} "
                           f"auth={self.headers['Authorization']}\n")
        path = self.path.partition("?")[0]
        if path == "/token":
            return self.answer(200, json.dumps({"access_token": TOKEN, "expires_in": 300}).encode())
        if path == "/short-token":  # each is good for one request
            token = f"{TOKEN}-{registry.count(path)}"
            return self.answer(200, json.dumps({"token": token, "expires_in": 300}).encode())
        if path == "/broken-token":
            return self.answer(503)
        parts = path.split("/")  # "", "v2", fault, ..., kind, reference
        if len(parts) < 6 or parts[1] != "v2" or parts[-2] not in ("manifests", "blobs"):
            return self.deny("no such thing", 404)
        fault, kind, reference = parts[2], parts[-2], parts[-1]
        descriptor = registry.tags.get(reference) if kind == "manifests" else None
        digest = descriptor["digest"] if descriptor else reference
        body = registry.blob(digest)
        if body is None or fault == "missing":
            return self.deny("manifest unknown", 404)
        if not other and self.refuse(fault, path):
            return None
        if kind == "manifests":
            return self.send_manifest(fault, body, digest)
        # Faults of blobs concern layers, not configs.
        is_layer = not body.startswith(b"{")
        return self.send_blob(fault if is_layer else "ok", body, path, other)

    do_HEAD = do_GET

    def refuse(self, fault, path):
        """Faults that need no body. Whether one was sent."""
        main = f"http://127.0.0.1:{self.registry.ports[0]}"
        token_realms = {"token": "/token", "broken-token": "/broken-token", "short-token": "/short-token"}
        shown = self.headers["Authorization"] or ""
        good = (shown.startswith(f"Bearer {TOKEN}-") and self.registry.first_time(shown)
                if fault == "short-token" else shown == f"Bearer {TOKEN}")
        if fault in token_realms and not good:
            challenge = f'Bearer realm="{main}{token_realms[fault]}",service="tests"'
            self.deny("authentication required", headers=[("WWW-Authenticate", "Basic realm=\"x\""),
                                                          ("WWW-Authenticate", challenge)])
        elif fault == "login" or (fault in ("password", "phishing") and shown != PASSWORD):
            self.deny("who are you", headers=[("WWW-Authenticate", 'Basic realm="x"')])
        elif fault == "forbidden":
            self.deny("not for you", 403)
        elif fault == "busy":
            self.answer(429, headers=[("Retry-After", "600"), ("RateLimit-Limit", "100;w=21600"),
                                      ("RateLimit-Remaining", "0;w=21600")])
        elif fault == "busy-date":
            self.answer(429, headers=[("Retry-After", email.utils.formatdate(time.time() + 7200, usegmt=True))])
        elif fault == "busy-words":
            self.answer(403, json.dumps({"errors": [{"code": "TOOMANYREQUESTS", "message": "slow down"}]}).encode(),
                        headers=[("RateLimit-Limit", "100;w=21600")])
        elif fault in ("busy-once", "busy-shortly") and self.registry.first_time(path):
            self.answer(429, headers=[("Retry-After", "1" if fault == "busy-shortly" else "0")])
        elif fault == "broken" or (fault == "broken-once" and self.registry.first_time(path)):
            self.answer(503)
        elif fault == "reset" or (fault == "reset-once" and self.registry.first_time(path)):
            self.reset()
        elif fault == "redirect-loop":
            self.answer(307, headers=[("Location", path)])
        else:
            return False
        return True

    def send_manifest(self, fault, body, digest):
        document = json.loads(body)
        if fault == "huge-manifest":
            body += b" " * (5 * 1024 * 1024)
        elif fault == "other-manifest":
            body += b" "
        elif fault == "schema1":
            body = b'{"schemaVersion": 1, "fsLayers": []}'
            document = {"mediaType": "application/vnd.docker.distribution.manifest.v1+prettyjws"}
        if fault in ("huge-manifest", "schema1"):
            digest = "sha256:" + hashlib.sha256(body).hexdigest()
        self.answer(200, body, [("Content-Type", document["mediaType"]), ("Docker-Content-Digest", digest)])

    def send_blob(self, fault, body, path, other):
        if fault in ("redirect", "token", "password", "phishing") and not other:
            # To another origin, as to an object store: a relative host, an absolute port.
            return self.answer(307, headers=[("Location", f"http://127.0.0.1:{self.registry.ports[1]}{path}?sig=1")])
        if fault == "phishing":
            realm = f"http://127.0.0.1:{self.registry.ports[1]}/token"
            return self.deny("who are you?", 401, [("WWW-Authenticate", 'Basic realm="here"'),
                                                   ("WWW-Authenticate", f'Bearer realm="{realm}"')])
        if other and self.headers["Authorization"]:
            return self.deny("only one auth mechanism allowed", 400)
        if fault == "wrong-digest" or (fault == "wrong-digest-once" and self.registry.first_time(path)):
            middle = len(body) // 2
            body = body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1:]
        elif fault == "wrong-and-truncated":
            body = body[:9] + bytes([body[9] ^ 1]) + body[10:]
        elif fault == "too-long":
            body += b"x"
        elif fault == "too-short":
            body = body[:-1]
        elif fault == "no-blobs":
            return self.deny("blob unknown", 404)
        return self.send_range(fault, body, path)

    def send_range(self, fault, body, path):
        asked = self.headers["Range"]
        first, last = 0, len(body) - 1
        if asked and fault.startswith("part-"):
            return self.deny("not this part", int(fault.removeprefix("part-")))
        if asked and fault == "two-parts" and self.registry.count(path) > 2:
            return self.answer(429, headers=[("Retry-After", "600")])
        if asked and fault not in ("no-ranges", "no-ranges-once"):
            first, last = (int(number) for number in asked.removeprefix("bytes=").split("-"))
            if fault == "wrong-range":
                first -= 1
        part = body[first:last + 1]
        self.send_response(206 if len(part) < len(body) else 200)
        if len(part) < len(body):
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(body)}")
        if fault == "chunked":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"%x\r\n" % len(part) + part + b"\r\n0\r\n\r\n")
            return None
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        half = len(part) // 2
        once = (fault in ("truncated-once", "no-ranges-once", "wrong-range", "short-token")
                and self.registry.first_time(path))
        if fault in ("truncated", "wrong-and-truncated") or once:
            self.wfile.write(part[:half])
            self.close_connection = True
        elif fault == "silent":
            time.sleep(60)
        elif fault in ("slow", "stalled"):
            for at in range(0, half, 65536):
                self.wfile.write(part[at:min(at + 65536, half)])
                time.sleep(0.02)
            if fault == "stalled":
                time.sleep(60)
            self.wfile.write(part[half:])
        else:
            self.wfile.write(part)
        return None


def serve_tls(folder):
    """The same images on a third port, with a certificate that nobody trusts by default."""
    if not shutil.which("openssl"):
        return
    certificate, key = os.path.join(folder, "ca.pem"), os.path.join(folder, "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                    "-keyout", key, "-out", certificate], check=True, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.daemon_threads = True
    server.handle_error = lambda *arguments: None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with open(os.path.join(folder, "tls-port"), "w", encoding="ascii") as file:
        file.write(str(server.server_port))


def main():
    folder = sys.argv[1]
    registry = Registry(folder, dict(each.split("=", 1) for each in sys.argv[2:]))
    Handler.registry = registry
    servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) for _ in range(2)]
    registry.ports = [server.server_port for server in servers]
    for server in servers:
        server.daemon_threads = True
        server.handle_error = lambda *arguments: None  # clients go away in the middle: that is tested
    threading.Thread(target=servers[1].serve_forever, daemon=True).start()
    serve_tls(folder)
    # One write: whoever reads it may close the pipe then (and PYTHONUNBUFFERED makes two of a print).
    os.write(1, b"%d\n" % registry.ports[0])
    servers[0].serve_forever()


main()
