#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# devenv assemble: the boxes of a distrobox.ini.
load helpers

setup_file() { start_registry; }
teardown_file() { stop_registry; }
setup() { mkdir -p "$BATS_TEST_TMPDIR/boxes" && cd "$BATS_TEST_TMPDIR/boxes" || return; }
teardown() { remove_all; }

manifest() {
  cat >distrobox.ini <<END
[base]
init_hooks="echo base >/made"

[one]
image=$REGISTRY/busybox:latest
include=base
additional_flags="--env COLOUR=blue"
root=true

[two]
image=$REGISTRY/busybox:latest
init_hooks="echo two >/made"
END
}

@test "assemble: every section with an image; what is not carried over is told" {
  manifest
  expect 0 devenv assemble
  contains "$stderr" "warning: [one] not carried over: root=true: environments are rootless"
  contains "$stderr" "'one' is there: devenv enter one"
  equals "$(environments)" "one
two"
  expect 0 devenv run one sh -c 'cat /made; echo $COLOUR'
  equals "$output" "base
blue"
  expect 0 devenv run two cat /made
  equals "$output" "two"
  expect 0 devenv assemble list
  matches "$output" "one +assembled"
}

@test "assemble: again does nothing; a section that changed changes its box" {
  manifest
  expect 0 devenv assemble --name two
  equals "$(environments)" "two"
  expect 0 devenv run two sh -c 'echo mine | sudo tee /kept'
  expect 0 devenv assemble create --name two
  expect 0 devenv run two cat /kept
  expect 0 devenv stop two
  sed -i 's/echo two/echo changed/' distrobox.ini
  expect 0 devenv assemble --name two
  expect 0 devenv run two cat /made
  equals "$output" "changed"
}

@test "assemble: --dry-run shows and does nothing; rm removes; others are left alone" {
  manifest
  quietly devenv assemble --dry-run --name one
  contains "$output" 'name = "one"'
  contains "$output" '# not carried over: root=true: environments are rootless'
  equals "$(environments)" ""
  create two
  expect 4 devenv assemble
  contains "$stderr" "environment 'two' is there, and was not assembled"
  equals "$(environments)" "one
two"
  expect 4 devenv assemble rm
  contains "$stderr" "environment 'two' was not assembled"
  equals "$(environments)" "two"
  expect 0 devenv assemble --replace --name two
  expect 0 devenv run two cat /made
  expect 0 devenv assemble rm
  equals "$(environments)" ""
}

@test "assemble: what is wrong with a manifest" {
  fails_with 3 "distrobox.ini" devenv assemble
  manifest
  fails_with 3 "has no section 'on'" devenv assemble --name on
  contains "$stderr" "did you mean 'one'?"
  fails_with 2 "[base] has no image" devenv assemble --name base
  echo 'include=nothing' >>distrobox.ini
  fails_with 2 "there is no section 'nothing'" devenv assemble
}
