#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What of the host is inside, what is not when it is switched off, and what comes and goes while the
# environment runs.
# shellcheck disable=SC2016 # what is in single quotes is for the shell inside
load helpers

setup_file() { start_registry; }
teardown_file() { stop_registry; }
teardown() {
  [[ ! -e $BATS_TEST_TMPDIR/servers ]] || xargs kill <"$BATS_TEST_TMPDIR/servers" 2>/dev/null || :
  remove_all
}

# serve PATH WORD: a unix socket of the host that says WORD to whoever connects.
serve() {
  mkdir -p "$(dirname "$1")"
  python3 -c '
import os, socket, sys
path, word = sys.argv[1], sys.argv[2]
listener = socket.socket(socket.AF_UNIX)
if os.path.exists(path): os.unlink(path)
listener.bind(path); listener.listen()
while True:
    connection, _ = listener.accept()
    connection.sendall(word.encode() + b"\n"); connection.close()' "$1" "$2" 3>&- >/dev/null 2>&1 &
  echo $! >>"$BATS_TEST_TMPDIR/servers"
  wait_until test -S "$1"
}
# hears PATH: what the socket says to somebody inside. Debian's perl is in every image of it.
hears='use IO::Socket::UNIX; $s = IO::Socket::UNIX->new(Peer => shift) or die "$!\n"; print <$s>'

debian() { create box "$REGISTRY/debian:bookworm"; }

# ---- switches ------------------------------------------------------------------------------------

@test "shares: inspect and --dry-run say what is on, and why the rest is not" {
  expect 0 devenv create box --image "$REGISTRY/busybox:latest" --no-share kvm --share ca-certificates
  expect 0 devenv inspect box
  contains "$output" "kvm: switched off"
  contains "$output" "smartcards: the host has no /run/pcscd"
  expect 0 devenv enter box --dry-run
  contains "$output" "share kvm off: switched off"
  contains "$output" "share home on"
  contains "$output" "hide /dev/kvm"
  expect 0 devenv inspect --json box
  expect 0 python3 -c '
import json, sys
shares = {share["name"]: share for share in json.loads(sys.argv[1])["shares"]}
print(shares["home"]["on"], shares["kvm"]["on"], shares["kvm"]["reason"])' "$output"
  equals "$output" "True False switched off"
}

@test "shares: names are checked" {
  fails_with 2 "there is no share 'hoem'" devenv create box --image "$REGISTRY/busybox:latest" --no-share hoem
  contains "$stderr" "did you mean 'home'?"
  fails_with 2 "exclude each other" devenv create box --image "$REGISTRY/busybox:latest" --share usb --no-share usb
  equals "$(environments)" ""
  expect 0 devenv help shares
  contains "$output" "audio-pulse"
}

@test "shares: from config.toml, and the command line wins" {
  mkdir -p "$HOME/.config/devenv"
  printf '[defaults]\nno-share = ["kvm", "usb"]\n' >"$HOME/.config/devenv/config.toml"
  expect 0 devenv create box --image "$REGISTRY/busybox:latest" --share usb
  expect 0 devenv inspect box
  contains "$output" "kvm: switched off"
  lacks "$output" "usb: switched off"
  printf '[defaults]\nno-share = ["kmv"]\n' >"$HOME/.config/devenv/config.toml"
  fails_with 2 "config.toml:2:13" devenv create other --image "$REGISTRY/busybox:latest"
  rm "$HOME/.config/devenv/config.toml"
}

@test "edit: in force from the next start" {
  create box
  expect 0 devenv run box test -e "$HOME/.config" || mkdir -p "$HOME/.config"
  touch "$HOME/on-the-host"
  expect 0 devenv run box test -e "$HOME/on-the-host"
  expect 0 devenv edit box --no-share home
  contains "$stderr" "devenv stop box"
  expect 0 devenv run box test -e "$HOME/on-the-host"
  expect 0 devenv stop box
  expect 1 devenv run box test -e "$HOME/on-the-host"
  expect 0 devenv edit box --no-share home
  contains "$stderr" "like that already"
  fails_with 125 "shares something else" devenv enter box --share home -- true
  contains "$stderr" "devenv edit box --share home"
  fails_with 2 "nothing to change" devenv edit box
}

