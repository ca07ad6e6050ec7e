#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # the shells inside expand
# Commands on the host, asked for inside.
load helpers

setup_file() {
  start_registry
  # Programs of the host that the suite's image has not, nor maybe this machine.
  # Not in the home, where the PATH inside goes, too.
  export HOST_BIN=$TMPDIR/host-bin
  mkdir -p "$HOST_BIN"
  printf '#!/bin/sh\necho "opened $*"\n' >"$HOST_BIN/xdg-open"
  chmod +x "$HOST_BIN/xdg-open"
  export PATH=$HOST_BIN:$PATH
  create box
  expect 0 devenv run box true
}
teardown_file() {
  remove_all
  stop_registry
}

# broker NAME: the pid of the process that runs commands for it.
broker() {
  local pid
  for pid in $(pgrep -u "$(id -u)" -x devenv-broker); do
    ! tr '\0' ' ' <"/proc/$pid/cmdline" | grep -q "devenv-guest broker $1 " || { echo "$pid" && return; }
  done
  return 1
}
no_broker() { ! broker "$1" >/dev/null; }
# marked WORD: processes on the host with this word in their arguments.
marked() { pgrep -u "$(id -u)" -f "^sleep .*$1"; }
unmarked() { ! marked "$1" >/dev/null; }

@test "host: a command runs outside, as the user" {
  expect 0 devenv run box devenv host sh -c 'id -u; test ! -e /run/.containerenv; echo $?; readlink /proc/self/ns/user /proc/self/ns/mnt'
  equals "$output" "$(id -u)
0
$(readlink /proc/self/ns/user /proc/self/ns/mnt)"
  equals "$stderr" ""
  quietly devenv run box host-exec echo hello
  equals "$output" "hello"
  quietly devenv run box devenv host -- echo -n hello
  equals "$output" "hello"
  quietly devenv run box sudo /run/devenv/bin/devenv host id -u
  equals "$output" "$(id -u)"
}

@test "host: any other command of devenv is devenv's on the host" {
  expect 0 devenv run box devenv list
  contains "$output" "box"
  quietly devenv run box devenv version
  equals "$output" "$(devenv version)"
}

@test "host: on the host itself, says so" {
  fails_with 125 "this is the host" devenv host ls -l
  contains "$stderr" "type it as it is: ls -l"
}

@test "host: exit status" {
  local code
  for code in 0 1 2 77 125 126 127 255; do
    expect "$code" devenv run box devenv host sh -c "exit $code"
    equals "$output$stderr" ""
  done
  fails_with 127 "cannot run 'no-such-command' on the host" devenv run box devenv host no-such-command
  fails_with 126 "cannot run '/etc/passwd' on the host: Permission denied" devenv run box devenv host /etc/passwd
  fails_with 125 "'devenv host' needs a command" devenv run box devenv host
}

@test "host: a command killed by a signal is seen to be" {
  local signal
  for signal in TERM KILL INT HUP SEGV; do
    run python3 -c '
import signal, subprocess, sys
done = subprocess.run(["devenv", "run", "box", "devenv", "host", "sh", "-c", "kill -%s $$" % sys.argv[1]],
                      stderr=subprocess.DEVNULL)
print(done.returncode == -getattr(signal, "SIG" + sys.argv[1]))' "$signal"
    equals "$output" "True"
  done
}

