#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
load helpers

@test "doctor: this machine is able" {
  expect 0 devenv doctor
  contains "$output" "user namespaces"
  contains "$output" "newuidmap"
  contains "$output" "overlay"
}

@test "doctor: as JSON" {
  expect 0 devenv doctor --json
  python3 - "$output" <<'P'
import json, sys
document = json.loads(sys.argv[1])
assert document["schema"] == 1
states = {"pass", "warn", "fail"}
names = next(key for key in document if isinstance(document[key], list))
assert document[names] and all(finding["status"] in states for finding in document[names]), document
P
}

@test "doctor: says what to type when newuidmap is missing" {
  # A PATH that has everything but the tools that write id maps.
  mkdir -p "$BATS_TEST_TMPDIR/bin"
  local program
  for program in sh env cat grep; do
    ln -s "$(command -v "$program")" "$BATS_TEST_TMPDIR/bin/"
  done
  [[ $(id -u) != 0 ]] || skip "root needs no newuidmap"
  expect 5 env PATH="$BATS_TEST_TMPDIR/bin" "$DEVENV" doctor
  contains "$output" "uidmap"
  matches "$output" "(apt-get|apt|dnf|pacman) .*install|-S"
}

@test "doctor: changes nothing" {
  rm -rf "$HOME/.local"
  expect 0 devenv doctor
  equals "$(find "$HOME/.local" -type f 2>/dev/null)" ""
}
