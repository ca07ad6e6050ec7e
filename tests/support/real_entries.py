#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Many real desktop entries through parser, writer and rewriting. real_entries.py REWRITE_ENTRIES FOLDER

Fails when one is not written as it was read, when what its Exec would run inside is not what it ran
(read by another parser than ours), or when desktop-file-validate takes the original but not the result.
"""

import os
import shlex
import subprocess
import sys
import tempfile

ESCAPES = {"s": " ", "n": "\n", "t": "\t", "r": "\r", "\\": "\\"}


def unescape(value):
    text, index = "", 0
    while index < len(value):
        pair = value[index:index + 2]
        escaped = len(pair) == 2 and pair[0] == "\\"
        text += ESCAPES.get(pair[1], pair) if escaped else pair[0]
        index += 2 if escaped else 1
    return text


def commands(path):
    """The arguments of every Exec in the file."""
    found = []
    with open(path, encoding="utf-8", errors="surrogateescape", newline="\n") as file:
        for line in file:
            key, _, value = line.partition("=")
            if key.strip() == "Exec":
                found.append(shlex.split(unescape(value.strip())))
    return found


def is_valid(path):
    return subprocess.run(["desktop-file-validate", path], capture_output=True, check=False).returncode == 0


def entries_below(folder):
    found = {}
    for directory, _, names in sorted(os.walk(folder)):
        for name in names:
            path = os.path.join(directory, name)
            if name.endswith(".desktop") and os.path.isfile(path):
                found.setdefault(name, path)
    return found


def check(name, original, result):
    problems = []
    inside = [command[command.index("--") + 1:] for command in commands(result)]
    # The path of the entry is put in, and deprecated codes are left out: those are compared by nobody.
    if inside != commands(original) and not any(
            code in " ".join(sum(commands(original), [])) for code in ("%k", "%d", "%D", "%n", "%N", "%v", "%m")):
        problems.append(f"{name}: runs {inside}, not {commands(original)}")
    if is_valid(original) and not is_valid(result):
        problems.append(f"{name}: valid before, but not after")
    return problems


def main():
    program, folder = sys.argv[1:]
    entries = entries_below(folder)
    with tempfile.TemporaryDirectory() as output:
        run = subprocess.run([program, output, *entries.values()], capture_output=True, check=False)
        lines = run.stdout.decode(errors="replace").splitlines()
        problems = [line for line in lines if line.startswith(("LOST", "CHANGED"))]
        for name in sorted(os.listdir(output)):
            problems += check(name, entries[name], os.path.join(output, name))
        print(f"{len(entries)} entries, {len(os.listdir(output))} rewritten, {len(problems)} problems")
    print("\n".join([line for line in lines if not line.startswith("ok ")] + problems))
    return 1 if problems or run.returncode != 0 else 0


if __name__ == "__main__":
    sys.exit(main())
