#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2016
# Dev container features: artifacts of a registry that become steps of a project.
load helpers

setup_file() {
  start_registry
  start_feature_registry
}
teardown_file() {
  stop_registry
  kill "$(cat "$BATS_FILE_TMPDIR/features.pid")" 2>/dev/null || :
}

# A registry that takes pushes; FEATURES is "127.0.0.1:PORT".
start_feature_registry() {
  local log=$BATS_FILE_TMPDIR/features.log
  mkdir -p "$BATS_FILE_TMPDIR/features"
  cat >"$BATS_FILE_TMPDIR/features.yml" <<END
version: 0.1
http: {addr: '127.0.0.1:0'}
storage:
  filesystem: {rootdirectory: '$BATS_FILE_TMPDIR/features'}
END
  env -u REGISTRY docker-registry serve "$BATS_FILE_TMPDIR/features.yml" >"$log" 2>&1 3>&- &
  echo $! >"$BATS_FILE_TMPDIR/features.pid"
  wait_until grep -q 'listening on 127' "$log" || fail "docker-registry did not start: $(cat "$log")"
  FEATURES=127.0.0.1:$(sed -n 's/.*listening on 127\.0\.0\.1:\([0-9]*\).*/\1/p' "$log")
  export FEATURES
}

setup() {
  project=$HOME/projects/web
  mkdir -p "$project"
  cd "$project" || return
}

teardown() {
  remove_all
  rm -rf "$HOME/projects" "$HOME/.local/share/devenv"/{projects,trust,logs} \
    "$HOME/.local/share/devenv/store/features"
}

# project [LINE...]: devenv.toml with the test image as its base.
project() {
  printf '[env]\nbase = "%s/busybox:latest"\nstorage = "%s"\n' "$REGISTRY" "$DEVENV_TEST_STORAGE" >devenv.toml
  printf '%s\n' "$@" >>devenv.toml
}

# feature NAME JSON-MEMBERS SCRIPT-LINE...: a folder with a feature; $folder.
feature() {
  folder=$BATS_TEST_TMPDIR/$1
  mkdir -p "$folder/data"
  printf '{ "id": "%s", "version": "1.0.0", %s }' "$1" "$2" >"$folder/devcontainer-feature.json"
  printf '%s\n' '#!/bin/sh' 'set -e' "${@:3}" >"$folder/install.sh"
  echo "of $1" >"$folder/data/file"
}

# push NAME:TAG [KIND]: the folder of feature() goes to the registry.
push() {
  pushed=$(python3 "$TEST_STAGE/tests/support/push_feature.py" "$FEATURES/x/$1" "$folder" "${@:2}") ||
    fail "cannot push $1"
}

tool() {
  feature tool '"options": { "tool-version": { "type": "string", "default": "1" },
    "loud": { "type": "boolean", "default": false } },
    "containerEnv": { "PATH": "/opt/tool/bin:${PATH}", "TOOL_HOME": "/opt/tool" }' \
    'mkdir -p "$TOOL_HOME/bin" && cp data/file "$TOOL_HOME/"' \
    "echo 'echo tool '\"\$TOOL_VERSION \$LOUD \$_REMOTE_USER \$_CONTAINER_USER_HOME \$(id -u) $1\" >/opt/tool/bin/tool" \
    'chmod +x /opt/tool/bin/tool'
}

@test "features: installed once, told its options; its variables are there" {
  tool ""
  push tool:1
  project '[[features]]' "ref = \"$FEATURES/x/tool:1\"" 'options = { tool-version = "20", loud = true }' \
    '[[setup]]' 'run = "tool >/opt/tool/said"'
  fails_with 4 "not allowed yet" devenv up
  [[ ! -e $HOME/.local/share/devenv/store/features ]] || fail "it was fetched before it was allowed"
  expect 0 devenv allow
  contains "$stderr" "to run in it, once, as its root, what $FEATURES/x/tool:1 brings, with loud=true, tool-version=20"
  expect 0 devenv up
  contains "$stderr" "installing feature $FEATURES/x/tool:1"
  expect 0 devenv run -- sh -c 'tool; cat /opt/tool/said $TOOL_HOME/file'
  equals "$output" $'tool 20 true root /root 0\ntool 20 true root /root 0\nof tool'
  project '[[features]]' "ref = \"$FEATURES/x/tool:1\"" 'options = { tool-version = "20", loud = true }'
  expect 0 devenv up --allow
  lacks "$stderr" "installing feature"
  lacks "$stderr" "fetching feature"
  project '[[features]]' "ref = \"$FEATURES/x/tool:1\""
  expect 0 devenv up --allow
  contains "$stderr" "installing feature"
  expect 0 devenv run -- tool
  equals "$output" "tool 1 false root /root 0"
}

