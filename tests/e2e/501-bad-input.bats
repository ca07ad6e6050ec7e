#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Whatever goes wrong: one clear error, the right exit status, and a store in which prune finds
# nothing to complain about.
load helpers

setup_file() { start_registry; }
teardown_file() { stop_registry; }
setup() { store=$HOME/.local/share/devenv/store; }
teardown() {
  chmod -R u+w "$HOME" 2>/dev/null || :
  [[ ! -e $BATS_TEST_TMPDIR/faults.pid ]] || kill "$(cat "$BATS_TEST_TMPDIR/faults.pid")" || :
  remove_all
  devenv image prune -y --all >/dev/null 2>&1 || :
}

# ---- names and references ------------------------------------------------------------------------

@test "names: unknown ones, with a suggestion" {
  create workshop
  fails_with 3 "'workshp'" devenv stop workshp
  contains "$stderr" "did you mean"
  contains "$stderr" "workshop"
  fails_with 3 "'workshp'" devenv rm workshp
  fails_with 3 "'workshp'" devenv inspect workshp
}

@test "names: malformed ones never reach the disk" {
  local name
  for name in "../x" "/etc" ".." "a/../b"; do
    fails_with 2 "" devenv rm -f -- "$name"
    fails_with 2 "" devenv stop -- "$name"
  done
}

@test "references: malformed ones" {
  local reference
  for reference in "$REGISTRY/UPPER/case" "$REGISTRY/busybox:" "$REGISTRY/busybox@sha256:short" "$REGISTRY/a b" \
    "$REGISTRY/" ":tag" "$REGISTRY/busybox@md5:00000000000000000000000000000000"; do
    fails_with 2 "" devenv image pull "$reference"
  done
  store_is_clean
}

@test "files: missing, empty, a directory, no archive" {
  fails_with 3 "missing.tar.gz" devenv create box --image ./missing.tar.gz
  : >"$HOME/empty.tar.gz"
  head -c 100000 /dev/urandom >"$HOME/noise.tar.gz"
  fails_with 7 "empty.tar.gz" devenv create box --image "$HOME/empty.tar.gz"
  fails_with 7 "noise.tar.gz" devenv create box --image "$HOME/noise.tar.gz"
  expect 2 devenv create box --image "$HOME/"
  equals "$(environments)" ""
  store_is_clean
}

@test "files: a truncated archive" {
  head -c 500000 "$TEST_STAGE/rootfs/busybox.tar.gz" >"$HOME/cut.tar.gz"
  fails_with 7 "cut.tar.gz" devenv create box --image "$HOME/cut.tar.gz"
  equals "$(environments)" ""
  store_is_clean
}

# ---- registries ----------------------------------------------------------------------------------

@test "registry: nobody listens" {
  fails_with 6 "127.0.0.1:1" devenv image pull 127.0.0.1:1/busybox:latest
  store_is_clean
}

@test "registry: unknown repository, unknown tag, unknown digest" {
  fails_with 3 "nothing" devenv image pull "$REGISTRY/nothing:latest"
  fails_with 3 "nothing" devenv image pull "$REGISTRY/busybox:nothing"
  fails_with 3 "" devenv image pull "$REGISTRY/busybox@sha256:$(printf '0%.0s' {1..64})"
  store_is_clean
}

@test "create: a failed pull leaves no environment" {
  fails_with 6 "" devenv create box --image 127.0.0.1:1/busybox:latest
  equals "$(environments)" ""
  fails_with 125 "" devenv enter 127.0.0.1:1/busybox:latest -- true
  equals "$(environments)" ""
}

# ---- hostile layers ------------------------------------------------------------------------------

@test "layer: names and links that lead out of the root" {
  local tag
  echo untouched >/tmp/devenv-victim
  for tag in dotdot absolute symlink symlink-up hardlink hardlink-symlink whiteout; do
    run --separate-stderr devenv create box --image "$REGISTRY/hostile:$tag"
    case $status in
      0) # Kept inside: allowed. Then what was written is inside.
        devenv rm -f box >/dev/null ;;
      7)
        equals "$(grep -c '^error: ' <<<"$stderr")" 1 ;;
      *) fail "exit status $status for $tag" ;;
    esac
    [[ ! -e /tmp/devenv-escaped && ! -e /var/tmp/devenv-escaped && -e /tmp/devenv-victim ]] ||
      fail "$tag got out"
    store_is_clean
  done
  rm /tmp/devenv-victim
}

