#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2016
# Projects on an image without a package manager: trust, steps, tasks, hooks, locks.
load helpers

setup_file() { start_registry; }
teardown_file() { stop_registry; }

setup() {
  project=$HOME/projects/web
  mkdir -p "$project"
  cd "$project" || return
}

teardown() {
  remove_all
  rm -rf "$HOME/projects" "$HOME/.local/share/devenv"/{projects,trust,logs}
}

# project [LINE...]: devenv.toml with the test image as its base.
project() {
  printf '[env]\nbase = "%s/busybox:latest"\nstorage = "%s"\n' "$REGISTRY" "$DEVENV_TEST_STORAGE" >devenv.toml
  printf '%s\n' "$@" >>devenv.toml
}

@test "project: nothing of it happens before it is allowed" {
  project '[hooks]' 'create = "touch ~/projects/hostile-create"' 'enter = "touch ~/projects/hostile-enter"' \
    '[[setup]]' 'run = "echo hostile"' '[tasks]' 'x = "touch ~/projects/hostile-task"' \
    '[services]' 's = "touch ~/projects/hostile-service"' '[exports]' 'bins = ["ls"]'
  local before
  before=$(find "$HOME" -not -path '*/registry*' | sort)
  fails_with 4 "not allowed yet" devenv up
  fails_with 125 "not allowed yet" devenv task x
  fails_with 4 "not allowed yet" devenv lock
  expect 125 devenv enter -- true
  expect 125 devenv run -- true
  contains "$stderr" "devenv allow"
  equals "$(find "$HOME" -not -path '*/registry*' | sort)" "$before"
  expect 0 devenv status
  contains "$output" "not allowed yet"
}

@test "project: allow says what is asked for; a change asks again; deny keeps it out" {
  project '[environment]' 'A = "1"' '[tasks]' 'show = "echo $A"'
  expect 0 devenv allow
  contains "$stderr" "an environment of $REGISTRY/busybox:latest"
  contains "$stderr" "A=1"
  contains "$stderr" "your home $HOME"
  contains "$stderr" "echo \$A"
  expect 0 devenv task show
  equals "$output" "1"
  sed -i 's/A = "1"/A = "2"/' devenv.toml
  fails_with 125 "not what you allowed any more" devenv task show
  expect 0 devenv allow
  contains "$stderr" '- A = "1"'
  contains "$stderr" '+ A = "2"'
  expect 0 devenv task show
  equals "$output" "2"
  expect 0 devenv deny
  fails_with 125 "denied" devenv task show
  fails_with 125 "denied" devenv enter -- true
  expect 0 devenv task --allow show
}

@test "project: files that it reads are part of what is allowed" {
  project '[tasks]' 'show = "echo $SECRET $MORE"'
  sed -i '1i extends = "../base.toml"' devenv.toml
  sed -i 's/^\[env\]/&\ndotenv = ".env"/' devenv.toml
  printf '[environment]\nMORE = "more"\n' >../base.toml
  echo 'SECRET="a b"  # comment' >.env
  expect 0 devenv task --allow show
  equals "$output" "a b more"
  echo 'SECRET=c' >.env
  fails_with 125 "not what you allowed" devenv task show
  expect 0 devenv task --allow show
  equals "$output" "c more"
  printf '[environment]\nMORE = "else"\n' >../base.toml
  fails_with 125 "not what you allowed" devenv task show
  printf '[environment]\nMORE = "mine"\n' >devenv.local.toml
  expect 0 devenv task --allow show
  equals "$output" "c mine"
  lacks "$(cat "$HOME"/.local/share/devenv/trust/*)" "SECRET=c"
}

@test "project: a person at a terminal is asked" {
  project
  open_terminal "devenv up; sleep 60"
  wait_until screen_has 'allow it?'
  press y Enter
  wait_until screen_has "'web' is up"
  close_terminal
}

@test "project: mistakes are told with their place" {
  project '[tasks]' 'x = 1'
  expect 2 devenv up
  matches "$stderr" 'devenv.toml:[0-9]+:[0-9]+: '
  printf '[env]\nbaes = "x"\n' >devenv.toml
  expect 2 devenv up
  contains "$stderr" "did you mean 'base'?"
  printf '[env]\nname = "x"\n' >devenv.toml
  fails_with 2 "names no base" devenv up --allow
  cd "$BATS_TEST_TMPDIR"
  fails_with 3 "there is no devenv.toml here or above" devenv up
}

