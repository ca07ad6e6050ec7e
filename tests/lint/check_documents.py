#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each command of the program has a man page, a row in README.md and an end-to-end test.

    check_documents.py SOURCE_DIRECTORY DEVENV BUILD_DIRECTORY
"""

import glob
import os
import re
import subprocess
import sys


def commands(devenv):
    """The names in the command lists of `devenv --help`."""
    text = subprocess.run([devenv, "--help"], check=True, capture_output=True, text=True).stdout
    return sorted(set(re.findall(r"^  ([a-z][a-z-]*)(?:, [a-z]+)*  +\S", text, flags=re.M)))


def read(*paths):
    texts = []
    for path in paths:
        with open(path, encoding="utf-8") as file:
            texts.append(file.read())
    return "\n".join(texts)


def main():
    source, devenv, build = sys.argv[1:]
    names = commands(devenv)
    readme = read(os.path.join(source, "README.md"))
    tests = read(*glob.glob(os.path.join(source, "tests", "e2e", "*.bats")))
    problems = []
    if len(names) < 5:
        problems.append(f"devenv --help lists {names}")
    for name in names:
        if not re.search(rf"^\|.*`devenv {name}\b", readme, flags=re.M):
            problems.append(f"README.md: no table row for 'devenv {name}'")
        if not re.search(rf"\bdevenv {name}\b", tests):
            problems.append(f"tests/e2e: 'devenv {name}' is never run")
        if not glob.glob(os.path.join(build, "**", f"devenv-{name}.1*"), recursive=True):
            problems.append(f"man: no page devenv-{name}(1)")
    # A link in a document leads somewhere.
    for document in ("README.md", "env/README.md", "tests/README.md", ".github/CONTRIBUTING.md"):
        folder = os.path.dirname(os.path.join(source, document))
        for target in re.findall(r"\]\(([^)#:]+)\)", read(os.path.join(source, document))):
            if not os.path.exists(os.path.join(folder, target)):
                problems.append(f"{document}: no file {target}")
    print("\n".join(problems) or f"{len(names)} commands")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
