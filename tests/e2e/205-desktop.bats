#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What a desktop is for: programs installed in an environment open windows, make noise, notify and
# use the user's keys. The display, the sound server and the buses are real; the screen is not.
# shellcheck disable=SC2016 # what is in single quotes is for the shell inside
load helpers
load desktop

setup_file() {
  expect 0 devenv create box --image "$TEST_STAGE/rootfs/debian-extra.tar.gz" --storage "$DEVENV_TEST_STORAGE"
}
teardown() { end_servers; }
teardown_file() { remove_all; }

# opens PATTERN COMMAND...: inside; a window that fits is on the host's display while it runs.
opens() {
  local pattern=$1
  shift
  serve devenv run box "$@"
  wait_until has_window "$pattern" || fail "no window '$pattern': $(cat "$log"; windows)"
  kill "$server"
}

# ---- windows -------------------------------------------------------------------------------------

@test "windows: X11, toolkits old and new" {
  needs Xvfb xwininfo
  serve_display
  opens '("xclock" "XClock")' xclock
  opens '("gtk3-widget-factory"' gtk3-widget-factory
}

@test "windows: of a program that apt installs now" {
  needs Xvfb xwininfo
  expect 0 devenv run box sudo env DEBIAN_FRONTEND=noninteractive sh -c '
    apt="apt-get -q -o Acquire::Check-Valid-Until=false -o Acquire::Check-Date=false"
    $apt update && $apt install -y --no-install-recommends xterm'
  serve_display
  opens '("xterm" "XTerm")' xterm
  # The other way: what is typed on the host arrives, what it prints is read there.
  expect 0 devenv run box xterm -e sh -c 'tty >"$HOME/xterm-tty"; . /etc/os-release; echo $ID >>"$HOME/xterm-tty"'
  matches "$(cat "$HOME/xterm-tty")" $'^/dev/pts/[0-9]+\ndebian$'
}

@test "windows: only with the cookie, wherever it moves" {
  needs Xvfb xauth
  local cookie=$XDG_RUNTIME_DIR/.mutter-Xwaylandauth.A1
  serve_display "$cookie"
  expect 0 env XAUTHORITY="$cookie" devenv run box xwd -root -out /dev/null
  expect 1 env XAUTHORITY=/dev/null devenv run box xwd -root -out /dev/null
  contains "$stderr" "unable to open display"
  # As after a new login: another server, another file.
  end_servers
  rm "$cookie"
  cookie=$XDG_RUNTIME_DIR/.mutter-Xwaylandauth.B2
  serve_display "$cookie"
  expect 0 env XAUTHORITY="$cookie" devenv run box xwd -root -out /dev/null
  # The default is ~/.Xauthority.
  cp "$cookie" "$HOME/.Xauthority"
  expect 0 devenv run box xwd -root -out /dev/null
  rm "$HOME/.Xauthority"
}

@test "windows: X11's shared memory" {
  needs Xvfb
  serve_display
  expect 0 devenv run box x11perf -shmput10 -reps 100 -repeat 1
  matches "$output" 'reps .* ShmPutImage 10x10 square'
}

@test "windows: Wayland, and a compositor that comes later" {
  needs weston
  local socket
  for socket in wayland-5 wayland-6; do
    serve_wayland "$socket"
    # It runs until it is ended; its first frame has been shown when the second is asked for.
    run timeout 20 sh -c 'devenv run -e WAYLAND_DEBUG=1 box weston-simple-shm 2>&1 | grep -m1 "wl_callback@.*done"'
    equals "$status" 0
    end_servers
  done
}

# ---- sound ---------------------------------------------------------------------------------------

