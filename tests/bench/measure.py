#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The measurements of tests/bench/run, which calls this as the user who measures.

    measure.py WORK_DIRECTORY REGISTRY      prints the table (Markdown)
"""

import json
import os
import platform
import shlex
import shutil
import statistics
import subprocess
import sys
import time

from images import Images

ROUNDS = 3
# Those without which an environment has something of its own that takes longer to make.
BASIC_SHARES = ["home", "tmp", "network", "ipc", "hostname"]
# What a desktop has in XDG_RUNTIME_DIR.
SOCKETS = ["bus", "wayland-0", "pipewire-0", "pulse/native", "keyring/control", "gnupg/S.gpg-agent",
           "systemd/private", "doc/by-app", "at-spi/bus"]
FLATPAK_SPAWN = "/usr/libexec/flatpak-xdg-utils/flatpak-spawn"
FLATPAK_HELPER = "/usr/libexec/flatpak-session-helper"

# 200 programs; the icon is a header that says how large it is.
APPS = r"""
icons=/usr/share/icons/hicolor/48x48/apps
mkdir -p /usr/share/applications $icons
for number in $(seq 200); do
  id=org.example.App$number
  printf '[Desktop Entry]\nType=Application\nName=App %s\nExec=app%s %%U\nIcon=%s\nMimeType=text/x-%s;\n' \
    $number $number $id $number >/usr/share/applications/$id.desktop
  printf '\211PNG\r\n\032\n\0\0\0\015IHDR\0\0\0\060\0\0\0\060%4000s' $number >$icons/$id.png
