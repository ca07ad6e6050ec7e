#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The way to a registry: proxies, IPv6, redirects, tokens that expire, mirrors that go wrong.
load helpers
load registries

setup_file() {
  needs openssl skopeo zstd
  CERTIFICATES=$BATS_FILE_TMPDIR/certificates
  FAULTS=$BATS_FILE_TMPDIR/faults
  export CERTIFICATES FAULTS
  start_registry
  make_certificates
  mkdir "$FAULTS"
  python3 "$TEST_STAGE/tests/support/fault_registry.py" "$FAULTS" >"$FAULTS/port" 2>"$FAULTS/log" 3>&- &
  echo $! >"$BATS_FILE_TMPDIR/faults.private"
  TLS=$(STORAGE=$TEST_STAGE/registry start_private tls "" "$(tls_settings)")
  PROXY=$(start_proxy plain)
  KNOWN=$(start_proxy known --password)
  SIX=$(HOST_TO_SERVE='[::1]' start_private six "$(htpasswd_settings)" "$(tls_settings)")
  wait_until test -s "$FAULTS/port" || fail "the registry did not start: $(cat "$FAULTS/log")"
  HOST=127.0.0.1:$(cat "$FAULTS/port")
  export TLS PROXY KNOWN SIX HOST
}
teardown_file() {
  stop_registry
  stop_private
}
setup() {
  FILES=$HOME/.config/containers
  mkdir -p "$FILES"
  : >"$FAULTS/requests.log"
  : >"$BATS_FILE_TMPDIR/plain/proxy.log"
  : >"$BATS_FILE_TMPDIR/known/proxy.log"
}
teardown() {
  rm -rf "$FILES" "$XDG_RUNTIME_DIR/containers"
  devenv image prune -y --all >/dev/null 2>&1 || :
}

# start_proxy NAME [OPTION...]: one that leads to $TLS as registry.example, and to $REGISTRY as
# plain.example, which speaks no TLS. Prints its address.
start_proxy() {
  local folder=$BATS_FILE_TMPDIR/$1
  mkdir "$folder"
  python3 "$TEST_STAGE/tests/support/http_proxy.py" "$folder" "${@:2}" "registry.example:443=${TLS##*:}" \
    "plain.example:80=${REGISTRY##*:}" >"$folder/port" 2>"$folder/log" 3>&- &
  echo $! >"$BATS_FILE_TMPDIR/$1.private"
  wait_until test -s "$folder/port" || fail "the proxy did not start: $(cat "$folder/log")"
  echo "127.0.0.1:$(cat "$folder/port")"
}

# trust HOST: its certificates are those of our authority.
trust() {
  mkdir -p "$FILES/certs.d/$1"
  cp "$CERTIFICATES/ca.pem" "$FILES/certs.d/$1/ca.crt"
}

# Manifests and layers of requests.log that were asked for, with the range: "ok manifests None".
asked() { sed -nE 's,^[a-z]+ /v2/([a-z0-9-]+)/image/([a-z]+)/[^ ]* range=([^ ]*).*,\1 \2 \3,p' "$FAULTS/requests.log" | uniq; }

# mirrors NAME...: registry.example is "ok" of the registry that goes wrong, and these faults of it
# are its mirrors.
mirrors() {
  local name
  {
    printf '[[registry]]\nprefix = "registry.example"\nlocation = "%s/ok"\n' "$HOST"
    for name in "$@"; do
      printf '[[registry.mirror]]\nlocation = "%s/%s"\n' "$HOST" "$name"
    done
  } >"$FILES/registries.conf"
}

# ---- proxies -------------------------------------------------------------------------------------

@test "proxy: HTTPS_PROXY, https_proxy and ALL_PROXY lead to the registry" {
  trust registry.example
  local variable
  for variable in HTTPS_PROXY https_proxy ALL_PROXY; do
    expect 0 env "$variable=http://$PROXY" devenv image pull registry.example/busybox:latest
    expect 0 devenv image prune -y --all
  done
  equals "$(sort -u "$BATS_FILE_TMPDIR/plain/proxy.log")" "CONNECT registry.example:443 unknown"
}

@test "proxy: not for what NO_PROXY names, and never for this machine" {
  expect 6 env HTTPS_PROXY="http://$PROXY" NO_PROXY=.example devenv image pull registry.example/busybox:latest
  trust "$TLS"
  expect 0 env HTTPS_PROXY="http://$PROXY" HTTP_PROXY="http://$PROXY" ALL_PROXY="http://$PROXY" \
    devenv image pull "$TLS/busybox:latest"
  equals "$(cat "$BATS_FILE_TMPDIR/plain/proxy.log")" ""
}

