#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What was changed in an environment becomes a layer, goes to a registry and comes back the same.
load helpers

setup_file() {
  start_registry
  start_writable_registry
}
teardown_file() {
  stop_registry
  kill "$(cat "$BATS_FILE_TMPDIR/target.pid")" "$(cat "$BATS_FILE_TMPDIR/locked.pid")" 2>/dev/null || :
}
teardown() {
  touch "$BATS_TEST_TMPDIR/enough"
  remove_all
}

# Registries of the test's own, which take pushes: TARGET from everybody, LOCKED from "user" with
# the password "secret". Both are "127.0.0.1:PORT".
start_writable_registry() {
  TARGET=$(start_one target "")
  printf 'user:%s\n' "$(python3 -W ignore -c '
import crypt
print(crypt.crypt("secret", crypt.mksalt(crypt.METHOD_BLOWFISH)))')" >"$BATS_FILE_TMPDIR/htpasswd"
  LOCKED=$(start_one locked "auth: {htpasswd: {realm: test, path: '$BATS_FILE_TMPDIR/htpasswd'}}")
  export TARGET LOCKED
}

# start_one NAME SETTINGS: its address.
start_one() {
  local log=$BATS_FILE_TMPDIR/$1.log
  mkdir -p "$BATS_FILE_TMPDIR/$1"
  cat >"$BATS_FILE_TMPDIR/$1.yml" <<EOF
version: 0.1
http: {addr: '127.0.0.1:0'}
storage:
  filesystem: {rootdirectory: '$BATS_FILE_TMPDIR/$1'}
$2
EOF
  env -u REGISTRY docker-registry serve "$BATS_FILE_TMPDIR/$1.yml" >"$log" 2>&1 3>&- &
  echo $! >"$BATS_FILE_TMPDIR/$1.pid"
  wait_until grep -q 'listening on 127' "$log" || fail "docker-registry did not start: $(cat "$log")"
  echo "127.0.0.1:$(sed -n 's/.*listening on 127\.0\.0\.1:\([0-9]*\).*/\1/p' "$log")"
}

# The layers of an image made of an environment whose image has one: with the `copy` driver it is
# the whole tree.
layers_expected() { [[ $DEVENV_TEST_STORAGE == copy ]] && echo 1 || echo 2; }

# In another home with a store of its own.
elsewhere() { XDG_DATA_HOME=$BATS_TEST_TMPDIR/elsewhere "$@"; }

# image_field NAME KEY: of the image of that name, as `devenv image inspect --json` has it.
image_field() {
  devenv image inspect --json "$1" | python3 -c '
import json, sys
value = json.load(sys.stdin)["image"][sys.argv[1]]
print(" ".join(value) if isinstance(value, list) else value)' "$2"
}

# Every kind of change, made by root inside.
change() {
  expect 0 devenv run "$1" sudo sh -c '
    set -e
    cp /bin/true /usr/tool && chown 7:8 /usr/tool && chmod 4755 /usr/tool
    mkdir -p /data/deep && echo first >/data/one && ln /data/one /data/deep/two
    ln -s ../data/one /etc/link && mkfifo /data/pipe
    rm /etc/issue
    rm -r /usr/share/doc && mkdir /usr/share/doc && echo mine >/usr/share/doc/new
    name=$(printf "odd\\377\\nname") && echo x >"/data/$name"
    chmod 1777 /data && touch -d "2001-02-03 04:05:06" /data/one'
}

# manifest_of NAME: kind, mode, owner, links, time, size, target and path of all of it but what is
# written anew at each start; and the contents of what was changed.
manifest_of() {
  devenv run "$1" sudo sh -c '
    cd / && find data usr etc -xdev \( -path etc -o -path "etc/passwd*" -o -path "etc/group*" \
      -o -path "etc/*shadow*" -o -path etc/hosts -o -path etc/resolv.conf -o -path etc/localtime \
      -o -path etc/sudoers.d -o -path etc/sudoers.d/zz-devenv -o -path etc/profile.d -o -path etc/profile.d/devenv.sh \
      -o -path usr/local -o -path usr/local/bin -o -path usr/local/bin/sudo -o -path usr/local/bin/devenv -o -path usr/local/bin/host-exec \
      -o -path etc/host.conf -o -path etc/mtab -o -path etc/hostname -o -path "etc/sub?id*" -o -path etc/ld.so.cache \) \
      -o -printf "%y %m %U:%G %n %T@ %s %l %p\\0" | sort -z | tr "\\0" "\\n" | grep -av "^d .* [0-9]* *etc$"
    sha256sum usr/tool data/one usr/share/doc/new'
}

