#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154
# Who one is at a registry: passwords, helpers, tokens; devenv image login and logout.
load helpers
load registries

setup_file() {
  needs openssl skopeo
  TOKENS=$BATS_FILE_TMPDIR/tokens
  export TOKENS
  start_registry
  PRIVATE=$(start_private private "$(htpasswd_settings)")
  TOKEN=$(start_private token "$(start_token_server)")
  export PRIVATE TOKEN
  fill "$PRIVATE/team/busybox:1"
  fill "$TOKEN/team/busybox:1"
  fill "$TOKEN/public/busybox:1"
}
teardown_file() {
  stop_registry
  stop_private
}
setup() {
  HELPED=$BATS_TEST_TMPDIR/helped
  PATH=$HELPED/bin:$PATH
  RUNTIME_FILE=$XDG_RUNTIME_DIR/containers/auth.json
  : >"$TOKENS/requests.log"
}
teardown() {
  rm -rf "$XDG_RUNTIME_DIR/containers" "$HOME/.config/containers" "$HOME/.docker" "$HOME/.dockercfg"
  devenv image prune -y --all >/dev/null 2>&1 || :
}

login() { devenv image login --user user --password-stdin "$1" <<<"${2:-secret}"; }

# entry FILE KEY: the decoded entry of a file of passwords.
entry() {
  python3 -c 'import base64, json, sys
print(base64.b64decode(json.load(open(sys.argv[1]))["auths"][sys.argv[2]]["auth"]).decode())' "$@"
}

# pulls REF: asking the registry for all of it.
pulls() {
  expect 0 devenv image pull "$1"
  devenv image rm "$1" >/dev/null 2>&1
  devenv image prune -y >/dev/null 2>&1
}

# ---- login ---------------------------------------------------------------------------------------

@test "login: the password is checked, kept for the owner only, and used" {
  fails_with 6 "denied (HTTP 401)" devenv image pull "$PRIVATE/team/busybox:1"
  contains "$stderr" "devenv image login $PRIVATE"
  expect 0 login "$PRIVATE"
  equals "$output" ""
  equals "$stderr" "logged in to $PRIVATE as user; the password is in $RUNTIME_FILE"
  equals "$(stat -c %a "$RUNTIME_FILE")" 600
  equals "$(entry "$RUNTIME_FILE" "$PRIVATE")" user:secret
  pulls "$PRIVATE/team/busybox:1"
}

@test "login: a wrong password is not kept" {
  fails_with 6 "'$PRIVATE' does not accept the user name and password (HTTP 401)" login "$PRIVATE" wrong
  lacks "$stderr" wrong
  [[ ! -e $RUNTIME_FILE ]]
  fails_with 6 "incorrect username or password" login "$TOKEN" wrong
  [[ ! -e $RUNTIME_FILE ]]
}

@test "login: other entries and keys of the file stay, a link stays one" {
  mkdir -p "$XDG_RUNTIME_DIR/containers"
  cat >"$BATS_TEST_TMPDIR/kept.json" <<EOF
{"auths": {"quay.io": {"auth": "YTpi"}, "https://$PRIVATE/v1/": {"auth": "b2xkOm9sZA=="}}, "detachKeys": "ctrl-x"}
EOF
  ln -s "$BATS_TEST_TMPDIR/kept.json" "$RUNTIME_FILE"
  expect 0 login "$PRIVATE"
  [[ -L $RUNTIME_FILE ]]
  equals "$(entry "$RUNTIME_FILE" quay.io)" a:b
  equals "$(entry "$RUNTIME_FILE" "$PRIVATE")" user:secret
  equals "$(python3 -c 'import json, sys
document = json.load(open(sys.argv[1]))
print(len(document["auths"]), document["detachKeys"])' "$RUNTIME_FILE")" "2 ctrl-x"
  echo '{' >"$BATS_TEST_TMPDIR/kept.json"
  fails_with 7 "'$RUNTIME_FILE' is damaged" login "$PRIVATE"
  equals "$(cat "$BATS_TEST_TMPDIR/kept.json")" "{"
}

@test "login: skopeo reads what was written, and the other way round" {
  expect 0 login "$PRIVATE"
  expect 0 skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$PRIVATE/team/busybox:1"
  expect 0 devenv image logout "$PRIVATE"
  expect 0 skopeo login --tls-verify=false --username user --password secret "$PRIVATE"
  pulls "$PRIVATE/team/busybox:1"
  expect 0 devenv image logout "$PRIVATE"
}

