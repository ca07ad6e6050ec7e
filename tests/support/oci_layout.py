# SPDX-License-Identifier: MIT
"""Writes OCI image layouts (OCI image-spec 1.1, image-layout.md) for the tests.

Only what tests need: layers from bytes, files or lists of entries, images, indexes. What it writes
is pushed by skopeo, which reads every byte of it, so a mistake here does not stay unseen.
"""

import gzip
import hashlib
import io
import json
import os
import subprocess
import tarfile

OCI = "application/vnd.oci.image."


class Entry:
    """One entry of a layer's tar."""

    def __init__(self, name, data=b"", *, kind=tarfile.REGTYPE, mode=0o644, uid=0, gid=0, link="",
                 device=(0, 0), xattrs=None):
        self.info = tarfile.TarInfo(name)
        self.info.type = kind
        self.info.mode = mode
        self.info.uid, self.info.gid = uid, gid
        self.info.linkname = link
        self.info.devmajor, self.info.devminor = device
        self.info.size = len(data)
        self.info.mtime = 1700000000
        self.info.pax_headers = {f"SCHILY.xattr.{k}": v for k, v in (xattrs or {}).items()}
        self.data = data


def directory(name, mode=0o755, **more):
    return Entry(name, kind=tarfile.DIRTYPE, mode=mode, **more)


def symlink(name, target):
    return Entry(name, kind=tarfile.SYMTYPE, mode=0o777, link=target)


def hardlink(name, target):
    return Entry(name, kind=tarfile.LNKTYPE, link=target)


def whiteout(path):
    folder, name = os.path.split(path)
    return Entry(os.path.join(folder, ".wh." + name))


def opaque(folder):
    return Entry(os.path.join(folder, ".wh..wh..opq"))


def tar_bytes(entries):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for entry in entries:
            tar.addfile(entry.info, io.BytesIO(entry.data))
    return buffer.getvalue()


class Layout:
    """A layout folder that images are added to, each under a tag."""

    def __init__(self, path):
        self.path = path
        self.manifests = []
        os.makedirs(os.path.join(path, "blobs", "sha256"))
        with open(os.path.join(path, "oci-layout"), "w", encoding="ascii") as file:
            json.dump({"imageLayoutVersion": "1.0.0"}, file)

    def blob(self, data, media_type):
        digest = hashlib.sha256(data).hexdigest()
        with open(os.path.join(self.path, "blobs", "sha256", digest), "wb") as file:
            file.write(data)
        return {"mediaType": media_type, "digest": "sha256:" + digest, "size": len(data)}

    def layer(self, tar, compression="gzip"):
        """A layer of a tar's bytes: its descriptor, and the digest of the tar itself."""
        if compression == "gzip":
            packed, suffix = gzip.compress(tar, 6, mtime=0), "tar+gzip"
        elif compression == "zstd":
            packed = subprocess.run(["zstd", "-q", "-c"], input=tar, check=True,
                                    stdout=subprocess.PIPE).stdout
            suffix = "tar+zstd"
        else:
            packed, suffix = tar, "tar"
        return (self.blob(packed, OCI + "layer.v1." + suffix),
                "sha256:" + hashlib.sha256(tar).hexdigest())

    def gzip_file_layer(self, path):
        """A layer that is a .tar.gz already."""
        with open(path, "rb") as file:
            packed = file.read()
        tar_digest = hashlib.sha256(gzip.decompress(packed)).hexdigest()
        return (self.blob(packed, OCI + "layer.v1.tar+gzip"), "sha256:" + tar_digest)

    def image(self, layers, *, architecture="amd64", variables=(), tag=None):
        """An image of layers (descriptor, tar digest); its descriptor."""
        config = {
            "architecture": architecture,
            "os": "linux",
            "config": {"Cmd": ["/bin/sh"], "Env": list(variables)},
            "rootfs": {"type": "layers", "diff_ids": [digest for _, digest in layers]},
            "history": [{"created_by": "devenv tests"} for _ in layers],
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": OCI + "manifest.v1+json",
            "config": self.json(config, OCI + "config.v1+json"),
            "layers": [descriptor for descriptor, _ in layers],
        }
        descriptor = self.json(manifest, OCI + "manifest.v1+json")
        descriptor["platform"] = {"architecture": architecture, "os": "linux"}
        if tag:
            self.tag(descriptor, tag)
        return descriptor

    def index(self, descriptors, tag):
        index = {"schemaVersion": 2, "mediaType": OCI + "index.v1+json", "manifests": descriptors}
        self.tag(self.json(index, OCI + "index.v1+json"), tag)

    def json(self, value, media_type):
        return self.blob(json.dumps(value, sort_keys=True).encode(), media_type)

    def tag(self, descriptor, tag):
        self.manifests.append(
            {**descriptor, "annotations": {"org.opencontainers.image.ref.name": tag}})

    def finish(self):
        with open(os.path.join(self.path, "index.json"), "w", encoding="ascii") as file:
            json.dump({"schemaVersion": 2, "manifests": self.manifests}, file)
