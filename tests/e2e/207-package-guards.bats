#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Packages that have what the host shares: a distribution's base package is installed and upgraded,
# and neither the host's directories nor the links to the host's files change. dpkg: see 202.
# shellcheck disable=SC2016 # what is in single quotes is for the shell inside
load helpers

setup_file() {
  start_registry
  expect 0 devenv create box --image "$TEST_STAGE/rootfs/debian-extra.tar.gz" --storage "$DEVENV_TEST_STORAGE"
}
teardown_file() {
  remove_all
  stop_registry
}

# package FORMAT NAME VERSION FILE
package() { python3 "$TEST_STAGE/tests/support/base_package.py" "$@"; }

# What a package manager could spoil, seen from the environment $1.
shared_state() {
  devenv run "$1" sh -c '
    ls -ldn /dev /proc /sys /tmp "$HOME" | awk "{ print \$1, \$3, \$4, \$NF }"
    for file in hosts host.conf resolv.conf; do ls -ld /etc/$file | sed "s/.*[0-9] //"; done'
  stat -c '%n %a %u' /tmp "$HOME"
}

# upgrades ENVIRONMENT INSTALL...: version 1 and then version 2, "{}" in INSTALL is the version.
upgrades() {
  local name=$1 before version
  shift
  before=$(shared_state "$name")
  for version in 1 2; do
    expect 0 devenv run "$name" sudo "${@//\{\}/$version}"
    lacks "$stderr" "rror:"
    lacks "$output" "rror:"
    equals "$(devenv run "$name" cat /etc/devenv-test)" "version $version"
    equals "$(shared_state "$name")" "$before"
  done
  # The next start finds everything as it has to be, too.
  expect 0 devenv stop "$name"
  equals "$(shared_state "$name")" "$before"
}

@test "/etc/mtab: there, also where the image leaves it to the engine" {
  create bare
  expect 0 devenv run bare grep -c " $HOME " /etc/mtab
  equals "$output" 1
  expect 0 devenv rm -f bare
}

@test "rpm: a base package is installed and upgraded" {
  local version
  for version in 1 2; do
    package rpm devenv-base $version "$HOME/base.spec"
    expect 0 devenv run box rpmbuild --quiet -bb --define "_topdir $HOME/rpm" "$HOME/base.spec"
  done
  upgrades box rpm -U --nodeps "$HOME/rpm/RPMS/noarch/devenv-base-{}-1.noarch.rpm"
  # What would happen without what devenv tells it.
  expect 1 devenv run box sudo rpm -U --nodeps --force --define '_netsharedpath %{nil}' \
    "$HOME/rpm/RPMS/noarch/devenv-base-2-1.noarch.rpm"
  contains "$stderr" "chown failed"
}

@test "pacman: a base package is installed and upgraded" {
  local version
  for version in 1 2; do package pacman devenv-base $version "$HOME/base-$version.pkg.tar.gz"; done
  expect 0 devenv run box sudo mkdir -p /var/lib/pacman
  upgrades box pacman -U --noconfirm --overwrite '*' "$HOME/base-{}.pkg.tar.gz"
}

@test "pacman: Arch's own" {
  [[ -d ${DEVENV_TEST_IMAGES:-} ]] || skip_for "DEVENV_TEST_IMAGES is not set"
  local version
  for version in 1 2; do package pacman devenv-base $version "$HOME/base-$version.pkg.tar.gz"; done
  create arch "$DEVENV_TEST_IMAGES/arch-2017.12.tar.xz"
  upgrades arch pacman -U --noconfirm --force "$HOME/base-{}.pkg.tar.gz"
}

@test "apk: the base package is upgraded" {
  [[ -d ${DEVENV_TEST_IMAGES:-} ]] || skip_for "DEVENV_TEST_IMAGES is not set"
  local version
  for version in 1 2; do
    # 9: above what the image has.
    package apk alpine-baselayout 9$version "$HOME/base-$version.apk"
  done
  create alpine "$DEVENV_TEST_IMAGES/alpine-3.20.3.tar.gz"
  upgrades alpine apk add --allow-untrusted --no-network "$HOME/base-{}.apk"
}
