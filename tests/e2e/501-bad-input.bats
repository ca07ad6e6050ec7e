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
  local name reason long
  long=$(printf 'x%.0s' {1..80})
  while IFS='|' read -r name reason; do
    fails_with 2 "error: '$name' is not a name for an environment: $reason" devenv rm -f -- "$name"
    fails_with 2 "error: '$name' is not a name for an environment: $reason" devenv stop -- "$name"
    fails_with 2 "error: '$name' is not a name for an environment: $reason" \
      devenv create --image "$REGISTRY/busybox:latest" -- "$name"
  done <<EOF
../x|it must start with a letter or a digit
/etc|it must start with a letter or a digit
..|it must start with a letter or a digit
|it is empty
-x|it must start with a letter or a digit
a/../b|only letters, digits, '_', '.' and '-' are allowed
a b|only letters, digits, '_', '.' and '-' are allowed
$long|it is longer than 63 characters
EOF
  fails_with 2 "error: 'a\\x1b[31m' is not a name" devenv stop -- $'a\e[31m'
}

@test "references: malformed ones" {
  local reference reason
  while IFS='|' read -r reference reason; do
    fails_with 2 "error: '$reference' is not an image reference: $reason" devenv image pull "$reference"
  done <<EOF
$REGISTRY/UPPER/case|a repository is written in lower case
$REGISTRY/busybox:|'' is not a tag
$REGISTRY/busybox@sha256:short|digest 'sha256:short' is not 64 lower-case hex digits
$REGISTRY/busybox@md5:00|digest 'md5:00' is not a sha256 digest
$REGISTRY/a b|it has white space in it
$REGISTRY/|the repository is missing
:tag|the repository is missing
EOF
  store_is_clean
}

@test "files: missing, empty, a directory, no archive, a truncated one" {
  fails_with 3 "error: there is no file './missing.tar.gz'" devenv create box --image ./missing.tar.gz
  : >"$HOME/empty.tar.gz"
  head -c 100000 /dev/urandom >"$HOME/noise.tar.gz"
  head -c 500000 "$TEST_STAGE/rootfs/busybox.tar.gz" >"$HOME/cut.tar.gz"
  fails_with 7 "caused by: '$HOME/empty.tar.gz' is empty" devenv create box --image "$HOME/empty.tar.gz"
  contains "$stderr" "hint: what can be imported: "
  fails_with 7 "caused by: '$HOME/noise.tar.gz' is not a tar archive" devenv create box --image "$HOME/noise.tar.gz"
  fails_with 7 "caused by: truncated gzip data" devenv create box --image "$HOME/cut.tar.gz"
  contains "$stderr" "error: cannot import '$HOME/cut.tar.gz'"
  fails_with 2 "error: '$HOME/' is a directory, but no OCI image layout" devenv create box --image "$HOME/"
  contains "$stderr" "hint: make it an archive: tar -C $HOME/ -cf root.tar ."
  equals "$(environments)" ""
  store_is_clean
}

# ---- registries ----------------------------------------------------------------------------------

@test "registry: nobody listens" {
  fails_with 6 "caused by: cannot get 'http://127.0.0.1:1': " devenv image pull 127.0.0.1:1/busybox:latest
  contains "$stderr" "hint: check the network connection"
  store_is_clean
}

@test "registry: unknown repository, unknown tag, unknown digest" {
  local name
  for name in nothing:latest busybox:nothing "busybox@sha256:$(printf '0%.0s' {1..64})"; do
    fails_with 3 "caused by: there is no image '$REGISTRY/$name'" devenv image pull "$REGISTRY/$name"
    contains "$stderr" "hint: check the image's name and tag"
  done
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
  fails_with 7 "caused by: owner 70000:70000 is outside of the id map" devenv image pull "$REGISTRY/hostile:big-id"
  store_is_clean
}

@test "layer: a decompression bomb" {
  fails_with 7 "grow to more than 1000 times their size" devenv image pull "$REGISTRY/hostile:bomb"
  store_is_clean
}

