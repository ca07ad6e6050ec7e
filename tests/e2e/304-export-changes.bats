#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # the shells inside expand
# Exports follow what happens inside, and survive what goes wrong outside.
load helpers
load exports

setup_file() {
  start_registry
  create box
  put_app org.example.Show 'Show Me' Icon=show
  put_icon show one
  home_now >"$home_before"
}
teardown() {
  rm -rf "$HOME/.config"
  take_back box
}
teardown_file() {
  remove_all
  stop_registry
}

entry() { echo "$applications/$1.desktop"; }
has_entry() { [[ -e $(entry "$1") ]]; }
has_no_entry() { ! has_entry "$1"; }

# watches NAME: the processes that renew the exports of an environment.
watches() { pgrep -u "$(id -u)" -f "devenv export $1 --watch\$"; }
watched() { [[ $(watches "$1" | wc -l) == 1 ]]; }
unwatched() { ! watches "$1" >/dev/null; }

# ---- sync ----------------------------------------------------------------------------------------

@test "sync: what has changed inside" {
  put_app org.example.New 'Old' Icon=new
  put_icon new one
  expect 0 devenv export box --app org.example.New --label mine --arg more
  expect 0 devenv export box --sync
  equals "$stderr" "everything is as it was"
  put_app org.example.New 'New' Icon=other MimeType=text/x-new
  put_icon other two
  expect 0 devenv export box --sync
  equals "$stderr" "renewed 1"
  grep -qx 'Name=New (mine)' "$(entry org.example.New)"
  grep -q 'org.example.New more @@host' "$(entry org.example.New)"
  cmp "$icons/hicolor/48x48/apps/other.png" <(png 48 two)
  [[ ! -e $icons/hicolor/48x48/apps/new.png ]]
  grep -q 'text/x-new=org.example.New' "$applications/mimeinfo.cache"
  gone_inside /usr/share/applications/org.example.New.desktop
}

@test "sync: what is gone inside goes" {
  put_app org.example.Gone 'Gone'
  printf '#!/bin/sh\n' | put /usr/bin/goes 755
  expect 0 devenv export box --app org.example.Gone --app org.example.Show --bin goes --launcher
  gone_inside /usr/share/applications/org.example.Gone.desktop /usr/bin/goes
  expect 0 devenv export box --sync
  equals "$stderr" "renewed 2"
  equals "$(exported box)" $'app org.example.Show.desktop\nlauncher terminal'
  has_no_entry org.example.Gone
  [[ ! -e $commands ]]
}

@test "sync: what is in the way is said, and the others are renewed" {
  put_app org.example.Other 'Other' Icon=org.example.Other
  put_icon org.example.Other one
  expect 0 devenv export box --app org.example.Show --app org.example.Other
  echo mine >"$(entry org.example.Other)"
  put_app org.example.Show 'Shown' Icon=show
  put_app org.example.Other 'Others' Icon=org.example.Other
  expect 0 devenv export box --sync
  contains "$stderr" "warning: '$(entry org.example.Other)' was changed by somebody else"
  grep -qx Name=Shown "$(entry org.example.Show)"
  equals "$(<"$(entry org.example.Other)")" "mine"
  rm "$(entry org.example.Other)"
  put_app org.example.Show 'Show Me' Icon=show
  gone_inside /usr/share/applications/org.example.Other.desktop
}

# ---- by itself -----------------------------------------------------------------------------------

