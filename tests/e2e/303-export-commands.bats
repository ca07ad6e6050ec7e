#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # the shells inside expand
# Commands of an environment among those of the host.
load helpers
load exports

setup_file() {
  start_registry
  create box
  create deaf
  expect 0 devenv edit deaf --host-commands deny
  # Says all that it was given, and who it is.
  printf '#!/bin/sh\nprintf "%%s\\0" "$@"\n' | put /usr/bin/echo0 755
  printf '#!/bin/sh\necho "$0 in $DEVENV_NAME as $(id -u) with $MODE-$OTHER"\n' | put /usr/bin/whoami 755
  home_now >"$home_before"
}
teardown() { take_back box deaf; }
teardown_file() {
  remove_all
  stop_registry
}

@test "bin: by name and by path, and where it comes from" {
  expect 0 devenv export box --bin whoami
  equals "$stderr" "exported '$commands/whoami'
warning: it comes before '/usr/bin/whoami' in your PATH"
  quietly whoami
  equals "$output" "/usr/bin/whoami in box as $(id -u) with -"
  contains "$(<"$commands/whoami")" "# Made by devenv: whoami of the environment box. To take it back: devenv export box --delete --bin whoami"
  (($(stat -c %s "$commands/whoami") < 1024))
  equals "$(stat -c %a "$commands/whoami")" 755
  expect 0 devenv export box --bin /usr/bin/echo0
  equals "$stderr" "exported '$commands/echo0'"
  fails_with 3 "no program 'bin/echo0'" devenv export box --bin bin/echo0
  fails_with 3 "no program '/usr/bin'" devenv export box --bin /usr/bin
  fails_with 3 "no program '/etc/passwd'" devenv export box --bin /etc/passwd
  fails_with 3 "no program 'echo0'" devenv export deaf --bin ls --bin echo0
}

@test "bin: elsewhere, and what is said of PATH" {
  local path=$HOME/some\ place
  expect 0 devenv export box --bin echo0 --export-path "$path"
  equals "$stderr" "exported '$path/echo0'
warning: '$path' is not in your PATH (add it in ~/.profile, or choose another place: --export-path DIR)"
  quietly "$path/echo0"
  mkdir "$HOME/first"
  printf '#!/bin/sh\n' >"$HOME/first/echo0"
  chmod +x "$HOME/first/echo0"
  # Another place is another wish: the old one goes.
  expect 0 env PATH="$HOME/first:$commands:$PATH" devenv export box --bin echo0
  contains "$stderr" "warning: '$HOME/first/echo0' comes before it in your PATH"
  [[ ! -e $path ]]
  rm -r "$HOME/first"
}

