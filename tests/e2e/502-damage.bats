#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Files of ours that are damaged, and callers with unusual settings: what runs can always be ended
# and removed, and whatever is told is true.
load helpers

setup_file() { start_registry; }
teardown_file() { stop_registry; }
teardown() {
  chmod -R u+rwx "$HOME/.local" 2>/dev/null || :
  remove_all
}

# A running environment, with a process inside that has to be ended.
start_box() {
  create box
  expect 0 devenv run box sh -c 'sleep 1000 >/dev/null 2>&1 & echo $!'
  sleeper=$output
}

# ---- damaged files of an environment -------------------------------------------------------------

@test "stop: one that runs with a damaged state or spec" {
  local file
  for file in state.json spec.json; do
    start_box
    echo '{' >"$(environment_dir box)/$file"
    expect 0 devenv stop -t 1 box
    equals "$stderr" "stopped 'box'"
    alive "$sleeper" && fail "the process inside lives on"
    expect 0 devenv rm box
  done
}

@test "stop --all: damaged ones, too" {
  start_box
  rm "$(environment_dir box)/state.json"
  expect 0 devenv stop --all -t 1
  equals "$stderr" "stopped 'box'"
  alive "$sleeper" && fail "the process inside lives on"
  expect 0 devenv rm box
}

@test "rm: one that runs with a damaged state" {
  start_box
  echo '{' >"$(environment_dir box)/state.json"
  fails_with 4 "environment 'box' is running" devenv rm box
  alive "$sleeper" || fail "rm without --force ended a process"
  expect 0 devenv rm --force box
  alive "$sleeper" && fail "the process inside lives on"
  equals "$(environments)" ""
}

@test "rm: one that runs, with nothing but its lock left" {
  start_box
  rm "$(environment_dir box)"/{state,spec,running}.json
  fails_with 4 "environment 'box' is running" devenv rm box
  expect 0 devenv rm --force box
  alive "$sleeper" && fail "the process inside lives on"
  equals "$(environments)" ""
}

@test "a FIFO in the place of a file is not waited for" {
  local file
  create box
  for file in running state spec; do
    rm -f "$(environment_dir box)/$file.json"
    mkfifo "$(environment_dir box)/$file.json"
    expect 0 timeout 20 devenv list
    contains "$output" box
  done
  expect 0 timeout 20 devenv rm box
}

@test "list: a data directory that cannot be read is not an empty one" {
  [[ $(id -u) != 0 ]] || skip "root reads everything"
  create box
  chmod 000 "$HOME/.local/share/devenv/envs"
  fails_with 1 "Permission denied" devenv list
  fails_with 125 "Permission denied" devenv run box true
}

@test "doctor: names what is damaged" {
  create box
  expect 0 devenv doctor
  contains "$output" "1 images, 1 environments"
  echo '{' >"$(environment_dir box)/state.json"
  expect 5 devenv doctor
  contains "$output" "environment 'box'"
  contains "$output" "devenv rm --force box"
  expect 0 devenv rm box
  cp "$HOME/.local/share/devenv/store/images.json" "$BATS_TEST_TMPDIR"
  echo '{' >"$HOME/.local/share/devenv/store/images.json"
  expect 5 devenv doctor
  contains "$output" "images.json' is damaged"
  cp "$BATS_TEST_TMPDIR/images.json" "$HOME/.local/share/devenv/store/"
}

# ---- the caller's process ------------------------------------------------------------------------

@test "umask: ours does not follow the caller's, the command's does" {
  local mask
  for mask in 777 000 077; do
    expect 0 sh -c "umask $mask; exec devenv create box --image $REGISTRY/busybox:latest"
    expect 0 sh -c "umask $mask; exec devenv run box sh -c umask"
    equals "$output" "0$mask"
    expect 0 devenv rm -f box
    expect 0 devenv image list
    contains "$output" busybox
    equals "$(find "$HOME/.local/share/devenv" -path '*/layers/*' -prune -o \( ! -perm -u=rw -o -perm /o=w \) -print)" ""
    expect 0 devenv image prune --all -y
  done
}

@test "standard descriptors: closed ones change nothing" {
  create box
  expect 0 sh -c 'exec devenv run box sh -c "echo from inside" <&- 2>&-'
  equals "$output" "from inside"
  expect 0 devenv stop box
  expect 0 sh -c 'exec devenv run box true <&- >&- 2>&-'
  expect 0 devenv stop box
  # The command finds closed what the caller closed.
  expect 0 sh -c 'exec devenv run box sh -c "[ -L /proc/\$\$/fd/0 ] || echo closed" <&-'
  equals "$output" closed
}

@test "XDG_RUNTIME_DIR: another user's is not taken over" {
  [[ $(id -u) != 0 ]] || skip "everything is root's"
  create box
  expect 0 env XDG_RUNTIME_DIR=/etc devenv run box sh -c 'echo "[$XDG_RUNTIME_DIR]"; cat /etc/passwd'
  contains "$output" "[]"
  lacks "$output" "docker-registry"
}

@test "ranges: a file that cannot be read is not a missing range" {
  [[ $(id -u) != 0 ]] || skip "root needs no ranges"
  create box
  run sh -c 'ulimit -n 5; devenv run box true 2>&1; true'
  lacks "$output" "has no subordinate"
}