@test "auto: programs come and go with those inside" {
  create one
  expect 0 devenv export one --auto
  wait_until watched one
  # The first of all: its folder is new, too, and all above it (the image has no /usr).
  box=one put_app org.example.First 'First' Icon=first
  wait_until has_entry org.example.First
  box=one put_app org.example.Second 'Second'
  box=one put_icon second 2
  box=one put_app org.example.Hidden 'Hidden' NoDisplay=true
  wait_until has_entry org.example.Second
  devenv run one sudo rm /usr/share/applications/org.example.First.desktop
  wait_until has_no_entry org.example.First
  # It comes again.
  box=one put_app org.example.First 'First again'
  wait_until grep -qx 'Name=First again' "$(entry org.example.First)"
  equals "$(exported one)" $'app org.example.First.desktop\napp org.example.Second.desktop'
  # A package manager writes beside it and renames.
  devenv run one sudo sh -c 'cd /usr/share/applications && sed s/again/renamed/ org.example.First.desktop >x && mv x org.example.First.desktop'
  wait_until grep -qx 'Name=First renamed' "$(entry org.example.First)"
  expect 0 devenv rm -f one
  wait_until unwatched one
}

@test "auto: what was taken back by name does not come back, until it is wanted" {
  create one
  box=one put_app org.example.First 'First'
  box=one put_app org.example.Second 'Second'
  expect 0 devenv export one --auto
  wait_until has_entry org.example.Second
  quietly devenv export one --delete --app org.example.First
  box=one put_app org.example.Third 'Third'
  wait_until has_entry org.example.Third
  expect 0 devenv export one --sync
  expect 0 devenv stop one
  expect 0 devenv run one true
  box=one put_app org.example.Fourth 'Fourth'
  wait_until has_entry org.example.Fourth
  has_no_entry org.example.First
  expect 0 devenv export one --app org.example.First
  expect 0 devenv export one --sync
  has_entry org.example.First
  expect 0 devenv rm -f one
}

@test "auto: the watch lives as long as the environment, once" {
  create one
  box=one put_app org.example.First 'First'
  unwatched one
  expect 0 devenv export one --auto
  wait_until watched one
  expect 0 timeout 10 devenv export one --watch
  equals "$stderr" "'one' is watched already"
  expect 0 devenv export one --auto
  wait_until watched one
  expect 0 devenv stop one
  wait_until unwatched one
  has_entry org.example.First
  # What was removed in the meantime goes with the next start.
  expect 0 devenv run one sudo rm /usr/share/applications/org.example.First.desktop
  wait_until has_no_entry org.example.First
  watched one
  # No descriptor of the caller is held, nor its directory.
  local pid
  pid=$(watches one)
  lacks "$(ls -l "/proc/$pid/fd")" "$BATS_TEST_TMPDIR"
  equals "$(cut -d' ' -f6 "/proc/$pid/stat")" "$pid"
  # Killed, it takes nothing along and comes with the next start.
  kill -KILL "$pid"
  wait_until unwatched one
  expect 0 devenv stop one
  expect 0 devenv run one true
  wait_until watched one
  expect 0 devenv rm -f one
  wait_until unwatched one
}

@test "auto: not any more" {
  create one
  box=one put_app org.example.First 'First'
  expect 0 devenv export one --auto
  wait_until has_entry org.example.First
  expect 0 devenv export one --no-auto
  expect 0 devenv stop one
  wait_until unwatched one
  box=one put_app org.example.Second 'Second'
  unwatched one
  expect 0 devenv export one --sync
  equals "$(exported one)" "app org.example.First.desktop"
  expect 0 devenv rm -f one
}

