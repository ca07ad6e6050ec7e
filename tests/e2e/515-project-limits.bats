#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2016
# What a project cannot do: it is somebody else's text.
load helpers

setup_file() { start_registry; }
teardown_file() { stop_registry; }

setup() {
  project=$HOME/projects/web
  mkdir -p "$project"
  cd "$project" || return
}

teardown() {
  remove_all
  rm -rf "$HOME/projects" "$HOME/.local/share/devenv"/{projects,trust,logs}
}

# project [LINE...]: devenv.toml with the test image as its base.
project() {
  printf '[env]\nbase = "%s/busybox:latest"\nstorage = "%s"\n' "$REGISTRY" "$DEVENV_TEST_STORAGE" >devenv.toml
  printf '%s\n' "$@" >>devenv.toml
}

@test "a step sees the network and its inputs, and nothing else of this machine" {
  touch "$HOME/secret"
  project '[[setup]]' 'run = "ls -a ~ /run/host /run/host/* >/seen 2>&1; cat /etc/hosts /etc/resolv.conf >/net; env >/env"'
  SECRET=hidden expect 0 devenv up --allow
  expect 0 devenv run -- cat /seen
  lacks "$output" "secret"
  lacks "$output" "home"
  expect 0 devenv run -- cat /env
  lacks "$output" "hidden"
  rm "$HOME/secret"
}

@test "what the caller has open is neither a step's nor a service's" {
  project '[[setup]]' 'run = "ls /proc/self/fd >/fds"' '[services]' 's = "ls /proc/self/fd; exec sleep 1005"'
  exec 7<"$HOME" 8</dev/null
  expect 0 devenv up --allow
  exec 7<&- 8<&-
  expect 0 devenv run -- sh -c 'tr "\n" " " </fds'
  equals "$output" "0 1 2 3 "
  wait_until test -s "$(environment_dir web)/services/s.log"
  equals "$(tr '\n' ' ' <"$(environment_dir web)/services/s.log")" "0 1 2 3 "
}

@test "keys that never end are no way to crash" {
  project
  python3 -c 'print("\"\\\"\"" + ".a" * 200000 + " = 1")' >>devenv.toml
  fails_with 2 "devenv.toml:5:1: a key has too many dots" devenv status
  fails_with 2 "too many dots" devenv allow
  project "# $(printf '.%.0s' {1..300})" '[environment]' "A = '''" "$(printf '.%.0s' {1..300})" "'''"
  expect 0 devenv status
}

@test "a dotenv file from elsewhere stays trusted when the project is locked" {
  mkdir -p "$HOME/zz"
  echo 'A=1' >"$HOME/zz/env"
  project '[profiles.ci.env]' "dotenv = [\"$HOME/zz/env\"]"
  expect 0 devenv up --allow
  expect 0 devenv lock
  expect 0 devenv up
  expect 0 devenv lock --profile ci
  expect 0 devenv up --profile ci --locked
  rm -r "$HOME/zz"
}

@test "a step for the user has an empty home, and leaves none in the layer" {
  project '[[setup]]' 'user = true' 'run = "ls -A ~ >/tmp/seen; touch ~/file; id -u >>/tmp/seen; sudo cp /tmp/seen /seen"'
  expect 0 devenv up --allow
  expect 0 devenv run -- cat /seen
  equals "$output" "$(id -u)"
}

@test "files that are no files of the user's are refused" {
  mkfifo devenv.toml
  fails_with 3 "the devenv.toml here is no file of yours" devenv status
  rm devenv.toml
  project
  mkfifo .env
  sed -i 's/^\[env\]/&\ndotenv = ".env"/' devenv.toml
  fails_with 7 ".env" devenv up --allow
}

@test "mounts do not follow the project's links out of it" {
  project 'mounts = ["inside:/inside", "link:/link"]'
  mkdir inside "$HOME/private"
  ln -s "$HOME/private" link
  fails_with 2 "link" devenv up --allow
  rm -r link "$HOME/private"
  ln -s inside link
  expect 0 devenv up --allow
}

@test "inputs do not follow links out of the project" {
  mkdir -p "$HOME/private"
  echo secret >"$HOME/private/key"
  project '[[setup]]' 'inputs = ["data/**"]' 'run = "find . ! -type d | sort >/seen; cat data/* >>/seen 2>&1 || :"'
  mkdir data
  echo plain >data/file
  ln -s "$HOME/private/key" data/out
  ln -s ../data data/around
  run devenv up --allow
  if [[ $status == 0 ]]; then
    expect 0 devenv run -- cat /seen
    lacks "$output" "secret"
  fi
  lacks "$output" "secret"
  rm -rf "$HOME/private"
}

@test "a lock chooses no other image than the base's" {
  project
  expect 0 devenv up --allow
  expect 0 devenv lock
  local image=$REGISTRY/busybox
  sed -i "/^\[image\]/,\$s|$image|$REGISTRY/debian|" devenv.toml.lock
  expect 0 devenv allow
  contains "$stderr" "debian"
  fails_with 4 "devenv.toml.lock does not fit" devenv up --locked
}

@test "a lock that cannot be read stops, and is made anew" {
  project
  expect 0 devenv up --allow
  echo 'what = [' >devenv.toml.lock
  fails_with 7 "devenv.toml.lock:1:" devenv up --allow
  expect 0 devenv lock --allow
  contains "$stderr" "it is made anew"
  expect 0 devenv up --locked
}

@test "a project is the same by every path to it" {
  project
  expect 0 devenv up --allow
  ln -s "$project" "$HOME/projects/link"
  cd "$HOME/projects/link"
  expect 0 devenv up
  equals "$(environments)" "web"
  expect 0 devenv status
  contains "$output" "allowed"
}

@test "what looks like something else is shown as it is" {
  project '[tasks]' "x = \"echo \\u202emoc \\u001b[2Jhidden\"" '[environment]' 'A = "b\u200bc"'
  expect 0 devenv allow
  lacks "$stderr" $'\u202e'
  lacks "$stderr" $'\u200b'
  lacks "$stderr" $'\e[2J'
}

@test "a service that ended is told as ended, and starts again" {
  project '[services]' 'short = "echo ran >>~/projects/log"' 'long = "exec sleep 1003"'
  expect 0 devenv up --allow
  wait_until test -s ~/projects/log
  wait_until eval 'devenv status | grep -q "short: ended"'
  expect 0 devenv up
  wait_until eval '[[ $(wc -l <~/projects/log) == 2 ]]'
  [[ $(pgrep -c -u "$(id -u)" -f '^sleep 1003') == 1 ]] || fail "not one service"
}

@test "two at once: one environment, one start of each service" {
  project '[services]' 'long = "exec sleep 1004"' '[[setup]]' 'run = "date +%N >/made"'
  expect 0 devenv allow
  local pids=() i
  for i in 1 2 3 4; do
    devenv up 3>&- >"$BATS_TEST_TMPDIR/up.$i" 2>&1 &
    pids+=($!)
  done
  for i in "${pids[@]}"; do
    wait "$i" || fail "$(cat "$BATS_TEST_TMPDIR"/up.*)"
  done
  equals "$(environments)" "web"
  [[ $(pgrep -c -u "$(id -u)" -f '^sleep 1004') == 1 ]] || fail "not one service"
}
