#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Package managers do their real work: downloads from Debian's mirror.
load helpers

setup_file() {
  start_registry
  create debian "$REGISTRY/debian:bookworm"
}
teardown_file() {
  remove_all
  stop_registry
}

# apt, told to believe a mirror that is a few days behind.
apt_get() {
  expect 0 devenv run debian sudo env DEBIAN_FRONTEND=noninteractive \
    apt-get -o Acquire::Check-Valid-Until=false -o Acquire::Check-Date=false "$@"
}

@test "apt-get: update, install, run, remove" {
  apt_get update
  # Files with other owners, setgid programs, users and groups of its own, a maintainer script.
  apt_get install -y --no-install-recommends hello cron openssh-client sudo
  expect 0 devenv run debian hello
  equals "$output" "Hello, world!"
  expect 0 devenv run debian stat -c '%U:%G %a' /usr/bin/crontab
  equals "$output" "root:crontab 2755"
  apt_get remove -y hello
  expect 127 devenv run debian hello
}

@test "apt-get: a sudo that is installed takes over from ours" {
  expect 0 devenv run debian sudo -V
  contains "$output" "Sudo version"
  expect 0 devenv run debian sudo id -u
  equals "$output" "0"
}

@test "apt-get: an upgrade of what the environment links to still works" {
  apt_get install -y --no-install-recommends tzdata
  apt_get install -y --no-install-recommends --reinstall base-files netbase tzdata
  expect 0 devenv run debian sudo env DEBIAN_FRONTEND=noninteractive dpkg-reconfigure tzdata
  expect 0 devenv run debian test -e /etc/hosts
}

@test "dpkg: what was installed is there after a stop" {
  expect 0 devenv stop debian
  expect 0 devenv run debian dpkg-query -W -f '${Status}' cron
  equals "$output" "install ok installed"
}

@test "language: what the image can make is made at the next start, once" {
  apt_get install -y --no-install-recommends locales
  expect 0 env LANG=de_DE.UTF-8 devenv run debian sh -c 'echo $LANG'
  equals "$output" C.UTF-8
  expect 0 devenv stop debian
  expect 0 env LANG=de_DE.UTF-8 LC_TIME=fr_FR.utf8 devenv run debian sh -c 'echo $LANG $LC_TIME; date -d 2026-07-01 +%B; locale -a'
  equals "$(head -n 2 <<<"$output")" "de_DE.UTF-8 fr_FR.utf8
juillet"
  contains "$output" de_DE.utf8
  equals "$stderr" ""
  local made
  made=$(stat -c %Y "$(environment_dir debian)/upper/usr/lib/locale/locale-archive")
  expect 0 devenv stop debian
  expect 0 env LANG=de_DE.UTF-8 devenv run debian true
  equals "$(stat -c %Y "$(environment_dir debian)/upper/usr/lib/locale/locale-archive")" "$made"
}
