#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # the shells inside expand
# SSH sessions in environments, without a daemon. The server comes from Debian's mirror.
load helpers

setup_file() {
  start_registry
  # An editor that the user has before any environment starts.
  mkdir -p "$HOME/.vscode" "$HOME/elsewhere"
  create box "$REGISTRY/debian:bookworm"
  create other "$REGISTRY/debian:bookworm"
  local apt=(sudo env DEBIAN_FRONTEND=noninteractive apt-get
    -o Acquire::Check-Valid-Until=false -o Acquire::Check-Date=false -o Dir::Cache::Archives="$HOME/archives")
  mkdir -p "$HOME/archives/partial"
  expect 0 devenv run box "${apt[@]}" update
  expect 0 devenv run box "${apt[@]}" install -y --no-install-recommends openssh-server rsync
  expect 0 devenv run other sudo sh -c "DEBIAN_FRONTEND=noninteractive dpkg -i '$HOME'/archives/*.deb"
  # As a user's ~/.ssh/config; the real one is never touched.
  expect 0 devenv ssh-config --install --file "$HOME/ssh config"
}
teardown_file() {
  remove_all
  stop_registry
}

# The tools of ssh, with the configuration of the tests.
secure() {
  local tool=$1
  shift
  timeout 60 "$tool" -F "$HOME/ssh config" "$@"
}
# Everything of ssh, and nothing of it on stderr.
through() {
  expect 0 secure ssh "$@"
  [[ -z $stderr ]] || fail "stderr is not empty: $*"
}
# Processes of ours that live: one that has ended may wait for whoever is process 1 here.
living() { pgrep -u "$(id -u)" -r D,R,S,T "$@"; }
no_sshd() { ! living -x 'sshd.*' >/dev/null; }

# sleep_inside NAME.devenv SECONDS: a session that only sleeps; the pid of its ssh is in `client`.
sleep_inside() {
  ssh -F "$HOME/ssh config" "$1" "exec sleep $2" 2>/dev/null 3>&- &
  client=$!
  wait_until living -fx "sleep $2" >/dev/null
}

# ---- commands ------------------------------------------------------------------------------------

@test "ssh: a command, as the user, in the environment" {
  through box.devenv 'id -un; id -u; pwd; cat /run/.containerenv | grep ^name'
  equals "$output" "$(id -un)
$(id -u)
$HOME
name=\"box\""
  through box.devenv sudo id -u
  equals "$output" "0"
}

@test "ssh: an environment that is stopped is started" {
  expect 0 devenv stop box
  through box.devenv echo up
  equals "$output" "up"
  equals "$(field box status)" "running"
}

@test "ssh: exit status, and death by a signal" {
  local code
  for code in 0 1 42 255; do
    expect "$code" secure ssh box.devenv "exit $code"
  done
  expect 255 secure ssh box.devenv 'kill -KILL $$'
}

@test "ssh: bytes, both ways, and streams stay apart" {
  head -c 5000000 /dev/urandom >"$BATS_TEST_TMPDIR/bytes"
  secure ssh box.devenv cat <"$BATS_TEST_TMPDIR/bytes" >"$BATS_TEST_TMPDIR/copy" 3>&-
  cmp "$BATS_TEST_TMPDIR/bytes" "$BATS_TEST_TMPDIR/copy"
  expect 0 secure ssh box.devenv 'echo out; echo err >&2'
  equals "$output|$stderr" "out|err"
  # Steps of a start go where they do no harm.
  expect 0 devenv stop box
  secure ssh -v box.devenv cat <"$BATS_TEST_TMPDIR/bytes" 2>/dev/null >"$BATS_TEST_TMPDIR/copy" 3>&-
  cmp "$BATS_TEST_TMPDIR/bytes" "$BATS_TEST_TMPDIR/copy"
}

