# SPDX-License-Identifier: MIT
"""Measurements of images: pull, commit, memory. Used by measure.py."""

import json
import os
import shutil
import subprocess
import time
import urllib.request

AS_ROOT = "unshare --map-root-user --map-auto"
ACCEPT = {"Accept": "application/vnd.oci.image.manifest.v1+json"}
# More than any of the measured commands uses.
TOUCHED_BYTES = 4 << 30


class Images:
    def __init__(self, bench, registry):
        self.bench = bench
        self.registry = registry
        self.folder = os.path.join(bench.work, "home", "pull")
        os.makedirs(os.path.join(self.folder, "old"), exist_ok=True)

    def measure(self, podman):
        size = sum(self.layers("dev")[0])
        umoci = shutil.which("umoci") and shutil.which("skopeo")
        self.pull(f"pull (3 layers, {size / 1e6:.0f} MB)", "dev", podman=podman, umoci=umoci)
        self.pull("pull of one layer", "single", podman=podman)
        few, _ = self.pull("pull of 2,000 small files", "files2000")
        many, _ = self.pull("pull of 200,000 small files", "files200000", podman=podman)
        self.second_pull(few, many)
        self.memory()
        self.commit()
        self.bench.run(*AS_ROOT.split(), "rm", "-rf", self.folder)

    def layers(self, image):
        request = urllib.request.Request(f"http://{self.registry}/v2/{image}/manifests/latest", headers=ACCEPT)
        with urllib.request.urlopen(request) as answer:
            layers = json.load(answer)["layers"]
        return ([layer["size"] for layer in layers],
                [f"http://{self.registry}/v2/{image}/blobs/{layer['digest']}" for layer in layers])

    def quiet(self):
        """A command that gives every measured one the same start.

        What an earlier run has made is set aside, not removed, and is on the disk before the next
        begins. Else devenv, which syncs what it publishes, would write the files of the others as
        well; and ext4 without a journal is slow to reuse the inodes of files just removed. Memory is
        touched, because a virtual machine may have given it back to its host: having it again takes
        longer than all the rest, and whoever comes first would pay.
        """
        path = os.path.join(self.folder, "quiet")
        with open(path, "w", encoding="ascii") as file:
            file.write(f"""#!/bin/sh
for store in {self.folder}/store.*; do
  [ ! -e $store ] || mv $store {self.folder}/old/$$.${{store##*/}}
done
sync
free=$(awk '/MemAvailable/ {{ printf "%d", $2 * 1024 / 2 }}' /proc/meminfo)
[ $free -lt {TOUCHED_BYTES} ] || free={TOUCHED_BYTES}
head -c $free /dev/zero >/dev/shm/devenv-bench.$$
rm /dev/shm/devenv-bench.$$
""")
        os.chmod(path, 0o755)
        return path

    def script(self, name, lines):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="ascii") as file:
            file.write("#!/bin/sh\n" + "\n".join(lines) + "\n")
        os.chmod(path, 0o755)
        return path

    def own_pull(self, image):
        return f"env XDG_DATA_HOME={self.folder}/store.devenv {self.bench.devenv} image pull {self.registry}/{image}:latest"

    def pull(self, what, image, *, podman=False, umoci=False):
        """Seconds of devenv, and of curl with tar. Into stores of their own: what else is measured stays."""
        reference = f"{self.registry}/{image}:latest"
        plain = f"{self.folder}/store.plain"
        unpacker = "igzip" if shutil.which("igzip") else "gzip"
        lines = []
        for number, url in enumerate(self.layers(image)[1]):
            target = f"{plain}/{number}"
            lines.append(f"(mkdir -p {target} && curl -sS {url} | {unpacker} -dc | "
                         f"tar -x --numeric-owner -p -C {target}) &")
        script = self.script("unpack", lines + ["wait"])
        names, commands = ["devenv pull", f"curl, {unpacker}, tar"], [self.own_pull(image), f"{AS_ROOT} {script}"]
        goals = {"dev": {names[1]: "at most 1.1 x", "podman pull": "at most 1/6", "skopeo, umoci": "at most 1/2"},
                 "single": {"podman pull": "at most 1/3"}}
        if podman:
            store = f"{self.folder}/store.podman"
            names.append("podman pull")
            commands.append(f"podman --root {store} --runroot {store}.run pull --quiet --tls-verify=false {reference}")
        if umoci:
            store = f"{self.folder}/store.umoci"
            names.append("skopeo, umoci")
            commands.append(self.script("umoci", [
                f"mkdir {store} && skopeo --insecure-policy copy --quiet --src-tls-verify=false docker://{reference} "
                f"oci:{store}/oci:dev && exec umoci unpack --rootless --image {store}/oci:dev {store}/bundle"]))
        seconds = self.bench.time(commands, runs=1, prepare=[self.quiet()] * len(commands))
        self.bench.row(what, names, seconds, goals.get(image, {}))
        return seconds[:2]

    def second_pull(self, few, many):
        """Of an image that is there; and what a file costs, without what a pull costs anyway."""
        command = f"{self.bench.devenv} image pull {self.registry}/dev:latest"
        [again] = self.bench.time([command], runs=20, warmup=2)
        self.bench.fact("second pull", f"{again * 1e3:.1f} ms", "under 30 ms, one request")
        each = [(few - again) / 2e3 * 1e6, (many - again) / 2e5 * 1e6]
        self.bench.fact("a file of 2,000, of 200,000", f"{each[0]:.0f} us, {each[1]:.0f} us", "the same")

    def memory(self):
        """Most memory of all its processes together, proportional share (PSS)."""
        self.bench.run(self.quiet())
        peak = 0
        with subprocess.Popen(self.own_pull("dev").split(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as pull:
            while pull.poll() is None:
                peak = max(peak, sum(pss(pid) for pid in family(pull.pid)))
                time.sleep(0.01)
        self.bench.fact("memory of a pull", f"{peak / 1024:.0f} MiB PSS", "under 64 MiB")

    def commit(self):
        bench = self.bench
        bench.run(bench.devenv, "create", "changed", "--image", f"{self.registry}/dev:latest")
        bench.run(bench.devenv, "run", "changed", "sudo", "cp", "-a", "/usr/lib", "/opt/lib")
        bench.run(bench.devenv, "stop", "changed")
        upper = os.path.expanduser("~/.local/share/devenv/envs/changed/upper")
        archive = self.script("archive", [f"tar -c --numeric-owner -C {upper} . | igzip -1 >{self.folder}/store.tgz"])
        commands = [f"{bench.devenv} commit changed localhost/changed:latest", f"{AS_ROOT} {archive}"]
        seconds = bench.time(commands, runs=1, prepare=[self.quiet()] * 2)
        bench.row("commit", ["devenv commit", "tar -c, igzip"], seconds, "at most 1 x tar -c, igzip")
        bench.run(bench.devenv, "rm", "-f", "changed")


def pss(pid):
    """In KiB; 0 of a process that has gone."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            return next((int(line.split()[1]) for line in file if line.startswith("Pss:")), 0)
    except OSError:
        return 0


def family(pid):
    """The process and all that it has started."""
    members, children = {pid}, {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", encoding="ascii", errors="replace") as file:
                children.setdefault(int(file.read().rpartition(")")[2].split()[1]), []).append(int(name))
        except OSError:
            pass
    todo = [pid]
    while todo:
        for child in children.get(todo.pop(), []):
            members.add(child)
            todo.append(child)
    return members
