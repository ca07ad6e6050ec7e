#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # the shells inside expand
# Graphical programs of an environment in the host's menus, and what the ledger promises: nothing of
# the user's is touched, and nothing of ours is left.
load helpers
load exports

setup_file() {
  start_registry
  create box
  put_show
  put_app org.example.Show 'Show Me' Icon=show
  put_icon show one
  home_now >"$home_before"
}
# What a test has put inside stays for the next ones: names are unique.
teardown() { take_back box; }
teardown_file() {
  remove_all
  stop_registry
}

@test "app: by id, by name, by path of its entry" {
  local query
  for query in org.example.Show org.example.Show.desktop 'Show Me' 'show ME' \
    /usr/share/applications/org.example.Show.desktop; do
    expect 0 devenv export box --app "$query"
    equals "$output" ""
    equals "$stderr" "exported 'Show Me' (org.example.Show.desktop)"
    equals "$(exported box)" "app org.example.Show.desktop"
    expect 0 devenv export box --app "$query"
    equals "$stderr" "'Show Me' was exported already"
    quietly devenv export box --delete --app org.example.Show
  done
}

@test "app: never by a part of it" {
  local query
  for query in Show show org.example org.example.Show.deskto Me '' '*' org.example.ShowX applications/org.example.Show.desktop; do
    fails_with 3 "there is no program '$query' with an entry for menus" devenv export box --app "$query"
  done
  fails_with 3 "" devenv export box --app org.example.Shwo
  contains "$stderr" "hint: did you mean 'org.example.Show'?"
  fails_with 3 "'[!]x\\x1b' with an entry" devenv export box --app $'[!]x\e'
  contains "$stderr" "hint: what there is: devenv export"
  equals "$(exported box)" ""
  [[ ! -e $applications ]]
}

@test "app: of several candidates one has to be chosen" {
  put_app org.example.Twin 'Twins'
  put_app twin 'Other' 'Name[de]=Twins' 'Name[de_DE]=Twins'
  expect 0 env LANG=C.UTF-8 devenv export box --app Twins --app Other
  fails_with 2 "several programs are called 'Twins': org.example.Twin, twin" \
    env LC_ALL=de_DE.UTF-8 devenv export box --app Twins
  contains "$stderr" "hint: give the id"
  equals "$(exported box)" $'app org.example.Twin.desktop\napp twin.desktop'
}

@test "app: the entry, word for word" {
  put /usr/share/applications/full.desktop <<'END'
# made up
[Desktop Entry]
Type=Application
Version=1.5
Name=Full
Name[de]=Voll
Icon=full
Exec=show --title "two words" %U
TryExec=show
Path=/opt/show
DBusActivatable=true
StartupWMClass=Full
MimeType=text/x-full;
Categories=Utility;
OnlyShowIn=GNOME;
X-Other=kept
Actions=new;

[Desktop Action new]
Name=New
Exec=show --new

[X-Unknown]
Key=kept
END
  expect 0 devenv export box --app full
  equals "$(<"$applications/full.desktop")" "# made up
[Desktop Entry]
Type=Application
Version=1.5
Name=Full
Name[de]=Voll
Icon=full
Exec=$DEVENV run --desktop --workdir /opt/show box -- show --title \"two words\" @@host %U @@host
TryExec=$DEVENV
StartupWMClass=Full
MimeType=text/x-full;
Categories=Utility;
OnlyShowIn=GNOME;
X-Other=kept
Actions=new;
X-Devenv-Environment=box
X-Devenv-Source=/usr/share/applications/full.desktop

[Desktop Action new]
Name=New
Exec=$DEVENV run --desktop --workdir /opt/show box -- show --new

[X-Unknown]
Key=kept"
  equals "$(stat -c %a "$applications/full.desktop")" 644
}

@test "app: label, arguments, variables, root" {
  local entry=$applications/org.example.Show.desktop
  expect 0 devenv export box --app org.example.Show --label 'in box' --arg --fast --arg '50% "of" $it' \
    -e 'MODE=a b' -e 'OTHER=%'
  grep -qxF 'Name=Show Me (in box)' "$entry"
  expect 0 gio launch "$entry" /etc/passwd
  wait_until test -e "$HOME/shown"
  equals "$(<"$HOME/shown")" "/usr/bin/show
org.example.Show
--fast
50% \"of\" \$it
/run/host/etc/passwd"
  contains "$(<"$entry")" ' --env '
  # Another time, another wish.
  expect 0 devenv export box --app org.example.Show --label none
  grep -qxF 'Name=Show Me' "$entry"
  lacks "$(<"$entry")" '--env'
  expect 0 devenv export box --app org.example.Show --root -e 'MODE=a b'
  contains "$(<"$entry")" " box -- sudo env \"MODE=a b\" show org.example.Show @@host %F @@host"
  rm "$HOME/shown"
}