@test "host: arguments, any bytes" {
  local arguments=('a b' $'two\nlines' '' 'äöü€' $'\xff\xfe' '--help' '-x' '$HOME' '*' "it's" '"' '\' '--')
  printf '%s\0' "${arguments[@]}" >"$BATS_TEST_TMPDIR/wanted"
  devenv run box devenv host printf '%s\0' "${arguments[@]}" >"$BATS_TEST_TMPDIR/got"
  cmp "$BATS_TEST_TMPDIR/wanted" "$BATS_TEST_TMPDIR/got"
  local long
  long=$(head -c 100000 /dev/zero | tr '\0' x)
  expect 0 devenv run box devenv host sh -c 'echo $# ${#1}' sh "$long" $(seq 5000)
  equals "$output" "5001 100000"
}

@test "host: streams stay apart, and bytes as they are" {
  quietly devenv run box devenv host echo out
  expect 0 devenv run box devenv host sh -c 'echo out; echo err >&2'
  equals "$output" "out"
  equals "$stderr" "err"
  head -c 3000000 /dev/urandom >"$BATS_TEST_TMPDIR/bytes"
  devenv run box devenv host cat <"$BATS_TEST_TMPDIR/bytes" >"$BATS_TEST_TMPDIR/copy" 3>&-
  cmp "$BATS_TEST_TMPDIR/bytes" "$BATS_TEST_TMPDIR/copy"
  run timeout 60 bash -c 'devenv run box devenv host yes | head -n 1; echo "${PIPESTATUS[0]}"'
  equals "$output" $'y\n141'
  run bash -c 'devenv run box devenv host true <&- >&- 2>&-'
  equals "$status" 0
}

@test "host: no file of ours is left open in the command" {
  quietly devenv run box devenv host sh -c 'ls /proc/self/fd | tr "\n" " "'
  equals "$output" "0 1 2 3 "
  quietly devenv run box devenv host sh -c 'grep -E "^Sig(Blk|Ign)" /proc/self/status | tr -d "\t"'
  equals "$output" $'SigBlk:0000000000000000\nSigIgn:0000000000000000'
}

@test "host: directory, umask and variables" {
  mkdir -p "$HOME/some where"
  cd "$HOME/some where"
  quietly devenv run box devenv host sh -c 'pwd; echo "$PWD"'
  equals "$output" "$HOME/some where"$'\n'"$HOME/some where"
  quietly devenv run box sh -c 'cd /run/host/usr/bin && devenv host pwd'
  equals "$output" "/usr/bin"
  quietly devenv run box sh -c 'cd /run/host && devenv host pwd'
  equals "$output" "/"
  expect 0 devenv run box sudo mkdir -p /only-inside
  fails_with 125 "this directory is not the host's" devenv run box sh -c 'cd /only-inside && devenv host pwd'
  contains "$stderr" "cd to one that both have"
  # Of the same name, and another one.
  fails_with 125 "this directory is not the host's" devenv run box sh -c 'cd /usr && devenv host pwd'
  quietly devenv run box sh -c 'umask 027; devenv host sh -c umask'
  equals "$output" "0027"
  quietly devenv run box env TERM=vt52 LC_TIME=C SSH_AUTH_SOCK=/run/host/x/y \
    DBUS_SESSION_BUS_ADDRESS=unix:path=/run/host/b,guid=1 MINE=1 \
    devenv host sh -c 'echo "$TERM $LC_TIME $SSH_AUTH_SOCK $DBUS_SESSION_BUS_ADDRESS [$MINE] [$container]"; echo "$PATH"'
  equals "$output" "vt52 C /x/y unix:path=/b,guid=1 [] []"$'\n'"$PATH"
}

@test "host: signals arrive at the command" {
  local signal
  # Not INT and QUIT: a background job of a script is deaf to them from its birth.
  for signal in TERM HUP USR1 USR2; do
    devenv run box devenv host sh -c "trap 'echo got; exit 9' $signal; echo ready; while :; do sleep 0.1; done" \
      >"$BATS_TEST_TMPDIR/$signal" 3>&- &
    local pid=$! code=0
    wait_until grep -qs ready "$BATS_TEST_TMPDIR/$signal"
    kill "-$signal" "$pid"
    wait "$pid" || code=$?
    equals "$signal $code" "$signal 9"
    contains "$(cat "$BATS_TEST_TMPDIR/$signal")" "got"
  done
  # A command that does not care ends by it, and so does the caller.
  run python3 -c '
import signal, subprocess, time
command = subprocess.Popen(["devenv", "run", "box", "devenv", "host", "sh", "-c", "echo; exec sleep 600"],
                           stdout=subprocess.PIPE, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
command.stdout.readline()
command.send_signal(signal.SIGINT)
print(command.wait(20))'
  equals "$output" "-2"
}

@test "host: stopping and going on" {
  devenv run box devenv host sleep 600.71 3>&- &
  local pid=$!
  wait_until marked 600.71
  kill -TSTP "$pid"
  command_state() { [[ $(state_of "$(marked 600.71)") == "$1" ]]; }
  caller_state() { [[ $(state_of "$pid") == "$1" ]]; }
  wait_until command_state T
  wait_until caller_state T
  kill -CONT "$pid"
  wait_until command_state S
  wait_until caller_state S
  kill "$pid"
  wait_until unmarked 600.71
}

@test "host: a caller that is killed leaves no command" {
  devenv run box devenv host sleep 600.72 3>&- &
  local pid=$!
  wait_until marked 600.72
  kill -KILL "$pid"
  wait_until unmarked 600.72
}

@test "host: stop ends the commands and the broker" {
  create stopped
  expect 0 devenv run stopped true
  local broker
  broker=$(broker stopped)
  devenv run stopped devenv host sleep 600.73 3>&- &
  wait_until marked 600.73
  expect 0 devenv stop stopped
  wait_until unmarked 600.73
  wait_until gone "$broker"
  # Also one that does not want to.
  devenv run stopped devenv host bash -c 'trap "" HUP TERM; exec sleep 600.74' 3>&- &
  wait_until marked 600.74
  kill -KILL "$(running stopped pid)"
  wait_until unmarked 600.74
  expect 0 devenv rm -f stopped
  wait_until no_broker stopped
}

@test "host: many at a time" {
  local each
  for each in {1..40}; do
    devenv run box devenv host sh -c "sleep 0.2; echo $each; exit $each" \
      >"$BATS_TEST_TMPDIR/$each" 3>&- &
    eval "local pid_$each=$!"
  done
  for each in {1..40}; do
    local code=0 pid=pid_$each
    wait "${!pid}" || code=$?
    equals "$code $(cat "$BATS_TEST_TMPDIR/$each")" "$each $each"
  done
}

# `script` types a NUL when its own input ends, which a terminal shows.
in_relayed_terminal() {
  in_terminal "$@"
  output=${output//'^@'/}
  mapfile -t lines <<<"$output"
}

@test "host: in a terminal there is one, of the right size" {
  needs script
  in_relayed_terminal devenv run box devenv host sh -c 'test -t 0 && test -t 1 && test -t 2 && tty && stty size && ps -o tty= -p $$; exit 42'
  equals "$status" 42
  matches "${lines[0]}" '^/dev/pts/[0-9]+'
  equals "${lines[1]}" "24 80"
  equals "/dev/${lines[2]}" "${lines[0]}"
}

@test "host: in a terminal, what is typed, resized, interrupted and stopped" {
  needs tmux
  open_terminal 'devenv run box sh'
  sleep 0.3
  press 'devenv host sh -c "read x; echo got \$x"' Enter
  sleep 0.3
  press 'word' Enter
  wait_until screen_has '^got word'
  press 'clear; devenv host sleep 600.75' Enter
  wait_until marked 600.75
  press C-c
  wait_until unmarked 600.75
  press 'echo left with $?' Enter
  wait_until screen_has '^left with 130'
  # Ctrl-Z stops it, the shell says so; fg goes on.
  press 'clear; devenv host sleep 600.76' Enter
  wait_until marked 600.76
  press C-z
  wait_until screen_has 'Stopped'
  marked 600.76
  # Sent again: on a busy machine the first may come before the shell has read the line.
  go_on_and_end() {
    press 'clear; fg' Enter
    sleep 0.3
    press C-c
    sleep 0.3
    unmarked 600.76
  }
  wait_until go_on_and_end
  press 'clear; devenv host sh; echo back' Enter
  sleep 0.5
  resize_terminal 100 30
  press 'stty size' Enter
  wait_until screen_has '^30 100'
  press 'exit' Enter
  wait_until screen_has '^back'
  # The terminal is as it was: what is typed is shown, lines begin at the left.
  press 'clear; stty -a | grep -c " icanon"; printf "a\nb\n"' Enter
  wait_until screen_has '^b'
  # Closing it ends the command.
  press 'clear; devenv host sleep 600.77' Enter
  wait_until marked 600.77
  close_terminal
  wait_until unmarked 600.77
}

@test "host: in a terminal, nothing of a lot of output is lost" {
  needs script
  in_relayed_terminal devenv run box devenv host seq 20000
  equals "$status" 0
  equals "$output" "$(seq 20000)"
}

@test "host: in a terminal, what stays in the background lives on" {
  needs script
  in_relayed_terminal devenv run box devenv host sh -c 'sleep 600.79 & echo started'
  matches "$output" '^started[[:space:]]*$'
  local pid
  pid=$(marked 600.79)
  sleep 0.3
  alive "$pid"
  kill "$pid"
}

@test "host: beside a pager the terminal is left alone" {
  needs script
  in_terminal devenv run box sh -c 'devenv host echo through | cat; stty -a | grep -o " icanon"'
  equals "$output" $'through\n icanon'
}

@test "host: programs the image has not" {
  quietly devenv run box xdg-open https://example.org/
  equals "$output" "opened https://example.org/"
  quietly devenv run box /run/devenv/bin/xdg-open a 'b c'
  equals "$output" "opened a b c"
  # One of the image's own comes first.
  expect 0 devenv run box sudo sh -c 'printf "#!/bin/sh\necho own\n" >/bin/xdg-open; chmod +x /bin/xdg-open'
  quietly devenv run box xdg-open x
  equals "$output" "own"
  expect 0 devenv run box sudo rm /bin/xdg-open
}

@test "host: denied" {
  create closed
  expect 0 devenv edit closed --host-commands deny
  expect 0 devenv run closed true
  run ! broker closed
  fails_with 125 "'closed' may not run host commands" devenv run closed devenv host true
  contains "$stderr" "devenv edit closed --host-commands allow"
  fails_with 127 "xdg-open" devenv run closed xdg-open x
  expect 0 devenv inspect closed
  matches "$output" 'host commands: +deny'
  expect 0 devenv edit closed --host-commands allow
  quietly devenv run closed devenv host echo yes
  equals "$output" "yes"
  expect 0 devenv rm -f closed
  fails_with 2 "'never' is none of allow, ask, deny" devenv create no --image x --host-commands never
}

@test "host: asked" {
  expect 0 devenv create asked --image "$REGISTRY/busybox:latest" --storage "$DEVENV_TEST_STORAGE" --host-commands ask
  # No display: nobody can be asked.
  expect 0 env -u DISPLAY -u WAYLAND_DISPLAY devenv run asked true
  fails_with 125 "you have to be asked" devenv run asked devenv host true
  expect 0 devenv stop asked
  # A stand-in that answers, and shows what it was asked. What the caller says of displays and
  # paths does not count.
  printf '#!/bin/sh\nprintf "%%s\\n" "$DISPLAY" "$@" >"$HOME/question"\nexit "$(cat "$HOME/answer")"\n' >"$HOST_BIN/zenity"
  chmod +x "$HOST_BIN/zenity"
  expect 0 env DISPLAY=:77 devenv run asked true
  echo 0 >"$HOME/answer"
  quietly env DISPLAY=:78 devenv run asked devenv host echo 'a <b>' $'\e'
  contains "$(cat "$HOME/question")" $':77\n'
  contains "$(cat "$HOME/question")" "'echo' 'a \\x3cb>' '\\x1b'"
  echo 1 >"$HOME/answer"
  fails_with 125 "you said no" devenv run asked devenv host touch "$HOME/made"
  [[ ! -e $HOME/made ]]
  rm "$HOST_BIN/zenity"
  expect 0 devenv rm -f asked
}

@test "host: the broker is small, and nobody's child" {
  local pid pss
  pid=$(broker box)
  pss=$(awk '$1 == "Pss:" { print $2 }' "/proc/$pid/smaps_rollup")
  ((pss > 0 && pss < 512)) || fail "$pss kB"
  equals "$(cut -d' ' -f6 "/proc/$pid/stat")" "$pid" # a session of its own
  equals "$(readlink "/proc/$pid/cwd")" /
  lacks "$(ls -l "/proc/$pid/fd")" "$HOME"
}

@test "host: what is no request is refused" {
  expect 0 devenv run box true
  local pid
  pid=$(broker box)
  # With the machine's python, which joins the environment as the user.
  run python3 - "$(running box pid)" <<'END'
import array, ctypes, os, socket, struct, sys

NEWUSER, NEWNS = 0x10000000, 0x20000
kernel = ctypes.CDLL(None, use_errno=True)
if kernel.setns(os.pidfd_open(int(sys.argv[1])), NEWUSER | NEWNS) != 0:
    # Root itself has no user namespace to join.
    assert kernel.setns(os.pidfd_open(int(sys.argv[1])), NEWNS) == 0, os.strerror(ctypes.get_errno())

def talk(head, text=b"", files=3, more=b""):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect("/run/devenv/host.sock")
        null = os.open("/dev/null", os.O_RDWR)
        s.sendmsg([head], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [null] * files))] if files else [])
        try:
            s.sendall(text)
            s.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        os.close(null)
        try:
            data = s.recv(8, socket.MSG_WAITALL)
        except OSError:
            return "reset"
        return struct.unpack("Ii", data) if len(data) == 8 else "closed"

MARK = 0x44564832
def head(size, arguments=1, variables=0, mask=0o22, terminal=0, mark=MARK):
    return struct.pack("8I2Q", mark, size, arguments, variables, mask, terminal, 1, 0, 0, 0)

good = b"/\0true\0"
print("good", talk(head(len(good)), good))
for name, what in {
    "mark": (head(len(good), mark=1), good), "short": (head(len(good))[:8], b""),
    "nothing": (b"\0", b""), "huge": (head(1 << 30), b""), "no arguments": (head(len(good), 0), good),
    "too many": (head(len(good), 2), good), "too few": (head(len(good) + 2), good + b"x\0"),
    "no end": (head(len(good) - 1), good[:-1]), "relative": (head(7), b"a\0true\0"),
    "variable": (head(len(good) + 4, 1, 1), good + b"A=1\0"),
    "no value": (head(len(good) + 5, 1, 1), good + b"TERM\0"),
    "count": (head(len(good), 0xffffffff, 0xffffffff), good),
    "terminal": (head(len(good), terminal=1), good), "mask": (head(len(good), mask=0o7777), good),
}.items():
    print(name, talk(*what))
for files in 0, 1, 2, 4, 200:
    print(files, talk(head(len(good)), good, files))
END
  local line
  equals "${lines[0]}" "good (1, 0)"
  for line in "${lines[@]:1}"; do
    matches "$line" '(\(3, 1\)|reset)$'
  done
  equals "${#lines[@]}" 20
  alive "$pid"
  equals "$(broker box)" "$pid"
}