@test "profile: what it names is exported as soon as it is there" {
  local profile=$HOME/.config/devenv/profiles/mine.toml
  mkdir -p "${profile%/*}"
  cat >"$profile" <<EOF
name = "mine"
summary = "mine"
default-release = "1"
package-manager = "apk"

[exports]
apps = ["org.example.Later", "By Name"]
bins = ["ls", "later"]

[[release]]
name = "1"
image = "$REGISTRY/busybox:latest"
EOF
  quietly devenv profile check mine
  expect 0 devenv create mine --profile mine --storage "$DEVENV_TEST_STORAGE"
  expect 0 devenv run mine true
  wait_until test -e "$commands/ls"
  box=mine put_app org.example.Later 'Later'
  box=mine put_app org.example.Named 'By Name'
  box=mine put_app org.example.Nobody 'Nobody'
  wait_until has_entry org.example.Named
  printf '#!/bin/sh\n' | put /usr/bin/later 755 mine
  wait_until test -e "$commands/later"
  equals "$(exported mine)" $'app org.example.Later.desktop\napp org.example.Named.desktop\nbin later\nbin ls'
  devenv run mine sudo rm /usr/bin/later
  wait_until test ! -e "$commands/later"
  expect 0 devenv rm -f mine
  wait_until unwatched mine
  # All that there is.
  sed -i 's/^apps = .*/auto = true/; /^bins/d' "$profile"
  expect 0 devenv create mine --profile mine --storage "$DEVENV_TEST_STORAGE"
  box=mine put_app org.example.Nobody 'Nobody'
  wait_until has_entry org.example.Nobody
  expect 0 devenv rm -f mine
  wait_until unwatched mine
}

# ---- what goes wrong -----------------------------------------------------------------------------

@test "crash: what was written until then is known, and goes" {
  create one
  expect 0 devenv run one sudo sh -c '
    mkdir -p /usr/share/applications /usr/share/icons/hicolor/48x48/apps
    for n in $(seq 100); do
      printf "[Desktop Entry]\nType=Application\nName=App $n\nExec=show\nIcon=app$n\n" >/usr/share/applications/app$n.desktop
      printf "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x30\0\0\0\x30$n" >/usr/share/icons/hicolor/48x48/apps/app$n.png
    done'
  local round pid
  for round in 1 20 40 60 80 100; do
    devenv export one --all-apps >/dev/null 2>&1 3>&- &
    pid=$!
    while alive "$pid" && (($(find "$applications" -name '*.desktop' 2>/dev/null | wc -l) < round)); do :; done
    kill -KILL "$pid" 2>/dev/null || :
    wait "$pid" || :
    # Half of the time from the same point, half from the beginning.
    ((round % 40 != 0)) || expect 0 devenv export one --delete
  done
  expect 0 devenv rm -f one
  equals "$stderr" "removed 'one'"
}

@test "damage: exports.json" {
  create one
  box=one put_app org.example.One 'One'
  local ledger text
  ledger=$(environment_dir one)/exports.json
  for text in '{' '[]' '{"version":1}' '{"version":1,"exports":[{"kind":"x"}]}' \
    '{"version":1,"exports":[{"kind":"app","id":"x","source":"/x","files":[{"path":"etc","fingerprint":""}]}]}'; do
    printf '%s' "$text" >"$ledger"
    fails_with 7 "exports.json' is damaged" devenv export one --app org.example.One
    fails_with 7 "exports.json' is damaged" devenv export one --delete
    expect 0 devenv run one true
  done
  printf '{"version":2,"exports":[]}' >"$ledger"
  fails_with 5 "cannot use '$ledger'" devenv export one --app org.example.One
  contains "$stderr" "  caused by: it has version 2
hint: a newer devenv wrote it: use that"
  has_no_entry org.example.One
  # One that is damaged does not hide the others.
  expect 0 devenv export box --app org.example.Show
  expect 0 devenv export --list
  contains "$output" "org.example.Show"
  contains "$stderr" "warning: "
  expect 0 devenv rm -f one
  contains "$stderr" "warning: cannot use '$ledger'"
}

