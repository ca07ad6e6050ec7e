#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
load helpers

setup_file() {
  start_registry
  create box                                    # no sudo, no passwd, no shell but sh
  create debian "$REGISTRY/debian:bookworm"     # glibc, no sudo
  create with-sudo "$REGISTRY/debian:sudo"
}
teardown_file() {
  remove_all
  stop_registry
}

boxes=(box debian with-sudo)

@test "user: name, ids, home as on the host" {
  local box
  for box in "${boxes[@]}"; do
    expect 0 devenv run "$box" sh -c 'id -u; id -g; id -un; echo "$HOME $USER $LOGNAME"; cd; pwd'
    equals "$output" "$(id -u)
$(id -g)
$(id -un)
$HOME $USER $LOGNAME
$HOME"
  done
}

@test "user: the shell of the host, where the image has it" {
  expect 0 devenv run debian sh -c 'echo $SHELL; getent passwd "$(id -u)" | cut -d: -f6,7'
  equals "$output" "/bin/bash
$HOME:/bin/bash"
  expect 0 devenv run box sh -c 'echo $SHELL; grep "^$(id -un):" /etc/passwd | cut -d: -f6,7'
  equals "$output" "/bin/sh
$HOME:/bin/sh"
  expect 0 env SHELL=/usr/bin/fish devenv run debian sh -c 'test -x $SHELL'
}

@test "user: known by name to the image's own programs" {
  expect 0 devenv run debian getent passwd "$(id -un)"
  expect 0 devenv run debian getent group "$(id -gn)"
  expect 0 devenv run debian perl -e 'print +(getpwuid($<))[0]'
  equals "$output" "$(id -un)"
}

@test "sudo: root, without a password, with and without sudo in the image" {
  local box
  for box in "${boxes[@]}"; do
    expect 0 devenv run "$box" sudo id -u
    equals "$output" "0"
    expect 0 devenv run "$box" sudo -n true
    expect 0 devenv run "$box" sudo -u "$(id -un)" id -u
    equals "$output" "$(id -u)"
    expect 7 devenv run "$box" sudo sh -c 'exit 7'
  done
}

@test "sudo: as scripts use it" {
  local box root_home=/root
  # A caller who is root has their own home inside, wherever it is.
  [[ $(id -u) != 0 ]] || root_home=$HOME
  for box in "${boxes[@]}"; do
    expect 0 devenv run "$box" sudo -E env
    expect 0 devenv run "$box" sudo -H sh -c 'echo $HOME'
    equals "$output" "$root_home"
    expect 0 devenv run "$box" sudo VARIABLE=value sh -c 'echo $VARIABLE'
    equals "$output" "value"
    expect 0 devenv run "$box" sudo -- echo -- x
    equals "$output" "-- x"
    expect 0 devenv run "$box" sudo -v
    expect 0 devenv run "$box" sudo -i sh -c 'id -u'
    equals "$output" "0"
    expect 0 devenv run "$box" sh -c 'echo in | sudo tee /root-wrote'
    equals "$output" "in"
  done
}

@test "sudo: root inside is not root outside" {
  expect 0 devenv run debian sudo cat /proc/self/uid_map
  [[ $(id -u) == 0 ]] || lacks "$output" "0 0 4294967295"
  [[ $(id -u) != 0 ]] || skip "the caller is root"
  run devenv run debian sudo sh -c 'echo x > /run/host/etc/devenv-test'
  [[ $status != 0 && ! -e /etc/devenv-test ]]
}

@test "sudo: nobody else gets to be root" {
  # Another user of the environment, without an entry of ours.
  run --separate-stderr devenv run debian sudo -u nobody sudo id -u
  [[ $status != 0 ]] || fail "nobody became root"
}

@test "home: files made inside belong to the user outside, and the other way round" {
  echo outside >"$HOME/from-outside"
  chmod 600 "$HOME/from-outside"
  local box
  for box in "${boxes[@]}"; do
    expect 0 devenv run "$box" sh -c 'cat ~/from-outside; echo inside > ~/from-inside; stat -c %u:%g ~/from-outside'
    equals "$output" "outside
$(id -u):$(id -g)"
    equals "$(stat -c %u:%g "$HOME/from-inside")" "$(id -u):$(id -g)"
    rm "$HOME/from-inside"
  done
}

@test "files of the image belong to root inside" {
  expect 0 devenv run debian stat -c %u:%g / /etc/passwd /usr/bin/apt
  equals "$output" $'0:0\n0:0\n0:0'
}