@test "host: without broker there is a clear error, and the next entry brings a new one" {
  local shell=$BATS_TEST_TMPDIR/shell
  mkfifo "$shell"
  devenv run box sh <"$shell" >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
  exec 7>"$shell"
  echo 'echo ready' >&7
  wait_until grep -q ready "$BATS_TEST_TMPDIR/out"
  kill -KILL "$(broker box)"
  wait_until no_broker box
  echo 'devenv host true; echo "status $?"' >&7
  wait_until grep -q 'status 125' "$BATS_TEST_TMPDIR/out"
  contains "$(cat "$BATS_TEST_TMPDIR/out")" "nobody there answers"
  contains "$(cat "$BATS_TEST_TMPDIR/out")" "devenv enter box"
  quietly devenv run box devenv host echo again
  equals "$output" "again"
  echo 'devenv host echo in the old shell, too' >&7
  wait_until grep -q 'old shell, too' "$BATS_TEST_TMPDIR/out"
  exec 7>&-
}

@test "host: a change of the policy is in force at once" {
  quietly devenv run box devenv host echo yes
  equals "$output" "yes"
  expect 0 devenv edit box --host-commands deny
  lacks "$stderr" "devenv stop"
  wait_until no_broker box
  fails_with 125 "may not run host commands" devenv run box devenv host true
  expect 0 devenv doctor box
  contains "$output" "off   host commands: deny"
  expect 0 devenv edit box --host-commands allow
  quietly devenv run box devenv host echo yes
  equals "$output" "yes"
}

