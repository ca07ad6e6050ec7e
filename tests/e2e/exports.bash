# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Loaded after helpers by the files about exports: what is put into the environments "box" and
# others, and what is looked at on the host.
# shellcheck disable=SC2034 # for those who load it
# shellcheck disable=SC2016 # what is in single quotes is for the shell inside

applications=$HOME/.local/share/applications
icons=$HOME/.local/share/icons
commands=$HOME/.local/bin
# Of the host: only what tests put there.
host_data=$TMPDIR/host-data
export XDG_DATA_DIRS=$host_data
export PATH=$commands:$PATH

# put PATH [MODE [ENVIRONMENT]] <CONTENTS: a file inside.
put() {
  devenv run "${3:-box}" sudo sh -c 'mkdir -p "${1%/*}" && cat >"$1" && chmod "$2" "$1"' sh "$1" "${2:-644}" 3>&-
}
# gone_inside PATH...: no more.
gone_inside() { devenv run box sudo rm -r "$@"; }

# put_app ID NAME [LINE...]: an application inside, with these lines more, in $box.
put_app() {
  local id=$1 name=$2
  shift 2
  printf '%s\n' '[Desktop Entry]' Type=Application "Name=$name" "Exec=show $id %F" "$@" |
    put "/usr/share/applications/$id.desktop" 644 "${box:-box}"
}
# put_icon NAME CONTENTS: 48 pixels wide as its folder says; nobody looks at more than the header.
put_icon() { png 48 "$2" | put "/usr/share/icons/hicolor/48x48/apps/$1.png" 644 "${box:-box}"; }
# png SIZE TEXT
png() {
  local byte
  byte=$(printf '\\x%02x' "$1")
  printf '%b%s' "\\x89PNG\\r\\n\\x1a\\n\\0\\0\\0\\rIHDR\\0\\0\\0$byte\\0\\0\\0$byte" "$2"
}
# A program that tells how it was called: in ~/shown, a line each.
put_show() { printf '#!/bin/sh\nprintf "%%s\\n" "$0" "$@" >"$HOME/shown.new"\nmv "$HOME/shown.new" "$HOME/shown"\n' | put /usr/bin/show 755 "${1:-box}"; }

# exported [NAME]: "kind id" of what is exported, sorted.
exported() {
  devenv export ${1:+"$1"} --list --json | python3 -c '
import json, sys
for entry in sorted((e["kind"], e["id"]) for e in json.load(sys.stdin)["exports"]):
    print(*entry)'
}

# All that is in the home, to the byte, but for what devenv keeps of environments that are there.
home_now() {
  (
    cd "$HOME" || exit
    find . '(' -path './.local/share/devenv/envs/*' -o -path ./.local/share/devenv/store ')' -prune -o -path ./.local/share/devenv/exports.lock \
      -o -printf '%p %M %l\n' | sort
    find . -path ./.local/share/devenv -prune -o -type f -exec sha256sum {} + | sort -k 2
  )
}
home_before=$BATS_FILE_TMPDIR/home-before
# The home is as `home_now >$home_before` said.
home_is() { home_now | diff "$home_before" - >&2 || fail "the home is not what it was"; }

# For teardown: takes back what the environments have exported; then the home is as it was before.
take_back() {
  local name problem=
  rm -rf "$host_data"
  for name; do
    expect 0 devenv export "$name" --delete || problem=yes
    [[ -z $stderr ]] || problem=yes
  done
  home_is || problem=yes
  # The next test is not to suffer from it.
  rm -rf "$applications" "$icons" "$commands" "$HOME/shown"
  [[ -z $problem ]]
}
