#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A registry that goes wrong (tests/support/fault_registry.py): every fault is one error that says
# what happened and what to do, with its exit status, and leaves a store in which nothing is wrong.
load helpers

setup_file() {
  local folder=$BATS_FILE_TMPDIR/faults
  needs python3 zstd
  mkdir "$folder"
  python3 "$TEST_STAGE/tests/support/fault_registry.py" "$folder" >"$folder/port" 2>"$folder/log" 3>&- &
  echo $! >"$folder/pid"
  wait_until test -s "$folder/port" || fail "the registry did not start: $(cat "$folder/log")"
  HOST=127.0.0.1:$(cat "$folder/port")
  export HOST
}
teardown_file() { kill "$(cat "$BATS_FILE_TMPDIR/faults/pid")" || :; }
teardown() {
  remove_all
  devenv image prune -y --all >/dev/null 2>&1 || :
}

# refused STATUS FAULT TAG: pulling FAULT/image:TAG ends with that status and says exactly what
# standard input has, where REF is the reference, HOST the registry, and # a digest or its beginning.
refused() {
  local reference=$HOST/$2/image:$3 said wanted
  wanted=$(cat)
  expect "$1" devenv image pull "$reference"
  equals "$output" ""
  said=${stderr//"$reference"/REF}
  said=${said//"$HOST"/HOST}
  equals "$(sed -E 's/\b[0-9a-f]{12,64}\b/#/g' <<<"$said")" "pulling REF
error: cannot pull 'REF'
$wanted"
  equals "$(devenv image list --json | tr -d ' \n')" '{"schema":1,"images":[]}'
  equals "$(ls "$HOME/.local/share/devenv/store/layers")" ""
  store_is_clean
}

# ---- what the registry answers -------------------------------------------------------------------

@test "registry: 401, access denied" {
  refused 6 login small <<'EOF'
  caused by: access to 'REF' denied (HTTP 401): who are you
hint: check the image's name, or log in: devenv image login HOST
EOF
}

@test "registry: 403, forbidden" {
  refused 6 forbidden small <<'EOF'
  caused by: access to 'REF' denied (HTTP 403): not for you
hint: check the image's name, or log in: devenv image login HOST
EOF
}

@test "registry: 404, no such image" {
  refused 3 missing small <<'EOF'
  caused by: there is no image 'REF': manifest unknown
hint: check the image's name and tag
EOF
}

@test "registry: 429, too many requests" {
  refused 6 busy small <<'EOF'
  caused by: too many requests for 'REF' (HTTP 429) (limit 100 per 6 hours, 0 left)
hint: try again in 10 minutes; registries often allow more to people they know: devenv image login HOST
EOF
  refused 6 busy-words small <<'EOF'
  caused by: too many requests for 'REF' (HTTP 403) (limit 100 per 6 hours): slow down
hint: try again later, in 6 hours at the latest; registries often allow more to people they know: devenv image login HOST
EOF
  fails_with 6 "too many requests" devenv image pull "$HOST/busy-date/image:small"
  matches "$stderr" "hint: try again in (2 hours|1 hour [0-9]+ minutes);"
}

@test "registry: what it asks for is waited for when it is short" {
  expect 0 env DEVENV_LOG=info devenv image pull "$HOST/busy-shortly/image:small"
  contains "$stderr" "failed, waiting 1000 ms"
}

@test "registry: 503, of images and of tokens" {
  refused 6 broken small <<'EOF'
  caused by: the registry cannot serve 'REF' (HTTP 503)
hint: try again later
EOF
  refused 6 broken-token small <<'EOF'
  caused by: the registry cannot serve a token from 'HOST' (HTTP 503)
hint: try again later
EOF
}

@test "registry: connections that are reset" {
  refused 6 reset small <<'EOF'
  caused by: cannot get 'http://HOST': Recv failure: Connection reset by peer
EOF
}

@test "registry: redirects without an end" {
  refused 6 redirect-loop small <<'EOF'
  caused by: the registry redirects 'REF' without an end (HTTP 307)
EOF
}

# ---- manifests -----------------------------------------------------------------------------------

@test "manifest: too large, another one, of schema 1, for another machine" {
  refused 7 huge-manifest small <<'EOF'
  caused by: the registry's document has more than 4194304 bytes
EOF
  refused 7 other-manifest small <<'EOF'
  caused by: the manifest that the registry serves for 'REF' has digest sha256:#, not sha256:#
EOF
  refused 5 schema1 small <<'EOF'
  caused by: cannot use the image's manifest
  caused by: it is of Docker's schema 1, which was given up in 2017
hint: push the image anew with a current tool, or use another tag
EOF
  refused 5 ok foreign <<EOF
  caused by: the image is for linux/s390x, not for $(machine)
EOF
}

machine() {
  case $(uname -m) in
    x86_64) echo linux/amd64 ;;
    aarch64) echo linux/arm64 ;;
    *) echo "linux/$(uname -m)" ;;
  esac
}

# ---- layers --------------------------------------------------------------------------------------

@test "layer: 404" {
  refused 6 no-blobs small <<'EOF'
  caused by: cannot download layer #
  caused by: the registry does not have blob sha256:#: blob unknown
EOF
}

