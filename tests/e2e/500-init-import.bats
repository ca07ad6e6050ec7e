#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# devenv init: what it finds, what it takes over, and what it leaves alone.
load helpers

setup() { mkdir -p "$BATS_TEST_TMPDIR/project" && cd "$BATS_TEST_TMPDIR/project" || return; }

@test "init: writes what the files of the project want, and it is in order" {
  touch CMakeLists.txt
  expect 0 devenv init
  equals "$stderr" "found CMakeLists.txt
wrote devenv.toml
look at it, then: devenv enter"
  equals "$(cat devenv.toml)" '# The environment of this project: `devenv enter`, `devenv task`. See devenv.toml(5).
schema = 1

[env]
base = "debian:trixie"

[packages]
tools = ["cmake", "compiler", "ninja"]

[tasks]
build = "cmake -S . -B build -G Ninja && cmake --build build"
test = "ctest --test-dir build --output-on-failure"'
  quietly devenv profile check devenv.toml
  equals "$(ls -A)" "CMakeLists.txt
devenv.toml"
}

@test "init: flags, and what they may not be" {
  quietly devenv init --print --base alpine:edge --name web --package jq --package ripgrep
  contains "$output" 'base = "alpine:edge"
name = "web"

[packages]
install = ["jq", "ripgrep"]'
  [[ ! -e devenv.toml ]]
  fails_with 3 "did you mean 'fedora'?" devenv init --base fedroa
  fails_with 3 "no release 'x'" devenv init --base fedora:x
  fails_with 2 "bad name of a package '--x'" devenv init --package=--x
  fails_with 2 "--section goes with --from" devenv init --section x
  [[ ! -e devenv.toml ]]
}

@test "init: a devenv.toml that is there stays" {
  echo '# mine' >devenv.toml
  fails_with 4 "devenv.toml is there already" devenv init
  equals "$(cat devenv.toml)" "# mine"
  expect 0 devenv init --force --base alpine
  contains "$(cat devenv.toml)" 'base = "alpine:'
}

@test "init: on a terminal it asks for the base" {
  open_terminal "cd '$PWD' && devenv init; sleep 5"
  wait_until screen_has 'which distribution or image? \[debian\]'
  press fedora:43 Enter
  wait_until test -e devenv.toml
  close_terminal
  contains "$(cat devenv.toml)" 'base = "fedora:43"'
}

@test "init: what was just written is allowed, unless somebody else's file belongs to it" {
  expect 0 devenv init
  grep -rq '"answer": "allowed"' "$HOME/.local/share/devenv/trust"
  rm -r "$HOME/.local/share/devenv/trust"
  echo '[environment]' >devenv.local.toml
  expect 0 devenv init --force
  contains "$stderr" "look at it, then: devenv allow"
  [[ ! -e $HOME/.local/share/devenv/trust ]]
}

@test "init: a devcontainer.json, and what is not carried over" {
  mkdir .devcontainer
  cat >.devcontainer/devcontainer.json <<'END'
{
  // comments, and commas at the end
  "image": "docker.io/library/debian:trixie",
  "features": { "ghcr.io/devcontainers/features/node:1": { "version": "20" } },
  "postCreateCommand": "npm ci",
  "forwardPorts": [3000],
}
END
  expect 0 devenv init --from .devcontainer/devcontainer.json
  contains "$(cat devenv.toml)" '[env]
base = "docker.io/library/debian:trixie"

[hooks]
create = "npm ci"

[[features]]
ref = "ghcr.io/devcontainers/features/node:1"
options = { version = "20" }'
  contains "$stderr" "warning: not carried over: forwardPorts [3000]: the network is the host's"
  quietly devenv profile check devenv.toml
}

@test "init: a section of a distrobox.ini" {
  printf '[a]\nimage=x\n[b]\nimage=fedora:43\nadditional_packages="git"\nroot=true\n' >distrobox.ini
  fails_with 2 "which one: a, b?" devenv init --from distrobox.ini
  fails_with 3 "there is no section 'c'" devenv init --from distrobox.ini --section c
  expect 0 devenv init --from distrobox.ini --section b
  contains "$stderr" "not carried over: root=true: environments are rootless"
  contains "$(cat devenv.toml)" 'name = "b"
base = "fedora:43"'
  echo nonsense >distrobox.ini
  fails_with 2 "line 1: a key before the first [name]" devenv init --force --from distrobox.ini
  fails_with 2 "it is not known what this file is" devenv init --force --from /etc/hostname
}

@test "profile check: a devenv.toml, with line, column and suggestion; what it extends, too" {
  printf '[env]\nbase = "debian"\n\n[packages]\nistall = ["git"]\n' >devenv.toml
  expect 1 devenv profile check devenv.toml
  equals "$output" "$(pwd -P)/devenv.toml:5:1: unknown key 'istall'
  hint: did you mean 'install'?"
  printf 'extends = "common.toml"\n' >devenv.toml
  printf '[tasks]\nx = 1\n' >common.toml
  expect 1 devenv profile check devenv.toml
  contains "$output" "common.toml:2:5: 'x' must be a table, not an integer"
  expect 1 devenv profile check ./common.toml
  # In a project, its file is checked without being named.
  mkdir below && cd below
  expect 1 devenv profile check
  contains "$output" "common.toml:2:5: "
}

@test "profile schema: what editors check by is installed, and the same" {
  quietly devenv profile schema
  contains "$output" '"$schema": "https://json-schema.org/draft/2020-12/schema"'
  equals "$output" "$(cat "$TEST_STAGE/prefix/share/devenv/devenv.schema.json")"
  quietly devenv profile schema profile
  equals "$output" "$(cat "$TEST_STAGE/prefix/share/devenv/devenv-profile.schema.json")"
}