done
"""


class Bench:
    def __init__(self, work, registry):
        self.work = work
        self.registry = registry
        self.image = f"{registry}/dev:latest"
        self.devenv = os.path.join(work, "prefix", "bin", "devenv")
        self.rows = []
        self.facts = []
        # In the home, where it can be run inside, too.
        self.clock = shutil.copy(shutil.which("hyperfine"), os.path.join(work, "home", "hyperfine"))

    # ---- helpers ----------------------------------------------------------------------------------

    def run(self, *command, check=True):
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if check and done.returncode != 0:
            sys.exit(f"{shlex.join(command)}: status {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def time(self, commands, *, runs, prepare=None, warmup=0, rounds=ROUNDS, within=None):
        """Median seconds of each command. They run in turn, `rounds` times; prepare is not timed.

        `within`: for each command, the command that the clock runs in.
        """
        times = [[] for _ in commands]
        result = os.path.join(self.work, "home", "hyperfine.json")
        for _ in range(rounds):
            for position, command in enumerate(commands):
                options = ["--runs", str(runs), "--warmup", str(warmup)]
                if prepare and prepare[position]:
                    options += ["--prepare", prepare[position]]
                self.run(*(within[position] if within else []), self.clock, "-N", *options, "--style", "none", "--export-json", result, command)
                with open(result, encoding="utf-8") as file:
                    times[position] += json.load(file)["results"][0]["times"]
        return [statistics.median(values) for values in times]

    def row(self, what, names, seconds, goal=""):
        """`names` and `seconds` of devenv first, then of what it is compared with.

        `goal`: for one of the others, which it names, or a dictionary of them.
        """
        for name, value in zip(names[1:], seconds[1:]):
            ratio = seconds[0] / value
            said = f"{ratio:.2f} x" if ratio > 0.5 else f"1/{1 / ratio:.0f}" if ratio < 0.1 else f"1/{1 / ratio:.1f}"
            self.rows.append((what, names[0], seconds[0], name, value, said,
                              goal.get(name, "") if isinstance(goal, dict) else goal if name in goal else ""))
            print(f"{what}: {names[0]} {seconds[0] * 1e3:.1f} ms, {name} {value * 1e3:.1f} ms, {said}",
                  file=sys.stderr)

    def fact(self, what, value, goal):
        """Something that nothing is compared with."""
        self.facts.append((what, value, goal))
        print(f"{what}: {value}", file=sys.stderr)

    # ---- peers ------------------------------------------------------------------------------------

    def start_podman(self):
        if not shutil.which("podman"):
            return False
        self.run("podman", "pull", "--quiet", "--tls-verify=false", self.image)
        self.run("podman", "run", "--detach", "--network=host", "--name=bench", self.image, "sleep", "infinity")
        return True

    def start_distrobox(self):
        if not shutil.which("distrobox"):
            return False
        self.run("distrobox", "create", "--yes", "--name", "peer", "--image", self.image)
        print("first entry of distrobox: it installs packages, a minute", file=sys.stderr)
        self.run("distrobox", "enter", "peer", "--", "true")
        return True

    # ---- measurements -----------------------------------------------------------------------------

    def keeper(self):
        record = os.path.expanduser("~/.local/share/devenv/envs/bench/running.json")
        with open(record, encoding="utf-8") as file:
            return json.load(file)["pid"]

    def version(self):
        self.row("version", ["devenv --version", "/bin/true"],
                 self.time([f"{self.devenv} --version", "/bin/true"], runs=200, warmup=20),
                 "at most 2 x /bin/true")

    def warm(self, podman, distrobox):
        pid = self.keeper()
        names = ["devenv enter", "nsenter"]
        commands = [f"{self.devenv} enter bench -- true",
                    f"nsenter -t {pid} -U -m --preserve-credentials -- true"]
        self.row("warm entry", names, self.time(commands, runs=150, warmup=10), "at most 2 x nsenter")
        names, commands = names[:1], commands[:1]
        if podman:
            names.append("podman exec")
            commands.append("podman exec bench true")
        if distrobox:
            names.append("distrobox enter")
            commands.append("distrobox enter peer -- true")
        if len(names) > 1:
            self.row("warm entry", names, self.time(commands, runs=10, warmup=1),
                     "at most 1/80 of distrobox enter")

    def cold(self, distrobox):
        commands = [f"{self.devenv} enter bench -- true"]
        prepare = [f"{self.devenv} stop bench"]
        alone = self.time(commands, runs=15, prepare=prepare)
        if distrobox:
            box = self.time(["distrobox enter peer -- true"], runs=1,
                            prepare=["podman stop --time 0 peer"])
            self.row("cold start", ["devenv enter", "distrobox enter"], alone + box,
                     "at most 1/20 of distrobox enter")
        return alone[0]

    def first(self):
        create = os.path.join(self.work, "home", "first")
        with open(create, "w", encoding="ascii") as file:
            file.write(f"#!/bin/sh\n{self.devenv} create first --image {self.image} >/dev/null 2>&1 && "
                       f"exec {self.devenv} enter first -- true\n")
        os.chmod(create, 0o755)
        seconds = self.time([create], runs=10, prepare=[f"sh -c '{self.devenv} rm -f first 2>/dev/null || :'"])
        self.run(self.devenv, "rm", "-f", "first", check=False)
        return seconds[0]

    def shares(self):
        """All that can be shared, as on a desktop, against what nobody does without."""
        for name in SOCKETS:
            path = os.path.join(os.environ["XDG_RUNTIME_DIR"], name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb"):
                pass
        self.run(self.devenv, "stop", "bench")
        shares = json.loads(self.run(self.devenv, "inspect", "--json", "bench"))["shares"]
        unwanted = []
        for share in shares:
            if share["name"] not in BASIC_SHARES:
                unwanted += ["--no-share", share["name"]]
        self.run(self.devenv, "create", "bare", "--image", self.image, *unwanted)
        names = ["devenv enter", "without shares"]
        commands = [f"{self.devenv} enter {name} -- true" for name in ("bench", "bare")]
        warm = self.time(commands, runs=60, warmup=5, rounds=10)
        self.row("warm entry, shares", names, warm,
                 f"at most 1 ms more than without shares: {(warm[0] - warm[1]) * 1e3:+.1f} ms")
        prepare = [f"{self.devenv} stop {name}" for name in ("bench", "bare")]
        cold = self.time(commands, runs=5, prepare=prepare, rounds=10)
        self.row("cold start, shares", names, cold,
                 f"at most 10 ms more than without shares: {(cold[0] - cold[1]) * 1e3:+.1f} ms")
        self.run(self.devenv, "rm", "-f", "bare")

    def host_commands(self):
        """Both ask a process of the session; flatpak's over the session's bus, on the host itself."""
        names = ["devenv host true", "/bin/true"]
        commands = ["/run/devenv/bin/devenv host true", "/bin/true"]
        within = [[self.devenv, "enter", "bench", "--"], []]
        servers = []
        if os.path.exists(FLATPAK_SPAWN) and os.path.exists(FLATPAK_HELPER):
            address = f"unix:path={self.work}/runtime/flatpak-bus"
            servers.append(subprocess.Popen(["dbus-daemon", "--session", "--nofork", f"--address={address}"]))
            bus = {**os.environ, "DBUS_SESSION_BUS_ADDRESS": address}
            wait_for(os.path.join(self.work, "runtime", "flatpak-bus"))
            servers.append(subprocess.Popen([FLATPAK_HELPER], env=bus))
            names.append("flatpak-spawn --host true")
            commands.append(f"{FLATPAK_SPAWN} --host true")
            within.append(["env", f"DBUS_SESSION_BUS_ADDRESS={address}"])
        self.row("host command", names, self.time(commands, runs=40, warmup=5, rounds=5, within=within),
                 "under 10 ms; at most 1/10 of flatpak-spawn --host true")
        for server in servers:
            server.terminate()
            server.wait()

    def exported_command(self, distrobox):
        """What a shell of the host finds in PATH, without devenv or distrobox being typed."""
        mine = os.path.expanduser("~/.local/bin")
        self.run(self.devenv, "export", "bench", "--bin", "true")
        commands = [f"{mine}/true", f"{self.devenv} run bench true"]
        self.row("exported command", ["true", "devenv run bench true"],
                 self.time(commands, runs=150, warmup=10), "at most 2 x devenv run bench true")
        if distrobox:
            theirs = os.path.expanduser("~/.local/peer")
            os.makedirs(theirs, exist_ok=True)
            self.run("distrobox", "enter", "peer", "--", "distrobox-export", "--bin", "/usr/bin/true",
                     "--export-path", theirs)
            # On a machine that is a container itself, it would take the host for one of its own.
            self.run("sed", "-i", "s|/.dockerenv|/no-such-file|; s|/run/.containerenv|/no-such-file|", f"{theirs}/true")
            self.row("exported command", ["true", "distrobox-export --bin"],
                     self.time([f"{mine}/true", f"{theirs}/true"], runs=10, warmup=1),
                     "at most 1/30 of distrobox-export --bin")
        self.run(self.devenv, "export", "bench", "--delete")

    def exported_apps(self):
        """Made up: an entry and an icon each. Copied, for scale: what was written."""
        self.run(self.devenv, "run", "bench", "sudo", "sh", "-c", APPS)
        share = os.path.expanduser("~/.local/share")
        export = f"{self.devenv} export bench --all-apps"
        self.run(*export.split())
        written = os.path.join(self.work, "home", "written")
        copy = os.path.join(self.work, "home", "copy")
        os.makedirs(written)
        for name in ("applications", "icons"):
            shutil.copytree(os.path.join(share, name), os.path.join(written, name))
        self.row("export of 200 apps", ["devenv export --all-apps", "cp -r"],
                 self.time([export, f"cp -r {written} {copy}"], runs=5,
                           prepare=[f"{self.devenv} export bench --delete", f"rm -rf {copy}"]),
                 "under 2 s; cp -r of what is written shows the scale")
        self.run(self.devenv, "export", "bench", "--delete")

    def make_project(self, name):
        directory = os.path.join(self.work, "home", name)
        os.makedirs(directory)
        with open(os.path.join(directory, "devenv.toml"), "w", encoding="utf-8") as file:
            file.write(f"""[env]