@test "app: the environment is started when it is stopped" {
  expect 0 devenv export box --app org.example.Show
  expect 0 devenv stop box
  expect 0 gio launch "$applications/org.example.Show.desktop"
  wait_until test -e "$HOME/shown"
  equals "$(field box status)" "running"
  rm "$HOME/shown"
}

@test "available: what is exported, too; starts the environment" {
  put_app hidden 'Hidden' NoDisplay=true
  put_app dead 'Dead' Hidden=true
  put /usr/share/applications/broken.desktop <<<'nothing'
  expect 0 devenv stop box
  expect 0 devenv export box --app org.example.Show
  expect 0 devenv export box --available
  contains "$stderr" "cannot read '/usr/share/applications/broken.desktop'"
  matches "$output" 'app +org.example.Show.desktop +Show Me +yes'
  lacks "$output" "hidden"
  lacks "$output" "dead"
  expect 0 devenv export box --available --json
  equals "$(python3 -c '
import json, sys
for app in json.load(sys.stdin)["apps"]:
    if app["id"] in ("hidden.desktop", "dead.desktop", "org.example.Show.desktop"):
        print(app["id"], app["name"], app["icon"], app["no_display"], app["exported"])' <<<"$output")" \
    $'hidden.desktop Hidden  True False\norg.example.Show.desktop Show Me show False True'
  gone_inside /usr/share/applications/{broken,dead}.desktop
}

@test "list: of one and of all, of those that are stopped" {
  expect 0 devenv export box --app org.example.Show --bin show --launcher
  expect 0 devenv stop box
  quietly devenv export --list
  equals "$(tr -s ' ' <<<"$output")" "ENVIRONMENT KIND ID ON THE HOST
box app org.example.Show.desktop $applications/org.example.Show.desktop
box bin show $commands/show
box launcher terminal $applications/devenv-box.desktop"
  equals "$(field box status)" "stopped"
  quietly devenv export box --list --json
  equals "$(python3 -c '
import json, sys
document = json.load(sys.stdin)
print(document["schema"])
for entry in document["exports"]:
    print(entry["environment"], entry["kind"], entry["id"], entry["source"], len(entry["files"]))' <<<"$output")" \
    "1
box app org.example.Show.desktop /usr/share/applications/org.example.Show.desktop 2
box bin show /usr/bin/show 1
box launcher terminal  2"
}

@test "delete: what is named, or everything" {
  put_app org.example.Second 'Second'
  expect 0 devenv export box --app org.example.Show --app org.example.Second --bin show --launcher
  expect 0 devenv stop box
  quietly devenv export box --delete --app 'org.example.Second' --bin /usr/bin/show
  equals "$(exported box)" $'app org.example.Show.desktop\nlauncher terminal'
  fails_with 3 "'show' is not exported from 'box'" devenv export box --delete --bin show
  quietly devenv export box --delete
  equals "$(exported box)" ""
  quietly devenv export box --delete
  equals "$(field box status)" "stopped"
}

@test "arguments: what cannot be meant" {
  fails_with 2 "nothing to export was given" devenv export box
  fails_with 2 "exclude each other" devenv export box --list --sync
  fails_with 2 "are about everything" devenv export box --sync --app x
  fails_with 2 "--export-path takes an absolute path" devenv export box --bin show --export-path here
  fails_with 2 "which environment?" devenv export --app show
  fails_with 3 "there is no environment 'nobox'" devenv export nobox --app show
  fails_with 3 "environment 'box' has no program 'nosuch'" devenv export box --bin nosuch
}

@test "all-apps: those with an entry in menus; what cannot be is left out and said" {
  put_app org.example.Nothing 'Nothing' Exec=
  expect 0 devenv export box --all-apps
  contains "$stderr" "'org.example.Nothing.desktop' is left out: "
  contains "$(exported box)" "app org.example.Show.desktop"
  lacks "$(exported box)" "Nothing"
  lacks "$(exported box)" "hidden"
  gone_inside /usr/share/applications/org.example.Nothing.desktop
}

