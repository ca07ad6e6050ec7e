#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
load helpers

setup_file() { start_registry; }
teardown_file() { stop_registry; }
teardown() { remove_all; }

@test "storage: the driver that was asked for is the one that is used" {
  create box
  expect 0 devenv run box sh -c 'grep " / " /proc/self/mountinfo'
  case $DEVENV_TEST_STORAGE in
    fuse-overlayfs) contains "$output" "fuse" ;;
    overlay) contains "$output" " overlay " ;;
    copy) lacks "$output" " overlay " ;;
  esac
}

@test "storage: layers above layers, 130 of them" {
  create box "$REGISTRY/test/layers:many"
  expect 0 devenv run box sh -c '
    cd /data
    for path in gone tree emptied/old was-file/in was-directory kept two three layer-126 last link private/late; do
      if [ -e "$path" ]; then echo "$path: $(cat "$path")"; else echo "$path: -"; fi
    done
    ls emptied
    stat -c "%u:%g %a" private old-owner
    stat -c %h one
    ls | grep -c layer-'
  equals "$output" "gone: -
tree: -
emptied/old: -
was-file/in: in
was-directory: file
kept: kept
two: linked
three: linked
layer-126: 126
last: 126
link: kept
private/late: late
new
1:2 711
33:33 640
2
127"
}

@test "storage: changes to what is below, in every way" {
  create box "$REGISTRY/test/layers:many"
  expect 0 devenv run box sudo sh -ec '
    cd /data
    rm kept && rm -r emptied && mkdir emptied && echo changed > last
    mv private moved && chown 44:55 old-owner && chmod 600 old-owner && ln last hard && echo more >> hard'
  expect 0 devenv stop box
  expect 0 devenv run box sudo sh -c '
    cd /data; ls -a emptied | wc -l; cat last; stat -c "%u:%g %a" old-owner moved; ls moved; [ -e kept ] || echo gone'
  equals "$output" "2
changed
more
44:55 600
1:2 711
late
gone"
}

@test "storage: attributes that mean something to overlayfs do not come out of an image" {
  create box "$REGISTRY/test/layers:many"
  expect 0 devenv run box cat /data/forged
  equals "$output" "1"
}

@test "storage: two environments of one image do not see each other's changes" {
  create one
  create two
  expect 0 devenv run one sudo touch /mine
  expect 1 devenv run two test -e /mine
}

@test "start: ten first entries at once start it once" {
  create box
  local number pids=() namespaces
  for number in 1 2 3 4 5 6 7 8 9 10; do
    devenv run box readlink /proc/self/ns/mnt >"$BATS_TEST_TMPDIR/$number" 2>"$BATS_TEST_TMPDIR/err.$number" 3>&- &
    pids+=($!)
  done
  for number in "${pids[@]}"; do
    wait "$number" || fail "$(cat "$BATS_TEST_TMPDIR"/err.*)"
  done
  namespaces=$(cat "$BATS_TEST_TMPDIR"/{1..10} | sort -u)
  equals "$(wc -l <<<"$namespaces")" 1
  matches "$namespaces" '^mnt:'
}

@test "start: entries and stops at once end in one of the two" {
  create box
  local number
  for number in 1 2 3 4 5 6; do
    devenv run box true 2>/dev/null 3>&- &
    [[ $((number % 3)) != 0 ]] || devenv stop box 2>/dev/null 3>&- &
  done
  wait
  expect 0 devenv run box echo fine
  equals "$output" "fine"
}

@test "crash: the keeper is killed while nothing runs inside" {
  create box
  expect 0 devenv run box sudo touch /kept
  kill -KILL "$(running box pid)"
  expect 0 devenv run box test -e /kept
}

@test "crash: the keeper is killed while something runs inside; it is joined, never mounted twice" {
  [[ $DEVENV_TEST_STORAGE != copy ]] || skip "the copy driver has no mount of its own"
  create box
  devenv run box sleep 600 >/dev/null 2>&1 </dev/null 3>&- &
  local survivor=$!
  wait_until grep -qs sleep "/proc/$survivor/comm"
  kill -KILL "$(running box pid)"
  expect 0 devenv run box readlink /proc/self/ns/mnt
  equals "$output" "$(readlink "/proc/$survivor/ns/mnt")"
  expect 0 devenv stop box
  wait_until gone "$survivor"
}