@test "layer: truncated" {
  expect 6 devenv image pull "$HOST/truncated/image:small"
  matches "$stderr" "
  caused by: blob sha256:[0-9a-f]{64} broke off after [0-9]+ of [0-9]+ bytes
  caused by: cannot get 'http://$HOST': transfer closed with [0-9]+ bytes remaining to read$"
  store_is_clean
}

@test "layer: of a wrong digest" {
  refused 7 wrong-digest small <<'EOF'
  caused by: cannot unpack layer #
  caused by: its bytes have digest sha256:# instead of sha256:#
hint: try again; if it stays so, the registry's copy is damaged
EOF
}

@test "layer: of a wrong size" {
  local fault
  for fault in too-long too-short; do
    expect 7 devenv image pull "$HOST/$fault/image:small"
    matches "$stderr" "
  caused by: the registry serves [0-9]+ instead of the [0-9]+ bytes that blob sha256:[0-9a-f]{64} has$"
    store_is_clean
  done
}

@test "layer: whose tar is another one than the config says" {
  refused 7 ok wrong-diff-id <<'EOF'
  caused by: cannot unpack layer #
  caused by: its tar has digest sha256:#, but the image's config says sha256:#
EOF
}

@test "layer: no tar, and a way out of the root" {
  refused 7 ok no-tar <<'EOF'
  caused by: cannot unpack layer #
  caused by: malformed tar archive: Unrecognized archive format
EOF
  refused 7 ok escape <<'EOF'
  caused by: cannot unpack layer #
  caused by: cannot unpack '../../escaped'
  caused by: the path has a '..' component
EOF
}

@test "layer: more than the limit, which can be set" {
  fails_with 7 "10485760" env DEVENV_IMAGE_MAX_SIZE=10M devenv image pull "$HOST/ok/image:bomb"
  contains "$stderr" "hint: DEVENV_IMAGE_MAX_SIZE sets the limit"
  store_is_clean
  expect 0 env DEVENV_IMAGE_MAX_SIZE=100M devenv image pull "$HOST/ok/image:bomb"
  store_is_clean
}

@test "layer: that stops coming is given up" {
  fails_with 6 "broke off after" env DEVENV_IMAGE_TIMEOUT=1 devenv image pull "$HOST/stalled/image:big"
  store_is_clean
}

# ---- what passes ---------------------------------------------------------------------------------

@test "faults that pass are got over" {
  local fault
  for fault in redirect token short-token busy-once broken-once reset-once truncated-once no-ranges-once; do
    expect 0 devenv image pull "$HOST/$fault/image:big"
    equals "$(devenv image list --json | grep -c '"manifest_digest"')" 1
    expect 0 devenv image prune -y --all
  done
}

@test "layer: of a wrong digest, and right the next time" {
  fails_with 7 "instead of sha256:" devenv image pull "$HOST/wrong-digest-once/image:small"
  expect 0 devenv image pull "$HOST/wrong-digest-once/image:small"
  store_is_clean
}

# ---- environments --------------------------------------------------------------------------------

@test "create, enter: a failed pull makes no environment" {
  local fault
  for fault in login missing busy broken truncated wrong-digest; do
    run --separate-stderr devenv create box --image "$HOST/$fault/image:small"
    case $fault in
      missing) equals "$status" 3 ;;
      wrong-digest) equals "$status" 7 ;;
      *) equals "$status" 6 ;;
    esac
    fails_with 125 "cannot pull '$HOST/$fault/image:small'" devenv enter "$HOST/$fault/image:small" -- true
    equals "$(environments)" ""
    store_is_clean
  done
}

# ---- mirrors -------------------------------------------------------------------------------------

# mirrored MIRROR...: HOST/image is at HOST/ok/image, with those mirrors.
mirrored() {
  local mirror
  mkdir -p "$HOME/.config/containers"
  {
    printf '[[registry]]\nprefix = "mirrored.example"\nlocation = "%s/%s"\n' "$HOST" "${REGISTRY_FAULT:-ok}"
    for mirror; do
      printf '[[registry.mirror]]\nlocation = "%s/%s"\n' "$HOST" "$mirror"
    done
  } >"$HOME/.config/containers/registries.conf"
}

@test "mirrors: one with damaged layers is passed over, with a warning" {
  mirrored wrong-digest too-long wrong-digest
  expect 0 devenv image pull mirrored.example/image:small
  contains "$stderr" "warning: mirror '$HOST/wrong-digest/image' serves a damaged layer"
  expect 0 devenv image rm mirrored.example/image:small
  rm "$HOME/.config/containers/registries.conf"
  store_is_clean
}

@test "mirrors: when the registry's layers are damaged, too, it is an error" {
  REGISTRY_FAULT=wrong-digest mirrored wrong-digest
  fails_with 7 "mirrors of '$HOME/.config/containers/registries.conf' have failed before" \
    devenv image pull mirrored.example/image:small
  contains "$stderr" "asked at '$HOST/wrong-digest/image'"
  contains "$stderr" "instead of sha256:"
  rm "$HOME/.config/containers/registries.conf"
}