@test "features: their programs are found by login shells, too" {
  tool ""
  push tool:4
  project '[[features]]' "ref = \"$FEATURES/x/tool:4\""
  sed -i 's|busybox:latest|debian:bookworm|' devenv.toml
  expect 0 devenv up --allow
  expect 0 devenv run -- bash -lc tool
  equals "$output" "tool 1 false root /root 0"
}

@test "features: what others depend on comes first; what cannot be given is told" {
  feature first '"privileged": false' 'echo first >>/order'
  push first:1
  feature second "\"dependsOn\": { \"$FEATURES/x/first:1\": {} }, \"privileged\": true, \"entrypoint\": \"/run\"" \
    'echo second >>/order'
  push second:1
  feature third "\"installsAfter\": [\"$FEATURES/x/second\"]" 'echo third >>/order'
  push third:1
  project '[[features]]' "ref = \"$FEATURES/x/third:1\"" '[[features]]' "ref = \"$FEATURES/x/second:1\"" \
    'options = { sped = "1" }'
  expect 0 devenv up --allow
  contains "$stderr" "feature '$FEATURES/x/second:1' asks for privileged, entrypoint, which no environment gives"
  contains "$stderr" "feature '$FEATURES/x/second:1' has no option 'sped'"
  expect 0 devenv run -- cat /order
  equals "$output" $'first\nsecond\nthird'
  expect 0 devenv lock
  contains "$(cat devenv.toml.lock)" "reference = \"$FEATURES/x/first:1\""
}

@test "features: the lock pins them; nobody is asked what a tag is now" {
  tool old
  push tool:2
  local old=${pushed% *}
  project '[[features]]' "ref = \"$FEATURES/x/tool:2\""
  expect 0 devenv lock --allow
  contains "$(cat devenv.toml.lock)" "manifest = \"$old\""
  tool new
  push tool:2
  rm -rf "$HOME/.local/share/devenv/store/features"
  fails_with 3 "is not here" devenv up --frozen
  contains "$stderr" "devenv up --locked"
  expect 0 devenv up --locked
  lacks "$stderr" "installing feature"
  expect 0 devenv run -- tool
  equals "$output" "tool 1 false root /root 0 old"
  expect 0 devenv lock --update
  contains "$(cat devenv.toml.lock)" "manifest = \"${pushed% *}\""
  expect 0 devenv up
  expect 0 devenv run -- tool
  equals "$output" "tool 1 false root /root 0 new"
  printf '%s\n' '[[features]]' "ref = \"$FEATURES/x/other:1\"" >>devenv.toml
  fails_with 4 "the lock does not fit: it has no feature '$FEATURES/x/other:1'" devenv up --locked --allow
}

@test "features: at a second person's they come with the layers, and nothing is run" {
  tool shared
  push tool:3
  project '[[features]]' "ref = \"$FEATURES/x/tool:3\"" '[[setup]]' 'run = "tool >/said"'
  expect 0 devenv lock --allow
  expect 0 devenv push "$FEATURES/team/web:dev"
  local first
  first=$(grep chain-id devenv.toml.lock)
  second() { env XDG_DATA_HOME="$BATS_TEST_TMPDIR/data" XDG_CACHE_HOME="$BATS_TEST_TMPDIR/cache" "$@"; }
  tool moved
  push tool:3
  expect 0 second devenv up --locked --allow
  lacks "$stderr" "installing feature"
  equals "$(grep chain-id devenv.toml.lock)" "$first"
  expect 0 second devenv run -- sh -c 'tool; cat /said'
  equals "$output" $'tool 1 false root /root 0 shared\ntool 1 false root /root 0 shared'
  expect 0 second devenv up --frozen
  expect 0 second devenv rm -f web
  expect 0 second devenv image prune --all -y
  equals "$(ls "$BATS_TEST_TMPDIR/data/devenv/store/features")" ""
}