@test "layer: a hard link to a file of the host is refused" {
  fails_with 7 "stolen" devenv image pull "$REGISTRY/hostile:hardlink"
}

@test "layer: device nodes are left out" {
  expect 0 devenv create box --image "$REGISTRY/hostile:device"
  expect 1 devenv run box test -e /sda
}

@test "layer: ids that the map does not have" {
  fails_with 7 "70000" devenv image pull "$REGISTRY/hostile:big-id"
  store_is_clean
}

@test "layer: a decompression bomb" {
  fails_with 7 "" devenv image pull "$REGISTRY/hostile:bomb"
  store_is_clean
}

@test "layer: no tar at all" {
  fails_with 7 "" devenv image pull "$REGISTRY/hostile:no-tar"
  store_is_clean
}

@test "layer: names with control characters do not reach the terminal" {
  run devenv create box --image "$REGISTRY/hostile:name"
  lacks "$output" $'\e['
  lacks "$output" $'\a'
}

# ---- this machine --------------------------------------------------------------------------------

@test "disk: full" {
  [[ $TEST_CALLER_UID == 0 ]] || skip_for "a small disk needs root"
  fails_with 1 "No space left on device" env XDG_DATA_HOME="$TEST_SMALL_DISK" \
    devenv image pull "$REGISTRY/debian:bookworm"
  # There is room again, and nothing of the failure is in the way.
  local left
  expect 0 env XDG_DATA_HOME="$TEST_SMALL_DISK" devenv image prune -y
  left=$(find "$TEST_SMALL_DISK/devenv/store/tmp" "$TEST_SMALL_DISK/devenv/store/layers" -mindepth 1)
  equals "$left" ""
  expect 0 env XDG_DATA_HOME="$TEST_SMALL_DISK" devenv image pull "$REGISTRY/busybox:latest"
  expect 0 env XDG_DATA_HOME="$TEST_SMALL_DISK" devenv image rm "$REGISTRY/busybox:latest"
  expect 0 env XDG_DATA_HOME="$TEST_SMALL_DISK" devenv image prune -y
}

@test "home: read-only" {
  [[ $(id -u) != 0 ]] || skip "root writes everywhere"
  mkdir -p "$HOME/read-only"
  chmod 555 "$HOME/read-only"
  fails_with 1 "read-only" env XDG_DATA_HOME="$HOME/read-only" devenv create box --image "$REGISTRY/busybox:latest"
  contains "$stderr" "Permission denied"
  quietly env XDG_DATA_HOME="$HOME/read-only" devenv list
}


@test "runtime directory: none, and a fallback is made" {
  create box
  expect 0 env -u XDG_RUNTIME_DIR devenv run box echo fine
  equals "$output" "fine"
  expect 0 devenv stop box
}

# ---- our own files -------------------------------------------------------------------------------

@test "state: damaged in every way; told, listed, removable" {
  local junk
  for junk in '' '{' '[]' '{}' '{"schema": 1}' 'nonsense' '{"schema": 1, "layers": 7}'; do
    create box
    echo "$junk" >"$(environment_dir box)/state.json"
    fails_with 125 "'box'" devenv run box true
    contains "$stderr" "devenv rm"
    expect 0 devenv list
    contains "$output$stderr" "box"
    expect 0 devenv rm -f box
  done
  store_is_clean
}

@test "state: of a newer devenv" {
  create box
  sed -i -E 's/"schema": ?1/"schema": 999/; s/"version": ?1/"version": 999/' "$(environment_dir box)/state.json"
  fails_with 125 "newer" devenv run box true
}

@test "store: of a newer devenv" {
  expect 0 devenv image pull "$REGISTRY/busybox:latest"
  cp "$store/format.json" "$BATS_TEST_TMPDIR/"
  sed -i -E 's/: ?1([,}])/: 999\1/' "$store/format.json"
  fails_with 5 "newer" devenv image list
  cp "$BATS_TEST_TMPDIR/format.json" "$store/"
}

@test "configuration: a mistake is named with its place" {
  mkdir -p "$HOME/.config/devenv"
  printf '[defaults]\nstorrage = "overlay"\n' >"$HOME/.config/devenv/config.toml"
  run --separate-stderr devenv create box --image "$REGISTRY/busybox:latest"
  rm "$HOME/.config/devenv/config.toml"
  equals "$status" 2
  contains "$stderr" "config.toml:2:1"
}