@test "bin: arguments, any bytes" {
  expect 0 devenv export box --bin echo0
  local arguments=('a b' $'two\nlines\n' '' 'äöü€' $'\xff\xfe' '--help' '-x' '$HOME' '*' "it's" '"' '\' '--' '%F' '@@host' '~')
  printf '%s\0' "${arguments[@]}" >"$BATS_TEST_TMPDIR/wanted"
  echo0 "${arguments[@]}" >"$BATS_TEST_TMPDIR/got"
  cmp "$BATS_TEST_TMPDIR/wanted" "$BATS_TEST_TMPDIR/got"
  # In the environment itself, and from another one.
  devenv run box "$commands/echo0" "${arguments[@]}" >"$BATS_TEST_TMPDIR/got"
  cmp "$BATS_TEST_TMPDIR/wanted" "$BATS_TEST_TMPDIR/got"
  create other
  devenv run other "$commands/echo0" "${arguments[@]}" >"$BATS_TEST_TMPDIR/got"
  cmp "$BATS_TEST_TMPDIR/wanted" "$BATS_TEST_TMPDIR/got"
  expect 0 devenv rm -f other
  # The longest that there can be is 128 KiB.
  local long
  long=$(head -c 120000 /dev/zero | tr '\0' x)
  equals "$(echo0 "$long" "$long" | wc -c)" 240002
  equals "$(echo0 | wc -c)" 1
}

@test "bin: its own arguments, variables and root" {
  local long="--it's=\$HOME \"x\" %"
  expect 0 devenv export box --bin echo0 --arg first --arg "$long"
  printf '%s\0' first "$long" 'the caller' >"$BATS_TEST_TMPDIR/wanted"
  echo0 'the caller' >"$BATS_TEST_TMPDIR/got"
  cmp "$BATS_TEST_TMPDIR/wanted" "$BATS_TEST_TMPDIR/got"
  local uid where flag
  for flag in '' --root; do
    uid=$(id -u)
    [[ -z $flag ]] || uid=0
    expect 0 devenv export box --bin whoami $flag -e 'MODE=a b' -e "OTHER=it's"
    for where in "" "devenv run box"; do
      quietly $where "$commands/whoami"
      equals "$output" "/usr/bin/whoami in box as $uid with a b-it's"
    done
  done
}

@test "bin: exit status, signals and streams" {
  printf '#!/bin/sh\nexit "$1"\n' | put /usr/bin/exits 755
  printf '#!/bin/sh\nkill -"$1" $$\n' | put /usr/bin/dies 755
  printf '#!/bin/sh\necho err >&2; cat; [ -t 1 ] && echo terminal || :\n' | put /usr/bin/copies 755
  expect 0 devenv export box --bin exits --bin dies --bin copies
  local code
  for code in 0 1 77 125 126 127 255; do
    expect "$code" exits "$code"
    equals "$output$stderr" ""
  done
  run python3 -c '
import subprocess, sys
print([-subprocess.run(["dies", name]).returncode for name in ("TERM", "KILL", "INT")])'
  equals "$output" "[15, 9, 2]"
  head -c 3000000 /dev/urandom >"$BATS_TEST_TMPDIR/bytes"
  copies <"$BATS_TEST_TMPDIR/bytes" >"$BATS_TEST_TMPDIR/copy" 2>"$BATS_TEST_TMPDIR/err" 3>&-
  cmp "$BATS_TEST_TMPDIR/bytes" "$BATS_TEST_TMPDIR/copy"
  equals "$(<"$BATS_TEST_TMPDIR/err")" "err"
  in_terminal sh -c 'copies </dev/null'
  contains "$output" "terminal"
  gone_inside /usr/bin/{exits,dies,copies}
}

@test "bin: a program that goes by the name it is called by" {
  # As busybox's links are, by way of another one.
  expect 0 devenv run box sudo sh -c 'mkdir -p /opt/tool && ln -s /bin/busybox /opt/tool/basename && ln -s /opt/tool/basename /usr/bin/basename'
  expect 0 devenv export box --bin basename
  quietly "$commands/basename" /x/y.c .c
  equals "$output" "y"
  quietly devenv run box "$commands/basename" /x/y.c .c
  equals "$output" "y"
  gone_inside /opt/tool /usr/bin/basename
}

@test "bin: directory, and files of the host" {
  expect 0 devenv export box --bin pwd --bin cat
  mkdir -p "$HOME/some where"
  echo inside >"$HOME/some where/file"
  cd "$HOME/some where"
  quietly "$commands/pwd"
  equals "$output" "$HOME/some where"
  quietly "$commands/cat" file
  equals "$output" "inside"
  cd "$HOME"
  rm -r "$HOME/some where"
}

@test "bin: inside the same environment it is run directly, also where no host command is allowed" {
  expect 0 devenv export box --bin whoami
  expect 0 devenv export deaf --bin ls --export-path "$HOME/bin"
  quietly devenv run deaf "$HOME/bin/ls" /bin/busybox
  # Its neighbours may not reach the host, and the shim does not hide it.
  fails_with 125 "may not run host commands" devenv run deaf "$commands/whoami"
  # From another one it goes through the host.
  quietly devenv run box "$HOME/bin/ls" /bin/busybox
  equals "$output" "/bin/busybox"
  create other
  quietly devenv run other "$commands/whoami"
  equals "$output" "/usr/bin/whoami in box as $(id -u) with -"
  expect 0 devenv rm -f other
}

@test "bin: the environment is started when it is stopped" {
  expect 0 devenv export box --bin whoami
  expect 0 devenv stop box
  expect 0 whoami
  equals "$output" "/usr/bin/whoami in box as $(id -u) with -"
}

@test "bin: the command is gone inside" {
  expect 0 devenv export box --bin whoami
  expect 0 devenv run box sudo mv /usr/bin/whoami /usr/bin/whoami.old
  fails_with 127 "'/usr/bin/whoami'" whoami
  expect 0 devenv export box --sync
  [[ ! -e $commands/whoami ]]
  expect 0 devenv run box sudo mv /usr/bin/whoami.old /usr/bin/whoami
}

@test "bin: the environment is gone, the shim explains itself" {
  create one
  expect 0 devenv export one --bin ls --export-path "$HOME/bin"
  # Changed by the user, so it stays.
  echo '# mine' >>"$HOME/bin/ls"
  expect 0 devenv rm -f one
  contains "$stderr" "warning: '$HOME/bin/ls' was changed by somebody else, and is left"
  expect 127 "$HOME/bin/ls"
  equals "$output" ""
  equals "$stderr" "error: $HOME/bin/ls is a command of the environment one, which is gone
hint: what is left of it: devenv doctor"
  rm -r "${HOME:?}/bin"
}

@test "bin: devenv has moved" {
  expect 0 devenv export box --bin whoami
  sed -i 's|^devenv=.*|devenv=/nowhere/devenv|' "$commands/whoami"
  quietly whoami
  contains "$output" " in box "
  local path=/usr/bin:/bin
  expect 127 env PATH="$path" "$commands/whoami"
  contains "$stderr" "devenv: not found"
  rm "$commands/whoami"
}

@test "bin: two environments, one name" {
  create one
  expect 0 devenv export box --bin ls
  fails_with 4 "'$commands/ls' is there already, and not ours" devenv export one --bin ls
  contains "$stderr" "hint: move it away, or choose another place: --export-path DIR"
  expect 0 devenv rm -f one
  quietly "$commands/ls" /bin/busybox
}
