#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154
# zstd:chunked and eStargz layers: what an earlier image brought is not fetched again.
load helpers
load registries

# Two images of one layer each: 6 MB that both have, and 2 MB that only one has.
make_images() {
  local work=$BATS_FILE_TMPDIR/work version
  mkdir -p "$work/root/bin" "$work/root/etc"
  echo 'NAME=chunked' >"$work/root/etc/os-release"
  local part
  for part in 1 2 3; do
    head -c 2000000 /dev/urandom >"$work/root/bin/both $part"
  done
  chmod 4755 "$work/root/bin/both 1"
  for version in 1 2; do
    head -c 2000000 /dev/urandom >"$work/root/bin/own"
    python3 "$TEST_STAGE/tests/support/chunked_image.py" "$work/$version" "$work/root"
    skopeo --insecure-policy copy --quiet --dest-tls-verify=false "oci:$work/$version:x" \
      "docker://$REGISTRY_ADDRESS/chunked:$version"
    python3 "$TEST_STAGE/tests/support/chunked_image.py" --estargz "$work/e$version" "$work/root"
    skopeo --insecure-policy copy --quiet --dest-tls-verify=false "oci:$work/e$version:x" \
      "docker://$REGISTRY_ADDRESS/chunked:e$version"
    sha256sum "$work/root/bin/own" | cut -c1-64 >"$work/own.$version"
  done
}

setup_file() {
  REGISTRY_ADDRESS=$(start_private chunked '')
  export REGISTRY_ADDRESS
  make_images
  local faults=$BATS_FILE_TMPDIR/faults work=$BATS_FILE_TMPDIR/work
  mkdir "$faults"
  python3 "$TEST_STAGE/tests/support/fault_registry.py" "$faults" "1=$work/1" "2=$work/2" "e1=$work/e1" "e2=$work/e2" \
    >"$faults/port" 2>"$faults/log" 3>&- &
  echo $! >"$faults/pid"
  wait_until test -s "$faults/port" || fail "the registry did not start: $(cat "$faults/log")"
  FAULTS=127.0.0.1:$(cat "$faults/port")
  export FAULTS
}
teardown_file() {
  stop_private
  kill "$(cat "$BATS_FILE_TMPDIR/faults/pid")" || :
}
teardown() {
  devenv rm -f --all 2>/dev/null || :
  local tag
  for tag in 1 2 e1 e2; do
    devenv image rm "$REGISTRY_ADDRESS/chunked:$tag" 2>/dev/null || :
  done
  devenv image prune --all -y 2>/dev/null || :
}

# sent COMMAND...: how many bytes of blobs the registry sends meanwhile, into $bytes.
sent() {
  local log=$BATS_FILE_TMPDIR/chunked.log before
  before=$(wc -l <"$log")
  expect 0 "$@"
  bytes=$(tail -n "+$((before + 1))" "$log" | grep 'http.response.written=' | grep '/blobs/' |
    sed -n 's/.*http.response.written=\([0-9]*\).*/\1/p' | awk '{ sum += $1 } END { print sum + 0 }')
}

