#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
load helpers

setup_file() { start_registry; }
teardown_file() { stop_registry; }
teardown() { remove_all; }

@test "create: from a registry; it is there and not running" {
  expect 0 devenv create web --image "$REGISTRY/busybox:latest"
  equals "$(field web status)" "stopped"
  contains "$(field web image)" "$REGISTRY/busybox:latest"
  matches "$(field web created_at)" '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}'
}

@test "create: tells what comes next" {
  expect 0 devenv create web --image "$REGISTRY/busybox:latest"
  contains "$output$stderr" "devenv enter web"
}

@test "create: from a root file system archive, whatever its compression" {
  local plain=$BATS_TEST_TMPDIR/root.tar kind
  gzip -dc "$TEST_STAGE/rootfs/busybox.tar.gz" >"$plain"
  gzip -kn "$plain"
  zstd -q "$plain"
  xz -k -1 "$plain"
  bzip2 -k "$plain"
  for kind in "" .gz .zst .xz .bz2; do
    expect 0 devenv create "from${kind/./-}" --image "$plain$kind"
    expect 0 devenv run "from${kind/./-}" echo works
    equals "$output" "works"
  done
}

@test "create: a relative path, and one with spaces" {
  cd "$BATS_TEST_TMPDIR"
  mkdir "a folder"
  cp "$TEST_STAGE/rootfs/busybox.tar.gz" "a folder/root.tar.gz"
  expect 0 devenv create spaced --image "./a folder/root.tar.gz"
  expect 0 devenv run spaced true
}

@test "create: from an OCI layout in a tar, and from a docker archive" {
  needs skopeo
  local from="docker://$REGISTRY/busybox:latest"
  skopeo --insecure-policy copy -q --src-tls-verify=false "$from" "oci-archive:$BATS_TEST_TMPDIR/oci.tar"
  skopeo --insecure-policy copy -q --src-tls-verify=false "$from" "docker-archive:$BATS_TEST_TMPDIR/docker.tar"
  expect 0 devenv create oci --image "$BATS_TEST_TMPDIR/oci.tar"
  expect 0 devenv run oci true
  expect 0 devenv create docker --image "$BATS_TEST_TMPDIR/docker.tar"
  expect 0 devenv run docker true
}

@test "create: an existing name is a conflict, and changes nothing" {
  create web
  local before
  before=$(field web created_at)
  fails_with 4 "'web'" devenv create web --image "$REGISTRY/busybox:latest"
  equals "$(field web created_at)" "$before"
}

@test "create: bad names" {
  local name
  for name in "" "-x" ".hidden" "a/b" "a b" "ä" "$(printf 'a%.0s' {1..64})" $'a\nb'; do
    fails_with 2 "" devenv create --image "$REGISTRY/busybox:latest" -- "$name"
  done
}

@test "create: a name as long as allowed" {
  local name
  name=$(printf 'a%.0s' {1..63})
  create "$name"
  expect 0 devenv run "$name" true
}

@test "create: each storage driver, recorded" {
  local driver
  for driver in overlay fuse-overlayfs copy; do
    expect 0 devenv create "by-$driver" --image "$REGISTRY/busybox:latest" --storage "$driver"
    expect 0 devenv inspect "by-$driver" --json
    contains "$output" "\"$driver\""
    expect 0 devenv run "by-$driver" sudo sh -c 'echo kept > /kept && cat /kept'
    equals "$output" "kept"
  done
}

@test "create: an unknown storage driver is a usage error" {
  fails_with 2 "btrfs" devenv create web --image "$REGISTRY/busybox:latest" --storage btrfs
}

@test "create: an unknown profile, with a suggestion" {
  fails_with 3 "debain" devenv create web --profile debain
  contains "$stderr" "debian"
}

@test "create: by several processes at a time, one wins" {
  local number pids=() wins=0 conflicts=0 code
  for number in 1 2 3 4 5 6; do
    devenv create race --image "$REGISTRY/busybox:latest" >/dev/null 2>"$BATS_TEST_TMPDIR/$number" 3>&- &
    pids+=($!)
  done
  for number in "${pids[@]}"; do
    code=0
    wait "$number" || code=$?
    case $code in
      0) ((++wins)) ;;
      4) ((++conflicts)) ;;
      *) fail "exit status $code: $(cat "$BATS_TEST_TMPDIR"/[1-6])" ;;
    esac
  done
  equals "$wins $conflicts" "1 5"
  expect 0 devenv run race true
}

@test "create: killed at any time, it can be repeated" {
  local pause pid
  for pause in 0.01 0.03 0.05 0.1 0.2; do
    devenv create killed --image "$REGISTRY/busybox:latest" >/dev/null 2>&1 3>&- &
    pid=$!
    sleep "$pause"
    kill -KILL "$pid" 2>/dev/null || :
    wait "$pid" 2>/dev/null || :
    devenv rm -f killed >/dev/null 2>&1 || :
    create killed
    expect 0 devenv run killed true
    expect 0 devenv rm -f killed
  done
  store_is_clean
}