@test "login: REGISTRY_AUTH_FILE is the only file" {
  local file=$BATS_TEST_TMPDIR/own.json
  expect 0 env REGISTRY_AUTH_FILE="$file" devenv image login -u user --password-stdin "$PRIVATE" <<<secret
  equals "$(entry "$file" "$PRIVATE")" user:secret
  [[ ! -e $RUNTIME_FILE ]]
  expect 0 env REGISTRY_AUTH_FILE="$file" devenv image pull "$PRIVATE/team/busybox:1"
}

@test "login: what is no registry, and what cannot be asked" {
  fails_with 2 "'nohost' is not the name of a registry" login nohost
  fails_with 2 "nobody can be asked for the user name" devenv image login "$PRIVATE"
  fails_with 2 "nobody can be asked for the password" devenv image login -u user "$PRIVATE"
  fails_with 2 "the password is empty" devenv image login -u user --password-stdin "$PRIVATE"
  fails_with 6 "cannot log in to '127.0.0.1:1'" login 127.0.0.1:1
}

@test "login: on a terminal, the password is asked for and not shown" {
  needs tmux
  open_terminal "devenv image login $PRIVATE; echo status \$?; stty -a | grep -o -- '-*echo '; sleep 60"
  wait_until screen_has "^user name for $PRIVATE:"
  press user Enter
  wait_until screen_has "^password:"
  press secret Enter
  wait_until screen_has "^status 0"
  wait_until screen_has "^echo"
  if screen_has secret; then fail "the password is on the screen"; fi
  close_terminal
  equals "$(entry "$RUNTIME_FILE" "$PRIVATE")" user:secret
}

@test "login: interrupted, the terminal shows what is typed again" {
  needs tmux
  open_terminal "bash --norc -i"
  press "devenv image login -u user $PRIVATE" Enter
  wait_until screen_has "^password:"
  press C-c
  press "stty -a | grep -o -- '-*echo ' | tr e E" Enter
  wait_until screen_has "^Echo"
  close_terminal
}

@test "login: a part of a registry has a password of its own" {
  expect 0 login "$PRIVATE/team"
  equals "$(entry "$RUNTIME_FILE" "$PRIVATE/team")" user:secret
  pulls "$PRIVATE/team/busybox:1"
  expect 3 devenv image logout "$PRIVATE"
  expect 0 devenv image logout "$PRIVATE/team"
  fails_with 6 "denied" devenv image pull "$PRIVATE/team/busybox:1"
}

# ---- logout --------------------------------------------------------------------------------------

@test "logout: the password is gone" {
  expect 0 login "$PRIVATE"
  expect 0 devenv image logout "$PRIVATE"
  equals "$stderr" "the password for $PRIVATE is no longer in $RUNTIME_FILE"
  fails_with 6 "denied" devenv image pull "$PRIVATE/team/busybox:1"
  fails_with 3 "there is no password for '$PRIVATE'" devenv image logout "$PRIVATE"
}

@test "logout: docker's own file is left alone" {
  mkdir -p "$HOME/.docker"
  echo "{\"auths\": {\"$PRIVATE\": {\"auth\": \"dXNlcjpzZWNyZXQ=\"}}}" >"$HOME/.docker/config.json"
  pulls "$PRIVATE/team/busybox:1"
  fails_with 3 "which is docker's" devenv image logout "$PRIVATE"
  contains "$stderr" "hint: docker logout $PRIVATE"
  equals "$(entry "$HOME/.docker/config.json" "$PRIVATE")" user:secret
}

# ---- helpers -------------------------------------------------------------------------------------

@test "helper: credHelpers gets the password, gives it, forgets it" {
  helper vault
  mkdir -p "$HOME/.config/containers"
  echo "{\"credHelpers\": {\"$PRIVATE\": \"vault\"}}" >"$HOME/.config/containers/auth.json"
  expect 0 login "$PRIVATE"
  equals "$stderr" "logged in to $PRIVATE as user; the password is in docker-credential-vault"
  [[ ! -e $RUNTIME_FILE ]]
  contains "$(cat "$HELPED/vault/$PRIVATE")" '"Secret": "secret"'
  pulls "$PRIVATE/team/busybox:1"
  # Nothing but the verb is among its arguments.
  equals "$(sort -u "$HELPED/vault.calls")" $'get\nstore'
  expect 0 devenv image logout "$PRIVATE"
  equals "$(ls "$HELPED/vault")" ""
}

