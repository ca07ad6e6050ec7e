#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
load helpers

setup_file() {
  start_registry
  create box
}
teardown_file() {
  remove_all
  stop_registry
}

@test "exit status: every value of the command" {
  local code
  for code in 0 1 2 3 7 63 64 77 124 125 126 127 128 129 130 137 143 200 254 255; do
    expect "$code" devenv run box sh -c "exit $code"
    equals "$output$stderr" ""
    expect "$code" devenv enter box -- sh -c "exit $code"
  done
}

@test "exit status: 127 for a command that is not there" {
  fails_with 127 "no-such-command" devenv run box no-such-command
  fails_with 127 "/no/such/command" devenv enter box -- /no/such/command
}

@test "exit status: 126 for a command that cannot be executed" {
  expect 0 devenv run box sudo sh -c 'echo x > /etc/plain'
  fails_with 126 "/etc/plain" devenv run box /etc/plain
  fails_with 126 "/etc" devenv run box /etc
}

@test "exit status: 125 when devenv itself fails first" {
  fails_with 125 "'boxx'" devenv run boxx true
  contains "$stderr" "box"
}

@test "signals: a command killed by one is seen to be" {
  local signal
  for signal in TERM KILL INT HUP SEGV; do
    # By a parent that looks at the wait status itself: 128+n is only how shells show it.
    run python3 -c '
import signal, subprocess, sys
done = subprocess.run(["devenv", "run", "box", "sh", "-c", "kill -%s $$" % sys.argv[1]],
                      stderr=subprocess.DEVNULL)
number = int(getattr(signal, "SIG" + sys.argv[1]))
print(done.returncode in (-number, 128 + number))' "$signal"
    equals "$output" "True"
  done
}

@test "signals: what is sent to devenv arrives at the command" {
  devenv run box sh -c 'trap "echo got TERM; exit 9" TERM; echo ready; while :; do sleep 0.1; done' \
    >"$BATS_TEST_TMPDIR/out" 3>&- &
  local pid=$! code=0
  wait_until grep -q ready "$BATS_TEST_TMPDIR/out"
  kill -TERM "$pid"
  wait "$pid" || code=$?
  equals "$code" 9
  contains "$(cat "$BATS_TEST_TMPDIR/out")" "got TERM"
}

@test "streams: bytes arrive as they are, in both directions" {
  head -c 3000000 /dev/urandom >"$BATS_TEST_TMPDIR/bytes"
  devenv run box cat <"$BATS_TEST_TMPDIR/bytes" >"$BATS_TEST_TMPDIR/copy" 3>&-
  cmp "$BATS_TEST_TMPDIR/bytes" "$BATS_TEST_TMPDIR/copy"
  devenv enter box -- sh -c 'cat >&2' <"$BATS_TEST_TMPDIR/bytes" 2>"$BATS_TEST_TMPDIR/copy" 3>&-
  cmp "$BATS_TEST_TMPDIR/bytes" "$BATS_TEST_TMPDIR/copy"
}

@test "streams: stdout and stderr stay apart" {
  expect 0 devenv run box sh -c 'echo out; echo err >&2'
  equals "$output" "out"
  equals "$stderr" "err"
}

@test "streams: closed ones stay closed, and stdin at its end is at its end" {
  run bash -c 'devenv run box sh -c "cat; echo end" </dev/null'
  equals "$output" "end"
  run bash -c 'devenv run box true <&- >&- 2>&-'
  equals "$status" 0
}

@test "streams: a reader that leaves is SIGPIPE, not an endless command" {
  run timeout 60 bash -c 'devenv run box yes | head -n 1; echo "${PIPESTATUS[0]}"'
  equals "$output" $'y\n141'
}

@test "streams: no file descriptor of ours is left open in the command" {
  # What the caller has open is passed on, as to any program; bats has some.
  local list='ls /proc/self/fd | sort -n | tr "\n" " "'
  expect 0 sh -c "$list"
  local outside=$output
  expect 0 devenv run box sh -c "$list"
  equals "$output" "$outside"
}

