#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes an OCI layout whose one layer is zstd:chunked, as containers/storage describes it, or eStargz.

    chunked_image.py [--estargz] LAYOUT TREE

Files below TREE belong to root; what is no regular file is left out.
"""

import gzip
import hashlib
import json
import os
import struct
import subprocess
import sys
import tarfile

STARGZ_CHUNK = 1 << 20
ANNOTATION = "io.github.containers.zstd-chunked.manifest-"
SKIPPABLE = 0x184D2A50


def frame(data):
    return subprocess.run(["zstd", "-q", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def files_of(tree):
    for folder, _, names in sorted(os.walk(tree)):
        for name in sorted(names):
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                contents = file.read()
            header = tarfile.TarInfo(os.path.relpath(path, tree))
            header.size, header.mode = len(contents), os.stat(path).st_mode & 0o7777
            yield header, contents


def layer(tree):
    """The blob, its tar, and its annotations."""
    blob, tar, entries, padding = b"", b"", [], b""
    for header, contents in files_of(tree):
        raw = padding + header.tobuf(tarfile.PAX_FORMAT)
        blob += frame(raw)
        begin = len(blob)
        blob += frame(contents)
        tar += raw + contents
        padding = b"\0" * (-len(contents) % 512)
        entries.append({"type": "reg", "name": header.name, "mode": header.mode, "size": header.size,
                        "digest": digest(contents), "offset": begin, "endOffset": len(blob)})
    end = padding + b"\0" * 1024
    tar += end
    blob += frame(end)
    text = json.dumps({"version": 1, "entries": entries}).encode()
    table = frame(text)
    blob += struct.pack("<II", SKIPPABLE, len(table))
    place = f"{len(blob)}:{len(table)}:{len(text)}:1"
    blob += table
    return blob, tar, {ANNOTATION + "checksum": digest(table), ANNOTATION + "position": place}


def estargz(tree):
    """As layer(). The last chunk of a file shares its member with the header of the next."""
    members, tar, entries, open_member = [], b"", [], b""

    def close():
        nonlocal open_member
        if open_member:
            members.append(gzip.compress(open_member, mtime=0))
        open_member = b""
        return sum(map(len, members))

    def add_file(header, contents, entry):
        nonlocal tar, open_member
        raw = header.tobuf(tarfile.PAX_FORMAT)
        open_member += raw
        for at in range(0, len(contents), STARGZ_CHUNK):
            chunk = contents[at:at + STARGZ_CHUNK]
            begin = close()
            open_member = chunk
            described = {"name": header.name, "offset": begin, "chunkDigest": digest(chunk)}
            if len(contents) - at > STARGZ_CHUNK:
                described["chunkSize"] = len(chunk)
            if at == 0:
                entries.append({**entry, **described})
            else:
                entries.append({"type": "chunk", "chunkOffset": at, **described})
        padding = b"\0" * (-len(contents) % 512)
        open_member += padding
        tar += raw + contents + padding

    for header, contents in files_of(tree):
        add_file(header, contents, {"type": "reg", "mode": header.mode, "size": header.size,
                                    "digest": digest(contents)})
    begin = close()
    text = json.dumps({"version": 1, "entries": entries}).encode()
    header = tarfile.TarInfo("stargz.index.json")
    header.size = len(text)
    rest = header.tobuf(tarfile.PAX_FORMAT) + text + b"\0" * (-len(text) % 512 + 1024)
    blob = b"".join(members) + gzip.compress(rest, mtime=0)
    field = b"SG" + struct.pack("<H", 22) + b"%016xSTARGZ" % begin
    blob += b"\x1f\x8b\x08\x04" + bytes(5) + b"\xff" + struct.pack("<H", len(field)) + field
    blob += b"\x01\0\0\xff\xff" + bytes(8)
    return blob, tar + rest, {"containerd.io/snapshot/stargz/toc.digest": digest(text)}


def main():
    is_estargz = sys.argv[1] == "--estargz"
    layout, tree = sys.argv[1 + is_estargz:]
    blobs = os.path.join(layout, "blobs", "sha256")
    os.makedirs(blobs)

    def add(data, kind, annotations=None):
        with open(os.path.join(blobs, digest(data)[7:]), "wb") as file:
            file.write(data)
        described = {"mediaType": "application/vnd.oci.image." + kind, "digest": digest(data), "size": len(data)}
        return {**described, "annotations": annotations} if annotations else described

    blob, tar, annotations = estargz(tree) if is_estargz else layer(tree)
    config = {"architecture": {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine),
              "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": [digest(tar)]}}
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": add(json.dumps(config).encode(), "config.v1+json"),
                "layers": [add(blob, "layer.v1.tar+" + ("gzip" if is_estargz else "zstd"), annotations)]}
    index = {"schemaVersion": 2, "manifests": [
        add(json.dumps(manifest).encode(), "manifest.v1+json", {"org.opencontainers.image.ref.name": "x"})]}
    for name, document in (("index.json", index), ("oci-layout", {"imageLayoutVersion": "1.0.0"})):
        with open(os.path.join(layout, name), "w", encoding="ascii") as file:
            json.dump(document, file)


if __name__ == "__main__":
    main()
