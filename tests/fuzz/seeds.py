#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Inputs for the fuzz targets to start from: one folder per target. seeds.py OUTPUT"""

import gzip
import json
import os
import sys
import tarfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

from oci_layout import (OCI, Entry, directory, hardlink, opaque, symlink, tar_bytes,  # noqa: E402
                        whiteout)

DIGEST = "sha256:" + "0123456789abcdef" * 4


def write(folder, name, data):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as file:
        file.write(data)


def manifests():
    layer = {"mediaType": OCI + "layer.v1.tar+gzip", "digest": DIGEST, "size": 123}
    config = {"mediaType": OCI + "config.v1+json", "digest": DIGEST, "size": 5}
    yield {"schemaVersion": 2, "mediaType": OCI + "manifest.v1+json", "config": config, "layers": [layer]}
    docker = "application/vnd.docker."
    yield {"schemaVersion": 2, "mediaType": docker + "distribution.manifest.v2+json",
           "config": {**config, "mediaType": docker + "container.image.v1+json"},
           "layers": [{**layer, "mediaType": docker + "image.rootfs.diff.tar.gzip"}]}
    yield {"schemaVersion": 2, "mediaType": OCI + "index.v1+json", "manifests": [
        {"mediaType": OCI + "manifest.v1+json", "digest": DIGEST, "size": 9,
         "platform": {"architecture": "arm64", "os": "linux", "variant": "v8"}}]}
    yield {"architecture": "amd64", "os": "linux", "created": "2024-01-02T03:04:05Z",
           "config": {"Env": ["PATH=/bin"], "Cmd": ["sh"], "Labels": {"a": "b"}},
           "rootfs": {"type": "layers", "diff_ids": [DIGEST]}, "history": [{"empty_layer": True}]}
    chunked = "io.github.containers.zstd-chunked.manifest-"
    yield {"schemaVersion": 2, "mediaType": OCI + "manifest.v1+json", "config": config, "layers": [
        {**layer, "annotations": {chunked + "checksum": DIGEST, chunked + "position": "100:20:300:1"}}]}
    yield {"schemaVersion": 2, "mediaType": OCI + "manifest.v1+json", "config": config, "layers": [
        {**layer, "annotations": {"containerd.io/snapshot/stargz/toc.digest": DIGEST}}]}
    yield {"version": 1, "entries": [
        {"type": "reg", "name": "bin/a", "size": 9000000, "digest": DIGEST, "offset": 10},
        {"type": "chunk", "name": "bin/a", "offset": 90, "chunkOffset": 4000000, "innerOffset": 0}]}
    yield {"version": 1, "entries": [
        {"type": "reg", "name": "bin/a", "size": 700000, "digest": DIGEST, "offset": 10, "endOffset": 90},
        {"type": "dir", "name": "bin", "xattrs": {"user.a": "Yg=="}}]}


def layers():
    yield [directory("a"), Entry("a/file", b"x" * 700, mode=0o4755, uid=1), symlink("a/link", "../b"),
           hardlink("b", "a/file"), Entry("c", b"1", xattrs={"user.x": "y", "security.capability": "z"})]
    yield [whiteout("a/b"), directory("d"), opaque("d"), Entry("e/f/g/h", b"deep")]
    yield [Entry("../up", b"1"), Entry("/abs", b"1"), symlink("s", "/"), Entry("s/x", b"1")]
    yield [Entry("dev", kind=tarfile.CHRTYPE, device=(1, 3)), Entry("fifo", kind=tarfile.FIFOTYPE),
           Entry("n" * 200, b"long"), symlink("t", "m" * 200)]


def main():
    output = sys.argv[1]
    for number, reference in enumerate(["debian", "docker.io/library/debian:13", "localhost:5000/a/b",
                                        "docker://quay.io/x/y@" + DIGEST, "[::1]:5000/a:t", "a__b--c.d/e"]):
        write(os.path.join(output, "reference"), str(number), reference.encode())
    for number, document in enumerate(manifests()):
        write(os.path.join(output, "manifest"), str(number), json.dumps(document).encode())
    for number, entries in enumerate(layers()):
        tar = tar_bytes(entries)
        write(os.path.join(output, "layer"), f"{number}.tar", tar)
        write(os.path.join(output, "layer"), f"{number}.tar.gz", gzip.compress(tar, mtime=0))
    # Line ends and a byte order mark that no file of this repository has.
    write(os.path.join(output, "desktop_entry"), "carriage-returns",
          b"\xef\xbb\xbf# first\r\n[Desktop Entry]\r\n Type = Application\r\n"
          b'Exec = sh -c "app \\\\"\\\\$@\\\\"" sh %F\r\nDBusActivatable=true\r\n')
    # Choices, not text: any bytes do, these make layers of many entries.
    for number in range(4):
        choices = bytes((17 * number + 31 * position + position * position) % 256 for position in range(200))
        write(os.path.join(output, "layer_entries"), str(number), choices)
    distros = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../profiles/distros")
    for name in sorted(os.listdir(distros)):
        with open(os.path.join(distros, name), "rb") as file:
            write(os.path.join(output, "profile"), name, file.read())


if __name__ == "__main__":
    main()
