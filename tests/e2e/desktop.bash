# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Loaded after helpers: what a desktop's session has, started for one test.

servers=${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}/servers

# serve COMMAND...: in the background until the test ends; its output is in $log.
serve() {
  log=$BATS_TEST_TMPDIR/$(basename "$1").log
  : >"$log" # now: what an earlier one of the name said is not taken for this one's
  "$@" >>"$log" 2>&1 3>&- &
  server=$!
  echo $server >>"$servers"
}
end_servers() {
  local pid
  while read -r pid; do
    kill "$pid" 2>/dev/null || :
    wait_until gone "$pid"
  done < <(cat "$servers" 2>/dev/null)
  rm -f "$servers"
}

# A display; with a file, only for those who have the cookie in it.
serve_display() {
  local number=$BATS_TEST_TMPDIR/number
  : >"$number"
  if [[ $# -gt 0 ]]; then
    # The wildcard: the cookie is good for any number (Xsecurity(7)).
    printf 'ffff 0000  0000  0012 4d49542d4d414749432d434f4f4b49452d31 0010 %s\n' "$(mcookie)" |
      xauth -q -f "$1" nmerge -
    set -- -auth "$1"
  fi
  serve sh -c 'exec Xvfb -displayfd 9 -screen 0 1600x1200x24 -nolisten tcp "$@" 9>"$0"' "$number" "$@"
  wait_until test -s "$number" || fail "Xvfb did not start: $(cat "$log")"
  DISPLAY=:$(<"$number")
  export DISPLAY
}

serve_sound() {
  # Whatever an earlier one has left says "already running".
  rm -rf "$XDG_RUNTIME_DIR/pulse"
  serve pulseaudio -n --daemonize=no --exit-idle-time=-1 -L "module-null-sink sink_name=null" \
    -L module-native-protocol-unix
  wait_until pactl info >/dev/null 2>&1 || fail "pulseaudio did not start: $(cat "$log")"
}

serve_bus() {
  serve dbus-daemon --session --address="unix:path=$XDG_RUNTIME_DIR/bus" --nofork --nopidfile
  export DBUS_SESSION_BUS_ADDRESS=unix:path=$XDG_RUNTIME_DIR/bus
  wait_until test -S "$XDG_RUNTIME_DIR/bus"
  calls=$BATS_TEST_TMPDIR/calls
  serve "$TEST_STAGE/tests/support/desktop_services.py" "$calls"
  wait_until grep -q ready "$log" || fail "the services did not start: $(cat "$log")"
}

serve_wayland() {
  serve weston --backend=headless-backend.so --socket="$1" --idle-time=0
  export WAYLAND_DISPLAY=$1
  wait_until test -S "$XDG_RUNTIME_DIR/$1" || fail "weston did not start: $(cat "$log")"
}

windows() { xwininfo -root -tree; }
has_window() { windows | grep -q "$1"; }