@test "ssh: the variables of a command inside, byte for byte" {
  export ODD=$'a "quoted" \\ \'word\' # $HOME % äöü\t\xff' TWO_LINES=$'a\nb' EMPTY=
  local names='PATH DEVENV_NAME container XDG_DATA_DIRS TERMINFO_DIRS XDG_RUNTIME_DIR LANG ODD EMPTY HOME USER SHELL'
  local script='for name in '$names'; do printf "%s=%s\n" "$name" "$(printenv "$name")"; done'
  expect 0 devenv run box sh -c "$script"
  local wanted=$output
  through box.devenv "exec sh -c $(printf '%q' "$script")"
  equals "$output" "$wanted"
  contains "$output" "DEVENV_NAME=box"
  contains "$output" $'ODD=a "quoted" \\ \'word\' # $HOME % äöü\t\xff'
  through box.devenv 'echo "${TWO_LINES-none}"'
  equals "$output" "none"
  # What the user asks ssh for.
  through -o SetEnv=WISH=granted box.devenv 'echo $WISH'
  equals "$output" "granted"
}

@test "ssh: values are not seen by other users" {
  local client pid
  SECRET=s3cret-of-the-test sleep_inside box.devenv 600.81
  for pid in $(living -x 'sshd.*'); do
    lacks "$(tr '\0' ' ' <"/proc/$pid/cmdline")" "s3cret-of-the-test"
  done
  quietly devenv run box stat -c %a /run/devenv/ssh
  equals "$output" "700"
  kill "$client"
  wait_until no_sshd
  pkill -u "$(id -u)" -fx 'sleep 600.81'
}

@test "ssh: many variables" {
  local each
  for each in {1..400}; do
    export "MANY_$each=$(printf '%0200d' "$each")"
  done
  through box.devenv 'env | grep -c ^MANY_'
  equals "$output" "400"
}

# ---- terminals -----------------------------------------------------------------------------------

@test "ssh: a terminal" {
  needs script
  in_terminal timeout 60 ssh -F "$HOME/ssh config" -tt box.devenv \
    'test -t 0 && test -t 1 && tty && stty size && echo $TERM && echo x >/dev/tty; exit 42'
  equals "$status" 42
  # `script` types a NUL when its own input ends, which a terminal shows.
  mapfile -t lines <<<"${output//'^@'/}"
  matches "${lines[0]}" '^/dev/pts/[0-9]+$'
  equals "${lines[1]}" "24 80"
  equals "${lines[2]}" "$TERM"
  equals "${lines[3]}" "x"
}

@test "ssh: a login shell in a terminal" {
  needs script
  # Not echoed: what is typed comes before the shell reads.
  run timeout 60 script --quiet --return --command "ssh -F '$HOME/ssh config' -tt box.devenv" /dev/null \
    <<<$'shopt -q login_shell && echo "login $((40 + 2))"; exit 7\n'
  equals "$status" 7
  contains "$output" "login 42"
}

# ---- files ---------------------------------------------------------------------------------------

@test "scp and sftp" {
  printf 'some\0bytes' >"$BATS_TEST_TMPDIR/file"
  expect 0 secure scp -q "$BATS_TEST_TMPDIR/file" box.devenv:/var/tmp/copied
  expect 0 secure scp -q box.devenv:/var/tmp/copied "$BATS_TEST_TMPDIR/back"
  cmp "$BATS_TEST_TMPDIR/file" "$BATS_TEST_TMPDIR/back"
  expect 0 devenv run other test ! -e /var/tmp/copied
  run --separate-stderr secure sftp -q -b - box.devenv <<<$'cd /etc\nget debian_version '"$BATS_TEST_TMPDIR/version"
  equals "$status" 0
  expect 0 devenv run box cat /etc/debian_version
  equals "$(cat "$BATS_TEST_TMPDIR/version")" "$output"
}