@test "ids: another one where the host has it; the window still belongs to it" {
  mkdir -p "$host_data/applications"
  echo mine >"$host_data/applications/org.example.Show.desktop"
  expect 0 devenv export box --app org.example.Show
  [[ ! -e $applications/org.example.Show.desktop ]]
  local entry=$applications/devenv-box-org.example.Show.desktop
  grep -qxF 'Name=Show Me (box)' "$entry"
  grep -qxF 'StartupWMClass=org.example.Show' "$entry"
  # What was chosen once stays, also when the reason is gone.
  rm "$host_data/applications/org.example.Show.desktop"
  expect 0 devenv export box --sync
  [[ -e $entry && ! -e $applications/org.example.Show.desktop ]]
}

@test "ids: the user's own entry of the name stays as it is" {
  mkdir -p "$applications"
  echo mine >"$applications/org.example.Show.desktop"
  expect 0 devenv export box --app org.example.Show
  [[ -e $applications/devenv-box-org.example.Show.desktop ]]
  quietly devenv export box --delete
  equals "$(cat "$applications"/*)" "mine"
  rm -r "$applications"
}

@test "icons: another name where the host has it, and nobody else's is written over" {
  mkdir -p "$host_data/icons/hicolor/16x16/apps" "$icons/hicolor/48x48/apps"
  png 16 host >"$host_data/icons/hicolor/16x16/apps/show.png"
  expect 0 devenv export box --app org.example.Show
  grep -qxF 'Icon=devenv-box-show' "$applications/org.example.Show.desktop"
  cmp "$icons/hicolor/48x48/apps/devenv-box-show.png" <(png 48 one)
  [[ ! -e $icons/hicolor/48x48/apps/show.png ]]
  rm -r "$host_data"
  quietly devenv export box --delete
  # The user's own, in the very place.
  png 48 mine >"$icons/hicolor/48x48/apps/show.png"
  expect 0 devenv export box --app org.example.Show
  quietly devenv export box --delete
  cmp "$icons/hicolor/48x48/apps/show.png" <(png 48 mine)
  rm -r "$icons"
}

@test "icons: one for two programs stays as long as one of them does" {
  put_app org.example.Same 'Same' Icon=show
  expect 0 devenv export box --app org.example.Show --app org.example.Same
  quietly devenv export box --delete --app org.example.Show
  cmp "$icons/hicolor/48x48/apps/show.png" <(png 48 one)
  quietly devenv export box --delete --app org.example.Same
  [[ ! -e $icons ]]
}

@test "files: what is not ours is neither written over nor removed" {
  mkdir -p "$applications" "$commands"
  ln -s "$HOME/elsewhere" "$applications/devenv-box.desktop"
  mkdir "$commands/show"
  fails_with 4 "'$applications/devenv-box.desktop' is there already, and not ours" devenv export box --launcher
  fails_with 4 "'$commands/show' is there already, and not ours" devenv export box --bin show
  contains "$stderr" "hint: move it away, or choose another place: --export-path DIR"
  equals "$(exported box)" ""
  [[ -L $applications/devenv-box.desktop && ! -e $HOME/elsewhere && ! -e $icons ]]
  rm -r "$applications" "$commands"
}

@test "files: what the user has changed since is his" {
  local entry=$applications/org.example.Show.desktop
  expect 0 devenv export box --app org.example.Show --bin show
  sed -i 's/^Name=.*/Name=Mine/' "$entry"
  echo '# mine' >>"$commands/show"
  expect 0 devenv export box --sync
  contains "$stderr" "'$entry' was changed by somebody else"
  grep -qx 'Name=Mine' "$entry"
  fails_with 4 "'$entry' was changed by somebody else" devenv export box --app org.example.Show
  expect 0 devenv export box --delete --app org.example.Show
  contains "$stderr" "warning: '$entry' was changed by somebody else, and is left"
  expect 0 devenv export box --delete
  contains "$stderr" "warning: '$commands/show' was changed by somebody else, and is left"
  equals "$(exported box)" ""
  rm -r "$applications" "$commands"
}

