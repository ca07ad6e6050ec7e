#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the storage directory of the test registry: every image the end-to-end tests pull.

    images.py OUTPUT BUSYBOX.tar.gz DEBIAN.tar.gz DEBIAN_SUDO.tar.gz

Images are written as an OCI layout and pushed by skopeo into Debian's docker-registry, whose storage
directory is what is kept. Tests start their own registry on it (helpers.bash).
"""

import os
import re
import subprocess
import sys
import tarfile
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

from oci_layout import (Entry, Layout, directory, hardlink, opaque, symlink, tar_bytes,  # noqa: E402
                        whiteout)

LAYERS = 130
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def many_layers(layout, base):
    """More layers than one page of mount options holds, which undo each other in every way."""
    layers = [base]
    layers.append(layout.layer(tar_bytes([
        directory("data"), Entry("data/gone", b"1"), Entry("data/kept", b"kept\n"),
        directory("data/emptied"), Entry("data/emptied/old", b"1"),
        directory("data/tree"), directory("data/tree/deep"), Entry("data/tree/deep/file", b"1"),
        Entry("data/was-file", b"1"), directory("data/was-directory"),
        Entry("data/was-directory/file", b"1"),
        Entry("data/one", b"linked\n"), hardlink("data/two", "data/one"),
        directory("data/private", mode=0o711, uid=1, gid=2),
        Entry("data/old-owner", b"1", uid=33, gid=33, mode=0o640),
        symlink("data/link", "kept"),
        Entry("data/attribute", b"1", xattrs={"user.devenv-test": "value"}),
        Entry("data/forged", b"1", xattrs={"user.overlay.whiteout": "y"}),
    ])))
    for number in range(LAYERS - 3):
        layers.append(layout.layer(tar_bytes([
            # The directory itself is left out: it keeps the attributes it has below.
            Entry(f"data/layer-{number:03}", f"{number}\n".encode()),
            Entry("data/last", f"{number}\n".encode()),
        ])))
    layers.append(layout.layer(tar_bytes([
        whiteout("data/gone"),
        directory("data/emptied"), opaque("data/emptied"), Entry("data/emptied/new", b"new\n"),
        whiteout("data/tree"),
        whiteout("data/was-file"), directory("data/was-file"), Entry("data/was-file/in", b"in\n"),
        whiteout("data/was-directory"), Entry("data/was-directory", b"file\n"),
        hardlink("data/three", "data/one"),
        # Only the child is named: the directory's owner and mode are those of the layer below.
        Entry("data/private/late", b"late\n"),
    ])))
    layout.image(layers, tag="many", variables=[PATH])


def hostile(layout, base):
    """Layers that try to leave their root, or that no id map can hold. One image each."""
    def image(tag, entries, compression="gzip"):
        layout.image([base, layout.layer(tar_bytes(entries), compression)], tag="hostile-" + tag)

    image("dotdot", [Entry("../../../../../../../../../../tmp/devenv-escaped", b"escaped\n")])
    image("absolute", [Entry("/tmp/../../../tmp/devenv-escaped", b"escaped\n")])
    image("symlink", [symlink("way", "/var/tmp"), Entry("way/devenv-escaped", b"escaped\n")])
    image("symlink-up", [symlink("up", "../../../../../../../../../../var/tmp"),
                         Entry("up/devenv-escaped", b"escaped\n")])
    image("hardlink", [hardlink("stolen", "../../../../../../../../../../../etc/passwd")])
    image("hardlink-symlink", [symlink("etc2", "/etc"), hardlink("stolen", "etc2/hostname")])
    image("whiteout", [Entry("../../../../../../tmp/.wh.devenv-victim")])
    image("device", [Entry("sda", kind=tarfile.BLKTYPE, device=(8, 0), mode=0o666)])
    image("big-id", [Entry("file", b"1", uid=70000, gid=70000)])
    image("bomb", [Entry("zeros", bytes(300 << 20))])
    # A correct digest of something that is no tar at all.
    layout.image([base, layout.layer(b"this is no tar archive" * 100)], tag="hostile-no-tar")
    image("name", [Entry("esc\x1b[31mred\x07", b"1")])


def make_images(layout, busybox, debian, debian_sudo):
    base = layout.gzip_file_layer(busybox)
    latest = layout.image([base], tag="latest", variables=[PATH, "FROM_IMAGE=busybox"])
    motd = layout.layer(tar_bytes([directory("etc"), Entry("etc/motd", b"second layer\n")]), "zstd")
    with_zstd = layout.image([base, motd], tag="zstd", variables=[PATH])
    layout.image([base, layout.layer(tar_bytes([Entry("plain", b"plain\n")]), "none")], tag="plain")
    arm = layout.image([base], architecture="arm64", tag="arm64")
    layout.index([arm, with_zstd], "multi")
    layout.index([arm], "only-arm64")
    many_layers(layout, base)
    hostile(layout, base)
    layout.image([layout.gzip_file_layer(debian)], tag="debian", variables=[PATH])
    layout.image([layout.gzip_file_layer(debian_sudo)], tag="debian-sudo", variables=[PATH])
    return latest


def push(layout, storage):
    """Every tag of the layout to /busybox:TAG, /hostile:TAG, /debian:TAG of a registry at `storage`."""
    config = os.path.join(layout.path, "registry.yml")
    with open(config, "w", encoding="ascii") as file:
        file.write("version: 0.1\nhttp: {addr: '127.0.0.1:0'}\n"
                   f"storage: {{filesystem: {{rootdirectory: {storage}}}}}\n")
    registry = subprocess.Popen(["docker-registry", "serve", config], stderr=subprocess.PIPE,
                                stdout=subprocess.DEVNULL, text=True)
    try:
        for line in registry.stderr:
            match = re.search(r"listening on 127\.0\.0\.1:(\d+)", line)
            if match:
                break
        else:
            sys.exit("docker-registry did not start")
        drain(registry.stderr)
        address = f"docker://127.0.0.1:{match.group(1)}/"
        for descriptor in layout.manifests:
            tag = descriptor["annotations"]["org.opencontainers.image.ref.name"]
            copy(layout, tag, address + name_of(tag), "--all", "--preserve-digests")
        copy(layout, "latest", address + "busybox:docker", "--format", "v2s2")
    finally:
        registry.terminate()
        registry.wait()


def drain(stream):
    """Keeps reading, so that the registry's log never fills the pipe."""
    threading.Thread(target=stream.read, daemon=True).start()


def name_of(tag):
    for folder in ("hostile", "debian"):
        if tag == folder or tag.startswith(folder + "-"):
            return f"{folder}:{tag[len(folder) + 1:] or 'bookworm'}"
    return "test/layers:many" if tag == "many" else "busybox:" + tag


def copy(layout, tag, destination, *options):
    subprocess.run(["skopeo", "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false",
                    *options, f"oci:{layout.path}:{tag}", destination], check=True)


def main():
    output, busybox, debian, debian_sudo = sys.argv[1:]
    with tempfile.TemporaryDirectory(dir=os.path.dirname(output)) as folder:
        layout = Layout(os.path.join(folder, "layout"))
        make_images(layout, busybox, debian, debian_sudo)
        layout.finish()
        storage = os.path.join(folder, "storage")
        push(layout, storage)
        subprocess.run(["chmod", "-R", "a+rX", storage], check=True)
        os.rename(storage, output)


if __name__ == "__main__":
    main()