@test "rsync" {
  needs rsync
  mkdir -p "$BATS_TEST_TMPDIR/tree/sub"
  head -c 1000000 /dev/urandom >"$BATS_TEST_TMPDIR/tree/sub/bytes"
  ln -s sub "$BATS_TEST_TMPDIR/tree/link"
  export RSYNC_RSH="ssh -F '$HOME/ssh config'"
  quietly timeout 60 rsync -a "$BATS_TEST_TMPDIR/tree/" box.devenv:/var/tmp/tree/
  quietly timeout 60 rsync -a box.devenv:/var/tmp/tree/ "$BATS_TEST_TMPDIR/back/"
  diff -r "$BATS_TEST_TMPDIR/tree" "$BATS_TEST_TMPDIR/back"
}

# ---- connections ---------------------------------------------------------------------------------

@test "ssh: forwarding" {
  python3 - "$BATS_TEST_TMPDIR/served" <<'PYTHON' 3>&- &
import os, socket, sys
server = socket.create_server(("127.0.0.1", 0))
with open(sys.argv[1] + ".new", "w") as file:
    file.write(str(server.getsockname()[1]))
os.rename(sys.argv[1] + ".new", sys.argv[1])
for _ in range(2):
    client, _ = server.accept()
    client.sendall(b"hello\n")
    client.close()
PYTHON
  wait_until test -e "$BATS_TEST_TMPDIR/served"
  local port
  port=$(cat "$BATS_TEST_TMPDIR/served")
  # -W: standard input and output are a connection made inside.
  run --separate-stderr secure ssh -W "127.0.0.1:$port" box.devenv
  equals "$status $output" "0 hello"
  # -L, on a socket here.
  ssh -F "$HOME/ssh config" -N -o ExitOnForwardFailure=yes -L "$BATS_TEST_TMPDIR/socket:127.0.0.1:$port" \
    box.devenv 3>&- &
  local client=$!
  wait_until test -S "$BATS_TEST_TMPDIR/socket"
  run python3 -c '
import socket, sys
client = socket.socket(socket.AF_UNIX)
client.connect(sys.argv[1])
print(client.recv(100).decode(), end="")' "$BATS_TEST_TMPDIR/socket"
  equals "$output" "hello"
  kill "$client"
  wait "$client" || :
}

@test "ssh: an agent that is forwarded" {
  needs ssh-agent
  eval "$(ssh-agent -a "$BATS_TEST_TMPDIR/agent" 3>&-)" >/dev/null
  ssh-keygen -q -t ed25519 -N '' -C of-the-test -f "$BATS_TEST_TMPDIR/key"
  ssh-add -q "$BATS_TEST_TMPDIR/key"
  through -A box.devenv 'ssh-add -l | cut -d" " -f3; echo $SSH_AUTH_SOCK'
  matches "$output" '^of-the-test'
  kill "$SSH_AGENT_PID"
}

@test "ssh: two environments at once, and several sessions in one" {
  local each
  for each in {1..5}; do
    MARK=$each secure ssh box.devenv 'sleep 0.5; echo "$DEVENV_NAME $MARK"' >"$BATS_TEST_TMPDIR/box-$each" 3>&- &
    MARK=$each secure ssh other.devenv 'sleep 0.5; echo "$DEVENV_NAME $MARK"' >"$BATS_TEST_TMPDIR/other-$each" 3>&- &
  done
  wait_until sh -c "test \"\$(cat '$BATS_TEST_TMPDIR'/*-* | wc -l)\" = 10"
  for each in {1..5}; do
    equals "$(cat "$BATS_TEST_TMPDIR/box-$each")" "box $each"
    equals "$(cat "$BATS_TEST_TMPDIR/other-$each")" "other $each"
  done
}

@test "ssh: the server ends with its connection" {
  local client
  wait_until no_sshd
  # Without a terminal, a command that neither reads nor writes lives on, as on any machine.
  sleep_inside box.devenv 600.82
  kill -KILL "$client"
  wait_until no_sshd
  pkill -u "$(id -u)" -fx 'sleep 600.82'
  # With one, it gets SIGHUP.
  ssh -F "$HOME/ssh config" -tt box.devenv 'exec sleep 600.85' </dev/zero >/dev/null 2>&1 3>&- &
  client=$!
  wait_until living -fx 'sleep 600.85'
  kill -KILL "$client"
  wait_until no_sshd
  awake() { ! living -fx 'sleep 600.85' >/dev/null; }
  wait_until awake
}