@test "layer: no tar at all" {
  fails_with 7 "caused by: malformed tar archive" devenv image pull "$REGISTRY/hostile:no-tar"
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

@test "disk: full when an environment is made, and when one is entered" {
  [[ $TEST_CALLER_UID == 0 ]] || skip_for "a small disk needs root"
  local -x XDG_DATA_HOME=$TEST_SMALL_DISK
  expect 0 devenv create old --image "$REGISTRY/busybox:latest"
  dd if=/dev/zero of="$TEST_SMALL_DISK/filler" bs=1M status=none || :
  dd if=/dev/zero bs=1 status=none >>"$TEST_SMALL_DISK/filler" || :
  fails_with 1 "No space left on device" devenv create box --image "$REGISTRY/busybox:latest"
  contains "$stderr" "hint: make room on the file system of"
  equals "$(environments)" "old"
  fails_with 125 "No space left on device" devenv run old true
  expect 0 devenv list
  rm "$TEST_SMALL_DISK/filler"
  expect 0 devenv run old echo fine
  equals "$output" "fine"
  expect 0 devenv create box --image "$REGISTRY/busybox:latest"
  remove_all
  expect 0 devenv image prune -y --all
  equals "$(find "$TEST_SMALL_DISK/devenv/store/tmp" "$TEST_SMALL_DISK/devenv/store/layers" -mindepth 1)" ""
}

@test "home: read-only" {
  [[ $(id -u) != 0 ]] || skip "root writes everywhere"
  mkdir -p "$HOME/read-only"
  chmod 555 "$HOME/read-only"
  fails_with 1 "read-only" env XDG_DATA_HOME="$HOME/read-only" devenv create box --image "$REGISTRY/busybox:latest"
  contains "$stderr" "Permission denied"
  quietly env XDG_DATA_HOME="$HOME/read-only" devenv list
  # The whole home, as on a live system; and nothing but listing works there.
  fails_with 1 "read-only/.local" env HOME="$HOME/read-only" devenv image pull "$REGISTRY/busybox:latest"
  contains "$stderr" "Permission denied"
  quietly env HOME="$HOME/read-only" devenv list
  quietly env HOME="$HOME/read-only" devenv image list
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

@test "state: of a newer devenv is left alone" {
  local file
  for file in state spec; do
    create box
    sed -i -E 's/"schema": ?1/"schema": 999/' "$(environment_dir box)/$file.json"
    fails_with 125 "written by a newer devenv (version 999 of the format, this one knows 1)" devenv run box true
    contains "$stderr" "hint: update devenv"
    fails_with 5 "written by a newer devenv" devenv inspect box
    # What it needs cannot be known: nothing is removed.
    fails_with 5 "cannot tell which layers environment 'box' uses" devenv image prune -y
    expect 0 devenv list
    contains "$output" "box"
    sed -i 's/999/1/' "$(environment_dir box)/$file.json"
    expect 0 devenv run box true
    expect 0 devenv rm -f box
  done
  store_is_clean
}

@test "running.json: damaged, of another boot, of a process that is another one: started anew" {
  local junk
  create box
  for junk in '' '{' '[]' '{"schema": 1}'; do
    expect 0 devenv run box true
    expect 0 devenv stop box
    echo "$junk" >"$(running_file box)"
    expect 0 devenv run box echo fine
    equals "$output" "fine"
  done
  cp "$(running_file box)" "$BATS_TEST_TMPDIR/"
  expect 0 devenv stop box
  # As after a reboot, when the pid is somebody else's.
  sed -E 's/("pid": ?)[0-9]+/\1'"$$/" "$BATS_TEST_TMPDIR/running.json" >"$(running_file box)"
  expect 0 devenv run box echo fine
  expect 0 devenv stop box
  alive "$$"
}

@test "store: of a newer devenv" {
  expect 0 devenv image pull "$REGISTRY/busybox:latest"
  cp "$store/format.json" "$BATS_TEST_TMPDIR/"
  sed -i -E 's/: ?1([,}])/: 999\1/' "$store/format.json"
  fails_with 5 "was written by a newer devenv (schema 999, this one knows 1)" devenv image list
  contains "$stderr" "hint: update devenv"
  fails_with 5 "was written by a newer devenv" devenv create box --image "$REGISTRY/busybox:latest"
  cp "$BATS_TEST_TMPDIR/format.json" "$store/"
  store_is_clean
}

@test "store: damaged files are named, with what to do" {
  local file
  for file in format images; do
    expect 0 devenv image pull "$REGISTRY/busybox:latest"
    echo '{' >"$store/$file.json"
    fails_with 7 "'$store/$file.json' is damaged" devenv image list
    contains "$stderr" "hint: set it aside with mv $store/$file.json $store/$file.json.damaged"
    mv "$store/$file.json" "$store/$file.json.damaged"
    create box
    expect 0 devenv run box true
    remove_all
    store_is_clean
  done
}

@test "configuration: a mistake is named with its place" {
  mkdir -p "$HOME/.config/devenv"
  printf '[defaults]\nstorrage = "overlay"\n' >"$HOME/.config/devenv/config.toml"
  run --separate-stderr devenv create box --image "$REGISTRY/busybox:latest"
  rm "$HOME/.config/devenv/config.toml"
  equals "$status" 2
  contains "$stderr" "config.toml:2:1"
}
