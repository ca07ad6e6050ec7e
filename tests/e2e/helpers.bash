# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Loaded by every bats file. HOME, XDG_RUNTIME_DIR and PATH are those that `run` made for the file.
# shellcheck disable=SC2154 # status, output and stderr are set by bats' run

bats_require_minimum_version 1.5.0

# ---- the registry --------------------------------------------------------------------------------

# Starts Debian's docker-registry on a free loopback port with the images of the suite; REGISTRY is
# "127.0.0.1:PORT". It writes nothing: several files may use the same storage at a time.
start_registry() {
  local log=$BATS_FILE_TMPDIR/registry.log
  cat >"$BATS_FILE_TMPDIR/registry.yml" <<EOF
version: 0.1
http: {addr: '127.0.0.1:0'}
storage:
  filesystem: {rootdirectory: '$TEST_STAGE/registry'}
  maintenance: {readonly: {enabled: true}}
EOF
  # docker-registry takes its own options from any variable that begins with REGISTRY.
  env -u REGISTRY docker-registry serve "$BATS_FILE_TMPDIR/registry.yml" >"$log" 2>&1 3>&- &
  echo $! >"$BATS_FILE_TMPDIR/registry.pid"
  wait_until grep -q 'listening on 127' "$log" || fail "docker-registry did not start: $(cat "$log")"
  REGISTRY=127.0.0.1:$(sed -n 's/.*listening on 127\.0\.0\.1:\([0-9]*\).*/\1/p' "$log")
  export REGISTRY
}

stop_registry() {
  kill "$(cat "$BATS_FILE_TMPDIR/registry.pid")" 2>/dev/null || :
}

# ---- running -------------------------------------------------------------------------------------

# expect STATUS COMMAND...: runs it; `output` is its stdout, `stderr` its stderr, both without the
# last newline. Fails, showing everything, when it exits with another status.
expect() {
  local wanted=$1
  shift
  # Unset in setup_file, where bats 1.8 needs it all the same.
  : "${BATS_TEST_TMPDIR:=$BATS_FILE_TMPDIR}"
  run --separate-stderr "$@"
  [[ $status == "$wanted" ]] || fail "exit status $status instead of $wanted: $*"
}

# devenv that must succeed and say nothing on stderr.
quietly() {
  expect 0 "$@"
  [[ -z $stderr ]] || fail "stderr is not empty: $*"
}

# create NAME [IMAGE]: an environment with the storage driver under test.
create() {
  expect 0 devenv create "$1" --image "${2:-$REGISTRY/busybox:latest}" --storage "$DEVENV_TEST_STORAGE"
}

# Removes every environment; fails when one cannot be removed. For teardown.
remove_all() {
  local name
  for name in $(environments); do
    devenv rm -f "$name" >/dev/null || return 1
  done
}

environments() {
  devenv list --json | python3 -c '
import json, sys
for environment in json.load(sys.stdin)["environments"]:
    print(environment["name"])'
}