@test "proxy: that knows no such host, that cannot be reached" {
  fails_with 6 "cannot get 'https://other.example'" env HTTPS_PROXY="http://$PROXY" devenv image pull other.example/x
  contains "$stderr" 502
  contains "$stderr" "a proxy is taken from HTTPS_PROXY"
  fails_with 6 "127.0.0.1 port 1" env HTTPS_PROXY=http://127.0.0.1:1 devenv image pull registry.example/x
}

@test "proxy: with a password, which nobody is told" {
  trust registry.example
  expect 0 env DEVENV_LOG=trace HTTPS_PROXY="http://user:secret@$KNOWN" devenv image pull registry.example/busybox:latest
  lacks "$stderr" secret
  equals "$(tail -n1 "$BATS_FILE_TMPDIR/known/proxy.log")" "CONNECT registry.example:443 known"
  fails_with 6 407 env DEVENV_LOG=trace HTTPS_PROXY="http://user:s3cret@$KNOWN" devenv image pull registry.example/busybox:zstd
  lacks "$stderr" s3cret
}

@test "insecure: http to another machine only where registries.conf says so" {
  export HTTPS_PROXY=http://$PROXY HTTP_PROXY=http://$PROXY
  fails_with 6 "cannot get 'https://plain.example'" devenv image pull plain.example/busybox:latest
  lacks "$(cat "$BATS_FILE_TMPDIR/plain/proxy.log")" GET
  printf '[[registry]]\nlocation = "plain.example"\ninsecure = true\n' >"$FILES/registries.conf"
  expect 0 devenv image pull plain.example/busybox:latest
  contains "$(cat "$BATS_FILE_TMPDIR/plain/proxy.log")" "GET http://plain.example/v2/busybox/manifests/latest"
}

# ---- IPv6 ----------------------------------------------------------------------------------------

@test "IPv6: an address in brackets is a registry like any other" {
  fails_with 6 "certs.d/$SIX/ca.crt" devenv image pull "$SIX/x"
  trust "$SIX"
  fails_with 6 "access to '$SIX/x:latest' denied" devenv image pull "$SIX/x"
  contains "$stderr" "devenv image login $SIX"
  expect 0 devenv image login -u user --password-stdin "$SIX" <<<secret
  expect 0 devenv image pull "$REGISTRY/busybox:latest"
  expect 0 devenv image push "$REGISTRY/busybox:latest" "$SIX/team/busybox:1"
  expect 0 devenv image prune -y --all
  expect 0 devenv image pull "$SIX/team/busybox:1"
  equals "$(devenv image list --quiet)" "$SIX/team/busybox:1"
}

@test "IPv6: in registries.conf" {
  cat >"$FILES/registries.conf" <<EOF
unqualified-search-registries = ["$SIX"]
[[registry]]
location = "$SIX"
insecure = true
[[registry]]
prefix = "six.example"
location = "$SIX/team"
EOF
  expect 0 devenv image login -u user --password-stdin "$SIX" <<<secret
  expect 0 devenv image pull "$REGISTRY/busybox:latest"
  expect 0 devenv image push "$REGISTRY/busybox:latest" "$SIX/team/six:1"
  expect 0 devenv image prune -y --all
  expect 0 devenv image pull team/six:1
  equals "$(devenv image list --quiet)" "$SIX/team/six:1"
  expect 0 devenv image pull six.example/six:1
}

# ---- redirects and tokens ------------------------------------------------------------------------

@test "redirects: a password does not follow to another host" {
  mkdir -p "$XDG_RUNTIME_DIR/containers"
  echo "{\"auths\": {\"$HOST\": {\"auth\": \"dXNlcjpzZWNyZXQ=\"}}}" >"$XDG_RUNTIME_DIR/containers/auth.json"
  expect 0 devenv image pull "$HOST/password/image:big"
  contains "$(grep '^main .*/blobs/' "$FAULTS/requests.log")" "auth=Basic"
  lacks "$(grep '^other ' "$FAULTS/requests.log")" "auth=Basic"
  contains "$(grep '^other ' "$FAULTS/requests.log")" "auth=None"
}

@test "redirects: whoever is at their end does not get the password by asking for it" {
  mkdir -p "$XDG_RUNTIME_DIR/containers"
  echo "{\"auths\": {\"$HOST\": {\"auth\": \"dXNlcjpzZWNyZXQ=\"}}}" >"$XDG_RUNTIME_DIR/containers/auth.json"
  fails_with 6 "HTTP 401" devenv image pull "$HOST/phishing/image:big"
  contains "$(grep '^main .*/blobs/' "$FAULTS/requests.log")" "auth=Basic"
  lacks "$(grep '^other ' "$FAULTS/requests.log")" "auth=Basic"
  contains "$(grep '^other ' "$FAULTS/requests.log")" "auth=None"
}