@test "ssh: a session is seen, and ended by stop" {
  local client
  sleep_inside other.devenv 600.83
  expect 0 devenv inspect other --json
  (($(python3 -c 'import json, sys; print(json.load(sys.stdin)["processes"])' <<<"$output") >= 2))
  fails_with 4 "environment 'other' is running" devenv rm other
  expect 0 devenv stop other
  run living -fx 'sleep 600.83'
  equals "$output" ""
  wait_until no_sshd
}

@test "ssh: a session outlives the holder, and the root is not mounted a second time" {
  local client holder device
  quietly devenv run other stat -c %d /etc
  device=$output
  sleep_inside other.devenv 600.84
  holder=$(running other pid)
  kill -KILL "$holder"
  wait_until gone "$holder"
  quietly devenv run other sh -c 'echo here'
  equals "$output" "here"
  # The very file system: a second one, even of the same directories, has another number.
  quietly devenv run other stat -c %d /etc
  equals "$output" "$device"
  kill "$client"
  wait "$client" || :
  expect 0 devenv stop other
}

# ---- what goes wrong -----------------------------------------------------------------------------

@test "ssh-proxy: no server in the image, one clear error" {
  create bare
  fails_with 3 "there is no sshd in environment 'bare'" devenv ssh-proxy bare </dev/null
  contains "$stderr" "hint: install OpenSSH's server in it"
  create plain "$REGISTRY/debian:bookworm"
  expect 255 secure ssh plain.devenv true
  contains "$stderr" "error: there is no sshd in environment 'plain'"
  contains "$stderr" "hint: devenv run plain sudo apt-get install openssh-server"
  expect 0 devenv rm -f bare plain
}

@test "ssh-proxy: no such environment, and none is made" {
  fails_with 3 "there is no environment 'bxo'" devenv ssh-proxy bxo.devenv </dev/null
  contains "$stderr" "did you mean 'box'?"
  expect 255 secure ssh debian.devenv true
  contains "$stderr" "there is no environment 'debian'"
  equals "$(environments)" "box
other"
}

@test "ssh-proxy: not for people" {
  needs script
  in_terminal devenv ssh-proxy box
  equals "$status" 2
  contains "$output" "ssh box.devenv"
}

@test "ssh: only this user's key, and only this user" {
  ssh-keygen -q -t ed25519 -N '' -f "$BATS_TEST_TMPDIR/foreign"
  expect 255 timeout 60 ssh -F /dev/null -o ProxyCommand='devenv ssh-proxy %h' -o BatchMode=yes -o IdentitiesOnly=yes \
    -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -i "$BATS_TEST_TMPDIR/foreign" box true
  contains "$stderr" "Permission denied (publickey)"
  expect 255 secure ssh -l root box.devenv true
  contains "$stderr" "Permission denied (publickey)"
}

# ---- the configuration ---------------------------------------------------------------------------

@test "ssh-config: prints a block" {
  quietly devenv ssh-config
  matches "$output" "^# Written by devenv"
  contains "$output" "ProxyCommand $(readlink -f "$(command -v devenv)") ssh-proxy '%n'"
  equals "$(cat "$HOME/.local/share/devenv/ssh/config")" "$output"
  # ssh understands it.
  printf '%s\n' "$output" >"$BATS_TEST_TMPDIR/config"
  expect 0 ssh -F "$BATS_TEST_TMPDIR/config" -G box.devenv
  contains "$output" "user $(id -un)"
  contains "$output" "userknownhostsfile $HOME/.local/share/devenv/ssh/known_hosts"
}

