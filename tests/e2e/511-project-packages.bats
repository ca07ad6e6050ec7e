#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2016
# Real projects: packages by the distribution's own manager, from clone to `devenv task test`; and a
# second person who gets them from the team's registry.
load helpers

setup_file() {
  start_registry
  # A second registry, which takes what is pushed.
  cat >"$BATS_FILE_TMPDIR/team.yml" <<EOF
version: 0.1
http: {addr: '127.0.0.1:0'}
storage: {filesystem: {rootdirectory: '$BATS_FILE_TMPDIR/team'}}
EOF
  env -u REGISTRY docker-registry serve "$BATS_FILE_TMPDIR/team.yml" >"$BATS_FILE_TMPDIR/team.log" 2>&1 3>&- &
  echo $! >"$BATS_FILE_TMPDIR/team.pid"
  wait_until grep -q 'listening on 127' "$BATS_FILE_TMPDIR/team.log" || fail "no second registry"
  TEAM=127.0.0.1:$(sed -n 's/.*listening on 127\.0\.0\.1:\([0-9]*\).*/\1/p' "$BATS_FILE_TMPDIR/team.log")
  export TEAM
}

teardown_file() {
  kill "$(cat "$BATS_FILE_TMPDIR/team.pid")" || :
  stop_registry
}

setup() {
  mkdir -p "$HOME/projects"
  cd "$HOME/projects" || return
}

teardown() {
  remove_all
  rm -rf "$HOME/projects" "$HOME/.local/share/devenv"/{projects,trust,logs}
}