@test "doctor: what is gone, changed, or of no environment" {
  expect 0 devenv export box --app org.example.Show --bin ls
  expect 0 devenv doctor box
  contains "$output" "pass  exports of box: 2 on this host, as they were written"
  rm "$applications/org.example.Show.desktop"
  echo mine >>"$HOME/.local/bin/ls"
  mkfifo "$HOME/.local/bin/pipe"
  run --separate-stderr timeout 20 devenv doctor
  contains "$output" "warn  exports of box: gone: $applications/org.example.Show.desktop; changed by somebody else: $HOME/.local/bin/ls"
  contains "$output" "devenv export box --sync"
  lacks "$output" "of no environment"
  # The ledger is lost: what says that it is ours is found, what does not is left alone.
  rm "$HOME/.local/bin/ls" "$HOME/.local/bin/pipe"
  expect 0 devenv export box --sync
  mv "$HOME/.local/share/devenv/envs/box/exports.json" "$HOME/kept"
  printf '#!/bin/sh\n' >"$HOME/.local/bin/mine"
  run --separate-stderr devenv doctor
  contains "$output" "of no environment"
  contains "$output" "$HOME/.local/bin/ls"
  contains "$output" "$applications/org.example.Show.desktop"
  lacks "$output" "$HOME/.local/bin/mine"
  mv "$HOME/kept" "$HOME/.local/share/devenv/envs/box/exports.json"
  rm "$HOME/.local/bin/mine"
  expect 0 devenv export box --delete
}

@test "disk: full" {
  [[ $TEST_CALLER_UID == 0 ]] || skip_for "a small disk needs root"
  local -x XDG_DATA_HOME=$TEST_SMALL_DISK
  expect 0 devenv create small --image "$REGISTRY/busybox:latest"
  box=small put_app org.example.Small 'Small' Icon=small
  box=small put_icon small "$(head -c 300000 /dev/zero | tr '\0' x)"
  dd if=/dev/zero of="$TEST_SMALL_DISK/filler" bs=1M status=none || :
  dd if=/dev/zero bs=1 status=none >>"$TEST_SMALL_DISK/filler" || :
  local room
  for room in 0 64; do
    # Not even for the ledger; for that, but not for the icon.
    truncate -s -${room}K "$TEST_SMALL_DISK/filler"
    fails_with 1 "No space left on device" devenv export small --app org.example.Small
    [[ ! -e $TEST_SMALL_DISK/applications ]] || fail "$(find "$TEST_SMALL_DISK/applications")"
    equals "$(exported small)" ""
  done
  rm "$TEST_SMALL_DISK/filler"
  expect 0 devenv export small --app org.example.Small
  [[ -e $TEST_SMALL_DISK/applications/org.example.Small.desktop ]]
  expect 0 devenv rm -f small
  expect 0 devenv image prune -y --all
  [[ ! -e $TEST_SMALL_DISK/applications && ! -e $TEST_SMALL_DISK/icons ]]
}

@test "home: read-only where it would be written" {
  [[ $(id -u) != 0 ]] || skip "root writes everywhere"
  expect 0 devenv run box true
  chmod 555 "$HOME/.local/share" "$HOME/.local"
  fails_with 1 "Permission denied" devenv export box --app org.example.Show
  contains "$stderr" "$HOME/.local/share"
  fails_with 1 "Permission denied" devenv export box --bin ls
  chmod 700 "$HOME/.local/share" "$HOME/.local"
  equals "$(exported box)" ""
  # Nor can it be removed: it stays known.
  expect 0 devenv export box --app org.example.Show
  chmod 555 "$applications"
  fails_with 1 "Permission denied" devenv export box --delete
  contains "$(exported box)" "org.example.Show"
  chmod 755 "$applications"
}

@test "home: of its own, its programs are found, and ours are not found again" {
  expect 0 devenv create own --image "$REGISTRY/busybox:latest" --storage "$DEVENV_TEST_STORAGE" --no-share home
  expect 0 devenv run own sh -c 'mkdir -p ~/.local/share/applications &&
    printf "[Desktop Entry]\nType=Application\nName=Own\nExec=show\n" >~/.local/share/applications/own.desktop'
  expect 0 devenv export box --app org.example.Show
  expect 0 devenv export own --available
  lacks "$output" "org.example.Show"
  expect 0 devenv export own --app own
  grep -q ' own -- show' "$(entry own)"
  expect 0 devenv rm -f own
}
