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
states = {"pass", "off", "warn", "fail"}
names = next(key for key in document if isinstance(document[key], list))
assert document[names] and all(finding["status"] in states for finding in document[names]), document
P
}

@test "doctor: changes nothing" {
  rm -rf "$HOME/.local"
  expect 0 devenv doctor
  equals "$(find "$HOME/.local" -type f 2>/dev/null)" ""
}
