#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
load helpers

setup_file() { start_registry; }
teardown_file() { stop_registry; }
teardown() { remove_all; }

@test "list: nothing there is no error" {
  quietly devenv list
  quietly devenv list --json
  equals "$(python3 -c 'import json, sys; print(json.loads(sys.argv[1]))' "$output")" \
    "{'schema': 1, 'environments': []}"
}

@test "list: names, states, sorted" {
  create zebra
  create ape
  expect 0 devenv run ape true
  quietly devenv list
  matches "$output" 'ape.*running'
  matches "$output" 'zebra.*stopped'
  equals "$(environments)" $'ape\nzebra'
  equals "$(field ape status)" "running"
  equals "$(field zebra status)" "stopped"
}

@test "list: ls is the same" {
  create web
  quietly devenv list --json
  local list=$output
  quietly devenv ls --json
  equals "$output" "$list"
}

@test "list: no escape sequences where there is no terminal" {
  create web
  quietly devenv list
  lacks "$output" $'\e'
}

@test "inspect: one environment, as text and as JSON" {
  create web
  quietly devenv inspect web
  contains "$output" "web"
  contains "$output" "busybox"
  quietly devenv inspect web --json
  python3 - "$output" <<'P'
import json, sys
document = json.loads(sys.argv[1])
assert document["schema"] == 1, document
P
}

@test "inspect: an unknown name, with a suggestion" {
  create workshop
  fails_with 3 "'worksop'" devenv inspect worksop
  contains "$stderr" "did you mean"
  contains "$stderr" "workshop"
}