@test "commit: the changes of an environment are a layer on its image's" {
  create box "$REGISTRY/debian:bookworm"
  change box
  expect 0 devenv stop box
  expect 0 devenv commit box localhost/changed --label team=tools
  matches "$stderr" "'box' is the image localhost/changed:latest now \([0-9]"
  equals "$(image_field localhost/changed layers | wc -w)" "$(layers_expected)"
  create copy localhost/changed
  equals "$(manifest_of copy)" "$(manifest_of box)"
  store_is_clean
}

@test "commit: the same changes give the same layer" {
  create box
  expect 0 devenv run box sudo sh -c 'echo x >/one && touch -d @1000000000 /one / /etc'
  expect 0 devenv stop box
  expect 0 devenv commit box localhost/first
  expect 0 devenv commit box localhost/second
  equals "$(image_field localhost/first layers)" "$(image_field localhost/second layers)"
}

@test "commit: the same changes on another day give the same image" {
  # It lies where no session has it, and so a directory for it is made in the root.
  unset XDG_RUNTIME_DIR
  local round digest=()
  for round in one two; do
    create box
    expect 0 devenv run box true
    expect 0 devenv stop box
    expect 0 devenv run box sudo sh -c 'mkdir -p /opt/a && echo x >/opt/a/x &&
      touch -d @1000000000 /opt/a/x /opt/a /opt /'
    expect 0 devenv stop box
    expect 0 devenv run box true
    expect 0 devenv stop box
    expect 0 devenv commit box "localhost/$round"
    digest+=("$(image_field "localhost/$round" manifest_digest)")
    [[ $DEVENV_TEST_STORAGE == copy ]] ||
      equals "$(image_field "localhost/$round" created_at)" 2001-09-09T01:46:40Z
    expect 0 devenv rm -f box
    expect 0 devenv image rm -y "localhost/$round"
    expect 0 devenv image prune -y
  done
  equals "${digest[0]}" "${digest[1]}"
}

@test "commit: directories that hide what is below, or that the user made, stay" {
  create box
  expect 0 devenv run box sudo sh -c 'mkdir -p /usr/local/bin /opt/empty && echo s >/usr/local/bin/x'
  expect 0 devenv stop box
  expect 0 devenv commit box localhost/one
  create next localhost/one
  expect 0 devenv run next sudo sh -c 'rm -r /usr/local && mkdir -p /usr/local/bin /etc/profile.d &&
    chown 5:5 /etc/profile.d && chmod 711 /etc/profile.d'
  expect 0 devenv stop next
  expect 0 devenv commit next localhost/two
  create last localhost/two
  expect 0 devenv run last sudo sh -c 'stat -c "%a %u:%g %n" /etc/profile.d /opt/empty;
    ls /usr/local/bin/x 2>/dev/null; :'
  equals "$output" "711 5:5 /etc/profile.d
755 0:0 /opt/empty"
}

@test "commit: a prune beside it takes nothing away" {
  create box
  expect 0 devenv run box sudo touch /made
  expect 0 devenv stop box
  while [[ ! -e $BATS_TEST_TMPDIR/enough ]]; do
    devenv image prune -y >/dev/null 2>&1
  done 3>&- &
  local number
  for number in 1 2 3; do
    expect 0 devenv commit box "localhost/pruned:$number"
    expect 0 devenv image rm "localhost/pruned:$number"
  done
  touch "$BATS_TEST_TMPDIR/enough"
  wait
}

