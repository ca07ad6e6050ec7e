#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Pushes a folder as a dev container feature: an OCI artifact of one tar.

    push_feature.py REGISTRY/NAME:TAG FOLDER [KIND]

KIND makes it a hostile one: traversal, link, device, file-below-file, no-utf8, no-script, no-document, huge, image. Prints the
manifest's digest and that of the tar.
"""

import gzip
import hashlib
import io
import json
import os
import sys
import tarfile
import urllib.parse
import urllib.request

MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def add(tar, name, data=b"", kind=tarfile.REGTYPE, link="", mode=0o644):
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname, entry.mode, entry.size = kind, link, mode, len(data)
    tar.addfile(entry, io.BytesIO(data))


def tar_of(folder, kind):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        add(tar, "./", kind=tarfile.DIRTYPE, mode=0o755)
        for parent, _, names in sorted(os.walk(folder)):
            for name in sorted(names):
                path = os.path.join(parent, name)
                inside = os.path.relpath(path, folder)
                if (inside, kind) in (("install.sh", "no-script"),
                                      ("devcontainer-feature.json", "no-document")):
                    continue
                with open(path, "rb") as file:
                    add(tar, "./" + inside, file.read())
        if kind == "traversal":
            add(tar, "../../../outside", b"hostile")
        if kind == "link":
            add(tar, "link", kind=tarfile.SYMTYPE, link="/etc")
            add(tar, "link/outside", b"hostile")
        if kind == "file-below-file":
            add(tar, "install.sh/x", b"hostile")
        if kind == "no-utf8":
            add(tar, "f\udcff", b"hostile")
        if kind == "device":
            add(tar, "null", kind=tarfile.CHRTYPE)
        if kind == "huge":
            add(tar, "zeros", bytes(40 << 20))
    return gzip.compress(buffer.getvalue(), mtime=0)


def send(url, method, data=b"", media_type="application/octet-stream"):
    request = urllib.request.Request(url, data=data, method=method,
                                     headers={"Content-Type": media_type})
    with urllib.request.urlopen(request) as answer:
        return answer.headers


def push_blob(base, data):
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    place = urllib.parse.urljoin(base, send(base + "/blobs/uploads/", "POST")["Location"])
    joint = "&" if "?" in place else "?"
    send(f"{place}{joint}digest={urllib.parse.quote(digest)}", "PUT", data)
    return {"digest": digest, "size": len(data)}


def main():
    reference, folder = sys.argv[1:3]
    kind = sys.argv[3] if len(sys.argv) > 3 else ""
    registry, rest = reference.split("/", 1)
    name, tag = rest.rsplit(":", 1)
    base = f"http://{registry}/v2/{name}"
    config = push_blob(base, b"{}")
    layer = push_blob(base, tar_of(folder, kind))
    config["mediaType"] = ("application/vnd.oci.image.config.v1+json" if kind == "image"
                           else "application/vnd.devcontainers")
    layer["mediaType"] = "application/vnd.devcontainers.layer.v1+tar"
    manifest = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": config,
                           "layers": [layer]}).encode()
    send(f"{base}/manifests/{tag}", "PUT", manifest, MANIFEST)
    print("sha256:" + hashlib.sha256(manifest).hexdigest(), layer["digest"])


if __name__ == "__main__":
    main()
