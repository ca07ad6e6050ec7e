#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What becomes of services on a host without a service manager; tests/vm has a real one.
load helpers

setup_file() {
  start_registry
  create box
  unit /usr/lib/systemd/user/app.service <<'UNIT'
[Unit]
Description=An app
Requires=redis.service
[Service]
Environment=WORD=hello
EnvironmentFile=/etc/app.env
ExecStart=/bin/sh -c "echo $$WORD $$SECRET in $$DEVENV_NAME; exit 7"
ProtectHome=yes
[Install]
WantedBy=default.target
UNIT
  unit /etc/app.env <<<'SECRET="x y"'
  unit /usr/lib/systemd/system/daemon.service <<'UNIT'
[Service]
WorkingDirectory=/etc
ExecStart=/bin/sh -c "id -u; pwd"
[Install]
WantedBy=multi-user.target
UNIT
  unit /usr/lib/systemd/user/get@.service <<'UNIT'
[Service]
ExecStart=/bin/echo %i of %n
[Install]
WantedBy=default.target
UNIT
  unit /usr/lib/systemd/user/clean.timer <<'UNIT'
[Timer]
OnCalendar=daily
[Install]
WantedBy=timers.target
UNIT
  unit /usr/lib/systemd/user/clean.service <<<$'[Service]\nExecStart=/bin/true'
  unit /usr/lib/systemd/user/app.socket <<<$'[Socket]\nListenStream=%t/app'
  unit /usr/lib/systemd/user/nothing.service <<<$'[Unit]\nDescription=Nothing'
  expect 0 devenv run box sudo sh -c 'mkdir -p /etc/systemd/system && ln -s /dev/null /etc/systemd/system/masked.service'
}
teardown_file() {
  remove_all
  stop_registry
}
teardown() {
  devenv export box --delete
  rm -rf "$HOME/.config/systemd" "$HOME/fake" "$XDG_RUNTIME_DIR/systemd"
}

# Writes a file of root's inside from standard input.
unit() { devenv run box sudo sh -c "mkdir -p \"\${1%/*}\" && cat >\"\$1\"" sh "$1"; }
# A success that says something, but warns of nothing.
# shellcheck disable=SC2154 # stderr is set by bats
quietly_but_note() {
  expect 0 "$@"
  lacks "$stderr" "warning"
}
units() { printf '%s/.config/systemd/user/devenv-box-%s\n' "$HOME" "$1"; }
value() { sed -n "s/^$2=//p" "$(units "$1")"; }
# Runs the command of a unit as its manager would, for one without specifiers. '$$' is '$' there.
start() {
  local command
  command=$(value "$1" ExecStart)
  env "${@:2}" sh -c "${command//'$$'/\\$}"
}
files_of_home() { (cd "$HOME" && find . -path ./.local/share/devenv -prune -o -print | sort); }

@test "services: exported, run, listed, taken back without a trace" {
  local before
  before=$(files_of_home)
  expect 0 devenv export box --service app
  contains "$stderr" "left out of 'app.service': Requires=redis.service, isolation (ProtectHome)"
  contains "$stderr" "exported 'app': systemctl --user enable --now devenv-box-app.service"
  equals "$(value app.service Description)" "An app"
  equals "$(value app.service WantedBy)" "default.target"
  equals "$(stat -c %a "$(units app.service)")" 600
  expect 7 start app.service WORD=hello 'SECRET=x y'
  equals "$output" "hello x y in box"
  expect 0 devenv export box --list --json
  equals "$(python3 -c 'import json, sys; e = json.load(sys.stdin)["exports"][0]; print(e["kind"], e["id"], e["source"])' <<<"$output")" \
    "service app.service /usr/lib/systemd/user/app.service"
  quietly devenv export box --delete --service app
  equals "$(files_of_home)" "$before"
}

@test "services: those of the system run as root inside" {
  quietly_but_note devenv export box --service daemon.service
  equals "$(stat -c %a "$(units daemon.service)")" 644
  expect 0 start daemon.service
  equals "$output" $'0\n/etc'
}

@test "services: arguments, variables and root on request" {
  expect 0 devenv export box --service app --arg 'a "b" $c' --env 'WORD=other $X' --root
  equals "$(value app.service Environment | sort)" $'"SECRET=x y"\n"WORD=other $X"'
  contains "$(value app.service ExecStart)" ' box sudo --preserve-env='
  contains "$(value app.service ExecStart)" ' "a \"b\" $$c"'
  expect 7 start app.service 'WORD=other $X' 'SECRET=x y'
  equals "$output" 'other $X x y in box'
}

@test "services: templates and instances" {
  quietly_but_note devenv export box --service get@
  equals "$(value get@.service ExecStart | sed 's/.* run //')" "box /bin/echo %i of get@%i.service"
  quietly_but_note devenv export box --service get@one
  equals "$(value get@one.service ExecStart | sed 's/.* run //')" "box /bin/echo %i of get@one.service"
  quietly_but_note devenv export box --sync
  contains "$stderr" "everything is as it was"
}

@test "services: a timer brings its service" {
  quietly_but_note devenv export box --service clean.timer
  contains "$stderr" "devenv-box-clean.timer"
  [[ -f $(units clean.timer) && -f $(units clean.service) ]]
  quietly_but_note devenv export box --service clean.service
  quietly devenv export box --delete --service clean.timer
  [[ ! -e $(units clean.timer) && -f $(units clean.service) ]]
}