@test "edit: files of the host that are not shared any more are the image's again" {
  debian
  local file
  for file in resolv.conf hosts localtime; do
    expect 0 devenv run box readlink -f "/etc/$file"
    contains "$output" /run/host/
  done
  expect 0 devenv stop box
  expect 0 devenv edit box --no-share dns --no-share hosts --no-share timezone
  for file in resolv.conf hosts localtime; do
    expect 0 devenv run box sh -c "readlink -f /etc/$file || :"
    lacks "$output" /run/host/
  done
  expect 0 devenv stop box
  expect 0 devenv edit box --share dns
  expect 0 devenv run box cat /etc/resolv.conf
  equals "$output" "$(cat /etc/resolv.conf)"
}

@test "home: one of its own is kept, and private" {
  expect 0 devenv create box --image "$REGISTRY/busybox:latest" --no-share home --storage "$DEVENV_TEST_STORAGE"
  expect 0 devenv run box sh -c 'echo kept >"$HOME/file"; stat -c %U:%a "$HOME"'
  equals "$output" "$(id -un):700"
  [[ ! -e $HOME/file ]] || fail "it was written into the user's home"
  expect 0 devenv stop box
  expect 0 devenv run box sh -c 'cat "$HOME/file"'
  equals "$output" kept
}

@test "tmp: one of its own" {
  expect 0 devenv create box --image "$REGISTRY/busybox:latest" --no-share tmp --storage "$DEVENV_TEST_STORAGE"
  expect 0 devenv run box sh -c 'echo x >/tmp/devenv-of-its-own; stat -c %a /tmp'
  equals "$output" 1777
  [[ ! -e /tmp/devenv-of-its-own ]] || fail "it was written into the host's"
}

@test "network, ipc and hostname: of its own" {
  expect 0 devenv create box --image "$REGISTRY/busybox:latest" --no-share network --no-share ipc \
    --no-share hostname --storage "$DEVENV_TEST_STORAGE"
  local name
  for name in net ipc uts; do
    expect 0 devenv run box readlink "/proc/self/ns/$name"
    [[ $output != "$(readlink "/proc/self/ns/$name")" ]] || fail "$name is the host's"
    local first=$output
    expect 0 devenv run box readlink "/proc/self/ns/$name"
    equals "$output" "$first"
  done
  expect 0 devenv run box hostname
  equals "$output" box
  expect 0 devenv run box sh -c 'ping -c 1 127.0.0.1 >/dev/null || cat /proc/net/dev'
  lacks "$(devenv run box cat /proc/net/dev)" eth0
  expect 0 devenv stop box
}

@test "network, ipc and hostname: the host's" {
  create box
  local name
  for name in net ipc uts cgroup pid; do
    expect 0 devenv run box readlink "/proc/self/ns/$name"
    equals "$output" "$(readlink "/proc/self/ns/$name")"
  done
}

@test "devices: what is switched off is hidden" {
  expect 0 devenv create box --image "$REGISTRY/busybox:latest" --no-share serial --no-share kvm \
    --storage "$DEVENV_TEST_STORAGE"
  expect 0 devenv run box sh -c 'for d in /dev/ttyS* /dev/kvm; do [ ! -e $d ] || stat -c "%F %a" $d; done | sort -u'
  [[ -z $output ]] || equals "$output" "regular empty file 0"
  expect 0 devenv run box sh -c 'echo x >/dev/null; [ -e /dev/pts ]'
}

# ---- live ----------------------------------------------------------------------------------------