base = "{self.image}"
[environment]
GREETING = "hello"
[[setup]]
run = "mkdir /made && cd /made && for i in $(seq 2000); do echo $i >$i; done"
[[setup]]
run = "cat Makefile >/made/again"
inputs = ["Makefile"]
[tasks]
test = "true"
""")
        with open(os.path.join(directory, "Makefile"), "w", encoding="utf-8") as file:
            file.write("all:\n")
        return directory

    def projects(self):
        """A project that is up; the same one when nothing is to be done; another one with the same needs."""
        first, second = self.make_project("project"), self.make_project("second")
        self.run("env", "-C", first, self.devenv, "up", "--allow")
        self.run("env", "-C", second, self.devenv, "allow", "-y")
        enter = self.time([f"env -C {first} {self.devenv} enter -- true",
                           f"env -C {first} {self.devenv} enter bench -- true"], runs=150, warmup=10)
        self.row("entry in a project", ["devenv enter", "devenv enter bench"], enter,
                 f"at most 1 ms more than devenv enter bench: {(enter[0] - enter[1]) * 1e3:+.1f} ms")
        [cached] = self.time([f"env -C {first} {self.devenv} up"], runs=30, warmup=2)
        up = f"env -C {second} {self.devenv} up"
        [other] = self.time([up], runs=10, prepare=[f"sh -c '{self.devenv} rm -f second 2>/dev/null || :'"])
        self.run(self.devenv, "rm", "-f", "project", "second")
        return cached, other

    def hook(self):
        """Of each prompt after a change of the directory, into a project and out of it; without one it is less."""
        script = """eval "$(devenv hook bash)"; a=$HOME/project; b=/usr/share; cd $b; __devenv_hook
