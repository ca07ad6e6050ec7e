#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# registries.conf and certs.d: mirrors, blocked and insecure registries, short names, certificates.
load helpers
load registries

setup_file() {
  needs openssl skopeo
  CERTIFICATES=$BATS_FILE_TMPDIR/certificates
  TOKENS=$BATS_FILE_TMPDIR/tokens
  export CERTIFICATES TOKENS
  start_registry
  make_certificates
  TLS=$(STORAGE=$TEST_STAGE/registry start_private tls "" "$(tls_settings)")
  CLIENTS=$(STORAGE=$TEST_STAGE/registry start_private clients "" "$(tls_settings "clientcas: ['$CERTIFICATES/ca.pem']")")
  EMPTY=$(start_private empty "")
  TOKEN=$(start_private token "$(start_token_server https)" "$(tls_settings)")
  export TLS CLIENTS EMPTY TOKEN
}
teardown_file() {
  stop_registry
  stop_private
}
setup() {
  FILES=$HOME/.config/containers
  mkdir -p "$FILES"
}
teardown() {
  rm -rf "$FILES" "$HOME/.cache/containers" "$XDG_RUNTIME_DIR/containers"
  remove_all
  devenv image prune -y --all >/dev/null 2>&1 || :
}

conf() { cat >"$FILES/registries.conf"; }

# asked NAME: the requests for manifests that a registry of start_private has had.
asked() { grep -c 'http.request.uri=.*/manifests/' "$BATS_FILE_TMPDIR/$1.log" || :; }

pulled() { devenv image list --quiet; }

# ---- where images are ----------------------------------------------------------------------------

@test "location: another registry stands in for the one that is named" {
  conf <<EOF
[[registry]]
prefix = "registry.example.com/team"
location = "$REGISTRY"
EOF
  expect 0 devenv image pull registry.example.com/team/busybox:latest
  equals "$(pulled)" registry.example.com/team/busybox:latest
}

@test "mirrors: the first that has it, and the registry at last" {
  conf <<EOF
[[registry]]
location = "$REGISTRY"
[[registry.mirror]]
location = "127.0.0.1:1"
[[registry.mirror]]
location = "$EMPTY/mirror"
EOF
  local before
  before=$(asked empty)
  expect 0 devenv image pull "$REGISTRY/busybox:latest"
  equals "$(pulled)" "$REGISTRY/busybox:latest"
  (($(asked empty) > before)) || fail "the mirror was not asked"
}

@test "mirrors: what a mirror has is not asked of the registry" {
  conf <<EOF
[[registry]]
location = "registry.example.com"
[[registry.mirror]]
location = "$REGISTRY"
EOF
  expect 0 devenv image pull registry.example.com/busybox:zstd
  expect 0 devenv create box --image registry.example.com/busybox:zstd
  expect 0 devenv run box true
}

@test "mirrors: when nobody has it, all that was tried is said" {
  conf <<EOF
[[registry]]
location = "$REGISTRY"
[[registry.mirror]]
location = "127.0.0.1:1"
EOF
  fails_with 3 "there is no image '$REGISTRY/nothing:1'" devenv image pull "$REGISTRY/nothing:1"
  contains "$stderr" "caused by: mirrors of '$FILES/registries.conf' have failed before (127.0.0.1:1/nothing: cannot get"
}

@test "mirrors: only for what has a digest" {
  conf <<EOF
[[registry]]
location = "$REGISTRY"
mirror-by-digest-only = true
[[registry.mirror]]
location = "$EMPTY"
EOF
  local before digest
  before=$(asked empty)
  expect 0 devenv image pull "$REGISTRY/busybox:latest"
  equals "$(asked empty)" "$before"
  expect 0 devenv image prune -y --all
  digest=$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$REGISTRY/busybox:latest")
  expect 0 devenv image pull "$REGISTRY/busybox@$digest"
  (($(asked empty) > before)) || fail "the mirror was not asked"
}

@test "location: where it is asked is said when that fails" {
  conf <<EOF
[[registry]]
prefix = "registry.example.com"
location = "$REGISTRY"
color = "blue"
EOF
  expect 3 devenv image pull registry.example.com/nothing:1
  equals "$stderr" "pulling registry.example.com/nothing:1
error: cannot pull 'registry.example.com/nothing:1'
  caused by: asked at '$REGISTRY/nothing', as '$FILES/registries.conf' says
  caused by: there is no image '$REGISTRY/nothing:1': manifest unknown
hint: check the image's name and tag"
}

