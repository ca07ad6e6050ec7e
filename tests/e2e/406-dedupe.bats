#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154
# Files that several layers have, on a file system that can share blocks (btrfs, mounted by `run`).
load helpers

setup_file() { start_registry; }
teardown_file() { stop_registry; }
setup() {
  [[ $TEST_CALLER_UID == 0 ]] || skip "needs root"
  mountpoint -q "$TEST_SHARING_DISK" || skip "btrfs cannot be mounted here"
  export XDG_DATA_HOME=$TEST_SHARING_DISK
}
teardown() { remove_all; }

# free_bytes: once everything has reached the disk.
free_bytes() {
  sync -f "$TEST_SHARING_DISK"
  df --output=avail -B1 "$TEST_SHARING_DISK" | tail -n 1
}

# number MEMBER [FLAG...]: of the document of `image dedupe`.
number() {
  devenv image dedupe --json "${@:2}" | python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"
}

# layer_with FILE MODE NAME: an image whose layer has it.
layer_with() {
  create box
  expect 0 devenv run box sudo sh -c "cat '$1' >/copy-$3 && chmod $2 /copy-$3"
  expect 0 devenv stop box
  expect 0 devenv commit box "localhost/$3"
  expect 0 devenv rm -f box
}

@test "dedupe: the same contents in two layers lie on the disk once" {
  head -c 12000000 /dev/urandom >"$HOME/random"
  { head -c 4096 "$HOME/random"; head -c 11991808 /dev/urandom; tail -c 4096 "$HOME/random"; } >"$HOME/other"
  layer_with "$HOME/random" 600 one
  layer_with "$HOME/random" 755 two
  layer_with "$HOME/other" 755 three
  create box localhost/one
  local before after
  before=$(free_bytes)
  equals "$(number files --dry-run)" 1
  equals "$(number bytes --dry-run)" 12001280
  equals "$(free_bytes)" "$before"
  devenv run box sleep 600 >/dev/null 2>&1 </dev/null 3>&- &
  wait_until grep -qs sleep "/proc/$!/comm"
  expect 0 devenv image dedupe
  equals "$output" "shared 1 file, 11.4 MiB"
  after=$(free_bytes)
  ((after - before > 11000000)) || fail "from $before to $after bytes free"
  expect 0 devenv image dedupe
  equals "$output" "nothing to share"
  # Layers are what they were: saving one packs it, and compares the digest.
  equals "$(number files --dry-run)" 0
  expect 0 devenv run box sudo cmp /copy-one "$HOME/random"
  expect 0 devenv stop box
  local name
  for name in one two three; do
    expect 0 devenv image save "localhost/$name" "$HOME/$name.tar"
  done
}

@test "dedupe: holes are no saving, and a file that cannot be is left" {
  local name
  for name in one two; do
    create box
    expect 0 devenv run box sudo truncate -s 20M "/$name"
    expect 0 devenv stop box
    expect 0 devenv commit box "localhost/$name"
    expect 0 devenv rm -f box
  done
  expect 0 devenv image dedupe
  equals "$output" "nothing to share"
  head -c 3000000 /dev/urandom >"$HOME/random"
  head -c 2000000 /dev/urandom >"$HOME/other"
  layer_with "$HOME/random" 600 three
  layer_with "$HOME/other" 600 four
  layer_with "$HOME/other" 755 five
  chattr +C "$XDG_DATA_HOME/devenv/store/tmp"
  layer_with "$HOME/random" 755 six
  expect 0 devenv image dedupe
  matches "$output" "^shared 1 file, 1.9 MiB"
}

@test "dedupe: a file system that cannot" {
  unset XDG_DATA_HOME
  head -c 100000 /dev/urandom >"$HOME/random"
  layer_with "$HOME/random" 600 one
  layer_with "$HOME/random" 755 two
  fails_with 5 "the file system cannot share blocks between files" devenv image dedupe
  contains "$stderr" "hint: btrfs, xfs and bcachefs can; nothing was changed"
}
