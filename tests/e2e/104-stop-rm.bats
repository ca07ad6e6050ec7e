#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
load helpers

setup_file() { start_registry; }
teardown_file() { stop_registry; }
teardown() { remove_all; }

# The pid of a process inside; it is the same on both sides.
start_inside() {
  devenv run box "$@" >/dev/null 2>&1 </dev/null 3>&- &
  started=$!
}

@test "stop: ends what runs, and the keeper" {
  create box
  start_inside sleep 600
  wait_until grep -qs sleep "/proc/$started/comm"
  local keeper
  keeper=$(running box pid)
  alive "$keeper"
  expect 0 devenv stop box
  gone "$started"
  wait_until gone "$keeper"
  equals "$(field box status)" "stopped"
}

@test "stop: also processes that ignore TERM" {
  create box
  start_inside sh -c 'trap "" TERM HUP INT; while :; do sleep 1; done'
  sleep 0.3
  expect 0 devenv stop box
  wait_until gone "$started"
}

@test "stop: also processes that detached" {
  create box
  expect 0 devenv run box sh -c "setsid sh -c 'trap \"\" TERM HUP; echo \$\$ > $HOME/detached; exec sleep 600' >/dev/null 2>&1 </dev/null &"
  wait_until test -s "$HOME/detached"
  local pid
  pid=$(cat "$HOME/detached")
  alive "$pid"
  expect 0 devenv stop box
  wait_until gone "$pid"
}

@test "stop: also processes of root inside, and stopped ones" {
  create box
  start_inside sudo sleep 600
  local paused
  devenv run box sleep 601 >/dev/null 2>&1 </dev/null 3>&- &
  paused=$!
  wait_until grep -qs sleep "/proc/$paused/comm"
  kill -STOP "$paused"
  expect 0 devenv stop box
  wait_until gone "$paused"
  equals "$(pgrep -u "$(id -u)" -x sleep -f 'sleep 60[01]' || :)" ""
}

@test "stop: what is not running is no error" {
  create box
  expect 0 devenv stop box
  expect 0 devenv run box true
  expect 0 devenv stop box
  expect 0 devenv stop box
}

@test "stop: processes of another environment live on" {
  create box
  create other
  devenv run other sleep 600 >/dev/null 2>&1 </dev/null 3>&- &
  local bystander=$!
  wait_until grep -qs sleep "/proc/$bystander/comm"
  expect 0 devenv run box true
  expect 0 devenv stop box
  alive "$bystander"
  kill "$bystander"
}

@test "stop: an unknown name" {
  fails_with 3 "'nothing'" devenv stop nothing
}

@test "rm: refuses what is running, unless forced" {
  create box
  expect 0 devenv run box true
  fails_with 4 "'box'" devenv rm box
  contains "$stderr" "devenv"
  equals "$(field box status)" "running"
  expect 0 devenv rm -f box
  equals "$(environments)" ""
}

@test "rm: an unknown name" {
  fails_with 3 "'nothing'" devenv rm nothing
}

@test "rm: leaves nothing: no file, no mount, no process" {
  create box
  expect 0 devenv run box sudo sh -c 'mkdir -p /deep/er && touch /deep/er/file && chmod 0 /deep && chown 33:44 /deep'
  start_inside sleep 600
  wait_until grep -qs sleep "/proc/$started/comm"
  expect 0 devenv rm -f box
  wait_until gone "$started"
  expect 0 devenv image rm "$REGISTRY/busybox:latest"
  expect 0 devenv image prune -y
  equals "$(find "$HOME/.local/share/devenv/envs" -mindepth 1 2>/dev/null)" ""
  equals "$(find "$HOME/.local/share/devenv/store/layers" -mindepth 1 2>/dev/null)" ""
  equals "$(find "$HOME/.local/share/devenv/store/blobs" -type f 2>/dev/null)" ""
  equals "$(find "$XDG_RUNTIME_DIR" -mindepth 2 2>/dev/null)" ""
  equals "$(grep -c "$HOME" /proc/self/mountinfo || :)" "0"
}

@test "rm: the name is free at once" {
  create box
  expect 0 devenv run box sudo touch /old
  expect 0 devenv rm -f box
  create box
  expect 1 devenv run box test -e /old
}

@test "rm: never touches what is mounted inside, the home above all" {
  create box
  echo precious >"$HOME/precious"
  expect 0 devenv run box true
  expect 0 devenv rm -f box
  equals "$(cat "$HOME/precious")" "precious"
  [[ -d /tmp && -d $XDG_RUNTIME_DIR ]]
}

@test "rm: an environment whose files are damaged" {
  create box
  echo '{' >"$(environment_dir box)/state.json"
  expect 0 devenv rm -f box
  [[ ! -e $(environment_dir box) ]]
}