@test "helper: docker's credsStore is asked for every registry without an entry" {
  helper all
  mkdir -p "$HOME/.docker"
  echo '{"credsStore": "all"}' >"$HOME/.docker/config.json"
  # What is there in plain text would hide what the helper has.
  mkdir -p "$XDG_RUNTIME_DIR/containers"
  echo "{\"auths\": {\"$PRIVATE\": {\"auth\": \"b2xkOm9sZA==\"}}}" >"$RUNTIME_FILE"
  expect 0 login "$PRIVATE"
  lacks "$(cat "$RUNTIME_FILE")" "b2xkOm9sZA"
  pulls "$PRIVATE/team/busybox:1"
}

@test "helper: one that is missing does not stand in the way of what is public" {
  mkdir -p "$HOME/.docker"
  echo '{"credsStore": "nowhere"}' >"$HOME/.docker/config.json"
  pulls "$REGISTRY/busybox:latest"
  fails_with 6 "denied" devenv image pull "$PRIVATE/team/busybox:1"
  contains "$stderr" "hint: there may be a password that was not found: there is no program 'docker-credential-nowhere'"
}

@test "helper: one that has nothing to do with one registry is asked for the next" {
  mkdir -p "$HOME/.docker" "$HOME/.config/containers" "$HELPED/bin"
  cat >"$HELPED/bin/docker-credential-picky" <<EOF
#!/bin/sh
read -r server
[ "\$server" = "$PRIVATE" ] || { echo "not mine: \$server"; exit 1; }
echo '{"Username": "user", "Secret": "secret"}'
EOF
  chmod 755 "$HELPED/bin/docker-credential-picky"
  echo '{"credsStore": "picky"}' >"$HOME/.docker/config.json"
  printf '[[registry]]\nlocation = "%s"\n[[registry.mirror]]\nlocation = "%s/nothing"\n' \
    "$PRIVATE" "$REGISTRY" >"$HOME/.config/containers/registries.conf"
  pulls "$PRIVATE/team/busybox:1"
}

@test "dockercfg: the old file is read last" {
  echo "{\"$PRIVATE\": {\"auth\": \"dXNlcjpzZWNyZXQ=\", \"email\": \"a@b\"}}" >"$HOME/.dockercfg"
  pulls "$PRIVATE/team/busybox:1"
}

# ---- tokens --------------------------------------------------------------------------------------

@test "token: what is public needs no password" {
  pulls "$TOKEN/public/busybox:1"
  contains "$(cat "$TOKENS/requests.log")" "get - repository:public/busybox:pull"
  fails_with 6 "denied (HTTP 401)" devenv image pull "$TOKEN/team/busybox:1"
}

@test "token: got with the password, for what is wanted only" {
  expect 0 login "$TOKEN"
  equals "$(cat "$TOKENS/requests.log")" "get user "
  pulls "$TOKEN/team/busybox:1"
  equals "$(tail -n +2 "$TOKENS/requests.log" | sort -u)" "get user repository:team/busybox:pull"
  : >"$TOKENS/requests.log"
  expect 0 devenv image pull "$REGISTRY/busybox:latest"
  expect 0 devenv image push "$REGISTRY/busybox:latest" "$TOKEN/team/pushed:1"
  contains "$(cat "$TOKENS/requests.log")" "get user repository:team/pushed:pull,push"
}

@test "token: got with an identity token, which is sent in a body" {
  mkdir -p "$HOME/.docker"
  echo "{\"auths\": {\"$TOKEN\": {\"identitytoken\": \"refresh-me\"}}}" >"$HOME/.docker/config.json"
  pulls "$TOKEN/team/busybox:1"
  equals "$(sort -u "$TOKENS/requests.log")" "post user repository:team/busybox:pull"
  echo "{\"auths\": {\"$TOKEN\": {\"identitytoken\": \"s3cret-and-wrong\"}}}" >"$HOME/.docker/config.json"
  fails_with 6 "denied (HTTP 401)" env DEVENV_LOG=trace devenv image pull "$TOKEN/team/busybox:1"
  lacks "$stderr" s3cret
}