@test "ssh-config: install and remove" {
  local file="$BATS_TEST_TMPDIR/dot ssh/config"
  mkdir -p "$BATS_TEST_TMPDIR/dot ssh"
  printf 'Host example\r\n  Port 99' >"$BATS_TEST_TMPDIR/mine"
  cp "$BATS_TEST_TMPDIR/mine" "$file"
  chmod 640 "$file"
  expect 0 devenv ssh-config --install --file "$file"
  equals "$stderr" "'$file' tells ssh of environments: ssh NAME.devenv"
  equals "$(stat -c %a "$file")" "640"
  equals "$(head -n 1 "$file")" "Include \"$HOME/.local/share/devenv/ssh/config\""
  tail -n +2 "$file" | cmp - "$BATS_TEST_TMPDIR/mine"
  cp "$file" "$BATS_TEST_TMPDIR/once"
  expect 0 devenv ssh-config --install --file "$file"
  equals "$stderr" "'$file' did so already"
  cmp "$file" "$BATS_TEST_TMPDIR/once"
  expect 0 devenv ssh-config --remove --file "$file"
  cmp "$file" "$BATS_TEST_TMPDIR/mine"
  expect 0 devenv ssh-config --remove --file "$file"
  equals "$stderr" "there was nothing in '$file'"
  fails_with 2 "exclude each other" devenv ssh-config --install --remove
  expect 0 devenv ssh-config --install --file "$HOME/ssh config"
}

@test "ssh-config: where the data are in a strange place" {
  expect 0 env XDG_DATA_HOME="$BATS_TEST_TMPDIR/with space %h" devenv ssh-config --install --file "$BATS_TEST_TMPDIR/config"
  expect 0 ssh -F "$BATS_TEST_TMPDIR/config" -G box.devenv
  contains "$output" "hostkeyalias devenv"
}

@test "ssh-config: without ssh-keygen, says so" {
  local hidden
  hidden=$(readlink -f "$(command -v ssh-keygen)")
  fails_with 5 "the host has no ssh-keygen" env XDG_DATA_HOME="$BATS_TEST_TMPDIR/data" \
    unshare --map-root-user --mount sh -c 'mount --bind /dev/null "$1" && exec devenv ssh-config' sh "$hidden"
}

# ---- editors -------------------------------------------------------------------------------------

@test "editors: what they put into the home is private to each environment" {
  expect 0 devenv stop box other
  through box.devenv 'mkdir -p ~/.vscode-server/bin; echo box > ~/.vscode-server/bin/server; echo shared > ~/shared'
  through other.devenv 'ls -A ~/.vscode-server; cat ~/shared'
  equals "$output" "shared"
  through other.devenv 'echo other > ~/.vscode-server/server; ls ~/.vscode-server'
  equals "$output" "server"
  # The host's own is as empty as it was.
  equals "$(ls -A "$HOME/.vscode-server")" ""
  equals "$(cat "$(environment_dir box)/private/.vscode-server/bin/server")" "box"
  expect 0 devenv stop box
  through box.devenv 'cat ~/.vscode-server/bin/server'
  equals "$output" "box"
  quietly devenv enter box --dry-run
  contains "$output" "bind? $(environment_dir box)/private/.vscode-server -> $HOME/.vscode-server"
  # Nothing is made for editors that the user does not have.
  [[ ! -e $HOME/.cursor-server && ! -e $HOME/.cache/JetBrains ]]
}

@test "editors: a link is the user's own arrangement" {
  expect 0 devenv stop other
  mkdir -p "$HOME/.cursor"
  ln -s elsewhere "$HOME/.cursor-server"
  expect 0 devenv run other sh -c 'echo x > ~/.cursor-server/file'
  equals "$(cat "$HOME/elsewhere/file")" "x"
  rm -r "$HOME/.cursor" "$HOME/.cursor-server"
}

@test "editors: gone with the environment" {
  expect 0 devenv rm -f other
  [[ ! -e $(environment_dir other) ]]
}