tree_of() {
  local chain reference=$REGISTRY_ADDRESS/chunked:$1
  [[ $1 != */* ]] || reference=$1
  chain=$(devenv image inspect --json "$reference" | python3 -c '
import json, sys
print(json.load(sys.stdin)["image"]["layers"][0].split(":")[1])')
  echo "${XDG_DATA_HOME:-$HOME/.local/share}/devenv/store/layers/$chain/fs"
}

@test "chunked: only what is not here is fetched" {
  local bytes
  sent devenv image pull "$REGISTRY_ADDRESS/chunked:1"
  ((bytes > 8000000)) || fail "the first image was $bytes bytes"
  sent devenv image pull "$REGISTRY_ADDRESS/chunked:2"
  ((bytes > 2000000 && bytes < 2500000)) || fail "the second image was $bytes bytes"
  local one two part
  one=$(tree_of 1) two=$(tree_of 2)
  for part in 1 2 3; do
    expect 0 cmp "$one/bin/both $part" "$two/bin/both $part"
  done
  equals "$(stat -c %a "$two/bin/both 1")" 4755
  equals "$(sha256sum "$two/bin/own" | cut -c1-64)" "$(cat "$BATS_FILE_TMPDIR/work/own.2")"
}

@test "eStargz: of what is here, only the ends of files are fetched" {
  local bytes part
  sent devenv image pull "$REGISTRY_ADDRESS/chunked:e1"
  ((bytes > 8000000)) || fail "the first image was $bytes bytes"
  sent devenv image pull "$REGISTRY_ADDRESS/chunked:e2"
  # Each file of 2,000,000 bytes has a last chunk of 951,424.
  ((bytes > 4800000 && bytes < 5200000)) || fail "the second image was $bytes bytes"
  for part in 1 2 3; do
    expect 0 cmp "$(tree_of e1)/bin/both $part" "$(tree_of e2)/bin/both $part"
  done
  equals "$(sha256sum "$(tree_of e2)/bin/own" | cut -c1-64)" "$(cat "$BATS_FILE_TMPDIR/work/own.2")"
  [[ ! -e $(tree_of e2)/stargz.index.json ]] || fail "its table of contents is a file"
}

@test "eStargz: what zstd:chunked has brought is known, too" {
  local bytes
  expect 0 devenv image pull "$REGISTRY_ADDRESS/chunked:1"
  sent devenv image pull "$REGISTRY_ADDRESS/chunked:e2"
  ((bytes > 4800000 && bytes < 5200000)) || fail "the second image was $bytes bytes"
}

@test "chunked: a file that has changed here is not believed" {
  expect 0 devenv image pull "$REGISTRY_ADDRESS/chunked:1"
  local one bytes
  one=$(tree_of 1)
  printf x | unshare --map-root-user --map-auto dd of="$one/bin/both 2" bs=1 seek=1000 conv=notrunc status=none
  sent devenv image pull "$REGISTRY_ADDRESS/chunked:2"
  ((bytes > 8000000)) || fail "$bytes bytes"
  ! cmp -s "$one/bin/both 2" "$(tree_of 2)/bin/both 2" || fail "the damage was taken over"
  # Which of the two lists lied is not known: neither is used again.
  [[ ! -e ${one%/fs}/files.json && ! -e $(dirname "$(tree_of 2)")/files.json ]] || fail "still believed"
  equals "$(ls "${XDG_DATA_HOME:-$HOME/.local/share}/devenv/store/tmp")" ""
}

@test "chunked: what is no file here any more is not looked for" {
  local one bytes change
  for change in 'ln -sf "both 1" "both 2"' 'rm "both 2" && mkfifo "both 2"' 'rm -r ../bin && touch ../bin'; do
    expect 0 devenv image pull "$REGISTRY_ADDRESS/chunked:1"
    one=$(tree_of 1)
    unshare --map-root-user --map-auto sh -c "cd '$one/bin' && $change"
    sent devenv image pull "$REGISTRY_ADDRESS/chunked:2"
    ((bytes > 8000000)) || fail "$change: $bytes bytes"
    equals "$(sha256sum "$(tree_of 2)/bin/own" | cut -c1-64)" "$(cat "$BATS_FILE_TMPDIR/work/own.2")"
    [[ ! -e ${one%/fs}/files.json ]] || fail "still believed"
    expect 0 devenv image rm "$REGISTRY_ADDRESS/chunked:1" "$REGISTRY_ADDRESS/chunked:2"
    expect 0 devenv image prune -y
  done
}

@test "chunked: a registry that sends no parts sends the whole, once" {
  local log=$BATS_FILE_TMPDIR/faults/requests.log fault kind before
  for kind in '' e; do
    expect 0 devenv image pull "$FAULTS/ok/image:${kind}1"
    for fault in no-ranges part-416 part-403 part-400; do
      before=$(wc -l <"$log")
      expect 0 devenv image pull "$FAULTS/$fault/image:${kind}2"
      lacks "$stderr" warning
      equals "$(sha256sum "$(tree_of "$FAULTS/$fault/image:${kind}2")/bin/own" | cut -c1-64)" \
        "$(cat "$BATS_FILE_TMPDIR/work/own.2")"
      # That of the config, and that of the layer.
      equals "$(tail -n "+$((before + 1))" "$log" | grep -c '/blobs/.*range=None')" 2
      expect 0 devenv image rm "$FAULTS/$fault/image:${kind}2"
      expect 0 devenv image prune -y
    done
  done
}

@test "chunked: a mirror without the layer is left for the next place, which sends parts" {
  local log=$BATS_FILE_TMPDIR/faults/requests.log before
  mkdir -p "$HOME/.config/containers"
  printf '[[registry]]\nprefix = "mirrored.example"\nlocation = "%s/ok"\n[[registry.mirror]]\nlocation = "%s/no-blobs"\n' \
    "$FAULTS" "$FAULTS" >"$HOME/.config/containers/registries.conf"
  expect 0 devenv image pull mirrored.example/image:1
  before=$(wc -l <"$log")
  expect 0 devenv image pull mirrored.example/image:2
  rm "$HOME/.config/containers/registries.conf"
  # Only the config is had as a whole.
  equals "$(tail -n "+$((before + 1))" "$log" | grep -c '/blobs/.*range=None')" 1
  contains "$(tail -n "+$((before + 1))" "$log")" "/ok/image/blobs/"
}

@test "chunked: a rate limit between two parts, what came before is kept" {
  local log=$BATS_FILE_TMPDIR/faults/requests.log before store=${XDG_DATA_HOME:-$HOME/.local/share}/devenv/store
  expect 0 devenv image pull "$FAULTS/ok/image:1"
  before=$(wc -l <"$log")
  fails_with 6 "too many requests" devenv image pull "$FAULTS/two-parts/image:2"
  equals "$(tail -n "+$((before + 1))" "$log" | grep -c '/blobs/.*range=None')" 1
  [[ -n $(find "$store/tmp" -name '*.partial.*' -size +0) ]] || fail "$(ls -l "$store/tmp")"
  expect 0 devenv image pull "$FAULTS/ok/image:2"
  equals "$(sha256sum "$(tree_of "$FAULTS/ok/image:2")/bin/own" | cut -c1-64)" "$(cat "$BATS_FILE_TMPDIR/work/own.2")"
}

@test "chunked: killed in the middle, the next pull goes on" {
  expect 0 devenv image pull "$REGISTRY_ADDRESS/chunked:1"
  local _
  for _ in 1 2 3 4 5; do
    timeout -s KILL 0.05 devenv image pull "$REGISTRY_ADDRESS/chunked:2" 2>/dev/null || :
  done
  expect 0 devenv image pull "$REGISTRY_ADDRESS/chunked:2"
  equals "$(sha256sum "$(tree_of 2)/bin/own" | cut -c1-64)" "$(cat "$BATS_FILE_TMPDIR/work/own.2")"
}