@test "blocked: neither pulled from nor pushed to" {
  conf <<EOF
[[registry]]
location = "$EMPTY"
blocked = true
EOF
  fails_with 1 "'$EMPTY/x:latest' is blocked by registries.conf" devenv image pull "$EMPTY/x"
  contains "$stderr" "hint: the rule for '$EMPTY' is in $FILES/registries.conf"
  expect 0 devenv image pull "$REGISTRY/busybox:latest"
  fails_with 1 "is blocked by registries.conf" devenv image push "$REGISTRY/busybox:latest" "$EMPTY/x"
}

@test "push: goes to the location, not to a mirror" {
  conf <<EOF
[[registry]]
prefix = "registry.example.com"
location = "$EMPTY"
[[registry.mirror]]
location = "$REGISTRY"
EOF
  expect 0 devenv image pull "$REGISTRY/busybox:latest"
  expect 0 devenv image push "$REGISTRY/busybox:latest" registry.example.com/pushed:1
  expect 0 skopeo inspect --tls-verify=false "docker://$EMPTY/pushed:1"
}

@test "files: drop-ins, another main file, and mistakes with their place" {
  mkdir "$FILES/registries.conf.d"
  conf <<<'[[registry'
  fails_with 1 "$FILES/registries.conf:1:" devenv image pull "$REGISTRY/busybox:latest"
  rm "$FILES/registries.conf"
  printf '[[registry]]\nprefix = "a.example.com"\nlocation = "%s"\n' "$REGISTRY" >"$FILES/registries.conf.d/a.conf"
  expect 0 devenv image pull a.example.com/busybox:latest
  printf '[[registry]]\nprefix = "b.example.com"\nlocation = "%s"\n' "$REGISTRY" >"$BATS_TEST_TMPDIR/own.conf"
  CONTAINERS_REGISTRIES_CONF=$BATS_TEST_TMPDIR/own.conf expect 0 devenv image pull b.example.com/busybox:latest
  CONTAINERS_REGISTRIES_CONF=$BATS_TEST_TMPDIR/none expect 3 devenv image pull b.example.com/busybox:latest
}

# ---- short names ---------------------------------------------------------------------------------

@test "short names: an alias" {
  conf <<EOF
[aliases]
"our-box" = "$REGISTRY/busybox"
EOF
  expect 0 devenv create box --image our-box:latest
  equals "$(pulled)" "$REGISTRY/busybox:latest"
  # It is there now, and not asked for again.
  expect 0 devenv create box2 --image our-box
}

@test "short names: the one registry that is searched" {
  conf <<EOF
unqualified-search-registries = ["$REGISTRY"]
EOF
  expect 0 devenv image pull test/layers:many
  equals "$(pulled)" "$REGISTRY/test/layers:many"
}

@test "short names: the base of a project, which the lock has in full" {
  conf <<EOF
[aliases]
"our-box" = "$REGISTRY/busybox"
EOF
  mkdir "$BATS_TEST_TMPDIR/project"
  cd "$BATS_TEST_TMPDIR/project"
  printf '[env]\nbase = "our-box:latest"\n' >devenv.toml
  expect 0 devenv allow --yes
  expect 0 devenv lock
  contains "$(cat devenv.toml.lock)" "\"$REGISTRY/busybox:latest\""
  expect 0 devenv up --locked
  # To somebody without the alias it is another image.
  rm "$FILES/registries.conf"
  fails_with 4 "it is of base 'our-box:latest'" devenv up --locked
}

@test "short names: version 1 of the file" {
  conf <<EOF
[registries.search]
registries = ["$REGISTRY"]
EOF
  expect 0 devenv image pull test/layers:many
  equals "$(pulled)" "$REGISTRY/test/layers:many"
}

@test "short names: what may be several is asked of nobody" {
  conf <<EOF
unqualified-search-registries = ["$REGISTRY", "$EMPTY"]
EOF
  fails_with 2 "'surely-no-alias:latest' may be an image of 2 registries" devenv image pull surely-no-alias
  contains "$stderr" "hint: write one in full: $REGISTRY/surely-no-alias:latest, $EMPTY/surely-no-alias:latest"
}