@test "project: from a directory below; from anywhere by its name" {
  project '[environment]' 'A = "here"'
  mkdir -p src/deep
  cd src/deep
  expect 0 devenv run --allow -- sh -c 'echo $A $PWD $DEVENV_PROJECT'
  equals "$output" "here $project/src/deep $project"
  cd "$HOME"
  expect 0 devenv run web sh -c 'echo $A $PWD'
  equals "$output" "here $HOME"
}

@test "project: two of one name, and one that has moved" {
  project
  expect 0 devenv up --allow
  mkdir -p "$HOME/projects/other/web"
  cp devenv.toml "$HOME/projects/other/web"
  cd "$HOME/projects/other/web"
  expect 0 devenv up --allow
  [[ $(environments | wc -l) == 2 ]] || fail "not two environments"
  expect 0 devenv run -- sh -c 'echo $DEVENV_NAME'
  matches "$output" '^web-[0-9a-f]{6}$'
  expect 0 devenv create plain --image "$REGISTRY/busybox:latest"
  mkdir -p "$HOME/projects/plain"
  cp devenv.toml "$HOME/projects/plain"
  cd "$HOME/projects/plain"
  expect 0 devenv up --allow
  matches "$stderr" "'plain-[0-9a-f]{6}' is up"
  expect 0 devenv run web sudo touch /etc/by-hand
  mv "$project" "$HOME/projects/moved"
  cd "$HOME/projects/moved"
  sed -i '2i name = "web"' devenv.toml
  expect 0 devenv up --allow
  contains "$stderr" "'web' is the environment of $project, which is gone"
  expect 0 devenv run -- sh -c 'echo $DEVENV_NAME; ls /etc/by-hand || :'
  matches "$output" '^web-[0-9a-f]{6}$'
  expect 0 devenv up --adopt
  expect 0 devenv run -- sh -c 'echo $DEVENV_NAME; ls /etc/by-hand'
  equals "$output" "web"$'\n'"/etc/by-hand"
}