@test "etc: hosts, resolv.conf and localtime are links to the host's, and agree with it" {
  local file
  for file in hosts resolv.conf localtime; do
    [[ -e /etc/$file ]] || continue
    expect 0 devenv run debian readlink "/etc/$file"
    contains "$output" "/run/host/"
    devenv run debian cat "/etc/$file" >"$BATS_TEST_TMPDIR/inside"
    cmp "$BATS_TEST_TMPDIR/inside" "/etc/$file"
  done
  expect 0 devenv run debian date +%Z
  equals "$output" "$(date +%Z)"
}

@test "host name: the host's" {
  expect 0 devenv run debian uname -n
  equals "$output" "$(uname -n)"
}

@test "network: the host's loopback is reachable" {
  expect 0 devenv run box wget -q -O - "http://$REGISTRY/v2/"
  equals "$output" "{}"
}

@test "marker: /run/.containerenv names engine, environment and image" {
  expect 0 devenv run box cat /run/.containerenv
  contains "$output" 'engine="devenv"'
  contains "$output" 'name="box"'
  contains "$output" "busybox"
}

@test "variables: those of the session cross" {
  expect 0 env LANG=de_DE.UTF-8 TERM=xterm-kitty DISPLAY=:7 SSH_AUTH_SOCK=/x COLORTERM=truecolor \
    devenv run box sh -c 'echo "$LANG $TERM $DISPLAY $SSH_AUTH_SOCK $COLORTERM"'
  equals "$output" "de_DE.UTF-8 xterm-kitty :7 /run/host/x truecolor"
}

@test "variables: those that describe the host's programs do not" {
  expect 0 env LD_LIBRARY_PATH=/host/lib LD_PRELOAD= PYTHONHOME=/host XDG_DATA_DIRS=/host HOSTNAME=wrong \
    devenv run box sh -c 'echo "[$LD_LIBRARY_PATH$PYTHONHOME]"; case $HOSTNAME in wrong) echo bad;; esac; case $XDG_DATA_DIRS in /host) echo bad;; esac'
  equals "$output" "[]"
}

@test "variables: those of the image, and PATH" {
  expect 0 devenv run box sh -c 'echo $FROM_IMAGE; echo $PATH'
  equals "${lines[0]}" "busybox"
  contains ":${lines[1]}:" ":/usr/bin:"
  contains ":${lines[1]}:" ":/usr/sbin:"
  lacks "${lines[1]}" "$TEST_STAGE"
  # The user's own programs below the home are found inside.
  expect 0 env PATH="$HOME/bin:$PATH" devenv run box sh -c 'echo $PATH'
  contains ":$output:" ":$HOME/bin:"
}

@test "variables: which environment this is" {
  expect 0 devenv run box sh -c 'echo $container $DEVENV_NAME'
  equals "$output" "devenv box"
}

@test "file systems: /proc, /sys, /dev, /tmp, /run/host" {
  expect 0 devenv run debian sh -ec '
    test -r /proc/self/status; test -d /sys/class; echo x > /dev/null
    test -c /dev/null; test -c /dev/urandom; test -d /dev/shm; test -e /dev/ptmx; test -d /dev/pts
    head -c 4 /dev/urandom | wc -c; test -d /run/host/etc; test -w /tmp; test -d /run/lock'
  equals "$output" "4"
  local shared=/tmp/devenv-test-$$
  echo shared >"$shared"
  expect 0 devenv run box cat "$shared"
  rm "$shared"
  equals "$output" "shared"
}

@test "file systems: the runtime directory of the session" {
  expect 0 devenv run box sh -c 'echo $XDG_RUNTIME_DIR; echo in > $XDG_RUNTIME_DIR/from-inside'
  equals "$output" "$XDG_RUNTIME_DIR"
  equals "$(cat "$XDG_RUNTIME_DIR/from-inside")" "in"
}

@test "file systems: a terminal can be made inside" {
  expect 0 devenv run with-sudo script --quiet --command 'tty' /dev/null
  matches "$output" '^/dev/pts/'
}

@test "file systems: nothing of ours but the user's entries is in the changes" {
  create fresh "$REGISTRY/debian:bookworm"
  expect 0 devenv run fresh true
  expect 0 devenv stop fresh
  [[ $DEVENV_TEST_STORAGE != copy ]] || skip "the copy driver has no layer of changes"
  local allowed='^(\.|\./etc(/.*)?|\./home(/.*)?|\./var(/tmp(/.*)?)?|\./run(/host)?|\./tmp|\./usr(/local(/bin(/[a-z-]+)?)?)?|\./(dev|proc|sys))$'
  equals "$(cd "$(environment_dir fresh)/upper" && find . | grep -vE "$allowed" || :)" ""
}

@test "groups: those of the user still grant access" {
  expect 0 devenv run box sh -c 'grep ^Groups /proc/self/status | wc -w'
  equals "$output" "$(grep ^Groups /proc/self/status | wc -w)"
}
