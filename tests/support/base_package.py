#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A distribution's base package, made up: the one that has the directories that a host shares.

    base_package.py FORMAT NAME VERSION OUTPUT       FORMAT is apk, pacman or rpm (a spec file)

It is what `filesystem` (Fedora, Arch) and `alpine-baselayout` are: the top directories, with owners
and modes of their own, and files in /etc that devenv puts links to the host in place of.
"""

import gzip
import hashlib
import io
import sys
import tarfile

DIRECTORIES = [
    ("dev", 0o755), ("etc", 0o755), ("home", 0o755), ("media", 0o755), ("mnt", 0o755),
    ("proc", 0o555), ("run", 0o755), ("run/lock", 0o755), ("sys", 0o555), ("tmp", 0o1777),
    ("var", 0o755), ("var/lib", 0o755), ("var/log", 0o755), ("var/tmp", 0o1777),
]
FILES = ["etc/hosts", "etc/host.conf", "etc/resolv.conf", "etc/devenv-test"]


def tar(entries, *, end):
    """`entries`: (name, mode, contents or None for a directory). Without `end`, another can follow."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, mode, contents in entries:
            member = tarfile.TarInfo(name)
            member.mode, member.uname, member.gname, member.mtime = mode, "root", "root", 1700000000
            if contents is None:
                member.type = tarfile.DIRTYPE
            else:
                member.size = len(contents)
                member.pax_headers = {"APK-TOOLS.checksum.SHA1": hashlib.sha1(contents).hexdigest()}
            archive.addfile(member, io.BytesIO(contents or b""))
        size = archive.offset
    return buffer.getvalue() if end else buffer.getvalue()[:size]


def payload(version):
    # devenv-test says the version's last digit: what of it counts is which one it is.
    entries = [(name, mode, None) for name, mode in DIRECTORIES]
    return entries + [(name, 0o644, f"version {version[-1]}\n".encode()) for name in FILES]


def apk(name, version):
    """Two gzip members: what describes it, then the files. Source: Alpine's wiki, "Apk spec"."""
    data = gzip.compress(tar(payload(version), end=True), mtime=0)
    about = (f"pkgname = {name}\npkgver = {version}\npkgdesc = base\nurl = http://example.org\n"
             f"arch = noarch\nsize = 4096\norigin = {name}\nlicense = MIT\n"
             # What the real one brings along stays; its files become ours.
             "depend = alpine-baselayout-data\ndepend = busybox-binsh\n"
             "replaces = alpine-baselayout-data\n"
             f"datahash = {hashlib.sha256(data).hexdigest()}\n")
    return gzip.compress(tar([(".PKGINFO", 0o644, about.encode())], end=False), mtime=0) + data


def pacman(name, version):
    backups = "".join(f"backup = {file}\n" for file in FILES[:3])
    about = (f"pkgname = {name}\npkgver = {version}-1\npkgdesc = base\nurl = http://example.org\n"
             f"builddate = 1700000000\npackager = devenv\nsize = 4096\narch = any\n{backups}")
    return gzip.compress(tar([(".PKGINFO", 0o644, about.encode())] + payload(version), end=True))


def rpm(name, version):
    lines = [f"Name: {name}", f"Version: {version}", "Release: 1", "Summary: base", "License: MIT",
             "BuildArch: noarch", "%description", "base", "%install"]
    files = ["%files"]
    for directory, mode in DIRECTORIES:
        lines.append(f"mkdir -p %{{buildroot}}/{directory}")
        files.append(f"%dir %attr({mode:o},root,root) /{directory}")
    for file in FILES:
        lines.append(f"echo 'version {version}' >%{{buildroot}}/{file}")
        # As Fedora's package has them.
        files.append(f"%config(noreplace) /{file}" if file != FILES[3] else f"/{file}")
    return ("\n".join(lines + files) + "\n").encode()


def main():
    kind, name, version, output = sys.argv[1:]
    with open(output, "wb") as file:
        file.write({"apk": apk, "pacman": pacman, "rpm": rpm}[kind](name, version))


if __name__ == "__main__":
    main()
