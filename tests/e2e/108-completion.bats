#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
load helpers

setup_file() {
  start_registry
  create workshop
  create workbench
}
teardown_file() {
  remove_all
  stop_registry
}

# What bash offers for a command line, one per line.
bash_offers() {
  bash --norc --noprofile -c '
    eval "$(devenv completion bash)"
    COMP_LINE=$1 COMP_POINT=${#1}
    read -ra COMP_WORDS <<<"$1"
    [[ $1 == *" " ]] && COMP_WORDS+=("")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    function=$(complete -p devenv | sed "s/.*-F \([^ ]*\).*/\1/")
    "$function" devenv "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
    printf "%s\n" "${COMPREPLY[@]}"' bash "$1" | sed 's/ *$//' | sort
}

@test "completion: a script for each shell, that the shell can read" {
  needs zsh fish
  local shell
  for shell in bash zsh fish; do
    quietly devenv completion "$shell"
    echo "$output" >"$BATS_TEST_TMPDIR/script"
    expect 0 "$shell" -n "$BATS_TEST_TMPDIR/script"
  done
}

@test "completion: an unknown shell" {
  fails_with 2 "tcsh" devenv completion tcsh
}

@test "completion, bash: commands" {
  contains "$(bash_offers 'devenv ')" "enter"
  equals "$(bash_offers 'devenv ent')" "enter"
  equals "$(bash_offers 'devenv image pul')" "pull"
}

@test "completion, bash: environments, profiles" {
  equals "$(bash_offers 'devenv stop work')" $'workbench\nworkshop'
  contains "$(bash_offers 'devenv enter works')" "workshop"
  contains "$(bash_offers 'devenv enter fed')" "fedora"
  contains "$(bash_offers 'devenv profile show ub')" "ubuntu"
}

@test "completion, bash: images" {
  contains "$(bash_offers "devenv image rm ${REGISTRY%%:*}")" "busybox"
}

@test "completion, bash: options" {
  contains "$(bash_offers 'devenv create --st')" "--storage"
}

@test "completion, zsh: offers environments" {
  needs zsh tmux
  mkdir -p "$BATS_TEST_TMPDIR/zsh"
  devenv completion zsh >"$BATS_TEST_TMPDIR/zsh/_devenv"
  cat >"$BATS_TEST_TMPDIR/zsh/.zshrc" <<EOF
PS1='ready> '
fpath=($BATS_TEST_TMPDIR/zsh \$fpath)
autoload -U compinit && compinit -u -D
EOF
  open_terminal "ZDOTDIR=$BATS_TEST_TMPDIR/zsh zsh" 100
  wait_until screen_has 'ready>'
  press 'devenv stop works' Tab
  wait_until screen_has 'devenv stop workshop'
  close_terminal
}

@test "completion, fish: offers environments and commands" {
  needs fish
  devenv completion fish >"$BATS_TEST_TMPDIR/devenv.fish"
  run fish --no-config -c "source $BATS_TEST_TMPDIR/devenv.fish; complete -C 'devenv stop work'"
  contains "$output" "workshop"
  run fish --no-config -c "source $BATS_TEST_TMPDIR/devenv.fish; complete -C 'devenv ent'"
  contains "$output" "enter"
}

@test "completion: installed where the shells look" {
  local prefix=$TEST_STAGE/prefix
  [[ -e $prefix/share/bash-completion/completions/devenv ]]
  [[ -e $prefix/share/zsh/site-functions/_devenv ]]
  [[ -e $prefix/share/fish/vendor_completions.d/devenv.fish ]]
}

@test "man pages: one per command, that man can show" {
  needs man
  local page pages=$TEST_STAGE/prefix/share/man/man1
  [[ -e $pages/devenv.1 || -e $pages/devenv.1.gz ]]
  for page in create enter run list stop rm inspect image profile doctor completion; do
    [[ -e $pages/devenv-$page.1 || -e $pages/devenv-$page.1.gz ]] || fail "no man page: devenv-$page"
  done
  for page in "$pages"/devenv*; do
    run --separate-stderr env MANWIDTH=80 man --warnings -l "$page"
    equals "$status" 0
    equals "$stderr" ""
    contains "$output" "NAME"
  done
}