@test "services: a drop-in counts, and a sync sees changes" {
  expect 0 devenv export box --service app
  unit /etc/systemd/user/app.service.d/new.conf <<<$'[Service]\nExecStart=\nExecStart=/bin/echo new'
  expect 0 devenv export box --sync
  contains "$stderr" "renewed 1"
  equals "$(value app.service ExecStart | sed 's/.* box //')" "/bin/echo new"
  expect 0 devenv run box sudo rm -r /etc/systemd/user/app.service.d
  expect 0 devenv export box --sync
  contains "$(value app.service ExecStart)" "DEVENV_NAME"
}

@test "services: one that is gone inside goes here" {
  unit /usr/lib/systemd/user/short.service <<<$'[Service]\nExecStart=/bin/true'
  quietly_but_note devenv export box --service short
  expect 0 devenv run box sudo rm /usr/lib/systemd/user/short.service
  quietly_but_note devenv export box --sync
  [[ ! -e $(units short.service) ]]
}

@test "services: what there is" {
  expect 0 devenv export box --available --json
  equals "$(python3 -c 'import json, sys; print(*(s["id"] for s in json.load(sys.stdin)["services"]))' <<<"$output")" \
    "app.service clean.timer daemon.service get@.service"
}

@test "services: names that are none, and units that cannot be exported" {
  fails_with 3 "environment 'box' has no service 'none'" devenv export box --service none
  fails_with 3 "has no service '../user/app'" devenv export box --service ../user/app
  fails_with 3 "has no service 'a b'" devenv export box --service 'a b'
  fails_with 3 "has no service '/etc/passwd'" devenv export box --service /etc/passwd
  fails_with 4 "'masked.service' is masked" devenv export box --service masked
  fails_with 5 "'app.socket' cannot be exported" devenv export box --service app.socket
  fails_with 1 "'/usr/lib/systemd/user/nothing.service' starts nothing" devenv export box --service nothing
  [[ ! -e $HOME/.config/systemd ]]
}

@test "services: a unit of the user's own is left alone" {
  mkdir -p "$HOME/.config/systemd/user"
  echo mine >"$(units app.service)"
  expect 4 devenv export box --service app
  contains "$stderr" "is there already, and not ours"
  equals "$(cat "$(units app.service)")" mine
}

@test "services: one that was changed here is left, and said" {
  expect 0 devenv export box --service app
  echo '# mine' >>"$(units app.service)"
  expect 0 devenv export box --delete --service app
  contains "$stderr" "was changed by somebody else, and is left"
  [[ -f $(units app.service) ]]
}

@test "services: links of what was enabled go along" {
  expect 0 devenv export box --service app
  local wants=$HOME/.config/systemd/user/default.target.wants
  mkdir "$wants"
  ln -s "$(units app.service)" "$wants/"
  ln -s /usr/lib/systemd/user/other.service "$wants/"
  quietly devenv export box --delete --service app
  equals "$(ls "$wants")" other.service
}

# A systemctl that writes down what it is asked for, and whether the unit is still there.
fake_manager() {
  mkdir -p "$HOME/fake" "$XDG_RUNTIME_DIR/systemd"
  : >"$XDG_RUNTIME_DIR/systemd/private"
  cat >"$HOME/fake/systemctl" <<EOF
#!/bin/sh
[ -e '$(units app.service)' ] && there=there || there=gone
echo "\$* (\$there)" >>'$HOME/fake/calls'
EOF
  chmod +x "$HOME/fake/systemctl"
  PATH=$HOME/fake:$PATH
}

@test "services: the manager is told, and what runs is stopped before it goes" {
  fake_manager
  expect 0 devenv export box --service app
  equals "$(cat "$HOME/fake/calls")" "--user --quiet daemon-reload (there)"
  rm "$HOME/fake/calls"
  quietly devenv export box --delete
  equals "$(cat "$HOME/fake/calls")" "--user --quiet stop -- devenv-box-app.service (there)
--user --quiet reset-failed -- devenv-box-app.service (there)
--user --quiet daemon-reload (gone)"
}

@test "services: rm --force and stop end them first, not to be started again" {
  expect 0 devenv create second --image "$REGISTRY/busybox:latest"
  expect 0 devenv run second sudo sh -c 'mkdir -p /usr/lib/systemd/user && printf "[Service]\nExecStart=/bin/true\n" >/usr/lib/systemd/user/x.service'
  expect 0 devenv export second --service x
  fake_manager
  expect 0 devenv stop second
  equals "$(head -n 1 "$HOME/fake/calls")" "--user --quiet stop -- devenv-second-x.service (gone)"
  [[ -f $HOME/.config/systemd/user/devenv-second-x.service ]]
  rm "$HOME/fake/calls"
  expect 0 devenv rm --force second
  equals "$(tail -n 1 "$HOME/fake/calls")" "--user --quiet daemon-reload (gone)"
  [[ ! -e $HOME/.config/systemd ]]
}

@test "services: systemd reads what is written" {
  needs systemd-analyze
  expect 0 devenv export box --service app --service daemon --service get@one --service clean.timer \
    --arg 'a "b" $c' --env 'X=100% "y"'
  local name
  for name in app.service daemon.service get@one.service clean.timer; do
    expect 0 systemd-analyze --user verify --man=no "$(units "$name")"
    lacks "$stderr" "$(units "$name")"
  done
}