# ---- certificates --------------------------------------------------------------------------------

@test "TLS: an authority of certs.d, for that host and port only" {
  fails_with 6 "certificate" devenv image pull "$TLS/busybox:latest"
  contains "$stderr" "certs.d/$TLS/ca.crt, or name it in SSL_CERT_FILE"
  mkdir -p "$FILES/certs.d/127.0.0.1" "$FILES/certs.d/$TLS"
  cp "$CERTIFICATES/ca.pem" "$FILES/certs.d/127.0.0.1/ca.crt"
  fails_with 6 "certificate" devenv image pull "$TLS/busybox:latest"
  cp "$CERTIFICATES/ca.pem" "$FILES/certs.d/$TLS/ca.crt"
  expect 0 devenv image pull "$TLS/busybox:latest"
}

@test "TLS: docker's directory will do" {
  local directory=$HOME/.config/docker/certs.d/$TLS
  mkdir -p "$directory"
  cp "$CERTIFICATES/ca.pem" "$directory/ca.crt"
  expect 0 devenv image pull "$TLS/busybox:latest"
  rm -r "$HOME/.config/docker"
}

@test "TLS: the token server of a registry may have a certificate of the same authority" {
  mkdir -p "$FILES/certs.d/$TOKEN"
  cp "$CERTIFICATES/ca.pem" "$FILES/certs.d/$TOKEN/ca.crt"
  expect 0 devenv image login -u user --password-stdin "$TOKEN" <<<secret
  expect 0 devenv image pull "$REGISTRY/busybox:latest"
  expect 0 devenv image push "$REGISTRY/busybox:latest" "$TOKEN/team/busybox:1"
  expect 0 devenv image prune -y --all
  expect 0 devenv image pull "$TOKEN/team/busybox:1"
  # Neither does it need one where the registry need not have one.
  expect 0 devenv image prune -y --all
  rm -r "$FILES/certs.d"
  fails_with 6 "certificate" devenv image pull "$TOKEN/team/busybox:1"
  conf <<EOF
[[registry]]
location = "$TOKEN"
insecure = true
EOF
  expect 0 devenv image pull "$TOKEN/team/busybox:1"
}

@test "TLS: what is no certificate is named" {
  mkdir -p "$FILES/certs.d/$CLIENTS"
  cp "$CERTIFICATES/ca.pem" "$FILES/certs.d/$CLIENTS/ca.crt"
  echo nonsense | tee "$FILES/certs.d/$CLIENTS/me.cert" >"$FILES/certs.d/$CLIENTS/me.key"
  fails_with 1 "cannot use the certificate in '$FILES/certs.d/$CLIENTS/me.cert'" devenv image pull "$CLIENTS/busybox:latest"
  contains "$stderr" "hint: certificates and keys are PEM text"
}

@test "TLS: SSL_CERT_FILE" {
  SSL_CERT_FILE=$CERTIFICATES/ca.pem expect 0 devenv image pull "$TLS/busybox:latest"
}

@test "TLS: a registry that wants to see a certificate is shown one" {
  mkdir -p "$FILES/certs.d/$CLIENTS"
  cp "$CERTIFICATES/ca.pem" "$FILES/certs.d/$CLIENTS/ca.crt"
  fails_with 6 "cannot get 'https://$CLIENTS'" devenv image pull "$CLIENTS/busybox:latest"
  contains "$stderr" "hint: the registry may want a certificate: put NAME.cert and NAME.key into ~/.config/containers/certs.d/$CLIENTS"
  cp "$CERTIFICATES/client.pem" "$FILES/certs.d/$CLIENTS/me.cert"
  fails_with 1 "me.cert' is there without 'me.key'" devenv image pull "$CLIENTS/busybox:latest"
  cp "$CERTIFICATES/client-key.pem" "$FILES/certs.d/$CLIENTS/me.key"
  expect 0 devenv image pull "$CLIENTS/busybox:latest"
}

@test "insecure: only where registries.conf says so" {
  conf <<EOF
[[registry]]
location = "$TLS"
insecure = true
EOF
  expect 0 devenv image pull "$TLS/busybox:latest"
  conf <<EOF
[[registry]]
location = "$TLS"
[[registry]]
location = "$CLIENTS"
insecure = true
EOF
  fails_with 6 "certificate" devenv image pull "$TLS/busybox:zstd"
}
