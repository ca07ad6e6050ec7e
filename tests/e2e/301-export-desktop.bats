#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # the shells inside expand
# Exported programs as a desktop sees them: programs that apt installs, started on the host by their
# entries, with GLib's launcher, with GTK's, and with one that is neither.
load helpers
load desktop
load exports

setup_file() {
  expect 0 devenv create box --image "$TEST_STAGE/rootfs/debian-extra.tar.gz" --storage "$DEVENV_TEST_STORAGE"
  expect 0 devenv run box sudo env DEBIAN_FRONTEND=noninteractive sh -c '
    apt="apt-get -q -o Acquire::Check-Valid-Until=false -o Acquire::Check-Date=false"
    $apt update && $apt install -y --no-install-recommends xterm mousepad ripgrep gucharmap fonts-dejavu-core'
  put_show
  put_app org.example.Show 'Show' Icon=show 'MimeType=application/x-devenv-show;' StartupNotify=false
  put_icon show one
  sed 's/%F/%U/; s/^Name=.*/Name=Address/' <(devenv run box cat /usr/share/applications/org.example.Show.desktop) |
    put /usr/share/applications/org.example.Address.desktop
  put /usr/share/mime/packages/show.xml <<'END'
<?xml version="1.0"?>
<mime-info xmlns="http://www.freedesktop.org/standards/shared-mime-info">
  <mime-type type="application/x-devenv-show">
    <comment>shown</comment>
    <glob pattern="*.show"/>
  </mime-type>
</mime-info>
END
  home_now >"$home_before"
}
setup() {
  # A host with nothing of these programs, whatever this machine has.
  mkdir -p "$host_data/icons/hicolor"
  [[ ! -e /usr/share/mime ]] || ln -s /usr/share/mime "$host_data/mime"
  cp /usr/share/icons/hicolor/index.theme "$host_data/icons/hicolor/"
}
teardown() {
  end_servers
  rm -rf "$HOME/files" "$TMPDIR/files"
  take_back box
}
teardown_file() { remove_all; }