# in_terminal COMMAND...: runs it on a terminal of its own (24 x 80); what it printed, without
# carriage returns, is in `output`, its exit status in `status`.
in_terminal() {
  run script --quiet --return --command "stty rows 24 cols 80; $(printf '%q ' "$@")" /dev/null
  output=${output//$'\r'/}
}

# ---- a terminal to type into ---------------------------------------------------------------------

# open_terminal COMMAND [COLUMNS]: runs it in a terminal of 24 lines (tmux) until close_terminal.
open_terminal() { in_tmux new-session -d -s test -x "${2:-80}" -y 24 "$1" 3>&-; }
close_terminal() { in_tmux kill-server; }
resize_terminal() { in_tmux resize-window -t test -x "$1" -y "$2"; }

# press KEY...: Enter, Tab, C-c, or text to be typed.
press() { in_tmux send-keys -t test "$@"; }

# screen_has PATTERN: whether a line of the screen matches (grep).
screen_has() { in_tmux capture-pane -p -t test | grep -q "$1"; }

in_tmux() { tmux -S "$BATS_TEST_TMPDIR/tmux" -f /dev/null "$@"; }

# ---- asking --------------------------------------------------------------------------------------

# field NAME KEY: a value of `devenv list --json`.
field() {
  devenv list --json | python3 -c '
import json, sys
for environment in json.load(sys.stdin)["environments"]:
    if environment["name"] == sys.argv[1]:
        print(environment[sys.argv[2]])' "$1" "$2"
}

# Chain ids of the layers of the project's environment, lowest first.
project_layers() {
  devenv status --json | python3 -c 'import json, sys; print(*json.load(sys.stdin)["layers"], sep="\n")'
}

environment_dir() { printf '%s\n' "$HOME/.local/share/devenv/envs/$1"; }

# running NAME KEY: a value of running.json, for tests that break things on purpose.
running() {
  python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' \
    "$(running_file "$1")" "$2"
}

running_file() { printf '%s/running.json\n' "$(environment_dir "$1")"; }

# Processes in the mount namespace of the process PID, PID among them.
processes_with() {
  local namespace pid
  namespace=$(readlink "/proc/$1/ns/mnt") || return 0
  for pid in /proc/[0-9]*; do
    [[ $(readlink "$pid/ns/mnt" 2>/dev/null) != "$namespace" ]] || echo "${pid#/proc/}"
  done
}

alive() { kill -0 "$1" 2>/dev/null && [[ $(state_of "$1") != Z ]]; }
state_of() { sed 's/.*) \(.\).*/\1/' "/proc/$1/stat" 2>/dev/null; }

# wait_until COMMAND...: until it succeeds; 20 seconds at most. A bound, not a measure.
wait_until() {
  local try
  for ((try = 0; try < 200; try++)); do
    ! "$@" || return 0
    sleep 0.1
  done
  return 1
}
gone() { ! alive "$1"; }

# ---- judging -------------------------------------------------------------------------------------

fail() {
  {
    printf 'FAILED: %s\n' "$*"
    printf -- '--- status: %s\n--- stdout:\n%s\n--- stderr:\n%s\n---\n' "${status-}" "${output-}" "${stderr-}"
  } >&2
  return 1
}

equals() {
  [[ $1 == "$2" ]] || fail "$(printf 'got      %q\n        expected %q' "$1" "$2")"
}

contains() {
  [[ $1 == *"$2"* ]] || fail "$(printf '%q\n        is not in %q' "$2" "$1")"
}

lacks() {
  [[ $1 != *"$2"* ]] || fail "$(printf '%q\n        is in %q' "$2" "$1")"
}

matches() {
  [[ $1 =~ $2 ]] || fail "$(printf '%q\n        does not match %s' "$1" "$2")"
}

# fails_with STATUS TEXT COMMAND...: one clear error: the exit status, nothing on stdout, stderr that
# begins with "error: " and says TEXT.
fails_with() {
  local wanted=$1 text=$2
  shift 2
  expect "$wanted" "$@"
  equals "$output" ""
  [[ $(grep -c '^error: ' <<<"$stderr") == 1 ]] || fail "not exactly one error: $*"
  contains "$stderr" "$text"
}

# The store has nothing that prune would remove or complain about.
store_is_clean() {
  expect 0 devenv image prune -y
  lacks "$stderr" "warning"
  local left
  left=$(find "$HOME/.local/share/devenv/store/tmp" -mindepth 1 2>/dev/null) || :
  equals "$left" ""
}

# ---- what this machine lacks ---------------------------------------------------------------------

# Skips, naming what is missing. Where the tests must run, that is a failure unless
# tests/known_skips.txt has the line.
skip_for() {
  if [[ -n ${DEVENV_TESTS_MUST_RUN:-} ]] && ! grep -qxF -- "$1" "$TEST_STAGE/tests/known_skips.txt"; then
    fail "would be skipped: $1 (not in tests/known_skips.txt)"
    return 1
  fi
  skip "$1"
}

needs() {
  local program
  for program; do
    command -v "$program" >/dev/null || skip_for "missing: $program"
  done
}
