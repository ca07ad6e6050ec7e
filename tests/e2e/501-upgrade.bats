#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# devenv upgrade, and what package managers are run with, on real images. apt downloads from Debian's
# mirror; the others can do what needs no network.
load helpers

setup_file() {
  start_registry
  create debian "$REGISTRY/debian:bookworm"
  # The mirror may be a few days behind.
  as_root debian 'printf "Acquire::Check-Valid-Until \"false\";\nAcquire::Check-Date \"false\";\n" >/etc/apt/apt.conf.d/99test'
}
teardown_file() {
  remove_all
  stop_registry
}

as_root() {
  local name=$1
  shift
  expect 0 devenv run "$name" sudo sh -c "$@"
}

# verb PROFILE ENVIRONMENT VERB [ARGUMENT...]: runs what the profile has for it.
verb() {
  local line
  line=$(devenv profile show "$1" --json | python3 -c 'import json, sys
print(json.load(sys.stdin)["profile"]["verbs"][sys.argv[1]])' "$3")
  local name=$2
  shift 3
  expect 0 devenv run "$name" sudo env "DEVENV_PACKAGE_CACHE=${CACHE:-}" sh -c "$line" sh "$@"
}

# image FILE NAME: an environment of a real root file system.
image() {
  [[ -d ${DEVENV_TEST_IMAGES:-} ]] || skip_for "DEVENV_TEST_IMAGES is not set"
  local file
  file=$(find "$DEVENV_TEST_IMAGES" -name "$1" -print -quit)
  [[ -n $file ]] || skip_for "missing image: $1"
  create "$2" "$file"
}

@test "upgrade: everything that is installed; stopped again if it was not running" {
  expect 0 devenv stop debian
  expect 0 devenv upgrade debian
  contains "$stderr" "upgraded 'debian'"
  contains "$output" "Reading package lists"
  expect 0 devenv stop debian
  contains "$stderr" "was not running"
}

@test "upgrade: one that runs goes on" {
  expect 0 devenv run debian true
  expect 0 devenv upgrade debian
  expect 0 devenv stop debian
  contains "$stderr" "stopped 'debian'"
}

@test "upgrade: without a package manager, and a failure that leaves the others alone" {
  create box
  fails_with 3 "'box' has no package manager that devenv knows" devenv upgrade box
  fails_with 3 "there is no environment 'none'" devenv upgrade none
  fails_with 2 "a NAME or --all is needed" devenv upgrade
  expect 3 devenv upgrade --all
  contains "$stderr" "upgraded 'debian'"
  contains "$stderr" "'box' has no package manager"
  expect 0 devenv rm -f box
}

@test "upgrade: a package manager that fails is told of" {
  as_root debian 'echo nonsense >/etc/apt/sources.list.d/broken.list'
  expect 1 devenv upgrade debian
  contains "$stderr" "error: cannot upgrade 'debian'"
  contains "$stderr" "its package manager exited with status 100"
  as_root debian 'rm /etc/apt/sources.list.d/broken.list'
}

@test "upgrade: by the verb of a profile of the user's, which has a shell of its own, too" {
  mkdir -p "$HOME/.config/devenv/profiles"
  cat >"$HOME/.config/devenv/profiles/acme.toml" <<END
name = "acme"
summary = "Acme Linux"
default-release = "1"
package-manager = "apk"
shell = "/bin/ash"
packages.upgrade = 'echo "\$(id -u) \$HOME" >/upgraded'
[[release]]
name = "1"
image = "$REGISTRY/busybox:latest"
END
  quietly devenv profile check acme
  expect 0 devenv create acme --storage "$DEVENV_TEST_STORAGE"
  expect 0 devenv upgrade acme
  expect 0 devenv run acme cat /upgraded
  equals "$output" "0 /root"
  run bash -c 'echo "readlink /proc/\$\$/exe; echo \$0" | devenv enter acme'
  contains "$output" "ash"
  expect 0 devenv rm -f acme
  rm -r "$HOME/.config/devenv"
}

@test "apt: what was downloaded is kept, and nothing of it in the root" {
  CACHE="/var/cache/a cache"
  as_root debian 'mkdir -p "$0"; rm -rf /var/lib/apt/lists/*' "$CACHE"
  verb debian debian refresh
  verb debian debian install hello
  contains "$output" "hello"
  verb debian debian list
  matches "$output" $'\nhello [0-9]'
  equals "$output" "$(LC_ALL=C sort <<<"$output")"
  verb debian debian remove hello
  verb debian debian install hello
  contains "$output" "Need to get 0 B/"
  verb debian debian clean
  as_root debian 'ls /var/lib/apt/lists /var/cache/apt/archives | grep -c "\.deb\|Packages" || :'
  equals "$output" 0
  as_root debian 'ls "$0/archives"' "$CACHE"
  contains "$output" "hello_"
}

@test "apt: repositories, keys and the packages of a day" {
  verb debian debian add-repository 'deb [signed-by=/etc/apt/keyrings/k.asc] http://example.org/x stable main'
  verb debian debian add-repository $'Types: deb\nURIs: http://example.org/y\nSuites: stable\nComponents: main'
  as_root debian 'cat /etc/apt/sources.list.d/devenv-*'
  contains "$output" "signed-by=/etc/apt/keyrings/k.asc"
  contains "$output" "URIs: http://example.org/y"
  as_root debian 'rm /etc/apt/sources.list.d/devenv-*; printf -- "-----BEGIN PGP PUBLIC KEY BLOCK-----\n" >/tmp/devenv-test-k.gpg'
  verb debian debian add-key /tmp/devenv-test-k.gpg
  as_root debian 'rm /tmp/devenv-test-k.gpg; cat /etc/apt/keyrings/devenv-test-k.asc && rm /etc/apt/keyrings/devenv-test-k.asc /etc/apt/trusted.gpg.d/devenv-test-k.asc'
  as_root debian 'cp /etc/apt/sources.list /etc/apt/sources.list.saved'
  verb debian debian snapshot 2026-11-01
  as_root debian 'cat /etc/apt/sources.list; mv /etc/apt/sources.list.saved /etc/apt/sources.list; rm /etc/apt/apt.conf.d/99devenv-snapshot'
  contains "$output" "deb http://snapshot.debian.org/archive/debian/20261101T000000Z bookworm main"
}

@test "Alpine: list, clean, repositories; no network is a failure" {
  image 'alpine-3.20.3.tar.gz' alpine
  verb alpine alpine list
  contains "$output" "alpine-baselayout 3.6.5-r0"
  contains "$output" "musl 1.2.5-r0"
  verb alpine alpine clean
  verb alpine alpine add-repository https://example.org/alpine
  verb alpine alpine add-repository https://example.org/alpine
  expect 0 devenv run alpine grep -c example.org /etc/apk/repositories
  equals "$output" 1
  expect 0 devenv rm -f alpine
  image 'alpine-2.7.tar.gz' alpine
  verb alpine alpine list
  contains "$output" "apk-tools 2."
  expect 0 devenv rm -f alpine
}

@test "Arch: list and repositories" {
  image 'arch-2017.12.tar.xz' arch
  verb arch arch list
  contains "$output" "glibc 2.26"
  verb arch arch add-repository 'own=https://example.org/$repo/$arch'
  expect 0 devenv run arch tail -n 2 /etc/pacman.conf
  equals "$output" '[own]
Server = https://example.org/$repo/$arch'
  expect 0 devenv rm -f arch
}

@test "Ubuntu: list and the packages of a day" {
  image 'ubuntu-23.04.tar.xz' ubuntu
  verb ubuntu ubuntu list
  matches "$output" $'\ndpkg 1\\.'
  verb ubuntu ubuntu snapshot 2023-10-01
  expect 0 devenv run ubuntu grep -c '^deb http://snapshot.ubuntu.com/ubuntu/20231001T000000Z' /etc/apt/sources.list
  expect 1 devenv run ubuntu grep -E '^deb .*(archive|security)\.ubuntu\.com' /etc/apt/sources.list
  expect 0 devenv rm -f ubuntu
}

@test "Fedora: a repository by its base URL" {
  image 'fedora-39.tar.xz' fedora
  verb fedora fedora add-repository https://example.org/fedora
  expect 0 devenv run fedora sh -c 'cat /etc/yum.repos.d/devenv-*.repo'
  contains "$output" "baseurl=https://example.org/fedora"
  contains "$output" "gpgcheck=1"
  expect 0 devenv rm -f fedora
}