@test "host: found by login shells and sudo, and through links of any name" {
  expect 0 devenv run box sh -c 'echo "devenv host echo found" | sh -l'
  equals "$output" "found"
  expect 0 devenv run box sudo devenv host echo found
  equals "$output" "found"
  expect 0 devenv run box sudo ln -s /run/devenv/bin/host-exec /usr/local/bin/uname
  expect 0 devenv run box uname -n
  equals "$output" "$(uname -n)"
  expect 0 devenv run box sudo rm /usr/local/bin/uname
}

@test "host: in the background it leaves the keyboard to the shell" {
  needs tmux
  open_terminal 'devenv run box sh'
  sleep 0.3
  press 'devenv host cat &' Enter
  sleep 0.3
  press 'echo typed $((40 + 2))' Enter
  wait_until screen_has '^typed 42'
  close_terminal
}

@test "host: the runtime directory is the caller's" {
  expect 0 devenv stop box
  expect 0 env -u XDG_RUNTIME_DIR devenv run box true
  quietly devenv run box devenv host sh -c 'echo $XDG_RUNTIME_DIR'
  equals "$output" "$XDG_RUNTIME_DIR"
}

@test "host: a new keeper for what was left has a new broker" {
  devenv run box sleep 600.78 3>&- &
  local pid=$!
  wait_until marked 600.78
  kill -KILL "$(running box pid)"
  wait_until no_broker box
  quietly devenv run box devenv host echo again
  equals "$output" "again"
  alive "$pid"
  kill "$pid"
}
