# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Registries that ask who one is, loaded by files that need them: load registries.

# start_private NAME SETTINGS [HTTP SETTINGS]: a docker-registry of the file's own that takes pushes.
# Its files are in $STORAGE if that is set, it listens on $HOST_TO_SERVE or 127.0.0.1. Prints its
# address; stop_private ends all of them.
start_private() {
  local log=$BATS_FILE_TMPDIR/$1.log host=${HOST_TO_SERVE:-127.0.0.1}
  mkdir -p "$BATS_FILE_TMPDIR/$1"
  cat >"$BATS_FILE_TMPDIR/$1.yml" <<EOF
version: 0.1
http: {addr: '$host:0'${3:+, $3}}
storage:
  filesystem: {rootdirectory: '${STORAGE:-$BATS_FILE_TMPDIR/$1}'}
$2
EOF
  # docker-registry takes its own options from any variable that begins with REGISTRY.
  env -u REGISTRY docker-registry serve "$BATS_FILE_TMPDIR/$1.yml" >"$log" 2>&1 3>&- &
  echo $! >"$BATS_FILE_TMPDIR/$1.private"
  wait_until grep -q 'listening on [[1]' "$log" || fail "docker-registry did not start: $(cat "$log")"
  echo "$host:$(sed -n 's/.*listening on [^"]*:\([0-9][0-9]*\).*/\1/p' "$log")"
}

stop_private() {
  local file
  for file in "$BATS_FILE_TMPDIR"/*.private; do
    kill "$(cat "$file")" 2>/dev/null || :
  done
}

# make_certificates: an authority of our own in $CERTIFICATES, a server and a client that it vouches for.
make_certificates() {
  mkdir "$CERTIFICATES"
  cd "$CERTIFICATES" || return 1
  {
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=tests" -keyout ca-key.pem -out ca.pem
    local who
    for who in server client; do
      openssl req -newkey rsa:2048 -nodes -subj "/CN=$who" -keyout "$who-key.pem" -out "$who.csr"
      openssl x509 -req -days 2 -in "$who.csr" -CA ca.pem -CAkey ca-key.pem -CAcreateserial \
        -extfile <(echo "subjectAltName=IP:127.0.0.1,IP:::1,DNS:localhost,DNS:registry.example") -out "$who.pem"
    done
  } 2>/dev/null
  cd - >/dev/null || return 1
}

# The HTTP settings of a registry that has such a certificate.
tls_settings() { echo "tls: {certificate: '$CERTIFICATES/server.pem', key: '$CERTIFICATES/server-key.pem'${1:+, $1}}"; }

# The settings of a registry that "user" with the password "secret" may use.
htpasswd_settings() {
  printf 'user:%s\n' "$(python3 -W ignore -c '
import crypt
print(crypt.crypt("secret", crypt.mksalt(crypt.METHOD_BLOWFISH)))')" >"$BATS_FILE_TMPDIR/htpasswd"
  echo "auth: {htpasswd: {realm: test, path: '$BATS_FILE_TMPDIR/htpasswd'}}"
}

# start_token_server [https]: its requests are in $TOKENS/requests.log, the settings of a registry that
# trusts it are printed.
start_token_server() {
  local certificate=()
  [[ -z ${1-} ]] || certificate=("$CERTIFICATES/server.pem" "$CERTIFICATES/server-key.pem")
  mkdir -p "$TOKENS"
  python3 "$TEST_STAGE/tests/support/token_server.py" "$TOKENS" "${certificate[@]}" >"$TOKENS/port" 2>"$TOKENS/log" 3>&- &
  echo $! >"$BATS_FILE_TMPDIR/tokens.private"
  wait_until test -s "$TOKENS/port" || fail "the token server did not start: $(cat "$TOKENS/log")"
  echo "auth: {token: {realm: '${1:-http}://127.0.0.1:$(cat "$TOKENS/port")/token', service: tests, issuer: tests, rootcertbundle: '$TOKENS/token.pem'}}"
}

# fill REGISTRY/REPOSITORY: puts the suite's busybox there, as "user" with the password "secret".
fill() {
  skopeo copy --quiet --src-tls-verify=false --dest-tls-verify=false --dest-creds user:secret \
    "docker://$REGISTRY/busybox:latest" "docker://$1"
}

# helper NAME: a credential helper that keeps one password per registry in the directory
# $HELPED/NAME, and writes down how it was called.
helper() {
  mkdir -p "$HELPED/bin" "$HELPED/$1"
  cat >"$HELPED/bin/docker-credential-$1" <<EOF
#!/bin/sh
kept=$HELPED/$1
echo "\$*" >>$HELPED/$1.calls
case \$1 in
  store)
    python3 -c 'import json, sys
document = json.load(sys.stdin)
name = document["ServerURL"].replace("/", "_")
json.dump(document, open(sys.argv[1] + "/" + name, "w"))' "\$kept" ;;
  get | erase)
    read -r server
    file=\$kept/\$(printf %s "\$server" | tr / _)
    if [ ! -e "\$file" ]; then
      echo 'credentials not found in native keychain'
      exit 1
    fi
    if [ "\$1" = get ]; then cat "\$file"; else rm "\$file"; fi ;;
esac
EOF
  chmod +x "$HELPED/bin/docker-credential-$1"
}