# The loudest of the samples (signed, 16 bits, host order) in a file; 0 when there are none.
loudest() {
  python3 -c '
import array, sys
data = open(sys.argv[1], "rb").read()
print(max(map(abs, array.array("h", data[:len(data) // 2 * 2])), default=0))' "$1"
}

@test "sound: what paplay plays inside is heard outside, also after a restart of the server" {
  needs pulseaudio parec
  python3 -c '
import array, math, sys, wave
with wave.open(sys.argv[1], "wb") as file:
    file.setparams((1, 2, 44100, 0, "NONE", ""))
    file.writeframes(array.array("h", [int(20000 * math.sin(n / 16)) for n in range(22050)]).tobytes())
' "$HOME/tone.wav"
  local round
  for round in first second; do
    serve_sound
    serve parec -d null.monitor --format=s16ne --rate=44100 --channels=1 --latency-msec=50 "$HOME/heard"
    wait_until test -s "$HOME/heard" || fail "nothing is recorded: $(cat "$log")"
    equals "$(loudest "$HOME/heard")" 0
    expect 0 devenv run box paplay "$HOME/tone.wav"
    wait_until sh -c '[ "$(pactl list short sink-inputs)" = "" ]'
    sleep 0.2
    [[ $(loudest "$HOME/heard") -gt 15000 ]] || fail "too quiet at the $round: $(loudest "$HOME/heard")"
    end_servers
    rm "$HOME/heard"
  done
}

# ---- buses ---------------------------------------------------------------------------------------

@test "bus: a notification arrives, and a portal answers" {
  needs dbus-daemon
  serve_bus
  expect 0 devenv run box notify-send "from inside" "a body"
  equals "$(cat "$calls")" "from inside: a body"
  expect 0 devenv run box gdbus call --session --dest org.freedesktop.portal.Desktop \
    --object-path /org/freedesktop/portal/desktop --method org.freedesktop.portal.Settings.Read \
    org.freedesktop.appearance color-scheme
  equals "$output" "(<uint32 1>,)"
  # Who calls is the user, not some subordinate id: services ask.
  expect 0 env -u DBUS_SESSION_BUS_ADDRESS devenv run box dbus-send --session --print-reply=literal \
    --dest=org.freedesktop.DBus / org.freedesktop.DBus.GetConnectionUnixUser \
    string:org.freedesktop.portal.Desktop
  contains "$output" "uint32 $(id -u)"
}

@test "bus: the system's, where the variable says it is" {
  needs dbus-daemon
  local socket=$XDG_RUNTIME_DIR/system_bus_socket
  serve dbus-daemon --session --address="unix:path=$socket" --nofork --nopidfile
  wait_until test -S "$socket"
  expect 0 env DBUS_SYSTEM_BUS_ADDRESS="unix:path=$socket" devenv run box \
    dbus-send --system --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.GetId
}

# ---- keys ----------------------------------------------------------------------------------------

@test "ssh-agent: its keys are there" {
  needs ssh-agent
  ssh-keygen -q -t ed25519 -N '' -C devenv-test -f "$HOME/key"
  local place
  for place in "$XDG_RUNTIME_DIR/ssh.socket" "$HOME/ssh.socket"; do
    export SSH_AUTH_SOCK=$place
    serve ssh-agent -D -a "$SSH_AUTH_SOCK"
    # 2: nobody answers; 1: it has no keys.
    wait_until eval 'ssh-add -l >/dev/null 2>&1 || [[ $? == 1 ]]'
    ssh-add -q "$HOME/key"
    expect 0 devenv run box ssh-add -l
    equals "$output" "$(ssh-add -l)"
    contains "$output" devenv-test
    end_servers
    rm -f "$place"
  done
}

@test "gpg-agent: the host's signs" {
  needs gpg
  mkdir -m 700 "$HOME/.gnupg"
  gpg --batch --quiet --passphrase '' --quick-gen-key devenv-test@example.org ed25519 sign never 2>/dev/null
  local agent
  agent=$(gpg-connect-agent 'getinfo pid' /bye)
  expect 0 devenv run box gpg --list-secret-keys --with-colons
  contains "$output" "uid:u:"
  expect 0 devenv run box gpg-connect-agent 'getinfo pid' /bye
  equals "$output" "$agent"
  expect 0 devenv run box sh -c 'echo text | gpg --batch --clearsign >"$HOME/signed"'
  expect 0 gpg --batch --verify "$HOME/signed"
  contains "$stderr" "Good signature"
  gpgconf --kill all
}

# ---- other distributions -------------------------------------------------------------------------

# A program without a library of the image, so that none has to be installed.
@test "other distributions: windows with shared memory, Wayland, sound, bus" {
  [[ -d ${DEVENV_TEST_IMAGES:-} ]] || skip_for "DEVENV_TEST_IMAGES is not set"
  needs g++ Xvfb weston pulseaudio dbus-daemon
  # The linker warns of dlopen in a static program.
  expect 0 g++ -std=c++20 -static -o "$HOME/client" "$TEST_STAGE/tests/support/desktop_client.cpp" \
    -lXext -lX11 -lxcb -lXau -lXdmcp
  serve_display
  serve_wayland wayland-5
  serve_sound
  serve_bus
  local image
  for image in alpine-3.20.3.tar.gz ubuntu-23.04.tar.xz fedora-39.tar.xz; do
    expect 0 devenv create other --image "$DEVENV_TEST_IMAGES/$image" --storage "$DEVENV_TEST_STORAGE"
    serve devenv run other "$HOME/client" x11 "window-$image"
    wait_until grep -q pixel "$log" || fail "no window: $(cat "$log")"
    equals "$(cat "$log")" "pixel 336699"
    has_window "\"window-$image\"" || fail "$(windows)"
    kill "$server"
    local what
    for what in wayland:wayland-5 pulse:pulse/native bus:bus; do
      # A server of sound that has just begun turns the first ones away.
      wait_until devenv run other sh -c '"$HOME/client" $1 "$XDG_RUNTIME_DIR/$2" | grep -qx answered' \
        sh "${what%%:*}" "${what#*:}" || fail "no answer: $what"
    done
    expect 0 devenv rm -f other
  done
}