@test "features: hostile and broken ones are refused, and leave nothing" {
  local kind wanted
  feature hostile '"options": {}' 'touch /hostile'
  while IFS='|' read -r kind code wanted; do
    push "hostile:$kind" "$kind"
    project '[[features]]' "ref = \"$FEATURES/x/hostile:$kind\""
    fails_with "$code" "$wanted" devenv up --allow
    contains "$stderr" "cannot use feature '$FEATURES/x/hostile:$kind'"
  done <<'END'
traversal|7|the path has a '..' component
link|7|entry 'link' is no plain file
device|7|entry 'null' is no plain file
no-script|7|it has no install.sh
no-document|7|it has no devcontainer-feature.json
file-below-file|7|'install.sh/x' is below a file
no-utf8|7|is not UTF-8
huge|7|its files have more than 33554432 bytes
image|5|it is no dev container feature, but of type 'application/vnd.oci.image.config.v1+json'
END
  push hostile:damaged
  local blob=${pushed#* }
  blob=$BATS_FILE_TMPDIR/features/docker/registry/v2/blobs/sha256/${blob:7:2}/${blob:7}/data
  printf 'XXXX' | dd of="$blob" bs=1 seek=20 conv=notrunc status=none
  project '[[features]]' "ref = \"$FEATURES/x/hostile:damaged\""
  fails_with 7 "cannot use feature" devenv up --allow
  project '[[features]]' "ref = \"$FEATURES/x/absent:1\""
  fails_with 3 "cannot use feature" devenv up --allow
  equals "$(find "$HOME/.local/share/devenv/store" -name 'outside' -o -name '*.feature' -o -name install.sh)" ""
}

@test "features: what is damaged in the store is fetched again" {
  tool ""
  push tool:5
  project '[[features]]' "ref = \"$FEATURES/x/tool:5\"" 'options = { tool-version = 1 }'
  fails_with 2 "'tool-version' must be a string or a boolean" devenv up --allow
  project '[[features]]' "ref = \"$FEATURES/x/tool:5\""
  expect 0 devenv up --allow
  local script
  script=$(ls "$HOME"/.local/share/devenv/store/features/*/files/install.sh)
  : >"$script"
  project '[[features]]' "ref = \"$FEATURES/x/tool:5\"" 'options = { tool-version = "2" }'
  expect 0 devenv up --allow
  contains "$stderr" "fetching feature"
  rm "$script"
  project '[[features]]' "ref = \"$FEATURES/x/tool:5\"" 'options = { tool-version = "3" }'
  expect 0 devenv up --allow
  expect 0 devenv run -- tool
  contains "$output" "tool 3"
}

@test "features: lock --update asks for all of them, also for those that others need" {
  feature base '"options": { "n": { "type": "string", "default": 1 } }' 'echo base "$N" >/base'
  push base:1
  feature top "\"dependsOn\": { \"$FEATURES/x/base:1\": {} }" 'echo top >/top'
  push top:1
  project '[[features]]' "ref = \"$FEATURES/x/top:1\""
  expect 0 devenv up --allow
  expect 0 devenv run -- cat /base
  equals "$output" "base 1"
  feature base '"options": {}' 'echo new >/base'
  push base:1
  expect 0 devenv lock --update
  expect 0 devenv up
  expect 0 devenv run -- cat /base
  equals "$output" "new"
}

@test "features: one that is in use is not pruned" {
  feature slow '"options": {}' 'sleep 5'
  push slow:1
  feature after '"options": {}' 'echo after >/after'
  push after:1
  project '[[features]]' "ref = \"$FEATURES/x/slow:1\"" '[[features]]' "ref = \"$FEATURES/x/after:1\""
  devenv allow
  devenv up 3>&- &
  local pid=$!
  wait_until pgrep -f '^sleep 5'
  devenv image prune --all -y
  wait "$pid" || fail "up failed"
  expect 0 devenv run -- cat /after
}

@test "features: one that fails says so, and changes nothing" {
  feature broken '"options": { "x": { "type": "string", "enum": ["a", "b"], "default": "a" } }' \
    'echo a reason' 'exit 3'
  push broken:1
  project '[[features]]' "ref = \"$FEATURES/x/broken:1\"" 'options = { x = "c" }'
  fails_with 2 "option 'x' of feature '$FEATURES/x/broken:1' cannot be 'c'" devenv up --allow
  project '[[features]]' "ref = \"$FEATURES/x/broken:1\""
  fails_with 1 "step 'installing feature $FEATURES/x/broken:1'" devenv up --allow
  contains "$stderr" "a reason"
}

@test "projects: a base that has changed only its variables is another base" {
  needs skopeo umoci
  local oci=$BATS_TEST_TMPDIR/oci
  # base COLOUR: pushes the test image with that variable.
  base() {
    umoci config --image "$oci:x" --config.env "COLOUR=$1"
    skopeo --insecure-policy copy --quiet --dest-tls-verify=false "oci:$oci:x" "docker://$FEATURES/x/base:1"
  }
  skopeo --insecure-policy copy --quiet --src-tls-verify=false "docker://$REGISTRY/busybox:latest" "oci:$oci:x"
  base red
  printf '[env]\nbase = "%s"\nstorage = "%s"\n[[setup]]\nrun = "echo $COLOUR >/colour"\n' \
    "$FEATURES/x/base:1" "$DEVENV_TEST_STORAGE" >devenv.toml
  expect 0 devenv up --allow
  expect 0 devenv run -- sh -c 'echo $COLOUR; cat /colour'
  equals "$output" $'red\nred'
  expect 0 devenv lock
  base blue
  expect 0 devenv lock --update
  expect 0 devenv up
  expect 0 devenv run -- sh -c 'echo $COLOUR; cat /colour'
  equals "$output" $'blue\nblue'
  expect 0 devenv up --locked
}