@test "commit: holes stay holes, also on the way through a registry" {
  create box
  expect 0 devenv run box sudo truncate -s 300M /sparse
  expect 0 devenv stop box
  expect 0 devenv commit box "$TARGET/team/sparse:1"
  local kilobytes
  kilobytes=$(devenv du --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["layer_bytes"] // 1024)')
  ((kilobytes < 400000)) || fail "$kilobytes kB in layers"
  expect 0 devenv image push "$TARGET/team/sparse:1"
  elsewhere expect 0 devenv image pull "$TARGET/team/sparse:1"
  kilobytes=$(elsewhere devenv du --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["layer_bytes"] // 1024)')
  ((kilobytes < 400000)) || fail "$kilobytes kB in layers elsewhere"
  elsewhere expect 0 devenv image prune -y --all
}

@test "commit: of an environment that was never started, whose image has lost its name" {
  expect 0 devenv create box --image "$REGISTRY/busybox:latest"
  expect 0 devenv image rm -y "$REGISTRY/busybox:latest"
  expect 0 devenv image prune -y
  expect 0 devenv commit box localhost/again
  create copy localhost/again
  expect 0 devenv run copy true
}

@test "commit: a running environment is refused" {
  create box
  devenv run box sleep 600 >/dev/null 2>&1 </dev/null 3>&- &
  wait_until grep -qs sleep "/proc/$!/comm"
  fails_with 4 "environment 'box' is running" devenv commit box localhost/changed
  contains "$stderr" "hint: stop it first: devenv stop box"
  expect 0 devenv stop box
}

@test "commit: what cannot be done is said" {
  fails_with 3 "there is no environment 'nothing'" devenv commit nothing localhost/x
  create box
  fails_with 2 "named by a tag" devenv commit box "localhost/x@sha256:$(printf '0%.0s' {1..64})"
  fails_with 2 "label 'x' is malformed" devenv commit box localhost/x --label x
  # fuse-overlayfs itself takes no such name.
  [[ $DEVENV_TEST_STORAGE != fuse-overlayfs ]] || return 0
  expect 0 devenv run box sudo sh -c 'echo x >/.wh.file'
  expect 0 devenv stop box
  fails_with 7 "caused by: the name is reserved for whiteouts (.wh.)" \
    devenv commit box localhost/x
  store_is_clean
}

@test "image push: comes back with the same layers and the same files" {
  create box "$REGISTRY/debian:bookworm"
  change box
  expect 0 devenv stop box
  expect 0 devenv commit box localhost/changed --label team=tools
  expect 0 devenv image push localhost/changed "$TARGET/team/changed:1"
  contains "$stderr" "$TARGET/team/changed:1 is sha256:"
  local before layers
  before=$(manifest_of box)
  layers=$(image_field localhost/changed layers)
  equals "$(image_field "$TARGET/team/changed:1" layers)" "$layers"
  elsewhere expect 0 devenv image pull "$TARGET/team/changed:1"
  equals "$(elsewhere image_field "$TARGET/team/changed:1" layers)" "$layers"
  elsewhere expect 0 devenv create again --image "$TARGET/team/changed:1" --storage "$DEVENV_TEST_STORAGE"
  equals "$(elsewhere manifest_of again)" "$before"
  elsewhere remove_all
  elsewhere expect 0 devenv image prune -y --all
}

@test "image push: skopeo, umoci and podman read what was pushed" {
  needs skopeo umoci
  create box "$REGISTRY/debian:bookworm"
  change box
  expect 0 devenv stop box
  expect 0 devenv commit box "$TARGET/team/read:1" --label team=tools
  expect 0 devenv image push "$TARGET/team/read:1"
  expect 0 skopeo inspect --tls-verify=false --format '{{.Labels.team}} {{len .Layers}}' \
    "docker://$TARGET/team/read:1"
  equals "$output" "tools $(layers_expected)"
  expect 0 skopeo copy --src-tls-verify=false "docker://$TARGET/team/read:1" \
    "oci:$BATS_TEST_TMPDIR/oci:read"
  expect 0 umoci unpack --rootless --image "$BATS_TEST_TMPDIR/oci:read" "$BATS_TEST_TMPDIR/bundle"
  local root=$BATS_TEST_TMPDIR/bundle/rootfs
  equals "$(cat "$root/usr/share/doc/new" "$root/data/deep/two")" $'mine\nfirst'
  equals "$(ls "$root/usr/share/doc")" "new"
  [[ ! -e $root/etc/issue && -p $root/data/pipe && -L $root/etc/link ]]
  equals "$(stat -c %h "$root/data/one")" 2
  chmod -R u+w "$BATS_TEST_TMPDIR/bundle"
}

@test "image push: layers that the registry has are not sent again" {
  expect 0 devenv image pull "$REGISTRY/busybox:docker"
  expect 0 devenv image push "$REGISTRY/busybox:docker" "$TARGET/one/busybox:docker"
  # Byte by byte the same image.
  equals "$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$TARGET/one/busybox:docker")" \
    "$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$REGISTRY/busybox:docker")"
  local sent
  sent=$(grep -c 'PUT /v2/one/busybox/blobs' "$BATS_FILE_TMPDIR/target.log")
  expect 0 devenv image push "$REGISTRY/busybox:docker" "$TARGET/one/busybox:again"
  equals "$(grep -c 'PUT /v2/one/busybox/blobs' "$BATS_FILE_TMPDIR/target.log")" "$sent"
  # What another repository has is mounted.
  expect 0 devenv image pull "$TARGET/one/busybox:again"
  expect 0 devenv image push "$TARGET/one/busybox:again" "$TARGET/two/busybox:latest"
  contains "$(cat "$BATS_FILE_TMPDIR/target.log")" "POST /v2/two/busybox/blobs/uploads/?mount="
}

@test "image push: an image that no registry has is packed anew" {
  expect 0 devenv create box --image "$TEST_STAGE/rootfs/busybox.tar.gz" --storage "$DEVENV_TEST_STORAGE"
  expect 0 devenv run box sudo sh -c 'echo x >/new'
  expect 0 devenv stop box
  expect 0 devenv commit box localhost/imported
  expect 0 devenv image push localhost/imported "$TARGET/imported:1"
  # With the copy driver the image has no layer of the base.
  [[ $DEVENV_TEST_STORAGE == copy ]] ||
    contains "$stderr" "its layers were packed anew and have other ids there"
  elsewhere expect 0 devenv create there --image "$TARGET/imported:1" --storage "$DEVENV_TEST_STORAGE"
  elsewhere expect 0 devenv run there cat /new
  equals "$output" x
  elsewhere remove_all
  elsewhere expect 0 devenv image prune -y --all
}

@test "image push: what the registry refuses is said, with what to do" {
  expect 0 devenv image pull "$REGISTRY/busybox:latest"
  fails_with 6 "the registry takes no pushes (HTTP 405)" \
    devenv image push "$REGISTRY/busybox:latest" "$REGISTRY/other/busybox:latest"
  fails_with 2 "'localhost' is where local images are" \
    devenv image push "$REGISTRY/busybox:latest" localhost/x
  fails_with 3 "there is no image" devenv image push nothing
  fails_with 6 "cannot get" devenv image push "$REGISTRY/busybox:latest" 127.0.0.1:9/x
}

@test "image push: passwords are those of podman, skopeo and docker" {
  needs skopeo
  expect 0 devenv image pull "$REGISTRY/busybox:latest"
  fails_with 6 "the registry does not let you push to '$LOCKED/team/busybox:latest' (HTTP 401)" \
    devenv image push "$REGISTRY/busybox:latest" "$LOCKED/team/busybox:latest"
  contains "$stderr" "hint: log in as somebody who may write there: devenv image login $LOCKED"
  expect 0 skopeo login --tls-verify=false --username user --password secret \
    --authfile "$BATS_TEST_TMPDIR/auth.json" "$LOCKED"
  export REGISTRY_AUTH_FILE=$BATS_TEST_TMPDIR/auth.json
  expect 0 devenv image push "$REGISTRY/busybox:latest" "$LOCKED/team/busybox:latest"
  elsewhere expect 0 devenv image pull "$LOCKED/team/busybox:latest"
  mkdir -p "$HOME/.docker"
  mv "$REGISTRY_AUTH_FILE" "$HOME/.docker/config.json"
  unset REGISTRY_AUTH_FILE
  elsewhere expect 0 devenv image pull "$LOCKED/team/busybox:latest"
  sed -i 's/"auth": *"[^"]*"/"auth": "dXNlcjp3cm9uZw=="/' "$HOME/.docker/config.json"
  elsewhere fails_with 6 "denied (HTTP 401)" devenv image pull "$LOCKED/team/busybox:latest"
  lacks "$stderr" wrong
  rm -r "$HOME/.docker"
  elsewhere expect 0 devenv image prune -y --all
}
