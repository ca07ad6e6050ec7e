#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2016
# `devenv edit` and `devenv set`: what can be changed after an environment was made.
load helpers

setup_file() { start_registry; }
teardown_file() { stop_registry; }
teardown() { remove_all; }

@test "edit: mounts come and go with the next start" {
  mkdir -p "$HOME/data"
  echo there >"$HOME/data/file"
  create box
  expect 0 devenv edit box --mount "$HOME/data:/data:ro" --mount "$HOME/data/file:/etc/one"
  expect 0 devenv run box sh -c 'cat /data/file /etc/one; touch /data/x 2>/dev/null || echo read-only'
  equals "$output" "there"$'\n'"there"$'\n'"read-only"
  expect 0 devenv edit box --no-mount /data
  contains "$stderr" "after devenv stop box"
  expect 0 devenv run box ls /data/file
  expect 0 devenv stop box
  expect 1 devenv run box ls /data/file
  fails_with 3 "no '$HOME/nothing' to mount" devenv edit box --mount "$HOME/nothing:/x"
  fails_with 2 "bad mount" devenv edit box --mount "$HOME:relative"
  fails_with 2 "nothing to change" devenv edit box
  rm -rf "$HOME/data"
}

@test "edit: variables and the shell, at once" {
  create box
  expect 0 devenv run box true
  expect 0 devenv edit box --set-env 'GREETING=two words' --set-env PAGER=cat
  expect 0 devenv run box sh -c 'echo $GREETING'
  equals "$output" "two words"
  expect 0 devenv edit box --unset-env GREETING
  expect 0 devenv run box sh -c 'echo ${GREETING:-none} $PAGER'
  equals "$output" "none cat"
  expect 0 devenv edit box --shell /bin/ash
  expect 0 devenv enter box <<<'echo $0'
  contains "$output" "ash"
}

@test "set: the same by keys, several at once" {
  create box
  expect 0 devenv set box env=A=1 memory=64M no-share=tmp host-commands=deny
  expect 0 devenv inspect box --json
  contains "$output" '"memory": 67108864'
  contains "$output" '"host_commands": "deny"'
  expect 0 devenv set box memory=none name=other
  expect 0 devenv run other sh -c 'echo $A'
  equals "$output" "1"
  fails_with 2 "did you mean 'memory'?" devenv set other memroy=1G
  fails_with 2 "bad value for --memory" devenv set other memory=much
  fails_with 2 "is not KEY=VALUE" devenv set other memory
}

@test "limits that cannot be kept are told, and keep nobody out" {
  [[ ! -S ${XDG_RUNTIME_DIR:-}/systemd/private ]] || skip "there is a service manager here"
  create box
  expect 0 devenv set box processes=100
  expect 0 devenv run box true
  contains "$stderr" "the limits of 'box' are not in force"
}
