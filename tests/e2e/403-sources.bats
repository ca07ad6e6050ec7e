#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Archives from wherever they may come: URLs, with and without checksums and signatures, standard
# input, squashfs, LXD's and Arch's forms, the names that skopeo has for places.
load helpers

setup_file() {
  needs openssl python3 gpg gpgv mksquashfs sqfs2tar skopeo zstd
  WEB=$BATS_FILE_TMPDIR/web
  export WEB
  mkdir "$WEB"
  cp "$TEST_STAGE/rootfs/busybox.tar.gz" "$WEB/root.tar.gz"
  (cd "$WEB" && sha256sum root.tar.gz >SHA256SUMS)
  SUM=$(cut -d' ' -f1 "$WEB/SHA256SUMS")
  make_certificate
  HTTP=http://127.0.0.1:$(serve plain)
  HTTPS=https://127.0.0.1:$(serve secure "$BATS_FILE_TMPDIR/cert.pem" "$BATS_FILE_TMPDIR/key.pem")
  KEYRING=$BATS_FILE_TMPDIR/keys.gpg
  export SUM HTTP HTTPS KEYRING
  sign_lists
}
teardown_file() { cat "$BATS_FILE_TMPDIR"/*.pid | xargs kill || :; }
setup() {
  export SSL_CERT_FILE=$BATS_FILE_TMPDIR/cert.pem
  rm -f "$BATS_FILE_TMPDIR/requests"
}
teardown() {
  remove_all
  devenv image prune -y --all >/dev/null 2>&1 || :
}

make_certificate() {
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 \
    -addext subjectAltName=IP:127.0.0.1 \
    -keyout "$BATS_FILE_TMPDIR/key.pem" -out "$BATS_FILE_TMPDIR/cert.pem" 2>/dev/null
}

# serve NAME [CERTIFICATE KEY]: its port.
serve() {
  local name=$1
  shift
  python3 "$TEST_STAGE/tests/support/file_server.py" "$WEB" "$@" \
    >"$BATS_FILE_TMPDIR/$name.port" 2>"$BATS_FILE_TMPDIR/$name.log" 3>&- &
  echo $! >"$BATS_FILE_TMPDIR/$name.pid"
  wait_until test -s "$BATS_FILE_TMPDIR/$name.port" || return 1
  cat "$BATS_FILE_TMPDIR/$name.port"
}

# Two keys: one is in the keyring, of the other nobody knows anything.
sign_lists() (
  local -x GNUPGHOME=$BATS_FILE_TMPDIR/gnupg
  mkdir -m 700 "$GNUPGHOME"
  local name
  for name in friend stranger former; do
    gpg --batch --quiet --passphrase '' --quick-generate-key "$name@example.org" default default never
  done
  gpg --batch --export friend@example.org >"$KEYRING"
  gpg --batch --export --armor friend@example.org >"$BATS_FILE_TMPDIR/keys.asc"
  cd "$WEB" || return
  gpg --batch --quiet -u friend@example.org --detach-sign -o SHA256SUMS.gpg SHA256SUMS
  gpg --batch --quiet -u friend@example.org --clearsign -o CLEAR SHA256SUMS
  cp SHA256SUMS STRANGE
  gpg --batch --quiet -u stranger@example.org --detach-sign --armor -o STRANGE.asc STRANGE
  # Changed after it was signed, and what is said outside of the signed part.
  cp SHA256SUMS CHANGED
  cp SHA256SUMS.gpg CHANGED.sig
  sed -i 's/^./0/' CHANGED
  { printf '%064d  other.tar.gz\n' 0; cat CLEAR; } >AROUND
  cp root.tar.gz other.tar.gz
  cp SHA256SUMS UNSIGNED
  # By both, and by a key that was taken back since.
  cp SHA256SUMS BOTH
  gpg --batch --quiet -u stranger@example.org -u friend@example.org --detach-sign -o BOTH.gpg BOTH
  cp SHA256SUMS REVOKED
  gpg --batch --quiet -u former@example.org --detach-sign -o REVOKED.gpg REVOKED
  sed -i 's/^:---/---/' "$GNUPGHOME"/openpgp-revocs.d/"$(gpg --batch --with-colons --list-keys former@example.org |
    awk -F: '$1 == "fpr" { print $10; exit }')".rev
  gpg --batch --quiet --import "$GNUPGHOME"/openpgp-revocs.d/"$(gpg --batch --with-colons --list-keys former@example.org |
    awk -F: '$1 == "fpr" { print $10; exit }')".rev
  gpg --batch --export former@example.org >"$BATS_FILE_TMPDIR/former.gpg"
  gpgconf --kill all
)

# works NAME: the environment runs.
works() {
  expect 0 devenv run "$1" sh -c 'echo "$(id -u)"'
  equals "$output" "$(id -u)"
}

# without FILE COMMAND...: on a machine that does not have the file, with a store of its own.
without() {
  # shellcheck disable=SC2016 # for the shell there
  XDG_DATA_HOME=$BATS_TEST_TMPDIR/data unshare --user --map-root-user --mount sh -c \
    'mount --bind /dev/null "$1" && shift && exec "$@"' sh "$@"
}
requests() { cat "$BATS_FILE_TMPDIR/requests"; }
store() { printf '%s\n' "$HOME/.local/share/devenv/store"; }

# ---- URLs ----------------------------------------------------------------------------------------

@test "URL: https needs no checksum, and says how to write it down" {
  expect 0 devenv create box --image "$HTTPS/root.tar.gz"
  contains "$stderr" "only the server's certificate vouches"
  contains "$stderr" "write '#sha256=$SUM' behind the URL"
  works box
  equals "$(field box image)" "$HTTPS/root.tar.gz"
  # What is known is not asked for again, until that is wanted.
  expect 0 devenv create more --image "$HTTPS/root.tar.gz"
  equals "$(requests | wc -l)" 1
  expect 0 devenv create third --image "$HTTPS/root.tar.gz" --pull
  equals "$(requests | wc -l)" 2
  store_is_clean
}

@test "URL: with a checksum, also over http, and no other bytes" {
  expect 0 devenv create box -i "$HTTP/root.tar.gz#sha256=$SUM"
  works box
  lacks "$stderr" "certificate"
  local wrong
  wrong=$(printf '%064d' 7)
  fails_with 7 "its sha256 is $SUM instead of $wrong" \
    devenv create other -i "$HTTP/root.tar.gz#sha256=$wrong"
  contains "$stderr" "cannot import '$HTTP/root.tar.gz'"
  fails_with 2 "is no SHA-256" devenv create other -i "$HTTP/root.tar.gz#sha256=12"
  equals "$(environments)" box
  store_is_clean
}

@test "URL: http without a checksum is refused, with a hint" {
  fails_with 2 "what comes over http can be anybody's" devenv create box -i "$HTTP/root.tar.gz"
  contains "$stderr" "hint: write '#sha256=HEX' behind the URL, or use https"
  [[ ! -e $BATS_FILE_TMPDIR/requests ]]
}

@test "URL: two who want it at once fetch it once" {
  devenv create one -i "$HTTPS/slow/root.tar.gz" >/dev/null 2>"$BATS_TEST_TMPDIR/log" 3>&- &
  expect 0 devenv create two -i "$HTTPS/slow/root.tar.gz"
  wait $! || fail "$(cat "$BATS_TEST_TMPDIR/log")"
  equals "$(requests | grep -c GET)" 1
  equals "$(find "$HOME/.local/share/devenv/store/imports" -name '*.lock')" ""
}

@test "URL: enter takes one, too; a name is made of it" {
  expect 0 devenv enter "$HTTP/root.tar.gz#sha256=$SUM" -- true
  equals "$(environments)" root
  expect 0 devenv rm -f root
  fails_with 2 "name it" devenv create -i "$HTTP/#sha256=$SUM"
}

@test "URL: redirects are followed, but not from https to http" {
  local to=${HTTP//:/%3A}
  to=${to//\//%2F}%2Froot.tar.gz
  expect 0 devenv create box -i "$HTTP/to/$to#sha256=$SUM"
  works box
  fails_with 6 "is redirected to '$HTTP/root.tar.gz', which would be asked without TLS" \
    devenv create other -i "$HTTPS/to/$to#sha256=$SUM"
  store_is_clean
}

@test "URL: a connection that breaks is gone on with" {
  expect 0 devenv create box -i "$HTTP/cut/100000/root.tar.gz#sha256=$SUM"
  works box
  equals "$(requests)" "GET /cut/100000/root.tar.gz -
GET /cut/100000/root.tar.gz bytes=100000-"
  expect 0 devenv create again -i "$HTTP/once/root.tar.gz#sha256=$SUM"
  works again
  equals "$(requests | grep -c 'once.* -$')" 2
  expect 0 devenv create third -i "$HTTP/busy/root.tar.gz#sha256=$SUM"
  store_is_clean
}

@test "URL: a download that was killed is gone on with by the next command" {
  # bats' own process is not to be killed with it.
  setsid devenv create box -i "$HTTP/slow/root.tar.gz#sha256=$SUM" >/dev/null 2>&1 3>&- &
  local pid=$! partial
  has_begun() {
    partial=$(find "$(store)/tmp" -name '*.download' -size +8k 2>/dev/null) && [[ -n $partial ]]
  }
  wait_until has_begun
  kill -KILL -- "-$pid"
  wait_until gone "$pid"
  [[ -s $partial && -s $partial.version ]]
  equals "$(environments)" ""
  # The same bytes, quicker.
  expect 0 devenv create box -i "$HTTP/slow/root.tar.gz#sha256=$SUM"
  matches "$(requests)" "GET /slow/root.tar.gz bytes=[0-9]+-"
  works box
  store_is_clean
}

@test "URL: what is left of something else is forgotten" {
  fails_with 7 "instead of" devenv create box -i "$HTTP/root.tar.gz#sha256=$(printf '%064d' 1)"
  # Somebody damages what a killed download left.
  local name
  name=$(printf '%s' "$HTTP/root.tar.gz" | sha256sum | cut -d' ' -f1)
  head -c 5000 /dev/urandom >"$(store)/tmp/$name.download"
  local size
  size=$(stat -c %s "$WEB/root.tar.gz")
  printf '"%s"' "$size-wrong" >"$(store)/tmp/$name.download.version"
  expect 0 devenv create box -i "$HTTP/root.tar.gz#sha256=$SUM"
  works box
  store_is_clean
}

@test "URL: what a server says no to, and servers that are not there" {
  fails_with 3 "there is no '$HTTPS/missing.tar.gz' (HTTP 404)" \
    devenv create box -i "$HTTPS/missing.tar.gz?secret=1"
  lacks "${stderr#*caused by}" "secret"
  fails_with 6 "the server answered HTTP 403" devenv create box -i "$HTTPS/forbidden/root.tar.gz"
  fails_with 6 "cannot get 'https://127.0.0.1:9'" devenv create box -i https://127.0.0.1:9/root.tar.gz
  contains "$stderr" "hint: check the network connection and the name of the server"
  fails_with 6 "cannot get" devenv create box -i https://no-such-host.invalid/root.tar.gz
  fails_with 6 "cannot get" env https_proxy=http://127.0.0.1:1 devenv create box -i https://no-such-host.invalid/x
  contains "$stderr" "hint: https_proxy names the proxy 'http://127.0.0.1:1'"
  SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt fails_with 6 "cannot get '$HTTPS'" \
    devenv create box -i "$HTTPS/root.tar.gz"
  fails_with 2 "is not an http or https URL" devenv create box -i https:///x
  fails_with 2 "nothing is fetched by 'ftp'" devenv create box -i ftp://127.0.0.1/root.tar.gz
  fails_with 2 "a URL with a user name or password in it is not taken" \
    devenv create box -i https://user:pass@127.0.0.1/x
  contains "$stderr" "create NAME -i -"
  echo "no archive" >"$WEB/text"
  fails_with 7 "'$HTTPS/text' is not a tar archive" devenv create box -i "$HTTPS/text"
  : >"$WEB/empty"
  fails_with 7 "is empty" devenv create box -i "$HTTPS/empty"
  head -c 100000 "$WEB/root.tar.gz" >"$WEB/short.tar.gz"
  fails_with 7 "truncated gzip data" devenv create box -i "$HTTPS/short.tar.gz"
  DEVENV_IMAGE_MAX_SIZE=100KB fails_with 7 "the limit for images" \
    devenv create box -i "$HTTPS/root.tar.gz"
  equals "$(environments)" ""
  store_is_clean
}

@test "URL: a full disk" {
  [[ $TEST_CALLER_UID == 0 ]] || skip_for "needs a small disk, which root mounts"
  head -c 40000000 /dev/urandom >"$WEB/large"
  XDG_DATA_HOME=$TEST_SMALL_DISK/data fails_with 1 "No space left on device" \
    devenv create box -i "$HTTPS/large"
  contains "$stderr" "devenv image prune"
  # An image archive that has to be decompressed first.
  echo '{"imageLayoutVersion": "1.0.0"}' >"$WEB/oci-layout"
  tar -C "$WEB" -czf "$BATS_TEST_TMPDIR/image.tar.gz" oci-layout large
  XDG_DATA_HOME=$TEST_SMALL_DISK/data fails_with 1 "No space left on device" \
    devenv create box -i "$BATS_TEST_TMPDIR/image.tar.gz"
  contains "$stderr" "devenv image prune"
  XDG_DATA_HOME=$TEST_SMALL_DISK/data expect 0 devenv image prune -y
  equals "$(find "$TEST_SMALL_DISK/data/devenv/store/tmp" -type f)" ""
  rm -rf "$TEST_SMALL_DISK/data" "$WEB/large" "$WEB/oci-layout"
}

@test "URL: the base of a project" {
  local project=$HOME/project
  mkdir -p "$project"
  cd "$project" || return
  printf '[env]\nbase = "%s"\n' "$HTTP/root.tar.gz#sha256=$SUM" >devenv.toml
  expect 0 devenv allow
  expect 0 devenv run -- id -u
  equals "$output" "$(id -u)"
  printf '[env]\nbase = "-"\n' >devenv.toml
  expect 0 devenv allow
  fails_with 2 "what standard input is now" devenv up
}

# ---- lists of checksums --------------------------------------------------------------------------

@test "checksums: a list, with and without a signature" {
  expect 0 devenv create one -i "$HTTPS/root.tar.gz" --checksums "$HTTPS/SHA256SUMS"
  expect 0 devenv create two -i "$HTTP/root.tar.gz" --checksums "$HTTP/SHA256SUMS" --keyring "$KEYRING"
  cd "$BATS_FILE_TMPDIR" || return # a relative one
  expect 0 devenv create three -i "$HTTP/root.tar.gz" --checksums "$HTTP/CLEAR" --keyring keys.gpg
  expect 0 devenv create four -i "$WEB/root.tar.gz" --checksums "$WEB/SHA256SUMS" --keyring "$KEYRING"
  works four
  expect 0 devenv create five -i "$HTTP/root.tar.gz#sha256=$SUM" --checksums "$HTTP/SHA256SUMS" \
    --keyring "$BATS_FILE_TMPDIR/keys.asc"
  fails_with 2 "a list of checksums that comes over http can be anybody's" \
    devenv create six -i "$HTTP/root.tar.gz" --checksums "$HTTP/SHA256SUMS"
  store_is_clean
}

@test "checksums: a list that has changed is looked at again" {
  local list=$BATS_TEST_TMPDIR/SHA256SUMS
  echo "$SUM  root.tar.gz" >"$list"
  expect 0 devenv create one -i "$HTTPS/root.tar.gz" --checksums "$list"
  expect 0 devenv create two -i "$HTTPS/root.tar.gz" --checksums "$list"
  lacks "$stderr" "importing"
  echo "${SUM//[0-9a-f]/0}  root.tar.gz" >"$list"
  expect 7 devenv create three -i "$HTTPS/root.tar.gz" --checksums "$list"
}

@test "checksums: bad signatures, and what is not in the signed part" {
  fails_with 7 "no valid key of '$KEYRING' has signed it" \
    devenv create box -i "$HTTPS/root.tar.gz" --checksums "$HTTPS/STRANGE" --keyring "$KEYRING"
  fails_with 7 "no valid key of" devenv create box -i "$HTTPS/root.tar.gz" \
    --checksums "$HTTPS/REVOKED" --keyring "$BATS_FILE_TMPDIR/former.gpg"
  fails_with 2 "--keyring has no value" devenv create box -i "$HTTPS/root.tar.gz" \
    --checksums "$HTTPS/UNSIGNED" --keyring ""
  fails_with 7 "BAD signature" \
    devenv create box -i "$HTTPS/root.tar.gz" --checksums "$HTTPS/CHANGED" --keyring "$KEYRING"
  fails_with 3 "there is no signature of '$HTTPS/UNSIGNED' beside it" \
    devenv create box -i "$HTTPS/root.tar.gz" --checksums "$HTTPS/UNSIGNED" --keyring "$KEYRING"
  fails_with 7 "no SHA-256 checksum for 'other.tar.gz'" \
    devenv create box -i "$HTTPS/other.tar.gz" --checksums "$HTTPS/AROUND" --keyring "$KEYRING"
  sed 's/^[a-zA-Z0-9]/!/' "$BATS_FILE_TMPDIR/keys.asc" >"$BATS_FILE_TMPDIR/damaged.asc"
  fails_with 2 "the armored key in '$BATS_FILE_TMPDIR/damaged.asc' is damaged" devenv create box \
    -i "$HTTPS/root.tar.gz" --checksums "$HTTPS/SHA256SUMS" --keyring "$BATS_FILE_TMPDIR/damaged.asc"
  fails_with 3 "cannot read the keyring" devenv create box -i "$HTTPS/root.tar.gz" \
    --checksums "$HTTPS/SHA256SUMS" --keyring /nonexistent.gpg
  store_is_clean
}

@test "checksums: signed by somebody else as well" {
  expect 0 devenv create box -i "$HTTPS/root.tar.gz" --checksums "$HTTPS/BOTH" --keyring "$KEYRING"
}

@test "checksums: what looks like one and is none is refused" {
  fails_with 2 "'#sha512=00' behind a URL says nothing" devenv create box -i "$HTTPS/root.tar.gz#sha512=00"
  fails_with 7 "its sha256 is" devenv create box -i "$HTTPS/root.tar.gz#SHA256=$(printf %064d 0)"
}

@test "checksums: lists that do not help" {
  fails_with 3 "there is no '$HTTPS/NOTHING'" \
    devenv create box -i "$HTTPS/root.tar.gz" --checksums "$HTTPS/NOTHING"
  fails_with 7 "it has no SHA-256 checksum for 'text2'" \
    devenv create box -i "$HTTPS/text2" --checksums "$HTTPS/SHA256SUMS"
  fails_with 7 "instead of" devenv create box -i "$HTTPS/root.tar.gz" --checksums "$HTTPS/CHANGED"
  fails_with 2 "standard input has no name" devenv create box -i - --checksums "$HTTPS/SHA256SUMS"
  fails_with 2 "--keyring goes with --checksums" \
    devenv create box -i "$HTTPS/root.tar.gz" --keyring "$KEYRING"
  fails_with 2 "--checksums goes with an archive" \
    devenv create box -i debian:13 --checksums "$HTTPS/SHA256SUMS"
  fails_with 2 "go with --image" devenv create debian --checksums "$HTTPS/SHA256SUMS"
}

@test "checksums: without gpgv, a clear error" {
  fails_with 5 "gpgv, which looks at signatures, is not installed" without /usr/bin/gpgv \
    devenv create box -i "$HTTPS/root.tar.gz" --checksums "$HTTPS/SHA256SUMS" --keyring "$KEYRING"
  contains "$stderr" "hint: install it"
}

# ---- files and standard input --------------------------------------------------------------------

@test "standard input: a pipe, a file, a checksum" {
  expect 0 bash -c "gzip -dc <'$WEB/root.tar.gz' | devenv create piped -i -"
  works piped
  expect 0 bash -c "devenv create file -i '-#sha256=$SUM' <'$WEB/root.tar.gz'"
  works file
  fails_with 7 "instead of" bash -c "cat '$WEB/SHA256SUMS' | devenv create no -i '-#sha256=$SUM'"
  fails_with 7 "standard input is empty" devenv create no -i - </dev/null
  fails_with 7 "'standard input' is not a tar archive" bash -c "echo x | devenv create no -i -"
  fails_with 2 "name it" bash -c "cat '$WEB/root.tar.gz' | devenv create -i -"
  fails_with 125 "standard input is what a shell would read from" devenv enter -
  store_is_clean
}

@test "a file: its checksum, and its URL" {
  expect 0 devenv create one -i "$WEB/root.tar.gz#sha256=$SUM"
  works one
  expect 0 devenv create two -i "file://$WEB/root%2Etar.gz"
  fails_with 7 "instead of" devenv create three -i "$WEB/root.tar.gz#sha256=$(printf '%064d' 1)"
  fails_with 3 "there is no file" devenv create three -i "file://$WEB/nothing"
  store_is_clean
}

@test "import: an archive becomes an image" {
  expect 0 devenv import "$HTTPS/root.tar.gz" --as localhost/mine:1
  equals "$output" "localhost/mine:1"
  expect 0 bash -c "devenv import - <'$WEB/root.tar.gz' --as localhost/mine:2"
  equals "$output" "localhost/mine:2"
  expect 0 devenv import "$WEB/root.tar.gz"
  equals "$output" "localhost/root:latest"
  expect 0 devenv create box -i localhost/mine:1
  works box
  fails_with 2 "is no archive" devenv import debian:13
  contains "$stderr" "hint: an image of a registry is fetched by: devenv image pull debian:13"
  fails_with 2 "an archive becomes an image" devenv import "$WEB/root.tar.gz" --name box
}

# ---- forms ---------------------------------------------------------------------------------------

# unpacked DIRECTORY: the busybox root file system in it, with files of several kinds.
unpacked() {
  mkdir -p "$1"
  tar -C "$1" -xzf "$WEB/root.tar.gz" --exclude=./dev
  mkdir -p "$1"/{etc,bin,usr/bin}
  echo hello >"$1/etc/greeting"
  ln "$1/etc/greeting" "$1/etc/greeting2"
  ln -s greeting "$1/etc/greeting3"
  head -c 300000 /dev/urandom >"$1/etc/data"
  chmod 750 "$1/etc/data"
}

@test "squashfs: with every compression, and what is in it" {
  local root=$BATS_TEST_TMPDIR/root kind
  unpacked "$root"
  for kind in gzip xz zstd lz4 lzo; do
    mksquashfs "$root" "$BATS_TEST_TMPDIR/$kind" -comp "$kind" -quiet -no-progress -all-root >/dev/null
    expect 0 devenv create "box-$kind" -i "$BATS_TEST_TMPDIR/$kind" --storage "$DEVENV_TEST_STORAGE"
    works "box-$kind"
    expect 0 devenv run "box-$kind" sudo sh -c \
      'cat /etc/greeting3; stat -c "%u %g %a %h" /etc/data /etc/greeting; md5sum </etc/data'
    equals "$output" "hello
0 0 750 1
0 0 644 2
$(md5sum <"$root/etc/data")"
  done
  expect 0 bash -c "cat '$BATS_TEST_TMPDIR/xz' | devenv import - --as localhost/squashed"
  store_is_clean
}

@test "squashfs: truncated, damaged, and without sqfs2tar" {
  unpacked "$BATS_TEST_TMPDIR/root"
  local image=$BATS_TEST_TMPDIR/image
  mksquashfs "$BATS_TEST_TMPDIR/root" "$image" -quiet -no-progress -all-root >/dev/null
  head -c 100000 "$image" >"$image.short"
  fails_with 7 "sqfs2tar exited with status" devenv create box -i "$image.short"
  cp "$image" "$image.bad"
  dd if=/dev/urandom of="$image.bad" bs=1000 seek=100 count=100 conv=notrunc status=none
  fails_with 7 "cannot import '$image.bad'" devenv create box -i "$image.bad"
  fails_with 5 "sqfs2tar, which reads squashfs, is not installed" without /usr/bin/sqfs2tar \
    devenv create box -i "$image"
  contains "$stderr" "hint: install squashfs-tools-ng"
  equals "$(environments)" ""
  store_is_clean
}

@test "LXD: a unified tarball, a pair of files, metadata alone" {
  local work=$BATS_TEST_TMPDIR
  unpacked "$work/rootfs"
  mkdir "$work/templates"
  echo '{{ container.name }}' >"$work/templates/hostname.tpl"
  echo 'architecture: x86_64' >"$work/metadata.yaml"
  tar -C "$work" -cJf "$work/unified.tar.xz" --owner=0 --group=0 metadata.yaml rootfs templates
  expect 0 devenv create box -i "$work/unified.tar.xz"
  contains "$stderr" "the root file system is in its directory 'rootfs'"
  contains "$stderr" "LXD's templates are not applied"
  works box
  expect 0 devenv run box sh -c 'cat /etc/greeting2; ls -A / | grep -e rootfs -e templates -e yaml || :'
  equals "$output" hello
  # What is recorded is the image as it is, and can be sent and saved.
  expect 0 devenv image save localhost/unified "$work/saved.tar"
  expect 0 devenv create again -i "$work/saved.tar"
  equals "$(devenv inspect box --json | grep '"sha256:.*"$')" "$(devenv inspect again --json | grep '"sha256:.*"$')"
  tar -C "$work" -cJf "$work/meta.tar.xz" metadata.yaml templates
  fails_with 7 "it is the metadata of an LXC image" devenv create other -i "$work/meta.tar.xz"
  contains "$stderr" "hint: that is in rootfs.tar.xz or rootfs.squashfs beside it"
  store_is_clean
}

@test "Arch: a bootstrap tarball, whose root lies in a directory" {
  local work=$BATS_TEST_TMPDIR
  unpacked "$work/root.x86_64"
  touch "$work/pkglist.x86_64.txt" "$work/version"
  tar -C "$work" --owner=0 --group=0 -cf - pkglist.x86_64.txt version root.x86_64 | zstd -q >"$work/arch.tar.zst"
  expect 0 devenv create box -i "$work/arch.tar.zst"
  contains "$stderr" "the root file system is in its directory 'root.x86_64'"
  works box
  expect 0 devenv run box cat /etc/greeting
  equals "$output" hello
  # A hard link to what only the whole archive has is not lost in silence.
  tar -C "$work" --owner=0 --group=0 -cf "$work/linked.tar" root.x86_64
  python3 -c '
import sys, tarfile
link = tarfile.TarInfo("root.x86_64/bin/lost")
link.type, link.linkname = tarfile.LNKTYPE, "bin/sh"
with tarfile.open(sys.argv[1], "a") as tar:
    tar.addfile(link)' "$work/linked.tar"
  fails_with 7 "'root.x86_64/bin/lost' is a hard link to 'bin/sh', which is not there" \
    devenv create other -i "$work/linked.tar"
  store_is_clean
}

@test "eStargz and zstd:chunked: ordinary layers, whose notes are no files" {
  local work=$BATS_TEST_TMPDIR
  unpacked "$work/root"
  echo '{}' >"$work/root/stargz.index.json"
  touch "$work/root/.no.prefetch.landmark"
  mkdir "$work/root/srv"
  echo mine >"$work/root/srv/stargz.index.json"
  # A gzip member for each piece, as eStargz has, and the notes last.
  tar -C "$work/root" --owner=0 --group=0 -cf "$work/plain" .
  split -b 200000 "$work/plain" "$work/piece."
  local piece
  for piece in "$work"/piece.*; do gzip -nc "$piece"; done >"$work/members.tar.gz"
  expect 0 devenv create box -i "$work/members.tar.gz"
  works box
  expect 0 devenv run box sh -c 'ls -A / | grep -e stargz -e landmark || cat /srv/stargz.index.json'
  equals "$output" mine
  # skopeo writes zstd:chunked.
  expect 0 skopeo --insecure-policy copy --quiet --dest-compress-format zstd:chunked \
    --dest-compress "docker-archive:$(saved)" "oci:$work/chunked:1"
  grep -q zstd-chunked "$work"/chunked/blobs/sha256/*
  expect 0 devenv create chunked -i "oci:$work/chunked:1"
  works chunked
  store_is_clean
}
saved() {
  devenv import "$WEB/root.tar.gz" --as localhost/base:1 >/dev/null 2>&1
  [[ -e $BATS_TEST_TMPDIR/saved.tar ]] || devenv image save localhost/base:1 "$BATS_TEST_TMPDIR/saved.tar" >/dev/null 2>&1
  printf '%s\n' "$BATS_TEST_TMPDIR/saved.tar"
}

@test "places as skopeo writes them" {
  local work=$BATS_TEST_TMPDIR file
  file=$(saved)
  expect 0 skopeo --insecure-policy copy --quiet "docker-archive:$file" "oci:$work/layout:one"
  expect 0 skopeo --insecure-policy copy --quiet "docker-archive:$file" "oci:$work/layout:two"
  expect 0 skopeo --insecure-policy copy --quiet "docker-archive:$file" "oci-archive:$work/archive.tar:x"
  expect 0 devenv create a -i "oci:$work/layout:two"
  works a
  fails_with 5 "the archive holds several images" devenv create b -i "oci:$work/layout"
  contains "$stderr" "there are one, two"
  fails_with 3 "the archive holds no image 'three'" devenv create b -i "oci:$work/layout:three"
  expect 0 devenv create b -i "oci-archive:$work/archive.tar"
  expect 0 devenv create c -i "oci-archive:$work/archive.tar:x"
  expect 0 devenv create d -i "docker-archive:$file:localhost/base:1"
  fails_with 3 "the archive holds no image 'nothing:1'" devenv create e -i "docker-archive:$file:nothing:1"
  fails_with 2 "skopeo's own 'dir:'" devenv create e -i "dir:$work/layout"
  contains "$stderr" "hint: skopeo copy"
  fails_with 2 "names no image" devenv create e -i containers-storage:
  fails_with 3 "there is no file" devenv create e -i oci-archive:/nonexistent.tar
}