time for ((i = 0; i < 500; i++)); do PWD=$a; __devenv_hook; PWD=$b; __devenv_hook; done 2>/dev/null"""
        environment = dict(os.environ, PATH=os.path.dirname(self.devenv) + ":" + os.environ["PATH"], TIMEFORMAT="%R")
        done = subprocess.run(["bash", "-c", script], env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, check=True)
        return float(done.stderr.splitlines()[-1]) / 1000

    def pss(self):
        with open(f"/proc/{self.keeper()}/smaps_rollup", encoding="ascii") as file:
            for line in file:
                if line.startswith("Pss:"):
                    return int(line.split()[1])
        return 0

    # ---- all of it --------------------------------------------------------------------------------

    def measure(self):
        self.run(self.devenv, "create", "bench", "--image", self.image)
        self.run(self.devenv, "enter", "bench", "--", "true")
        podman = self.start_podman()
        distrobox = podman and self.start_distrobox()
        self.version()
        self.warm(podman, distrobox)
        self.shares()
        self.host_commands()
        self.exported_command(distrobox)
        self.exported_apps()
        cached, other = self.projects()
        prompt = self.hook()
        Images(self, self.registry).measure(podman)
        cold = self.cold(distrobox)
        first = self.first()
        self.run(self.devenv, "enter", "bench", "--", "true")
        pss = self.pss()
        self.run(self.devenv, "rm", "-f", "bench")
        if podman:
            self.run("podman", "rm", "--force", "--all", "--time", "0", check=False)
            # Its pause process keeps the storage mounted.
            self.run("podman", "system", "migrate", check=False)
        return cold, first, pss, cached, other, prompt

    def table(self, cold, first, pss, cached, other, prompt):
        lines = [
            "# Measured",
            "",
            f"Linux {platform.release()}, {os.cpu_count()} processors; medians; what a line compares ran in turn",
            "(`tests/bench/run`).",
            "",
            "| what | devenv | compared with | | devenv takes | to reach |",
            "|---|---|---|---|---|---|",
        ]
        for what, mine, seconds, name, peer, ratio, goal in self.rows:
            lines.append(f"| {what} | {mine} {show(seconds)} | {name} | {show(peer)} | {ratio} | {goal} |")
        lines.append(f"| create and first entry | {show(first)} | | | | under 100 ms |")
        lines.append(f"| a project, nothing to do | devenv up {show(cached)} | | | | under 50 ms |")
        lines.append(f"| another project with the same needs | devenv up {show(other)} | | | | under 100 ms |")
        lines.append(f"| hook of the shell, each prompt | {show(prompt)} | | | | under 5 ms |")
        lines.append(f"| memory of the keeper | {pss} kB PSS | | | | under 1024 kB |")
        for what, value, goal in self.facts:
            lines.append(f"| {what} | {value} | | | | {goal} |")
        lines += [
            "",
            "*Shares*: all of the table, with what a desktop has in XDG_RUNTIME_DIR, against none but home, tmp, network, ipc",
            "and hostname. Off, the runtime directory is one of the environment's own, which costs as much as it saves.",
            "*Host command*: asked for inside; flatpak's client and session helper run on the host with a bus of their own,",
            "so its sandbox is not in the number.",
        ]
        return "\n".join(lines)


def wait_for(path):
    while not os.path.exists(path):
        time.sleep(0.05)


def show(seconds):
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1e3:.1f} ms"


def main():
    bench = Bench(sys.argv[1], sys.argv[2])
    print(bench.table(*bench.measure()))


if __name__ == "__main__":
    main()
