#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
load helpers

commands="create enter run list stop rm inspect image profile doctor completion version"

@test "version: the same from the option and the command" {
  quietly devenv --version
  matches "$output" '^devenv [0-9]+\.[0-9]+\.[0-9]+$'
  local option=$output
  quietly devenv version
  equals "${lines[0]}" "$option"
}

@test "help: lists every command with a summary" {
  quietly devenv --help
  local command
  for command in $commands; do
    matches "$output" "(^|[[:space:]])${command}[[:space:]]+[A-Za-z]"
  done
}

@test "help: without any argument it is shown, too, as a usage error" {
  expect 2 devenv
  contains "$output$stderr" "devenv"
  contains "$output$stderr" "enter"
}

@test "help: the command says what the option says" {
  quietly devenv stop --help
  local option=$output
  quietly devenv help stop
  equals "$output" "$option"
  quietly devenv help exit-codes
  matches "$output" '127[[:space:]]+'
}

@test "help: every command has its own" {
  local command
  for command in $commands "image pull" "image list" "image rm" "image inspect" "image prune" \
    "profile list" "profile show" "profile check"; do
    # shellcheck disable=SC2086 # two words are two arguments
    quietly devenv $command --help
    contains "$output" "${command##* }"
  done
}

@test "unknown command: exit status 2, one error, and what was meant" {
  fails_with 2 "etner" devenv etner
  contains "$stderr" "did you mean"
  contains "$stderr" "enter"
}

@test "unknown command: no suggestion when nothing is near" {
  fails_with 2 "qqqqqqqq" devenv qqqqqqqq
  lacks "$stderr" "did you mean"
}

@test "unknown option: exit status 2, and it is named" {
  fails_with 2 "--nmae" devenv list --nmae
}

@test "missing argument: exit status 2" {
  fails_with 2 "" devenv create
  fails_with 2 "" devenv stop
  fails_with 2 "" devenv image pull
}

@test "nothing is written before there is something to write" {
  quietly devenv --version
  quietly devenv --help
  quietly devenv list
  [[ ! -e $HOME/.local/share/devenv/envs ]] || equals "$(ls "$HOME/.local/share/devenv/envs")" ""
}

@test "output that nobody reads is no crash" {
  run bash -c 'set -o pipefail; devenv --help | true'
  [[ $status == 0 || $status == 1 || $status == 141 ]] || fail "status $status"
  expect 1 bash -c 'devenv --help >/dev/full'
}
