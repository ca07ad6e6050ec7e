#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks every #include line and some calls of the program against layers.txt beside this file.

    check_layers.py SOURCE_DIRECTORY
"""

import os
import re
import sys

FOLDERS = ("cmd", "env", "profiles", "man")
MAX_LINES = 400


def read_rules(path):
    """layers.txt: {folder: allowed folders}, {header prefix: places}, [(pattern, places)]."""
    folders, headers, patterns = {}, {}, []
    with open(path, encoding="utf-8") as file:
        for line in file:
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            subject, _, places = line.rpartition(":")
            if line.startswith("!"):
                patterns.append((re.compile(subject[1:]), places.split()))
            elif line.startswith("<"):
                headers[subject[1:]] = places.split()
            else:
                folders[subject] = places.split()
    return folders, headers, patterns


def sources(top):
    for folder in FOLDERS:
        for path, _, names in os.walk(os.path.join(top, folder)):
            for name in sorted(names):
                if name.endswith((".cpp", ".hpp")):
                    yield os.path.relpath(os.path.join(path, name), top)


def is_in(path, places):
    return any(path.startswith(place) if place.endswith("/") else path == place for place in places)


def bare(text):
    """Without comments and the insides of literals; line ends stay where they are."""
    def blank(match):
        found = match.group(0)
        if found.startswith("/"):
            return "\n" * found.count("\n")
        return found[0] + "\n" * found.count("\n") + found[-1]
    return re.sub(r'R"(\w*)\(.*?\)\1"|//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|(?<!\w)\'(?:\\.|[^\'\\\n])+\'',
                  blank, text, flags=re.S)


def check_includes(path, text, folders, headers):
    own = os.path.dirname(path)
    if own not in folders:
        yield 1, f"the folder {own} is not in tests/lint/layers.txt"
        return
    allowed = [own] + folders[own]
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)', line)
        if not match:
            continue
        kind, header = match.groups()
        if kind == '"':
            folder = os.path.dirname(header)
            if folder in folders and folder not in allowed:
                yield number, f"{own} may not include {folder}"
            elif header.endswith("_internal.hpp") and folder != own:
                yield number, f'"{header}" is internal to {folder}'
            elif "/" not in header:
                yield number, f'"{header}": includes are written from the root'
            continue
        for prefix, places in headers.items():
            if header.startswith(prefix) and not is_in(path, places):
                yield number, f"<{header}> belongs to {' '.join(places)}"


def check_patterns(path, text, patterns):
    for number, line in enumerate(bare(text).splitlines(), 1):
        for pattern, places in patterns:
            match = pattern.search(line)
            if match and not is_in(path, places):
                where = " ".join(places) or "nowhere"
                yield number, f"'{match.group(0)}' belongs to {where}"


def check_file(path, text, rules):
    folders, headers, patterns = rules
    yield from check_includes(path, text, folders, headers)
    yield from check_patterns(path, text, patterns)
    if not text.startswith("// SPDX-License-Identifier: MIT\n"):
        yield 1, "does not begin with its SPDX line"
    if path.endswith(".hpp") and "#pragma once" not in text:
        yield 1, "no #pragma once"
    if text.count("\n") > MAX_LINES:
        yield MAX_LINES, f"more than {MAX_LINES} lines: is it one responsibility?"


def main():
    top = sys.argv[1]
    rules = read_rules(os.path.join(os.path.dirname(os.path.abspath(__file__)), "layers.txt"))
    problems = files = 0
    for path in sources(top):
        files += 1
        with open(os.path.join(top, path), encoding="utf-8") as file:
            text = file.read()
        for number, problem in check_file(path, text, rules):
            print(f"{path}:{number}: {problem}")
            problems += 1
    print(f"{files} files, {problems} problems")
    return 1 if problems or not files else 0


if __name__ == "__main__":
    sys.exit(main())