@test "tokens: one that has expired is got anew, in the middle of a layer, too" {
  expect 0 devenv image pull "$HOST/short-token/image:big"
  # Layers broke off once, and went on where they were with another token.
  contains "$(asked)" "short-token blobs bytes="
  local tokens
  tokens=$(grep -o 'auth=Bearer a-token-[0-9]*' "$FAULTS/requests.log" | sort -u | wc -l)
  ((tokens > 4)) || fail "only $tokens tokens were used"
}

@test "resume: the next pull goes on where the last one broke off" {
  fails_with 6 "broke off after" devenv image pull "$HOST/truncated/image:small"
  : >"$FAULTS/requests.log"
  expect 0 devenv image pull "$HOST/ok/image:small"
  matches "$(asked | grep '^ok blobs' | tail -n1)" "^ok blobs bytes=[1-9][0-9]*-[0-9]+$"
}

# ---- mirrors -------------------------------------------------------------------------------------

@test "mirrors: whatever is wrong with one, the next is asked" {
  mirrors missing login forbidden broken reset busy other-manifest schema1
  expect 0 devenv image pull registry.example/image:small
  equals "$(asked | awk '$2 == "manifests" {print $1}' | uniq | tr '\n' ' ')" \
    "missing login forbidden broken reset busy other-manifest schema1 ok "
}

@test "mirrors: a layer that a mirror does not have is got from the next" {
  mirrors no-blobs
  expect 0 devenv image pull registry.example/image:small
  contains "$(asked)" "no-blobs manifests None"
  contains "$(asked)" "ok blobs None"
}

@test "mirrors: a layer that breaks off at one goes on at the next" {
  mirrors truncated
  expect 0 devenv image pull registry.example/image:small
  matches "$(asked | grep '^ok blobs')" "^ok blobs bytes=[1-9][0-9]*-[0-9]+$"
}

@test "mirrors: one that serves other bytes is passed over with a warning; the last is named" {
  mirrors wrong-digest
  expect 0 devenv image pull registry.example/image:small
  contains "$stderr" "warning: mirror '$HOST/wrong-digest/image' serves a damaged layer"
  remove_all
  devenv image prune -y --all >/dev/null 2>&1
  sed -i 's,/ok",/wrong-digest",' "$FILES/registries.conf"
  fails_with 7 "its bytes have digest sha256:" devenv image pull registry.example/image:small
  contains "$stderr" "caused by: asked at '$HOST/wrong-digest/image', as '$FILES/registries.conf' says"
}

@test "mirrors: half a layer of one that lies does not spoil the layer of the next" {
  mirrors wrong-and-truncated
  expect 0 devenv image pull registry.example/image:big
  contains "$(asked)" "ok blobs bytes="
  contains "$(asked)" "ok blobs None"
}

@test "mirrors: one that is known to be bad is not asked for the layers to come" {
  mirrors wrong-digest
  expect 0 devenv image pull registry.example/image:many
  equals "$(grep -c '^warning: mirror ' <<<"$stderr")" 1
  # Those that were asked for at the same time, when it was not known.
  (($(grep -c '/v2/wrong-digest/image/blobs' "$FAULTS/requests.log") < 10)) || fail "it was asked again"
}

@test "mirrors: a layer that is malformed everywhere is asked for once" {
  mirrors ok
  fails_with 7 "cannot unpack" devenv image pull registry.example/image:no-tar
  lacks "$stderr" "mirror '"
  equals "$(grep -c 'blobs.*range=None' "$FAULTS/requests.log")" 2
}

@test "mirrors: when all fail, each says why" {
  mirrors broken
  sed -i 's,/ok",/missing",' "$FILES/registries.conf"
  expect 3 devenv image pull registry.example/image:small
  equals "$stderr" "pulling registry.example/image:small
error: cannot pull 'registry.example/image:small'
  caused by: mirrors of '$FILES/registries.conf' have failed before ($HOST/broken/image: the registry cannot serve '$HOST/broken/image:small' (HTTP 503))
  caused by: asked at '$HOST/missing/image', as '$FILES/registries.conf' says
  caused by: there is no image '$HOST/missing/image:small': manifest unknown
hint: check the image's name and tag"
}

@test "proxy: one that cannot be reached is named, with its variable, without its password" {
  expect 6 env HTTPS_PROXY=http://me:s3cret@127.0.0.1:1 devenv image pull registry.example/x
  contains "$stderr" "hint: HTTPS_PROXY names the proxy 'http://127.0.0.1:1': correct it, or unset it"
  lacks "$stderr" s3cret
}

@test "certificates: SSL_CERT_FILE that is not there is named" {
  expect 1 env SSL_CERT_FILE=/nonexistent.pem HTTPS_PROXY="http://$PROXY" devenv image pull registry.example/busybox:latest
  contains "$stderr" "cannot use '/nonexistent.pem', which SSL_CERT_FILE names"
}