@test "arguments: spaces, new lines, nothing, UTF-8, any byte, options" {
  printf '%s\0' 'a b' $'two\nlines' '' 'äöü€' $'\xff\xfe' '--help' '-x' '$HOME' '*' "it's" '"' '\' '--' \
    >"$BATS_TEST_TMPDIR/wanted"
  local arguments=('a b' $'two\nlines' '' 'äöü€' $'\xff\xfe' '--help' '-x' '$HOME' '*' "it's" '"' '\' '--')
  devenv run box printf '%s\0' "${arguments[@]}" >"$BATS_TEST_TMPDIR/got"
  cmp "$BATS_TEST_TMPDIR/wanted" "$BATS_TEST_TMPDIR/got"
  devenv enter box -- printf '%s\0' "${arguments[@]}" >"$BATS_TEST_TMPDIR/got"
  cmp "$BATS_TEST_TMPDIR/wanted" "$BATS_TEST_TMPDIR/got"
}

@test "arguments: many and long" {
  local long
  long=$(head -c 100000 /dev/zero | tr '\0' x)
  expect 0 devenv run box sh -c 'echo $# ${#1}' sh "$long" $(seq 5000)
  equals "$output" "5001 100000"
}

@test "variables: crossing, with any value" {
  expect 0 env MINE=$'a b\n"c" $d' devenv run box sh -c 'printf %s "$MINE"'
  equals "$output" $'a b\n"c" $d'
}

@test "directory: kept when it exists inside" {
  mkdir -p "$HOME/some where/deep"
  cd "$HOME/some where/deep"
  expect 0 devenv run box pwd
  equals "$output" "$HOME/some where/deep"
  equals "$stderr" ""
  cd /tmp
  expect 0 devenv run box pwd
  equals "$output" "/tmp"
}

@test "directory: else the home, and one line says so" {
  mkdir -p "$TMPDIR/only-on-the-host"
  cd "$TMPDIR/only-on-the-host"
  expect 0 devenv run box pwd
  equals "$output" "$HOME"
  contains "$stderr" "only-on-the-host"
  equals "$(grep -c . <<<"$stderr")" 1
}

@test "directory: one that was deleted" {
  mkdir "$HOME/deleted"
  cd "$HOME/deleted"
  rmdir "$HOME/deleted"
  expect 0 devenv run box pwd
  equals "$output" "$HOME"
}

@test "directory: another one inside is asked for" {
  mkdir "$HOME/asked for"
  expect 0 devenv run --workdir "$HOME/asked for" box sh -c 'pwd; echo "$PWD"'
  equals "$output" "$HOME/asked for
$HOME/asked for"
  equals "$stderr" ""
  expect 0 devenv enter -w /etc box -- pwd
  equals "$output" /etc
  expect 0 devenv run -w /none -w /etc box pwd
  equals "$output" /etc
  fails_with 125 "cannot start in '/none'" devenv run --workdir /none box touch "$HOME/was-run"
  [ ! -e "$HOME/was-run" ]
  fails_with 125 "--workdir 'etc' is no absolute path" devenv run --workdir etc box true
  fails_with 125 "no absolute path" devenv run --workdir "" box true
}

@test "enter: without a command, the login shell, reading what it is given" {
  run --separate-stderr bash -c 'echo "echo in \$0 && exit 5" | devenv enter box'
  equals "$status" 5
  contains "$output" "in "
}

@test "enter: starts what is not running" {
  expect 0 devenv stop box
  equals "$(field box status)" "stopped"
  expect 0 devenv enter box -- echo hello
  equals "$output" "hello"
  equals "$(field box status)" "running"
}

@test "enter: what is changed stays, also over a stop" {
  expect 0 devenv run box sudo sh -c 'echo stays > /root-file'
  expect 0 devenv stop box
  expect 0 devenv run box cat /root-file
  equals "$output" "stays"
}

@test "terminal: there is one inside, of the right size" {
  needs script
  in_terminal devenv run box sh -c 'test -t 0 && test -t 1 && test -t 2 && tty && stty size'
  equals "$status" 0
  matches "${lines[0]%$'\r'}" '^/dev/pts/[0-9]+$'
  equals "${lines[1]%$'\r'}" "24 80"
}

@test "terminal: exit status comes through" {
  needs script
  in_terminal devenv run box sh -c 'exit 42'
  equals "$status" 42
}

@test "terminal: an interactive shell that is typed into, resized and left" {
  needs tmux
  open_terminal 'devenv enter box; echo "left with $?"; sleep 60'
  sleep 0.3
  press 'echo in $((40 + 2)); cat /run/.containerenv' Enter
  wait_until screen_has '^in 42'
  wait_until screen_has 'engine="devenv"'
  # Job control: Ctrl-Z stops what runs, the shell says so, fg goes on.
  # Keys are sent again: on a busy machine they may come before the command, and do no harm then.
  stop_it() { press C-z; sleep 0.3; screen_has 'Stopped'; }
  press 'clear; sleep 500' Enter
  wait_until stop_it
  interrupt_it() {
    press C-c
    sleep 0.3
    press 'echo after $?' Enter
    sleep 0.3
    screen_has '^after 130'
  }
  press 'clear; fg' Enter
  wait_until interrupt_it
  resize_terminal 100 30
  press 'clear; stty size' Enter
  wait_until screen_has '^30 100'
  press 'exit 3' Enter
  wait_until screen_has 'left with 3'
  close_terminal
}

@test "terminal: Ctrl-C ends a command that runs without a shell" {
  needs tmux
  open_terminal \
    'trap : INT; devenv run box sh -c "echo started; exec sleep 600"; echo "left with $?"; sleep 60'
  wait_until screen_has started
  press C-c
  wait_until screen_has 'left with 130'
  close_terminal
}

@test "terminal: closing it ends what runs in it" {
  needs tmux
  open_terminal \
    "devenv enter box -- sh -c 'echo \$\$ > $HOME/session-pid; exec sleep 600'"
  wait_until test -s "$HOME/session-pid"
  local pid
  pid=$(cat "$HOME/session-pid")
  alive "$pid"
  close_terminal
  wait_until gone "$pid"
  equals "$(field box status)" "running"
}

@test "process: the command is a plain child, and devenv is gone" {
  # exec in place: the process that the caller started is the command itself.
  devenv run box sleep 600 3>&- &
  local pid=$!
  wait_until grep -q sleep "/proc/$pid/comm"
  equals "$(tr '\0' ' ' <"/proc/$pid/cmdline")" "sleep 600 "
  kill "$pid"
}

@test "process: signals are not ignored or blocked inside" {
  expect 0 devenv run box sh -c 'grep -E "^(SigBlk|SigIgn)" /proc/self/status | tr -d "\t"'
  local mask
  mask=$(grep SigBlk <<<"$output")
  equals "$mask" "SigBlk:0000000000000000"
}