# glib SCRIPT ARGUMENT...: Python with GLib's view of applications.
glib() { python3 -c "from gi.repository import Gio, GLib
import sys
$1" "${@:2}"; }

# The files that are opened: one in the home, one that only the host has.
names=('two words.txt' "it's \"quoted\".txt" '100% %f %%20.txt' 'ünï ☃.txt' '$HOME;`x`&.txt' '-r.txt' '#?.txt')

# shown: waits for the program that tells how it was called.
shown() {
  wait_until test -e "$HOME/shown" || fail "nothing was started: $(cat "$log" 2>/dev/null)"
  cat "$HOME/shown"
  rm "$HOME/shown"
}

window_id() { windows | sed -n "s/^ *\\(0x[0-9a-f]*\\) .*$1.*/\\1/p" | head -n 1; }

# starts COMMAND...: a launcher whose program goes on, and would keep bats waiting for its output.
starts() { "$@" >"$BATS_TEST_TMPDIR/started" 2>&1 3>&- </dev/null; }

# ---- what is written ----------------------------------------------------------------------------

@test "files: each entry is valid, and none is lost" {
  needs desktop-file-validate
  expect 0 devenv export box --all-apps --launcher --autostart
  local entry count=0
  for entry in "$applications"/*.desktop "$HOME/.config/autostart"/*.desktop; do
    # With --no-hints: what it advises is about the original.
    expect 0 desktop-file-validate --no-hints "$entry"
    equals "$output$stderr" ""
    count=$((count + 1))
  done
  equals "$count" 15
  expect 0 devenv export box --list --json
  contains "$output" "org.xfce.mousepad.appdata.xml"
  # The ones that are not for menus, too, when they are named.
  expect 0 devenv export box --app gtk3-demo
  expect 0 desktop-file-validate --no-hints "$applications/gtk3-demo.desktop"
}

@test "icons: found by the desktop's own lookup, at each size" {
  expect 0 devenv export box --app org.xfce.mousepad --app debian-xterm --app gtk3-widget-factory --launcher
  serve_display
  local icon size
  for icon in org.xfce.mousepad mini.xterm gtk3-widget-factory devenv-box; do
    for size in 16 48 256; do
      expect 0 python3 -c '
import sys, gi
gi.require_version("Gtk", "3.0")
from gi.repository import Gtk
print(Gtk.IconTheme.get_default().lookup_icon(sys.argv[1], int(sys.argv[2]), 0).get_filename())' "$icon" "$size"
      matches "$output" "^$icons/hicolor/.*/$icon\.(png|svg)\$"
    done
    grep -qx "Icon=$icon" "$applications"/*.desktop
  done
}

@test "types: the program opens its type after the export, and no more when it is taken back" {
  needs gio update-mime-database update-desktop-database
  echo x >"$HOME/x.show"
  # While it is asked: GLib remembers the directories it has seen.
  expect 0 gio mime application/x-devenv-show
  lacks "$output" "org.example"
  expect 0 devenv export box --app org.example.Show
  expect 0 gio info -a standard::content-type "$HOME/x.show"
  contains "$output" "application/x-devenv-show"
  expect 0 gio mime application/x-devenv-show
  contains "$output" "org.example.Show.desktop"
  expect 0 gio open "$HOME/x.show"
  equals "$(shown)" $'/usr/bin/show\norg.example.Show\n'"$HOME/x.show"
  quietly devenv export box --delete
  expect 0 gio mime application/x-devenv-show
  lacks "$output" "org.example"
  expect 0 gio info -a standard::content-type "$HOME/x.show"
  lacks "$output" "application/x-devenv-show"
  rm "$HOME/x.show"
}

# ---- starting -----------------------------------------------------------------------------------

@test "launch: files of any name, from the home and from where only the host has them" {
  needs gio gtk-launch Xvfb
  serve_display
  expect 0 devenv export box --app org.example.Show --app org.example.Address
  mkdir -p "$HOME/files" "$TMPDIR/files"
  local name launcher wanted
  for name in "${names[@]}"; do
    echo x >"$HOME/files/$name"
    echo x >"$TMPDIR/files/$name"
    wanted=("$HOME/files/$name" "/run/host$TMPDIR/files/$name")
    for launcher in "gio launch $applications/org.example.Show.desktop" "gtk-launch org.example.Show"; do
      expect 0 $launcher "$HOME/files/$name" "$TMPDIR/files/$name"
      equals "$(shown)" "/usr/bin/show
org.example.Show
${wanted[0]}
${wanted[1]}"
    done
    # As addresses; and one that is no file.
    expect 0 gtk-launch org.example.Address "$HOME/files/$name" "$TMPDIR/files/$name" 'https://example.org/%20?a=b&c'
    equals "$(shown | glib '
for line in sys.stdin.read().splitlines():
    print(GLib.filename_from_uri(line)[0] if line.startswith("file:") else line)')" "/usr/bin/show
org.example.Show
${wanted[0]}
${wanted[1]}
https://example.org/%20?a=b&c"
  done
  # One that is nowhere keeps its name, for the program to complain.
  expect 0 gio launch "$applications/org.example.Show.desktop" "$TMPDIR/none"
  equals "$(shown | tail -n 1)" "$TMPDIR/none"
}

@test "launch: actions, and a launcher that has no library" {
  needs dex
  put_app org.example.Actions 'Actions' 'Actions=new;' '' '[Desktop Action new]' Name=New 'Exec=show "new one" 100%%'
  expect 0 devenv export box --app org.example.Actions
  expect 0 glib 'Gio.DesktopAppInfo.new_from_filename(sys.argv[1]).launch_action("new", None)' \
    "$applications/org.example.Actions.desktop"
  equals "$(shown)" $'/usr/bin/show\nnew one\n100%'
  expect 0 dex --wait "$applications/org.example.Actions.desktop"
  equals "$(shown)" $'/usr/bin/show\norg.example.Actions'
  gone_inside /usr/share/applications/org.example.Actions.desktop
}

@test "launch: the desktop's token reaches the program, and its display is the launcher's" {
  needs dex Xvfb
  printf '#!/bin/sh\nenv >"$HOME/shown.new"\nmv "$HOME/shown.new" "$HOME/shown"\n' | put /usr/bin/show-env 755
  sed 's/^Exec=.*/Exec=show-env/' <(devenv run box cat /usr/share/applications/org.example.Show.desktop) |
    put /usr/share/applications/org.example.Env.desktop
  expect 0 devenv export box --app org.example.Env
  expect 0 devenv stop box
  expect 0 env -u DISPLAY devenv run box true
  serve_display
  expect 0 env XDG_ACTIVATION_TOKEN=token-1 DESKTOP_STARTUP_ID=startup-1 dex --wait "$applications/org.example.Env.desktop"
  local variables
  variables=$(shown)
  contains "$variables" "XDG_ACTIVATION_TOKEN=token-1"
  contains "$variables" "DESKTOP_STARTUP_ID=startup-1"
  contains "$variables" "DISPLAY=$DISPLAY"
  gone_inside /usr/share/applications/org.example.Env.desktop /usr/bin/show-env
}

@test "windows: an X11 program, by its entry" {
  needs Xvfb xwininfo dex
  expect 0 devenv export box --app XTerm
  serve_display
  starts dex "$applications/debian-xterm.desktop"
  # The class is what the entry says, so desktops put the window with it.
  grep -qx StartupWMClass=XTerm "$applications/debian-xterm.desktop"
  wait_until has_window '("xterm" "XTerm")' || fail "$(windows)"
  expect 0 devenv stop box
}

@test "windows: a GTK program opens the file, its action another window" {
  needs Xvfb xwininfo gtk-launch dbus-daemon
  serve_display
  serve_bus
  expect 0 devenv export box --app Mousepad
  local file="$TMPDIR/100% ünï \"file\".txt"
  head -c 4000 /dev/zero | tr '\0' x | fold >"$file"
  starts gtk-launch org.xfce.mousepad "$file"
  wait_until has_window '100% ünï \\\?"file\\\?".txt.*Mousepad": ("mousepad" "Mousepad")' || fail "$(windows)"
  # Not the empty frame of one.
  painted() {
    devenv run box xwd -silent -id "$(window_id '("mousepad" "Mousepad")')" -out "$HOME/window.xwd"
    (($("$TEST_STAGE/tests/support/xwd_colors.py" "$HOME/window.xwd") > 20))
  }
  wait_until painted
  starts glib 'Gio.DesktopAppInfo.new_from_filename(sys.argv[1]).launch_action("preferences", None)' \
    "$applications/org.xfce.mousepad.desktop"
  wait_until has_window 'Mousepad Preferences'
  expect 0 devenv stop box
  # What the program itself has written, and there was none of before.
  rm -rf "$HOME/window.xwd" "$file" "$HOME"/.{cache,config} "$HOME/.local/share"/{Mousepad,recently-used.xbel}
}

@test "windows: a program that is all fonts" {
  needs Xvfb xwininfo gtk-launch dbus-daemon
  serve_display
  serve_bus
  expect 0 devenv export box --app 'Character Map'
  starts gtk-launch gucharmap
  wait_until has_window '"Character Map": ("gucharmap" "Gucharmap")' || fail "$(windows)"
  # Glyphs with smooth edges, not the empty boxes of a font that is missing.
  painted() {
    devenv run box xwd -silent -id "$(window_id '("gucharmap" "Gucharmap")')" -out "$HOME/window.xwd"
    (($("$TEST_STAGE/tests/support/xwd_colors.py" "$HOME/window.xwd") > 100))
  }
  wait_until painted
  expect 0 devenv stop box
  rm -rf "$HOME/window.xwd" "$HOME"/.{cache,config} "$HOME/.local/share/recently-used.xbel"
}

@test "bus: activated by it, on request" {
  needs dbus-daemon dbus-send
  put_app org.example.Bus 'Bus' DBusActivatable=true
  put /usr/share/dbus-1/services/org.example.Bus.service <<'END'
[D-BUS Service]
Name=org.example.Bus
Exec=/usr/bin/show activated
SystemdService=show.service
END
  expect 0 devenv export box --app org.example.Bus
  lacks "$(<"$applications/org.example.Bus.desktop")" DBusActivatable
  expect 0 devenv export box --app org.example.Bus --dbus
  grep -qx DBusActivatable=true "$applications/org.example.Bus.desktop"
  # The daemon takes the home from the accounts unless it is told.
  XDG_DATA_HOME=$HOME/.local/share serve_bus
  # It owns no name, which the caller hears of; it was started all the same.
  dbus-send --session --print-reply --reply-timeout=2000 --dest=org.freedesktop.DBus / \
    org.freedesktop.DBus.StartServiceByName string:org.example.Bus uint32:0 >/dev/null 2>&1 || :
  equals "$(shown)" $'/usr/bin/show\nactivated'
  fails_with 3 "'org.example.Show.desktop' cannot be started through D-Bus" devenv export box --app org.example.Show --dbus
  gone_inside /usr/share/applications/org.example.Bus.desktop /usr/share/dbus-1/services/org.example.Bus.service
}

# ---- what goes wrong ----------------------------------------------------------------------------

@test "failure: a crash, and an end right after the start, are shown" {
  needs dbus-daemon
  serve_bus
  # shellcheck disable=SC2016
  expect 139 devenv run --desktop box -- sh -c 'kill -SEGV $$'
  wait_until grep -q "was killed by signal 11" "$calls"
  : >"$calls"
  expect 3 devenv run --desktop box -- sh -c 'exit 3'
  wait_until grep -q "exited with status 3" "$calls"
  : >"$calls"
  expect 0 devenv run --desktop box -- true
  # Whoever ends the program from outside knows.
  devenv run --desktop box -- sleep 300 &
  local parent=$! child
  wait_until pgrep -P "$parent" -x sleep
  child=$(pgrep -P "$parent" -x sleep)
  kill "$child"
  status=0
  wait "$parent" || status=$?
  equals "$status" 143
  # The other way round, nothing is left of it.
  devenv run --desktop box -- sleep 300 &
  parent=$!
  wait_until pgrep -P "$parent" -x sleep
  child=$(pgrep -P "$parent" -x sleep)
  kill "$parent"
  wait "$parent" || :
  wait_until test ! -e "/proc/$child"
  equals "$(<"$calls")" ""
}

@test "failure: a notification, and the exit status of a shell" {
  needs dbus-daemon dex
  serve_bus
  expect 0 devenv export box --app XTerm --bin rg --app org.example.Show
  quietly rg --version
  matches "$output" '^ripgrep '
  equals "$(echo 'a needle in hay' | rg -o needle)" needle
  expect 0 devenv run box sudo env DEBIAN_FRONTEND=noninteractive apt-get -q -y remove xterm ripgrep
  fails_with 127 "'/usr/bin/rg'" rg --version
  run dex --wait "$applications/debian-xterm.desktop"
  wait_until grep -q "xterm" "$calls"
  contains "$(<"$calls")" "'xterm'"
  : >"$calls"
  fails_with 127 "'no such program'" devenv run --desktop box -- 'no such program'
  wait_until grep -q "no such program" "$calls"
  # Nor the environment.
  fails_with 125 "there is no environment 'nobox'" devenv run --desktop nobox -- true
  wait_until grep -q "nobox" "$calls"
  # The entries go with the programs.
  expect 0 devenv export box --sync
  equals "$(exported box)" "app org.example.Show.desktop"
}