@test "project: an environment that was renamed is still the project's" {
  project
  expect 0 devenv up --allow
  expect 0 devenv stop web
  expect 0 devenv rename web site
  expect 0 devenv run -- sh -c 'echo $DEVENV_NAME'
  equals "$output" "site"
  touch devenv.toml
  expect 0 devenv up
  equals "$(environments)" "site"
  expect 0 devenv rm -f site
  [[ -z $(ls "$HOME"/.local/share/devenv/projects/*.json 2>/dev/null) ]] || fail "a record is left"
}

@test "project: the create hook runs once, whatever becomes of its variants, its trust and its place" {
  project '[hooks]' 'create = "echo create $DEVENV_NAME >>~/projects/log"' '[profiles.ci.environment]' 'A = "1"'
  sed -i '2i name = "web"' devenv.toml
  expect 0 devenv up --allow
  expect 0 devenv up --profile ci
  expect 0 devenv rm -f web-ci
  expect 0 devenv up
  expect 0 devenv deny
  expect 0 devenv up --allow
  mv "$project" "$HOME/projects/moved"
  cd "$HOME/projects/moved"
  expect 0 devenv up --allow --adopt
  equals "$(cat ~/projects/log)" $'create web\ncreate web-ci'
  equals "$(ls "$HOME/.local/share/devenv/projects"/*.json | wc -l)" 1
}

@test "project: the first entry after an up is a fast one" {
  project '[[setup]]' 'run = "true"'
  expect 0 devenv up --allow
  local record
  record=$(stat -c %i "$HOME"/.local/share/devenv/projects/*.json)
  expect 0 devenv run -- true
  equals "$(stat -c %i "$HOME"/.local/share/devenv/projects/*.json)" "$record"
}

@test "steps: made once, in their order, each from what it depends on" {
  project '[[setup]]' 'name = "one"' 'run = "cat version >/one"' 'inputs = ["version"]' \
    '[[setup]]' 'name = "two"' 'run = "cat /one >/two; echo made >>/two; id -u >>/two"'
  echo 1 >version
  expect 0 devenv up --allow
  contains "$stderr" "one"
  contains "$stderr" "two"
  expect 0 devenv run -- cat /two
  equals "$output" "1"$'\n'"made"$'\n'"0"
  local first
  first=$(project_layers)
  # Nothing again, here and in a project elsewhere.
  touch devenv.toml
  expect 0 devenv up
  equals "$stderr" "'web' is up"
  mkdir ../other
  cp devenv.toml version ../other
  cd ../other
  expect 0 devenv up --allow
  lacks "$stderr" "two"
  equals "$(project_layers)" "$first"
  # An input changes what is built on it.
  echo 2 >version
  expect 0 devenv up
  expect 0 devenv run -- head -1 /two
  equals "$output" "2"
  # A step at the end leaves those before it.
  printf '[[setup]]\nname = "three"\nrun = "touch /three"\n' >>devenv.toml
  expect 0 devenv up --allow
  lacks "$stderr" "two"
  contains "$stderr" "three"
}

@test "steps: see their inputs and nothing else, and leave nothing of the user" {
  project '[[setup]]' 'run = "pwd; find . -type f | sort; ls -A ~ /tmp; test ! -e '"$HOME"'/projects"' 'inputs = ["src/*.txt"]' \
    '[[setup]]' 'run = "id -u; touch ~/lost; cat hidden"' 'user = true'
  mkdir src
  touch src/a.txt src/b.txt src/c.md hidden
  expect 1 devenv up --allow
  contains "$stderr" "exited with status 1"
  local log
  log=$(cat "$HOME"/.local/share/devenv/logs/*)
  contains "$log" $'/run/devenv/project\n./src/a.txt\n./src/b.txt\nls: '
  contains "$log" "$(id -u)"
  lacks "$(environments)" "web"
  sed -i 's/; cat hidden//' devenv.toml
  expect 0 devenv up --allow
  [[ ! -e ~/lost ]] || fail "a step wrote into the home"
  local top
  for top in $(project_layers | tail -n 2); do
    output=$(cd "$HOME/.local/share/devenv/store/layers/${top#sha256:}/fs" &&
      find . \( -name passwd -o -name zz-devenv -o -name host-exec -o -name devenv.sh -o -name "$(basename "$HOME")" \) 2>/dev/null || :)
    equals "$output" ""
  done
}

@test "steps: one that fails leaves what was, and says where its log is" {
  project '[[setup]]' 'run = "echo good >/state"'
  expect 0 devenv up --allow
  printf '[[setup]]\nrun = "echo something to read; exit 7"\n' >>devenv.toml
  expect 1 devenv up --allow
  contains "$stderr" "something to read"
  contains "$stderr" "exited with status 7"
  contains "$stderr" "$HOME/.local/share/devenv/logs/"
  expect 0 devenv run web cat /state
  equals "$output" "good"
  equals "$(find "$HOME/.local/share/devenv/envs" -maxdepth 1 -name '.*' -not -path '*/envs')" ""
}

@test "steps: interrupted and killed, nothing is left" {
  project '[[setup]]' 'run = "touch /begun; sleep 60"'
  devenv allow
  devenv up 3>&- &
  local pid=$!
  wait_until pgrep -f '^sleep 60'
  kill -INT "$pid" 2>/dev/null || :
  kill -TERM "$pid"
  ! wait "$pid" || fail "it succeeded"
  equals "$(pgrep -f '^sleep 60' || :)" ""
  equals "$(find "$HOME/.local/share/devenv/envs" -mindepth 1 -maxdepth 1 -name '.build-*')" ""
  devenv up 3>&- &
  pid=$!
  wait_until pgrep -f '^sleep 60'
  kill -KILL "$pid"
  wait "$pid" || :
  wait_until eval '! pgrep -f "^sleep 60"'
  sed -i 's/sleep 60/true/' devenv.toml
  expect 0 devenv up --allow
  equals "$(find "$HOME/.local/share/devenv/envs" -mindepth 1 -maxdepth 1 -name '.build-*')" ""
  expect 0 devenv run -- ls /begun
  expect 0 devenv rm -f web
  store_is_clean
}

@test "changes by hand stay, or stop the change of the same" {
  project '[[setup]]' 'run = "echo 1 >/file"'
  expect 0 devenv up --allow
  expect 0 devenv run -- sudo sh -c 'echo mine >/mine; rm /bin/vi; mkdir /dir; echo "x:x:4242:4242::/:/bin/sh" >>/etc/passwd'
  sed -i 's/echo 1/echo 2/' devenv.toml
  expect 0 devenv up --allow
  expect 0 devenv run -- sh -c 'cat /file /mine; ls /bin/vi /dir; grep -c ^x: /etc/passwd'
  expect 0 devenv run -- sh -c 'cat /file /mine; grep -c ^x: /etc/passwd; test ! -e /bin/vi'
  equals "$output" "2"$'\n'"mine"$'\n'"1"
  expect 0 devenv run -- sudo sh -c 'echo by hand >/file'
  sed -i 's/echo 2/echo 3/' devenv.toml
  fails_with 4 "/file" devenv up --allow
  contains "$stderr" "--discard-changes"
  # One can still work in it.
  expect 0 devenv run -- cat /file
  equals "$output" "by hand"
  contains "$stderr" "warning: "
  expect 0 devenv up --discard-changes
  expect 0 devenv run -- sh -c 'cat /file; test ! -e /mine'
  equals "$output" "3"
}

@test "changes wait for what runs inside" {
  project '[[setup]]' 'run = "echo 1 >/file"'
  expect 0 devenv up --allow
  devenv run -- sleep 60 3>&- &
  wait_until pgrep -f '^sleep 60'
  sed -i 's/echo 1/echo 2/' devenv.toml
  fails_with 4 "sleep is running in it" devenv up --allow
  expect 0 devenv run -- cat /file
  equals "$output" "1"
  contains "$stderr" "--restart"
  expect 0 devenv up --restart
  wait || :
  expect 0 devenv run -- cat /file
  equals "$output" "2"
}

@test "tasks: dependencies, arguments, exit status, list" {
  project '[tasks]' 'one = "echo one"' \
    'two = { run = "echo two", depends = ["one"], description = "the second" }' \
    'three = { run = ["sh", "-c", "echo three $*; exit 3", "sh"], depends = ["two", "one"], workdir = "src" }' \
    'where = { run = "pwd", workdir = "src" }' 'all = { run = "echo", depends = ["fails"] }' 'fails = "exit 9"' \
    'loop = { run = "true", depends = ["pool"] }' 'pool = { run = "true", depends = ["loop"] }'
  mkdir src
  expect 0 devenv task
  contains "$output" "the second"
  expect 3 devenv task --allow three --flag "a b"
  equals "$output" "one"$'\n'"two"$'\n'"three --flag a b"
  expect 0 devenv task two "x  y" '$(id)'
  equals "$output" "one"$'\n'"two x  y \$(id)"
  expect 0 devenv task where
  equals "$output" "$project/src"
  expect 9 devenv task all
  fails_with 125 "depends on itself" devenv task loop
  fails_with 125 "did you mean 'three'?" devenv task thre
}

@test "hooks and services" {
  project '[hooks]' 'create = "echo create >>~/projects/log"' 'start = "echo start >>~/projects/log"' \
    'enter = "echo enter >>~/projects/log"' 'leave = "echo leave >>~/projects/log"' \
    '[services]' 'first = "echo serving; exec sleep 1000"' 'second = { run = ["sleep", "1001"], depends = ["first"] }'
  expect 0 devenv up --allow
  expect 0 devenv up
  wait_until pgrep -u "$(id -u)" -f 'sleep 1001'
  [[ $(pgrep -c -u "$(id -u)" -f '^sleep 1000') == 1 ]] || fail "not one service"
  expect 0 devenv status
  matches "$output" 'first: process [0-9]+'
  equals "$(cat "$(environment_dir web)/services/first.log")" "serving"
  expect 5 devenv enter <<<'exit 5'
  expect 0 devenv down
  equals "$(pgrep -u "$(id -u)" -f '^sleep 100' || :)" ""
  expect 0 devenv run -- true
  equals "$(tr '\n' ' ' <~/projects/log)" "start create enter leave start "
}

@test "exports: what devenv.toml names is there as long as the environment is" {
  project '[exports]' 'bins = ["unzip"]'
  expect 0 devenv up --allow
  wait_until test -x "$HOME/.local/bin/unzip"
  contains "$(cat "$HOME/.local/bin/unzip")" "web"
  expect 0 devenv rm -f web
  [[ ! -e $HOME/.local/bin/unzip ]] || fail "it is left"
}

@test "shares, mounts, variables, path, shell, working directory" {
  mkdir -p "$HOME/elsewhere" bin
  echo '#!/bin/sh' >bin/ours
  chmod +x bin/ours
  project 'no-share = ["home"]' "mounts = [\"$HOME/elsewhere:/data:ro\", \"src:/src\"]" 'path = ["bin"]' \
    'workdir = "src"' '[environment]' 'WORD = "two words"'
  mkdir src
  touch src/file
  expect 0 devenv run --allow -- sh -c 'echo "$WORD"; which ours; ls /src; touch /data/x 2>/dev/null || echo read-only; ls ~; pwd'
  equals "$output" "two words"$'\n'"$project/bin/ours"$'\n'"file"$'\n'"read-only"$'\n'"projects"$'\n'"$project"
  expect 0 devenv task --allow x || :
  rm -rf "$HOME/elsewhere"
}

@test "lock: what it came to, also for another person" {
  project '[[setup]]' 'run = "date +%N >/now"'
  fails_with 3 "there is no devenv.toml.lock" devenv up --locked --allow
  expect 0 devenv up --allow
  expect 0 devenv lock
  expect 0 devenv up --locked
  local first
  first=$(project_layers)
  contains "$(cat devenv.toml.lock)" "$(tail -n 1 <<<"$first")"
  expect 0 devenv lock --check
  # The lock is part of what was allowed.
  echo '# more' >>devenv.toml.lock
  fails_with 4 "not what you allowed" devenv up
  expect 0 devenv lock --allow
  printf '[[setup]]\nrun = "true"\n' >>devenv.toml
  fails_with 4 "does not fit" devenv up --locked --allow
  contains "$stderr" "devenv lock"
  fails_with 3 "--frozen fetches nothing" env XDG_DATA_HOME="$BATS_TEST_TMPDIR/data" devenv up --frozen --allow
}

@test "variants" {
  project '[environment]' 'KIND = "plain"' '[profiles.ci.environment]' 'KIND = "ci"'
  expect 0 devenv allow
  contains "$stderr" "with --profile ci: to set variables: KIND=ci"
  expect 0 devenv run -- sh -c 'echo $KIND'
  equals "$output" "plain"
  expect 0 devenv run --profile ci -- sh -c 'echo $KIND $DEVENV_NAME'
  equals "$output" "ci web-ci"
  fails_with 2 "no variant 'cd'" devenv up --profile cd
}

@test "up sees a new file of a pattern, and a base that is another one" {
  project '[[setup]]' 'inputs = ["conf/*.d/**"]' 'run = "find conf -type f | sort >/seen"'
  mkdir -p conf/a.d conf/b.d/deep
  touch conf/a.d/1
  expect 0 devenv up --allow
  touch conf/b.d/deep/2
  expect 0 devenv run -- cat /seen
  equals "$output" "conf/a.d/1"$'\n'"conf/b.d/deep/2"
  expect 0 devenv down
  expect 0 devenv commit web localhost/mine
  mkdir "$HOME/projects/second"
  cd "$HOME/projects/second"
  printf '[env]\nbase = "localhost/mine"\nstorage = "%s"\n' "$DEVENV_TEST_STORAGE" >devenv.toml
  expect 0 devenv up --allow
  expect 0 devenv run -- ls /seen
  expect 0 devenv run web sudo touch /later
  expect 0 devenv stop web
  expect 0 devenv commit web localhost/mine
  expect 0 devenv run -- ls /later
}

@test "--discard-changes begins the root anew, also when nothing else has changed" {
  project '[hooks]' 'create = "echo create >>~/projects/log"'
  expect 0 devenv up --allow
  expect 0 devenv run -- sudo touch /by-hand
  expect 0 devenv up --discard-changes
  expect 0 devenv run -- sh -c 'test ! -e /by-hand'
  equals "$(cat ~/projects/log)" "create"$'\n'"create"
}

@test "the mode of a directory follows the layers, unless it was changed by hand" {
  project '[[setup]]' 'run = "mkdir -m 755 /one /two"'
  expect 0 devenv up --allow
  expect 0 devenv run -- sudo sh -c 'touch /one/mine /two/mine; chmod 711 /two'
  sed -i 's/755/2750/' devenv.toml
  expect 0 devenv up --allow
  expect 0 devenv run -- stat -c '%a' /one /two
  equals "$output" "2750"$'\n'"711"
}

@test "variants: a lock of their own, else the project's" {
  project '[profiles.ci.environment]' 'KIND = "ci"' '[[profiles.more.setup]]' 'run = "date +%N >/more"'
  expect 0 devenv lock --allow
  equals "$stderr" "wrote devenv.toml.lock"
  expect 0 devenv up --profile ci --locked
  fails_with 4 "devenv.toml.lock does not fit" devenv up --profile more --locked
  contains "$stderr" "devenv lock --profile more"
  expect 0 devenv lock --profile more
  contains "$stderr" "wrote devenv.toml.more.lock"
  expect 0 devenv up --profile more --locked
  expect 0 devenv lock --profile more --check
  contains "$stderr" "devenv.toml.more.lock fits"
  expect 0 devenv status --profile more
  contains "$output" "devenv.toml.more.lock"
  # It is part of what was allowed, whatever variant is used.
  echo '# more' >>devenv.toml.more.lock
  fails_with 4 "not what you allowed" devenv up --locked
}