@test "live: a socket that comes after the start, and is made anew" {
  debian
  expect 0 devenv run box true
  serve "$XDG_RUNTIME_DIR/late/socket" first
  expect 0 devenv run box perl -e "$hears" "$XDG_RUNTIME_DIR/late/socket"
  equals "$output" first
  serve "$XDG_RUNTIME_DIR/late/socket" second
  expect 0 devenv run box perl -e "$hears" "$XDG_RUNTIME_DIR/late/socket"
  equals "$output" second
}

@test "runtime directory: of its own, with what is still shared in it" {
  expect 0 devenv create box --image "$REGISTRY/debian:bookworm" --no-share audio-pulse \
    --storage "$DEVENV_TEST_STORAGE"
  serve "$XDG_RUNTIME_DIR/pulse/native" sound
  expect 0 devenv run box sh -c 'echo $XDG_RUNTIME_DIR; stat -c %u:%a $XDG_RUNTIME_DIR; ls -A $XDG_RUNTIME_DIR'
  equals "$output" "/run/user/$(id -u)
$(id -u):700"
  serve "$XDG_RUNTIME_DIR/wayland-7" windows
  serve "$XDG_RUNTIME_DIR/bus" bus
  expect 0 devenv run box sh -c 'ls -A $XDG_RUNTIME_DIR'
  equals "$output" "bus
wayland-7"
  expect 0 devenv run box sh -c 'perl -e "$1" $XDG_RUNTIME_DIR/wayland-7' sh "$hears"
  equals "$output" windows
}

@test "runtime directory: of its own, and what the caller names in the host's" {
  expect 0 devenv create box --image "$REGISTRY/debian:bookworm" --no-share audio-pulse \
    --storage "$DEVENV_TEST_STORAGE"
  serve "$XDG_RUNTIME_DIR/my-agent" keys
  export SSH_AUTH_SOCK=$XDG_RUNTIME_DIR/my-agent
  expect 0 devenv run box sh -c 'perl -e "$1" "$SSH_AUTH_SOCK"' sh "$hears"
  equals "$output" keys
  serve "$XDG_RUNTIME_DIR/my-agent" "new keys"
  expect 0 devenv run box sh -c 'perl -e "$1" "$SSH_AUTH_SOCK"' sh "$hears"
  equals "$output" "new keys"
}

@test "live: /etc/resolv.conf follows the host's" {
  create box
  expect 0 devenv run box cat /etc/resolv.conf
  equals "$output" "$(cat /etc/resolv.conf)"
  expect 0 devenv run box readlink /etc/resolv.conf
  contains "$output" /run/host/
}

# ---- variables -----------------------------------------------------------------------------------

@test "variables: values keep their bytes" {
  create box
  local value=$'a "quoted" $HOME `x` \'y\' \\ \n second \xff\x01 end'
  expect 0 env ODD="$value" devenv run box sh -c 'printf %s "$ODD"'
  equals "$output" "$value"
}

@test "variables: --env and --clean-env" {
  create box
  expect 0 env OWN=host devenv run --env A=1 --env OWN box sh -c 'echo $A $OWN'
  equals "$output" "1 host"
  expect 0 env EDITOR=vi TERM=xterm devenv run --clean-env -e "B=x y" box sh -c 'echo "[$EDITOR] $TERM $B $HOME"'
  equals "$output" "[] xterm x y $HOME"
  expect 0 env EDITOR=vi devenv enter --clean-env box -- sh -c 'echo "[$EDITOR]"'
  equals "$output" "[]"
  fails_with 125 "is no variable" devenv run --env =x box true
}

@test "variables: sockets outside of what is shared are reached below /run/host" {
  create box
  expect 0 env SSH_AUTH_SOCK=/opt/agent XAUTHORITY=/tmp/x devenv run box sh -c 'echo $SSH_AUTH_SOCK $XAUTHORITY'
  equals "$output" "/run/host/opt/agent /tmp/x"
}

