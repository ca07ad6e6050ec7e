#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
load helpers

profiles="almalinux alpine amazonlinux arch centos debian fedora gentoo kali opensuse oraclelinux rocky ubuntu void wolfi"

teardown() { rm -rf "$HOME/.config/devenv"; }

@test "profile list: the distributions" {
  quietly devenv profile list
  local profile
  for profile in $profiles; do
    matches "$output" "(^|[[:space:]])${profile}([[:space:]]|\$)"
  done
  quietly devenv profile list --json
  contains "$output" '"schema": 1'
}

@test "profile show: each of them, and each is right" {
  local profile
  for profile in $profiles; do
    quietly devenv profile show "$profile"
    contains "$output" "$profile"
    quietly devenv profile check "$profile"
  done
}

@test "profile show: an unknown one, with a suggestion" {
  fails_with 3 "fedroa" devenv profile show fedroa
  contains "$stderr" "fedora"
}

@test "profile check: file, line and column of what is wrong" {
  mkdir -p "$HOME/.config/devenv/profiles"
  local file=$HOME/.config/devenv/profiles/mine.toml
  printf 'summary = "x"\nnonsense = 1\n' >"$file"
  expect 1 devenv profile check mine
  matches "$output$stderr" "mine.toml:2:1: "
  contains "$output$stderr" "nonsense"
  printf 'summary = \n' >"$file"
  expect 1 devenv profile check "$file"
  matches "$output$stderr" 'mine.toml:1:[0-9]+: '
}

@test "profile: one of the user's replaces the one that is shipped" {
  mkdir -p "$HOME/.config/devenv/profiles"
  devenv profile show debian | sed 's/^summary.*/summary = "my own debian"/' \
    >"$HOME/.config/devenv/profiles/debian.toml"
  quietly devenv profile check debian
  quietly devenv profile list
  contains "$output" "my own debian"
}

@test "enter: an unknown release lists those there are" {
  fails_with 125 "debian" devenv enter debian:nonsuch -- true
  contains "$stderr" "bookworm"
}

@test "enter: a profile whose registry cannot be reached is bootstrapped, and one line says so" {
  needs mmdebstrap
  # The registry of this profile is a port where nobody listens.
  mkdir -p "$HOME/.config/devenv/profiles"
  devenv profile show debian | sed -E 's#"[a-z.]*/?([a-z]+/)*debian:#"127.0.0.1:1/debian:#' \
    >"$HOME/.config/devenv/profiles/debian.toml"
  grep -q '127.0.0.1:1/' "$HOME/.config/devenv/profiles/debian.toml" || fail "$(devenv profile show debian)"
  expect 0 devenv enter debian:bookworm -- cat /etc/debian_version
  matches "$output" '^12\.'
  contains "$stderr" "mmdebstrap"
  expect 0 devenv list --json
  remove_all
}