@test "crash: the file system's server is killed" {
  [[ $DEVENV_TEST_STORAGE == fuse-overlayfs ]] || skip "this driver has no file system server"
  create box
  expect 0 devenv run box sudo touch /kept
  kill -KILL "$(running box server_pid)"
  expect 0 devenv run box test -e /kept
  # And while something runs inside.
  devenv run box sleep 600 >/dev/null 2>&1 </dev/null 3>&- &
  wait_until grep -qs sleep "/proc/$!/comm"
  kill -KILL "$(running box server_pid)"
  expect 0 devenv run box test -e /kept
  expect 0 devenv stop box
  wait_until gone "$!"
}

@test "crash: after a reboot the old record counts for nothing" {
  create box
  expect 0 devenv run box true
  local record keeper
  record=$(running_file box)
  keeper=$(running box pid)
  cp "$record" "$BATS_TEST_TMPDIR/record"
  expect 0 devenv stop box
  wait_until gone "$keeper"
  # A record of another boot that names a process which lives: ours.
  python3 - "$BATS_TEST_TMPDIR/record" "$record" "$$" <<'P'
import json, sys
source, target, pid = sys.argv[1:]
record = json.load(open(source))
record["boot_id"] = "00000000-0000-0000-0000-000000000000"
record["pid"] = int(pid)
json.dump(record, open(target, "w"))
P
  equals "$(field box status)" "stopped"
  expect 0 devenv run box echo new
  equals "$output" "new"
  alive $$
  # The same boot, but the process with that number is another one.
  expect 0 devenv stop box
  python3 - "$BATS_TEST_TMPDIR/record" "$record" "$$" <<'P'
import json, sys
source, target, pid = sys.argv[1:]
record = json.load(open(source))
record["pid"] = int(pid)
json.dump(record, open(target, "w"))
P
  expect 0 devenv run box echo newer
  equals "$output" "newer"
  expect 0 devenv stop box
  alive $$
}

@test "crash: a record that is no record" {
  create box
  expect 0 devenv run box true
  local record
  record=$(running_file box)
  expect 0 devenv stop box
  local junk
  for junk in '' '{' '[]' '{"schema": 1}' '{"schema": 1, "pid": "x"}' 'null'; do
    echo "$junk" >"$record"
    expect 0 devenv run box true
    expect 0 devenv stop box
  done
}

@test "crash: the first entry is killed at any time" {
  create box
  local pause pid
  for pause in 0.002 0.005 0.01 0.02 0.05 0.1; do
    devenv run box true >/dev/null 2>&1 3>&- &
    pid=$!
    sleep "$pause"
    kill -KILL "$pid" 2>/dev/null || :
    wait "$pid" 2>/dev/null || :
    expect 0 devenv run box echo works
    equals "$output" "works"
    expect 0 devenv stop box
  done
}

@test "keeper: below one megabyte of memory, without a file of ours open" {
  create box
  expect 0 devenv run box true
  local keeper kilobytes
  keeper=$(running box pid)
  kilobytes=$(awk '/^Pss:/ { print $2 }' "/proc/$keeper/smaps_rollup")
  [[ $kilobytes -lt 1024 ]] || fail "the keeper has $kilobytes kB"
  equals "$(readlink "/proc/$keeper/fd/0")" "/dev/null"
  equals "$(readlink "/proc/$keeper/cwd")" "/"
}

@test "keeper: outlives the terminal and the session it was started from" {
  create box
  setsid script --quiet --command "devenv run box true" /dev/null >/dev/null 3>&-
  alive "$(running box pid)"
}

@test "configuration: the storage driver of config.toml" {
  mkdir -p "$HOME/.config/devenv"
  printf '[defaults]\nstorage = "copy"\n' >"$HOME/.config/devenv/config.toml"
  expect 0 devenv create box --image "$REGISTRY/busybox:latest"
  rm "$HOME/.config/devenv/config.toml"
  expect 0 devenv inspect box --json
  contains "$output" '"copy"'
}