@test "limits: those of the caller" {
  create box
  local flag
  for flag in n s u; do
    expect 0 bash -c "ulimit -S$flag \$((\$(ulimit -H$flag | sed s/unlimited/100000/) / 2)); devenv run box sh -c 'ulimit -S$flag; ulimit -H$flag'; ulimit -S$flag; ulimit -H$flag"
    equals "$(head -n 2 <<<"$output")" "$(tail -n 2 <<<"$output")"
  done
}

@test "language: one that the image does not have makes no noise" {
  debian
  expect 0 env LANG=xx_XX.UTF-8 LC_TIME=de_DE.UTF-8 devenv run box perl -e 'print "$ENV{LANG} $ENV{LC_TIME}\n"'
  equals "$stderr" ""
  equals "$output" "C.UTF-8 C.UTF-8"
  expect 0 env LANG=C.UTF-8 devenv run box sh -c 'echo $LANG'
  equals "$output" "C.UTF-8"
}

# ---- terminal ------------------------------------------------------------------------------------

@test "terminal: one that knows environments is told, and told when it ends" {
  create box
  in_terminal env VTE_VERSION=7000 SHELL=/bin/sh sh -c 'echo "exit 7" | script -qec "devenv enter box" /dev/null'
  contains "$output" $'\e]777;container;push;box;devenv;'"$(id -u)"$'\e\\'
  contains "$output" $'\e]777;container;pop;;;'"$(id -u)"$'\e\\'
  equals "$status" 7
  in_terminal env -u VTE_VERSION sh -c 'echo exit | script -qec "devenv enter box" /dev/null'
  lacks "$output" 777
}

@test "prompt: a mark for login shells, that can be switched off" {
  debian
  expect 0 sh -c 'echo "exit" | devenv run box bash -lic ". /etc/profile; eval \"\$PROMPT_COMMAND\"; echo \"[\$PS1]\""'
  contains "$output" "[(box) "
  expect 0 env DEVENV_PROMPT=off devenv run box bash -lic 'eval "$PROMPT_COMMAND"; echo "[$PS1]"'
  lacks "$output" "(box)"
}

# ---- doctor --------------------------------------------------------------------------------------

@test "doctor NAME: what a variable promises and is not there, and what comes" {
  expect 0 devenv create box --image "$REGISTRY/busybox:latest" --no-share kvm
  expect 0 env DISPLAY=:93 SSH_AUTH_SOCK="$XDG_RUNTIME_DIR/agent" devenv doctor box
  contains "$output" "pass  state: stopped"
  contains "$output" "off   kvm: switched off"
  contains "$output" "warn  display-x11: DISPLAY is ':93', but there is no '/tmp/.X11-unix/X93'"
  contains "$output" "warn  ssh-agent: SSH_AUTH_SOCK is '$XDG_RUNTIME_DIR/agent', but there is no"
  contains "$output" "unset SSH_AUTH_SOCK"
  expect 0 devenv run box true
  serve "$XDG_RUNTIME_DIR/agent" keys
  expect 0 env SSH_AUTH_SOCK="$XDG_RUNTIME_DIR/agent" devenv doctor box
  contains "$output" "pass  state: running since"
  contains "$output" "pass  ssh-agent: $XDG_RUNTIME_DIR/agent"
  contains "$output" "pass  host commands: allow, and the broker answers"
  expect 0 devenv edit box --no-share tmp
  expect 0 devenv doctor box
  contains "$output" "warn  state: it runs without what was changed"
  expect 0 devenv doctor --json box
  contains "$output" '"id": "share-ssh-agent"'
  fails_with 3 "there is no environment 'bxo'" devenv doctor bxo
}

@test "doctor NAME: an image that is not complete" {
  create box
  local layer
  layer=$(devenv inspect --json box |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["state"]["layers"][0].split(":")[1])')
  layer=$HOME/.local/share/devenv/store/layers/$layer/fs
  mv "$layer" "$layer.away"
  expect 5 devenv doctor box
  contains "$output" "FAIL  image: 1 of the 1 layers of $REGISTRY/busybox:latest are missing"
  mv "$layer.away" "$layer"
}