@test "files: what the user has removed is not missed, and comes back with a sync" {
  expect 0 devenv export box --app org.example.Show --bin show
  rm -r "$applications" "$commands"
  expect 0 devenv export box --sync
  [[ -e $applications/org.example.Show.desktop && -x $commands/show ]]
  rm -r "$applications" "$commands" "$icons"
  quietly devenv export box --delete
}

@test "rm: nothing is left, of two environments with the same program in either order" {
  local first second
  for first in one two; do
    second=two
    [[ $first == one ]] || second=one
    for box in one two; do
      create "$box"
      put_show "$box"
      put_app org.example.Pair 'Pair' Icon=pair MimeType=text/x-pair
      put_icon pair "$box"
      expect 0 devenv export "$box" --app org.example.Pair --bin show --export-path "$HOME/bin-$box"
      expect 0 devenv generate-entry "$box"
    done
    grep -qx X-Devenv-Environment=one "$applications/org.example.Pair.desktop"
    grep -qx 'Name=Pair (two)' "$applications/devenv-two-org.example.Pair.desktop"
    cmp "$icons/hicolor/48x48/apps/devenv-two-pair.png" <(png 48 two)
    expect 0 devenv rm -f "$first"
    equals "$(exported)" $'app org.example.Pair.desktop\nbin show\nlauncher terminal'
    expect 0 "$HOME/bin-$second/show" "from $second"
    grep -qx "from $second" "$HOME/shown"
    rm "$HOME/shown"
    grep -q 'text/x-pair=.*org.example.Pair.desktop' "$applications/mimeinfo.cache"
    expect 0 devenv rm -f "$second"
    home_is
  done
}

@test "rm: of an environment that is damaged" {
  create one
  box=one put_app org.example.One 'One'
  expect 0 devenv export one --app org.example.One --launcher
  echo '{' >"$(environment_dir one)/spec.json"
  expect 0 devenv rm -f one
}

@test "generate-entry: of several, and back" {
  create one
  put /etc/os-release 644 one <<<'PRETTY_NAME="One \"and\" only"
ID=one
ANSI_COLOR="1;32"'
  expect 0 devenv generate-entry box one
  local entry=$applications/devenv-one.desktop
  grep -qxF "Exec=$DEVENV enter --desktop one" "$entry"
  grep -qxF 'Terminal=true' "$entry"
  grep -qxF 'Icon=devenv-one' "$entry"
  python3 -c 'import sys, xml.dom.minidom as dom; dom.parse(sys.argv[1])' "$icons/hicolor/scalable/apps/devenv-one.svg"
  grep -q '>O</text>' "$icons/hicolor/scalable/apps/devenv-one.svg"
  quietly devenv generate-entry --delete --all
  equals "$(exported)" ""
  fails_with 3 "is not exported from 'one'" devenv generate-entry -d one
  # With an icon of the distribution.
  put /etc/os-release 644 one <<<'LOGO=distro-logo'
  box=one put_icon distro-logo logo
  expect 0 devenv generate-entry one
  cmp "$icons/hicolor/48x48/apps/devenv-one.png" <(png 48 logo)
  [[ ! -e $icons/hicolor/scalable ]]
  expect 0 devenv rm -f one
}

@test "inside: without a name it is the environment that it is typed in" {
  expect 0 devenv run box devenv export --app org.example.Show --bin show
  equals "$(exported box)" $'app org.example.Show.desktop\nbin show'
  expect 0 devenv run box devenv export --list
  contains "$output" "$commands/show"
  expect 0 devenv run box devenv export --delete --app org.example.Show
  equals "$(exported box)" "bin show"
}

@test "rename: what it has exported goes by the new name" {
  create one
  box=one put_app org.example.One 'One'
  mkdir -p "$host_data/applications"
  echo host >"$host_data/applications/org.example.One.desktop"
  expect 0 devenv export one --app org.example.One --bin ls --launcher
  expect 0 devenv stop one
  expect 0 devenv rename one two
  equals "$output" ""
  equals "$(cd "$applications" && echo *.desktop)" "devenv-two-org.example.One.desktop devenv-two.desktop"
  grep -qx 'Name=One (two)' "$applications/devenv-two-org.example.One.desktop"
  lacks "$(cat "$applications"/*.desktop "$commands/ls")" " one"
  lacks "$(<"$commands/ls")" "/one"
  equals "$(field two status)" "stopped"
  expect 0 "$commands/ls" /bin/busybox
  expect 0 devenv rm -f two
}
