#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
load helpers

setup_file() { start_registry; }
teardown_file() { stop_registry; }
setup() { rm -rf "$HOME/.local/share/devenv" 2>/dev/null || devenv image prune -y --all; }
teardown() { remove_all; }

digest_of() {
  skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$REGISTRY/$1"
}
pulled() { devenv image list --json | python3 -c '
import json, sys
for image in json.load(sys.stdin)["images"]:
    print(image["reference"])'; }

@test "pull: by tag, in every form an image has" {
  local tag
  for tag in latest docker zstd plain multi; do
    expect 0 devenv image pull "$REGISTRY/busybox:$tag"
    contains "$(pulled)" "$REGISTRY/busybox:$tag"
  done
  store_is_clean
}

@test "pull: the platform of this machine out of an index" {
  expect 0 devenv create box --image "$REGISTRY/busybox:multi"
  expect 0 devenv run box cat /etc/motd
  equals "$output" "second layer"
}

@test "pull: no image for this machine is a clear error" {
  fails_with 5 "arm64" devenv image pull "$REGISTRY/busybox:only-arm64"
  store_is_clean
}

@test "pull: by digest" {
  local digest
  digest=$(digest_of busybox:latest)
  expect 0 devenv image pull "$REGISTRY/busybox@$digest"
  expect 0 devenv create box --image "$REGISTRY/busybox@$digest"
  expect 0 devenv run box true
}

@test "pull: a second time there is nothing to fetch" {
  expect 0 devenv image pull "$REGISTRY/busybox:latest"
  local before
  before=$(grep -c 'blobs' "$BATS_FILE_TMPDIR/registry.log" || :)
  expect 0 devenv image pull "$REGISTRY/busybox:latest"
  equals "$(grep -c 'blobs' "$BATS_FILE_TMPDIR/registry.log" || :)" "$before"
}

@test "pull: layers that two images share are fetched once" {
  expect 0 devenv image pull "$REGISTRY/busybox:latest"
  local layers
  layers=$(find "$HOME/.local/share/devenv/store/layers" -mindepth 1 -maxdepth 1 | wc -l)
  equals "$layers" 1
  expect 0 devenv image pull "$REGISTRY/busybox:zstd"
  equals "$(find "$HOME/.local/share/devenv/store/layers" -mindepth 1 -maxdepth 1 | wc -l)" 2
}

@test "pull: by several processes at a time" {
  local number pids=()
  for number in 1 2 3 4; do
    devenv image pull "$REGISTRY/test/layers:many" >/dev/null 2>"$BATS_TEST_TMPDIR/$number" 3>&- &
    pids+=($!)
  done
  for number in "${pids[@]}"; do
    wait "$number" || fail "a pull failed: $(cat "$BATS_TEST_TMPDIR"/[1-4])"
  done
  store_is_clean
}

@test "pull: killed at any time, the next one finishes" {
  local pause pid
  for pause in 0.05 0.2 0.5 1; do
    devenv image pull "$REGISTRY/debian:bookworm" >/dev/null 2>&1 3>&- &
    pid=$!
    sleep "$pause"
    kill -KILL "$pid" 2>/dev/null || :
    wait "$pid" 2>/dev/null || :
  done
  expect 0 devenv image pull "$REGISTRY/debian:bookworm"
  expect 0 devenv create box --image "$REGISTRY/debian:bookworm"
  expect 0 devenv run box cat /etc/debian_version
  store_is_clean
}

@test "pull: interrupted with Ctrl-C, nothing is half-visible" {
  devenv image pull "$REGISTRY/debian:bookworm" >/dev/null 2>"$BATS_TEST_TMPDIR/err" 3>&- &
  local pid=$! code=0
  sleep 0.3
  kill -INT "$pid" 2>/dev/null || :
  wait "$pid" || code=$?
  # A shell starts background commands with SIGINT ignored; then the pull is simply finished.
  [[ $code == 0 || $code == 130 ]] || fail "exit status $code"
  expect 0 devenv image pull "$REGISTRY/debian:bookworm"
  store_is_clean
}

@test "pull: speaks of each layer, one line each, where there is no terminal" {
  expect 0 devenv image pull "$REGISTRY/busybox:zstd"
  lacks "$stderr" $'\e'
  lacks "$stderr" $'\r'
  matches "$stderr" "busybox"
}

@test "pull: bars on a terminal, gone or finished at the end" {
  needs script
  in_terminal devenv image pull "$REGISTRY/busybox:zstd"
  equals "$status" 0
}

@test "list: references, digests, sizes" {
  expect 0 devenv image pull "$REGISTRY/busybox:latest"
  quietly devenv image list
  contains "$output" "busybox"
  quietly devenv image list --json
  contains "$output" "$(digest_of busybox:latest)"
  contains "$output" '"schema": 1'
}

@test "inspect: manifest digest, layers, variables" {
  expect 0 devenv image pull "$REGISTRY/busybox:latest"
  quietly devenv image inspect "$REGISTRY/busybox:latest" --json
  contains "$output" "$(digest_of busybox:latest)"
  python3 -c 'import json, sys; json.loads(sys.argv[1])' "$output"
}

@test "inspect, rm: an unknown image" {
  fails_with 3 "nothing" devenv image inspect "$REGISTRY/nothing:here"
  fails_with 3 "nothing" devenv image rm "$REGISTRY/nothing:here"
}

@test "rm: by digest, only what is named, and only when it is clear which that is" {
  local digest
  digest=$(digest_of busybox:latest)
  expect 0 devenv image pull "$REGISTRY/busybox:latest"
  expect 0 devenv image tag "$REGISTRY/busybox:latest" localhost/named:a
  expect 0 devenv image tag "$REGISTRY/busybox:latest" localhost/named:b
  fails_with 3 "localhost/named:c" devenv image rm "localhost/named:c@$digest"
  fails_with 2 "localhost/named:a, localhost/named:b" devenv image rm "localhost/named@$digest"
  fails_with 2 "fits several images" devenv image rm "$digest"
  expect 0 devenv image rm "localhost/named:b@$digest"
  contains "$stderr" "removed localhost/named:b"
  expect 0 devenv image rm "localhost/named@$digest"
  contains "$stderr" "removed localhost/named:a"
}

@test "rm: an image that no environment needs is gone with its layers" {
  expect 0 devenv image pull "$REGISTRY/busybox:latest"
  expect 0 devenv image rm "$REGISTRY/busybox:latest"
  equals "$(pulled)" ""
  expect 0 devenv image prune -y
  equals "$(find "$HOME/.local/share/devenv/store/layers" -mindepth 1 -maxdepth 1)" ""
}

@test "rm, prune: layers that an environment needs stay" {
  create box
  expect 0 devenv run box true
  devenv image rm "$REGISTRY/busybox:latest" || :
  expect 0 devenv image prune -y
  expect 0 devenv stop box
  expect 0 devenv run box echo still there
  equals "$output" "still there"
}

@test "prune: removes what an interrupted pull left" {
  expect 0 devenv image pull "$REGISTRY/busybox:latest"
  mkdir -p "$HOME/.local/share/devenv/store/tmp"
  echo junk >"$HOME/.local/share/devenv/store/tmp/junk.partial"
  expect 0 devenv image prune -y
  [[ ! -e $HOME/.local/share/devenv/store/tmp/junk.partial ]]
  expect 0 devenv create box --image "$REGISTRY/busybox:latest"
  expect 0 devenv run box true
}

@test "prune: asks first, and where it cannot ask it does nothing" {
  expect 0 devenv image pull "$REGISTRY/busybox:latest"
  devenv image rm "$REGISTRY/busybox:latest" >/dev/null 2>&1
  mkdir -p "$HOME/.local/share/devenv/store/tmp"
  echo junk >"$HOME/.local/share/devenv/store/tmp/junk.partial"
  run --separate-stderr bash -c 'devenv image prune </dev/null'
  [[ -e $HOME/.local/share/devenv/store/tmp/junk.partial ]]
  contains "$output$stderr" "-y"
}

@test "pull: what is called localhost is asked of no registry" {
  expect 3 devenv image pull localhost/nothing
  equals "$stderr" "error: there is no image 'localhost/nothing:latest': images of 'localhost' are made here, no registry has them
hint: the images that are here: devenv image list"
  fails_with 3 "there is no image 'localhost/nothing:latest'" devenv create box -i localhost/nothing
}
