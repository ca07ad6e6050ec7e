#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154
# What everything takes on the disk.
load helpers

setup_file() { start_registry; }
teardown_file() { stop_registry; }
teardown() { remove_all; }

# member PATH...: of the document of du.
member() {
  devenv du --json | python3 -c '
import json, sys
value = json.load(sys.stdin)
for key in sys.argv[1:]:
    value = value[int(key)] if isinstance(value, list) else value[key]
print(value)' "$@"
}

@test "du: what is in an environment is its own, what is below is shared" {
  quietly devenv du
  contains "$output" "in all:"
  create one
  create two
  local before after
  before=$(member environments 0 own_bytes)
  expect 0 devenv run one sudo sh -c 'head -c 3000000 /dev/urandom >/large && ln /large /again && chmod 600 /large'
  after=$(member environments 0 own_bytes)
  ((after - before >= 3000000 && after - before < 3500000)) || fail "from $before to $after"
  equals "$(member environments 0 below_bytes)" "$(member environments 1 below_bytes)"
  equals "$(member images 0 own_bytes)" 0
  equals "$(member unused_bytes)" 0
  expect 0 devenv rm -f one two
  equals "$(member images 0 own_bytes)" "$(member images 0 total_bytes)"
  expect 0 devenv image rm --all -y
  [[ $(member unused_bytes) -gt 1000000 ]] || fail "nothing is unused"
  quietly devenv du
  contains "$output" "devenv image prune"
}