# The runs of a package manager that the log of the last `up` has.
installs() { grep -hc '^Need to get\|^Setting up' "$HOME"/.local/share/devenv/logs/* || :; }

make_cpp() {
  mkdir calculator && cd calculator || return
  cat >CMakeLists.txt <<'EOF'
cmake_minimum_required(VERSION 3.18)
project(calculator LANGUAGES CXX)
enable_testing()
add_executable(calculator calculator.cpp)
add_test(NAME adds COMMAND calculator 2 3)
set_tests_properties(adds PROPERTIES PASS_REGULAR_EXPRESSION "^5")
EOF
  cat >calculator.cpp <<'EOF'
#include <iostream>
#include <string>
int main(int, char** argv) { std::cout << std::stoi(argv[1]) + std::stoi(argv[2]) << "\n"; }
EOF
  cat >devenv.toml <<EOF
[env]
base = "$REGISTRY/debian:bookworm"
storage = "$DEVENV_TEST_STORAGE"

[packages]
tools = ["cmake", "compiler"]

[tasks]
build = "cmake -S . -B build && cmake --build build"
test = { run = "ctest --test-dir build --output-on-failure", depends = ["build"] }
EOF
}

@test "a C++ project: from clone to test, locked, pushed, and at a second person's" {
  make_cpp
  expect 0 devenv task --allow test
  contains "$output" "100% tests passed"
  expect 0 devenv lock
  expect 0 devenv push "$TEAM/team/calculator:dev"
  contains "$(cat devenv.toml.lock)" "pushed = \"$TEAM/team/calculator@sha256:"
  local first second
  first=$(project_layers)
  # As another person would: nothing of this machine but the project and the registry.
  rm -rf build
  mkdir -p "$HOME/second"
  cp -r . "$HOME/second/calculator"
  second() { env XDG_DATA_HOME="$HOME/second/data" XDG_CACHE_HOME="$HOME/second/cache" "$@"; }
  cd "$HOME/second/calculator"
  expect 0 second devenv up --locked --allow
  lacks "$stderr" "installing"
  expect 0 second devenv status --json
  second=$(python3 -c 'import json, sys; print(*json.load(sys.stdin)["layers"], sep="\n")' <<<"$output")
  equals "$second" "$first"
  [[ ! -e $HOME/second/data/devenv/logs ]] || fail "something was built"
  expect 0 second devenv task test
  contains "$output" "100% tests passed"
  # And without the base's own registry.
  expect 0 second devenv up --frozen
  expect 0 second devenv rm -f calculator
  expect 0 second devenv image prune -y --all --packages
  rm -rf "$HOME/second"
}

@test "a Python project: one more package runs only that; the same elsewhere is there at once" {
  mkdir tool && cd tool
  printf 'def double(x):\n    return 2 * x\n' >tool.py
  printf 'import unittest\nfrom tool import double\nclass T(unittest.TestCase):\n    def test(self):\n        self.assertEqual(double(4), 8)\n' >test_tool.py
  cat >devenv.toml <<EOF
[env]
base = "$REGISTRY/debian:bookworm"
storage = "$DEVENV_TEST_STORAGE"
[packages]
install = ["python3-minimal", "libpython3-stdlib"]
[tasks]
test = "python3 -m unittest -q"
EOF
  expect 0 devenv task --allow test
  contains "$stderr" "OK"
  sed -i 's/"python3-minimal", /&"ed", /' devenv.toml
  expect 0 devenv up --allow
  contains "$stderr" "installing packages: ed"
  equals "$(grep -h '^Setting up' "$HOME"/.local/share/devenv/logs/* | wc -l)" 1
  expect 0 devenv run -- ed --version
  expect 0 devenv lock
  cp -r . ../other
  cd ../other
  expect 0 devenv up --allow
  lacks "$stderr" "installing"
  expect 0 devenv run -- sh -c 'command -v ed python3'
  # What one person has installed by hand is in the way of the project's packages, and told.
  expect 0 devenv run -- sudo sh -c 'apt-get -q update && apt-get install -yq hello'
  sed -i 's/"ed", /&"bc", /' devenv.toml
  fails_with 4 "/var/lib/dpkg/status" devenv up --allow
  # A package that there is none of leaves everything as it was.
  sed -i 's/"bc", /"no-such-package", /' devenv.toml
  expect 1 devenv up --allow
  contains "$stderr" "no-such-package"
  expect 0 devenv run -- hello
}

@test "the packages of a project are known before it is built, and a wrong one is told" {
  mkdir wrong && cd wrong
  printf '[env]\nbase = "%s/busybox:latest"\n[packages]\ninstall = ["x"]\n' "$REGISTRY" >devenv.toml
  expect 3 devenv up --allow
  contains "$stderr" "package manager"
  printf '[env]\nbase = "%s/debian:bookworm"\n[packages]\ntools = ["compilr"]\n' "$REGISTRY" >devenv.toml
  expect 2 devenv up --allow
  contains "$stderr" "did you mean"
  printf '[env]\nbase = "%s/debian:bookworm"\n[packages]\ninstall = ["--force"]\n' "$REGISTRY" >devenv.toml
  expect 2 devenv up --allow
}

@test "a project on musl: Alpine" {
  [[ -d ${DEVENV_TEST_IMAGES:-} ]] || skip_for "DEVENV_TEST_IMAGES is not set"
  mkdir small && cd small
  printf '#!/bin/sh\n[ "$(sh ./sum.sh 2 3)" = 5 ] && echo passed\n' >test.sh
  echo 'echo $(($1 + $2))' >sum.sh
  cat >devenv.toml <<EOF
[env]
base = "$DEVENV_TEST_IMAGES/alpine-3.20.3.tar.gz"
storage = "$DEVENV_TEST_STORAGE"
[[setup]]
run = "adduser -D builder && apk info | sort >/etc/packages-before && install -m 755 tool.sh /usr/local/bin/tool"
inputs = ["tool.sh"]
[tasks]
test = "grep -q musl /etc/packages-before && tool && sh test.sh"
EOF
  printf '#!/bin/sh\necho tool on $(grep -o "Alpine Linux" /etc/os-release | head -n 1)\n' >tool.sh
  expect 0 devenv task --allow test
  equals "$output" "tool on Alpine Linux"$'\n'"passed"
  expect 0 devenv run -- sh -c 'grep -c builder: /etc/passwd; whoami'
  equals "$output" "1"$'\n'"$(id -un)"
  expect 0 devenv lock
  touch devenv.toml
  expect 0 devenv up --locked
  equals "$stderr" "'small' is up"
  sed -i 's/install -m/umask 022; install -m/' devenv.toml
  expect 0 devenv up --allow
  lacks "$stderr" "unpacked"
}
